#!/usr/bin/env python3
"""Alpaca's own Python client, unmodified, against the simulator.

    pip install alpaca-py
    python3 tests/conformance/alpaca_py.py target/debug/tradedeck     starts `tradedeck sim alpaca --port 0`
    python3 tests/conformance/alpaca_py.py ready.json                 uses one that runs; the file is its first line

Prints one line a check and `N passed, M failed`; exits with 1 when a check failed.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import traceback
import uuid
from datetime import datetime, timedelta, timezone

from alpaca.common.exceptions import APIError
from alpaca.data.enums import DataFeed
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.live import StockDataStream
from alpaca.data.requests import (
    StockBarsRequest,
    StockLatestBarRequest,
    StockLatestQuoteRequest,
    StockLatestTradeRequest,
    StockQuotesRequest,
    StockSnapshotRequest,
    StockTradesRequest,
)
from alpaca.data.timeframe import TimeFrame
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import (
    AssetClass,
    OrderClass,
    OrderSide,
    OrderStatus,
    QueryOrderStatus,
    TimeInForce,
    TradeEvent,
)
from alpaca.trading.models import TradeActivity, NonTradeActivity
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    GetOrderByIdRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)
from alpaca.trading.stream import TradingStream

CHECKS = []


def check(function):
    """Registers a check; it is given a `Far` and fails by raising."""
    CHECKS.append(function)
    return function


class Far:
    """The simulator: its addresses, its customers, and Alpaca's clients for them."""

    def __init__(self, ready):
        self.ready = ready
        self.customers = {customer["name"]: customer for customer in ready["customers"]}
        self.margin = self.customers["margin"]
        self.trading = self.client("margin")
        self.data = StockHistoricalDataClient(
            self.margin["key"], self.margin["secret"], url_override=ready["data"]
        )

    def client(self, name, secret=None):
        customer = self.customers[name]
        host = "trading" if customer["paper"] else "trading_live"
        return TradingClient(
            customer["key"],
            secret or customer["secret"],
            paper=customer["paper"],
            url_override=self.ready[host],
        )

    def quote(self, symbol):
        request = StockLatestQuoteRequest(symbol_or_symbols=symbol)
        return self.data.get_stock_latest_quote(request)[symbol]

    def below(self, symbol, share=0.9):
        return round(self.quote(symbol).bid_price * share, 2)

    def wait(self, order_id, *statuses, client=None):
        """The order once it has one of the statuses."""
        for _ in range(200):
            order = (client or self.trading).get_order_by_id(order_id)
            if order.status in statuses:
                return order
            time.sleep(0.05)
        raise AssertionError(f"{order.status} is none of {statuses}")


def refused(status, code, function, *arguments, **named):
    """The error with which a call is refused."""
    try:
        function(*arguments, **named)
    except APIError as error:
        assert error.status_code == status, f"status {error.status_code}: {error}"
        assert error.code == code, f"code {error.code}: {error}"
        return json.loads(str(error))
    raise AssertionError("it was not refused")


# --- account ---------------------------------------------------------------------------------------


@check
def account_of_every_customer(far):
    for name, customer in far.customers.items():
        account = far.client(name).get_account()
        assert account.account_number == customer["account_number"]
        assert account.status.value == "ACTIVE"
        assert float(account.equity) > 0 and account.currency == "USD"
        assert account.multiplier in ("1", "2", "4")
        positions = far.client(name).get_all_positions()
        value = sum(float(position.market_value) for position in positions)
        assert abs(float(account.cash) + value - float(account.equity)) < 0.05 * float(account.equity)


@check
def positions_add_up(far):
    positions = far.trading.get_all_positions()
    assert len(positions) >= 3
    assert any(position.side.value == "short" for position in positions)
    for position in positions:
        value = float(position.qty) * float(position.current_price)
        assert abs(value - float(position.market_value)) < 0.01
        single = far.trading.get_open_position(position.symbol)
        assert single.asset_id == position.asset_id
    by_id = far.trading.get_open_position(str(positions[0].asset_id))
    assert by_id.symbol == positions[0].symbol


@check
def holdings_are_the_sum_of_fills(far):
    for name in far.customers:
        client = far.client(name)
        held = {}
        for row in activities(client):
            if row["activity_type"] == "FILL":
                sign = 1 if row["side"] == "buy" else -1
                held[row["symbol"]] = held.get(row["symbol"], 0) + sign * float(row["qty"])
        held = {symbol: units for symbol, units in held.items() if abs(units) > 1e-9}
        positions = {p.symbol: float(p.qty) for p in client.get_all_positions()}
        assert held == positions, (name, held, positions)


@check
def no_such_position(far):
    refused(404, 40410000, far.trading.get_open_position, "CVX")
    refused(404, 40410000, far.trading.get_open_position, "NOSUCH")


@check
def configurations_can_be_changed(far):
    before = far.trading.get_account_configurations()
    assert before.suspend_trade is False
    before.suspend_trade = True
    assert far.trading.set_account_configurations(before).suspend_trade is True
    order = MarketOrderRequest(symbol="KO", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    refused(403, 40310000, far.trading.submit_order, order)
    before.suspend_trade = False
    assert far.trading.set_account_configurations(before).suspend_trade is False


@check
def portfolio_history(far):
    for period, timeframe in (("1M", "1D"), ("1A", "1D"), ("1D", "5Min"), ("1W", "15Min")):
        request = GetPortfolioHistoryRequest(period=period, timeframe=timeframe)
        history = far.trading.get_portfolio_history(request)
        assert history.timeframe == timeframe
        count = len(history.timestamp)
        assert count == len(history.equity) == len(history.profit_loss) == len(history.profit_loss_pct)
        # A day has one point when its session has just begun.
        assert count >= (1 if period == "1D" else 4), (period, count)
        assert history.timestamp == sorted(history.timestamp)
        assert history.base_value > 0
    raw = far.trading.get("/account/portfolio/history", {"period": "1A", "cashflow_types": "ALL"})
    assert sum(raw["cashflow"]["CSD"]) > 0 or raw["base_value"] > 0


def activities(client, **parameters):
    """Every activity, page by page."""
    rows, token = [], None
    while True:
        asked = dict(parameters, page_size=50, **({"page_token": token} if token else {}))
        page = client.get("/account/activities", asked)
        rows += page
        if len(page) < 50:
            return rows
        token = page[-1]["id"]


@check
def activities_page_by_last_id(far):
    newest_first = activities(far.trading)
    oldest_first = activities(far.trading, direction="asc")
    ids = [row["id"] for row in newest_first]
    assert len(ids) == len(set(ids)) > 60, len(ids)
    assert ids == [row["id"] for row in reversed(oldest_first)]
    for row in newest_first:
        if row.get("side") == "sell_short":
            continue  # documented, but the client has no word for it
        model = TradeActivity if row["activity_type"] == "FILL" else NonTradeActivity
        model(account_id=str(uuid.uuid4()), **row)


@check
def activities_by_type_and_time(far):
    client = far.client("live")
    dividends = client.get("/account/activities/DIV")
    assert dividends and all(row["activity_type"] == "DIV" for row in dividends)
    both = activities(client, activity_types="DIV,FEE")
    assert {row["activity_type"] for row in both} == {"DIV", "FEE"}
    fills = activities(client, category="trade_activity")
    middle = fills[len(fills) // 2]
    after = activities(client, category="trade_activity", after=middle["transaction_time"])
    assert len(after) == len(fills) // 2
    order = client.get_order_by_id(middle["order_id"])
    assert order.status == OrderStatus.FILLED and order.symbol == middle["symbol"]


# --- reference -------------------------------------------------------------------------------------


@check
def clock_and_calendar(far):
    clock = far.trading.get_clock()
    assert clock.is_open is True
    assert clock.next_open > clock.timestamp and clock.next_close > clock.timestamp
    days = far.trading.get_calendar(
        GetCalendarRequest(start=datetime(2026, 11, 23).date(), end=datetime(2026, 11, 30).date())
    )
    assert [day.date.day for day in days] == [23, 24, 25, 27, 30]
    assert days[3].close.hour == 13


@check
def assets(far):
    listed = far.trading.get_all_assets(GetAssetsRequest(asset_class=AssetClass.US_EQUITY))
    assert len(listed) >= 40
    apple = far.trading.get_asset("AAPL")
    assert apple.tradable and apple.fractionable
    assert far.trading.get_asset(str(apple.id)).symbol == "AAPL"
    refused(404, 40410000, far.trading.get_asset, "NOSUCH")


# --- orders ----------------------------------------------------------------------------------------


@check
def market_order_fills(far):
    client_id = str(uuid.uuid4())
    order = far.trading.submit_order(
        MarketOrderRequest(
            symbol="XLF",
            qty=3,
            side=OrderSide.BUY,
            time_in_force=TimeInForce.DAY,
            client_order_id=client_id,
        )
    )
    assert order.client_order_id == client_id and order.filled_qty == "0"
    filled = far.wait(order.id, OrderStatus.FILLED)
    assert filled.filled_qty == "3" and float(filled.filled_avg_price) > 0
    assert filled.filled_at is not None
    assert far.trading.get_order_by_client_id(client_id).id == order.id
    rows = [row for row in activities(far.trading) if row.get("order_id") == str(order.id)]
    assert sum(float(row["qty"]) for row in rows) == 3
    assert float(far.trading.get_open_position("XLF").qty) >= 3


@check
def notional_and_fractional_orders(far):
    bought = far.trading.submit_order(
        MarketOrderRequest(symbol="VOO", notional=100, side=OrderSide.BUY, time_in_force=TimeInForce.DAY)
    )
    assert bought.notional == "100" and bought.qty is None
    filled = far.wait(bought.id, OrderStatus.FILLED)
    spent = float(filled.filled_qty) * float(filled.filled_avg_price)
    assert abs(spent - 100) < 0.01
    part = far.trading.submit_order(
        MarketOrderRequest(symbol="VOO", qty=0.1, side=OrderSide.SELL, time_in_force=TimeInForce.DAY)
    )
    assert far.wait(part.id, OrderStatus.FILLED).filled_qty == "0.1"
    refused(
        422,
        42210000,
        far.trading.submit_order,
        MarketOrderRequest(symbol="VOO", qty=0.5, side=OrderSide.BUY, time_in_force=TimeInForce.GTC),
    )


@check
def repeated_client_id_is_refused(far):
    request = LimitOrderRequest(
        symbol="KO",
        qty=1,
        side=OrderSide.BUY,
        time_in_force=TimeInForce.DAY,
        limit_price=far.below("KO"),
        client_order_id=f"twice-{uuid.uuid4()}",
    )
    first = far.trading.submit_order(request)
    error = refused(422, 40010001, far.trading.submit_order, request)
    assert error["message"] == "client_order_id must be unique"
    far.trading.cancel_order_by_id(first.id)
    far.wait(first.id, OrderStatus.CANCELED)
    refused(422, 40010001, far.trading.submit_order, request)


@check
def every_order_type_stands(far):
    quote = far.quote("JNJ")
    common = dict(symbol="JNJ", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.GTC)
    high, low = round(quote.ask_price * 1.1, 2), round(quote.bid_price * 0.9, 2)
    requests = [
        LimitOrderRequest(limit_price=low, **common),
        StopOrderRequest(stop_price=high, **common),
        StopLimitOrderRequest(stop_price=high, limit_price=high, **common),
        TrailingStopOrderRequest(trail_percent=5, **common),
        TrailingStopOrderRequest(trail_price=10, **common),
    ]
    for request in requests:
        order = far.trading.submit_order(request)
        order = far.wait(order.id, OrderStatus.NEW)
        assert order.type == request.type
        if order.trail_percent or order.trail_price:
            assert float(order.hwm) > 0 and float(order.stop_price) > float(order.hwm)
        far.trading.cancel_order_by_id(order.id)
        canceled = far.wait(order.id, OrderStatus.CANCELED)
        assert canceled.canceled_at is not None


@check
def replace_makes_a_new_order(far):
    price = far.below("PG")
    order = far.trading.submit_order(
        LimitOrderRequest(
            symbol="PG", qty=2, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=price
        )
    )
    far.wait(order.id, OrderStatus.NEW)
    new = far.trading.replace_order_by_id(
        order.id, ReplaceOrderRequest(qty=3, limit_price=round(price - 1, 2))
    )
    assert new.id != order.id and new.replaces == order.id
    old = far.wait(order.id, OrderStatus.REPLACED)
    assert old.replaced_by == new.id and old.replaced_at is not None
    new = far.wait(new.id, OrderStatus.NEW)
    assert new.qty == "3" and float(new.limit_price) == round(price - 1, 2)
    refused(422, 42210000, far.trading.replace_order_by_id, new.id, ReplaceOrderRequest(qty=3))
    refused(422, 42210000, far.trading.replace_order_by_id, order.id, ReplaceOrderRequest(qty=4))
    far.trading.cancel_order_by_id(new.id)
    far.wait(new.id, OrderStatus.CANCELED)
    refused(422, 42210000, far.trading.cancel_order_by_id, new.id)


@check
def bracket_with_legs(far):
    quote = far.quote("BAC")
    order = far.trading.submit_order(
        MarketOrderRequest(
            symbol="BAC",
            qty=5,
            side=OrderSide.BUY,
            time_in_force=TimeInForce.GTC,
            order_class=OrderClass.BRACKET,
            take_profit=TakeProfitRequest(limit_price=round(quote.ask_price * 1.2, 2)),
            stop_loss=StopLossRequest(stop_price=round(quote.bid_price * 0.8, 2)),
        )
    )
    assert order.order_class == OrderClass.BRACKET and len(order.legs) == 2
    assert {leg.status for leg in order.legs} == {OrderStatus.HELD}
    far.wait(order.id, OrderStatus.FILLED)
    for leg in order.legs:
        far.wait(leg.id, OrderStatus.NEW)
    nested = far.trading.get_order_by_id(order.id, GetOrderByIdRequest(nested=True))
    assert [leg.id for leg in nested.legs] == [leg.id for leg in order.legs]
    listed = far.trading.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, nested=True, limit=500))
    assert all(leg.id not in {order.id for order in listed} for leg in order.legs)
    far.trading.cancel_order_by_id(order.legs[0].id)
    far.wait(order.legs[0].id, OrderStatus.CANCELED)
    far.wait(order.legs[1].id, OrderStatus.CANCELED)


@check
def oco_and_oto(far):
    quote = far.quote("BAC")
    high, low = round(quote.ask_price * 1.2, 2), round(quote.bid_price * 0.8, 2)
    pair = far.trading.submit_order(
        LimitOrderRequest(
            symbol="BAC",
            qty=5,
            side=OrderSide.SELL,
            time_in_force=TimeInForce.GTC,
            limit_price=high,
            order_class=OrderClass.OCO,
            take_profit=TakeProfitRequest(limit_price=high),
            stop_loss=StopLossRequest(stop_price=low),
        )
    )
    assert pair.order_class == OrderClass.OCO and len(pair.legs) == 1
    far.wait(pair.id, OrderStatus.NEW)
    far.trading.cancel_order_by_id(pair.id)
    far.wait(pair.legs[0].id, OrderStatus.CANCELED)
    entry = far.trading.submit_order(
        LimitOrderRequest(
            symbol="BAC",
            qty=1,
            side=OrderSide.BUY,
            time_in_force=TimeInForce.DAY,
            limit_price=low,
            order_class=OrderClass.OTO,
            stop_loss=StopLossRequest(stop_price=round(low * 0.9, 2)),
        )
    )
    assert len(entry.legs) == 1 and entry.legs[0].status == OrderStatus.HELD
    far.trading.cancel_order_by_id(entry.id)
    far.wait(entry.legs[0].id, OrderStatus.CANCELED)


@check
def money_and_holdings_are_checked(far):
    quote = far.quote("SPY")
    error = refused(
        403,
        40310000,
        far.trading.submit_order,
        MarketOrderRequest(symbol="SPY", qty=100000, side=OrderSide.BUY, time_in_force=TimeInForce.DAY),
    )
    assert error["message"] == "insufficient buying power"
    assert float(error["cost_basis"]) > float(error["buying_power"])
    ira = far.client("ira")
    error = refused(
        403,
        40310000,
        ira.submit_order,
        MarketOrderRequest(symbol="TSLA", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.DAY),
    )
    assert "insufficient qty available" in error["message"]
    resting = far.trading.submit_order(
        LimitOrderRequest(
            symbol="DIA",
            qty=1,
            side=OrderSide.BUY,
            time_in_force=TimeInForce.DAY,
            limit_price=far.below("DIA"),
        )
    )
    error = refused(
        403,
        40310000,
        far.trading.submit_order,
        MarketOrderRequest(symbol="DIA", qty=1, side=OrderSide.SELL, time_in_force=TimeInForce.DAY),
    )
    assert error["existing_order_id"] == str(resting.id)
    assert quote.ask_price > 0
    far.trading.cancel_order_by_id(resting.id)


@check
def nonsense_is_refused(far):
    def post(**fields):
        order = {"symbol": "KO", "qty": "1", "side": "buy", "type": "market", "time_in_force": "day"}
        far.trading.post("/orders", {key: v for key, v in {**order, **fields}.items() if v is not None})

    refused(422, 40010001, post, symbol="NOSUCH")
    refused(422, 40010001, post, qty="0")
    refused(422, 40010001, post, qty=None)
    refused(422, 40010001, post, notional="10")
    refused(422, 40010001, post, side="hold")
    refused(422, 40010001, post, type="limit")
    refused(422, 40010001, post, time_in_force="soon")
    refused(422, 40010001, post, extended_hours=True)
    refused(422, 40010001, post, client_order_id="x" * 129)
    refused(422, 42210000, post, type="limit", limit_price="50.001")
    refused(404, 40410000, far.trading.get_order_by_id, str(uuid.uuid4()))
    refused(404, 40410000, far.trading.cancel_order_by_id, str(uuid.uuid4()))
    refused(404, 40410000, far.trading.get_order_by_client_id, "never heard of")


@check
def orders_are_listed_in_pages(far):
    client = far.client("live")
    everything = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, limit=500))
    seen, until = [], None
    while True:
        page = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.ALL, limit=20, until=until))
        seen += [order.id for order in page]
        if len(page) < 20:
            break
        until = page[-1].submitted_at
    assert seen == [order.id for order in everything] and len(seen) > 40
    closed = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.CLOSED, limit=500))
    opened = client.get_orders(GetOrdersRequest(status=QueryOrderStatus.OPEN, limit=500))
    assert len(closed) + len(opened) == len(everything)
    some = client.get_orders(
        GetOrdersRequest(status=QueryOrderStatus.ALL, symbols=["AAPL"], side=OrderSide.SELL, limit=500)
    )
    assert some and all(o.symbol == "AAPL" and o.side == OrderSide.SELL for o in some)


@check
def cancel_all_and_close_all(far):
    client = far.client("small")
    price = far.below("F", 0.5)
    for _ in range(3):
        client.submit_order(
            LimitOrderRequest(
                symbol="F", qty=1, side=OrderSide.BUY, time_in_force=TimeInForce.DAY, limit_price=price
            )
        )
    answers = client.cancel_orders()
    assert len(answers) >= 3 and all(answer.status == 200 for answer in answers)
    for answer in answers:
        far.wait(answer.id, OrderStatus.CANCELED, client=client)
    first = client.get_all_positions()[0]
    closing = client.close_position(first.symbol, ClosePositionRequest(qty="1"))
    far.wait(closing.id, OrderStatus.FILLED, client=client)
    answers = client.close_all_positions(cancel_orders=True)
    assert all(answer.status == 200 for answer in answers)
    for answer in answers:
        far.wait(answer.body.id, OrderStatus.FILLED, client=client)
    assert client.get_all_positions() == []


# --- market data -----------------------------------------------------------------------------------


@check
def bars(far):
    end = datetime(2026, 11, 20, tzinfo=timezone.utc)
    request = StockBarsRequest(
        symbol_or_symbols=["AAPL", "MSFT"], timeframe=TimeFrame.Day, start=end - timedelta(days=365), end=end
    )
    found = far.data.get_stock_bars(request).data
    assert 245 <= len(found["AAPL"]) <= 255 and len(found["MSFT"]) == len(found["AAPL"])
    for bar in found["AAPL"]:
        assert bar.low <= bar.open <= bar.high and bar.low <= bar.close <= bar.high
        assert bar.low <= bar.vwap <= bar.high and bar.volume > 0
    raw, token = [], None
    while True:
        page = far.data.get(
            "/stocks/bars",
            {
                "symbols": "MSFT,AAPL",
                "timeframe": "1Day",
                "start": "2026-01-01",
                "end": "2026-11-20",
                "limit": 100,
                **({"page_token": token} if token else {}),
            },
        )
        raw += [(symbol, bar["t"]) for symbol, rows in page["bars"].items() for bar in rows]
        token = page["next_page_token"]
        if not token:
            break
    assert len(raw) == len(set(raw)) > 400 and raw == sorted(raw)
    minutes = far.data.get_stock_bars(
        StockBarsRequest(
            symbol_or_symbols="KO",
            timeframe=TimeFrame.Minute,
            start=datetime(2026, 11, 19, 15, tzinfo=timezone.utc),
            end=datetime(2026, 11, 19, 16, tzinfo=timezone.utc),
        )
    ).data["KO"]
    assert len(minutes) == 61


@check
def latest_and_snapshots(far):
    names = ["AAPL", "BRK.B", "SPY"]
    quotes = far.data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols=names))
    assert set(quotes) == set(names)
    assert all(0 < quote.bid_price < quote.ask_price and quote.bid_size > 0 for quote in quotes.values())
    trades = far.data.get_stock_latest_trade(StockLatestTradeRequest(symbol_or_symbols=names))
    assert all(trade.price > 0 and trade.size > 0 for trade in trades.values())
    latest = far.data.get_stock_latest_bar(StockLatestBarRequest(symbol_or_symbols=names))
    assert all(bar.close > 0 for bar in latest.values())
    snapshots = far.data.get_stock_snapshot(StockSnapshotRequest(symbol_or_symbols=names))
    for name, snapshot in snapshots.items():
        assert snapshot.daily_bar.close > 0 and snapshot.previous_daily_bar.close > 0
        assert abs(snapshot.latest_quote.bid_price / snapshot.latest_trade.price - 1) < 0.02, name


@check
def historical_quotes_and_trades(far):
    start = datetime(2026, 11, 19, 15, tzinfo=timezone.utc)
    span = dict(symbol_or_symbols="AAPL", start=start, end=start + timedelta(minutes=5), limit=50)
    quotes = far.data.get_stock_quotes(StockQuotesRequest(**span)).data["AAPL"]
    assert quotes and all(quote.bid_price < quote.ask_price for quote in quotes)
    trades = far.data.get_stock_trades(StockTradesRequest(**span)).data["AAPL"]
    assert trades and all(trade.price > 0 for trade in trades)


@check
def data_of_the_free_plan(far):
    small = far.customers["small"]
    client = StockHistoricalDataClient(small["key"], small["secret"], url_override=far.ready["data"])
    request = StockLatestQuoteRequest(symbol_or_symbols="AAPL", feed=DataFeed.SIP)
    refused(403, 40310000, client.get_stock_latest_quote, request)
    request = StockLatestQuoteRequest(symbol_or_symbols="AAPL", feed=DataFeed.IEX)
    assert client.get_stock_latest_quote(request)["AAPL"].bid_price > 0


# --- streams ---------------------------------------------------------------------------------------


async def until(seconds, done, stream, before=None):
    """Runs a stream until `done()`; `before` runs once the stream is up."""
    running = asyncio.create_task(stream._run_forever())
    try:
        for step in range(int(seconds / 0.05)):
            if before and step == 20:
                await asyncio.get_running_loop().run_in_executor(None, before)
            if done():
                return
            await asyncio.sleep(0.05)
        raise AssertionError("it did not come in time")
    finally:
        await stream.stop_ws()
        try:
            await asyncio.wait_for(running, 6)
        except asyncio.TimeoutError:
            running.cancel()


@check
def data_stream(far):
    quotes, trades = [], []
    stream = StockDataStream(
        far.margin["key"], far.margin["secret"], url_override=far.ready["data_stream"]
    )

    async def on_quote(quote):
        quotes.append(quote)

    async def on_trade(trade):
        trades.append(trade)

    stream.subscribe_quotes(on_quote, "AAPL", "MSFT", "NVDA", "SPY")
    stream.subscribe_trades(on_trade, "*")
    asyncio.run(until(20, lambda: len(quotes) >= 20 and len(trades) >= 10, stream))
    assert {quote.symbol for quote in quotes} <= {"AAPL", "MSFT", "NVDA", "SPY"}
    assert len({trade.symbol for trade in trades}) > 4
    for quote in quotes:
        assert 0 < quote.bid_price < quote.ask_price
        assert abs((datetime.now(timezone.utc) - quote.timestamp).total_seconds()) < 60
        assert round(quote.bid_price, 2) == quote.bid_price


@check
def trading_stream(far):
    updates = []
    stream = TradingStream(
        far.margin["key"], far.margin["secret"], paper=True, url_override=far.ready["trading_stream"]
    )

    async def on_update(update):
        updates.append(update)

    stream.subscribe_trade_updates(on_update)
    client_id = str(uuid.uuid4())

    def act():
        order = far.trading.submit_order(
            MarketOrderRequest(
                symbol="PEP",
                qty=2,
                side=OrderSide.BUY,
                time_in_force=TimeInForce.DAY,
                client_order_id=client_id,
            )
        )
        far.wait(order.id, OrderStatus.FILLED)
        resting = far.trading.submit_order(
            LimitOrderRequest(
                symbol="PEP",
                qty=1,
                side=OrderSide.BUY,
                time_in_force=TimeInForce.DAY,
                limit_price=far.below("PEP"),
            )
        )
        far.trading.cancel_order_by_id(resting.id)

    def word(update):
        return getattr(update.event, "value", update.event)

    def done():
        return any(update.event == TradeEvent.CANCELED for update in updates)

    asyncio.run(until(20, done, stream, before=act))
    events = [word(update) for update in updates if update.order.client_order_id == client_id]
    assert events[:2] == ["accepted", "new"] and events[-1] == "fill", events
    fills = [update for update in updates if word(update) in ("fill", "partial_fill")]
    assert sum(fill.qty for fill in fills) == 2 and all(fill.price > 0 for fill in fills)
    assert fills[-1].position_qty >= 2 and fills[-1].execution_id is not None


@check
def paper_frames_are_binary_and_live_ones_text(far):
    import websockets.legacy.client as client

    async def kind(name, address):
        customer = far.customers[name]
        async with client.connect(far.ready[address]) as socket:
            data = {"key_id": customer["key"], "secret_key": customer["secret"]}
            await socket.send(json.dumps({"action": "authenticate", "data": data}))
            answer = await asyncio.wait_for(socket.recv(), 5)
            assert json.loads(answer)["data"]["status"] == "authorized"
            return type(answer)

    assert asyncio.run(kind("margin", "trading_stream")) is bytes
    assert asyncio.run(kind("live", "trading_stream_live")) is str


# --- who may and who may not -----------------------------------------------------------------------


@check
def wrong_credentials(far):
    refused(401, 40110000, far.client("margin", secret="wrong").get_account)
    live = far.customers["live"]
    crossed = TradingClient(live["key"], live["secret"], url_override=far.ready["trading"])
    refused(401, 40110000, crossed.get_account)
    margin = far.margin
    crossed = TradingClient(margin["key"], margin["secret"], url_override=far.ready["trading_live"])
    refused(401, 40110000, crossed.get_account)


@check
def no_such_path(far):
    refused(404, 40410000, far.trading.get, "/nowhere")


# ---------------------------------------------------------------------------------------------------


def start(argument):
    """The ready line, and the process when one was started."""
    if os.access(argument, os.X_OK):
        command = [argument, "sim", "alpaca", "--port", "0"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        return json.loads(process.stdout.readline()), process
    with open(argument, encoding="utf-8") as file:
        return json.loads(file.readline()), None


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    wanted = sys.argv[2:]
    ready, process = start(sys.argv[1])
    passed = failed = 0
    try:
        far = Far(ready)
        for function in CHECKS:
            if wanted and function.__name__ not in wanted:
                continue
            try:
                function(far)
                passed += 1
                print(f"ok      {function.__name__}")
            except Exception:
                failed += 1
                print(f"FAILED  {function.__name__}")
                traceback.print_exc(file=sys.stdout)
    finally:
        if process:
            process.terminate()
            process.wait(10)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
