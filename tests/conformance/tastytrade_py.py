#!/usr/bin/env python3
"""An independent Python client of tastytrade, unmodified, against the simulator.

    pip install tastytrade
    python3 tests/conformance/tastytrade_py.py target/debug/tradedeck    starts `tradedeck sim tastytrade --port 0`
    python3 tests/conformance/tastytrade_py.py ready.json                uses one that runs; the file is its first line

The client knows the addresses of its hosts as constants; they are pointed at the simulator, nothing else.
Prints one line a check and `N passed, M failed`; exits with 1 when a check failed.

What the client cannot do here, and why:
* history of the net liquidating value: it looks for `total-open`, while tastytrade's specification writes `totalOpen`;
* `validate`: it calls `/sessions/validate`, which went with the sessions in February 2026;
* complex orders, options, futures, watchlists, metrics, margin reports: the simulator serves none of them.
"""

import asyncio
import json
import os
import subprocess
import sys
import traceback
from datetime import date, datetime, timedelta, timezone
from decimal import Decimal

import tastytrade
import tastytrade.session
import tastytrade.streamer
from tastytrade import Account, AlertStreamer, DXLinkStreamer, Session
from tastytrade.account import AccountBalance, CurrentPosition
from tastytrade.dxfeed import Candle, Profile, Quote, Summary, Trade
from tastytrade.instruments import Equity
from tastytrade.market_data import get_market_data_by_type
from tastytrade.market_sessions import ExchangeType, MarketStatus, get_market_holidays, get_market_sessions
from tastytrade.order import (
    InstrumentType,
    LimitOrder,
    MarketOrder,
    NotionalOrder,
    OrderAction,
    OrderStatus,
    OrderTimeInForce,
    PlacedOrder,
    StopLimitOrder,
    StopOrder,
)
from tastytrade.search import symbol_search
from tastytrade.utils import TastytradeError

CHECKS = []


def check(function):
    """Registers a check; it is given a `Far` and fails by raising."""
    CHECKS.append(function)
    return function


class Far:
    """The simulator: its addresses, its customers, and a session for each of them."""

    def __init__(self, ready):
        self.ready = ready
        self.customers = {customer["name"]: customer for customer in ready["customers"]}
        tastytrade.session.CERT_URL = ready["api"]
        tastytrade.session.API_URL = ready["api_live"]
        tastytrade.streamer.CERT_STREAMER_URL = ready["account_stream"]
        tastytrade.streamer.STREAMER_URL = ready["account_stream_live"]

    def session(self, name="margin", **changed):
        customer = self.customers[name] | changed
        return Session(customer["client_secret"], customer["refresh_token"], is_test=customer["paper"])

    async def account(self, session, name="margin"):
        return await Account.get(session, self.customers[name]["account_number"])

    async def far_below(self, session, symbol, share="0.8"):
        """A limit that is far below the market."""
        async with DXLinkStreamer(session) as streamer:
            await streamer.subscribe(Quote, [symbol])
            quote = await within(streamer.get_event(Quote))
        return (quote.bid_price * Decimal(share)).quantize(Decimal("0.01"))


async def within(waiting, seconds=10):
    return await asyncio.wait_for(waiting, seconds)


async def refused(words, waiting):
    try:
        await waiting
    except TastytradeError as error:
        assert words in str(error), f"refused with {error}"
        return
    raise AssertionError("it was not refused")


def leg(symbol, action, quantity):
    return tastytrade.order.Leg(
        instrument_type=InstrumentType.EQUITY, symbol=symbol, action=action, quantity=quantity
    )


def buy(symbol, quantity):
    return [leg(symbol, OrderAction.BUY_TO_OPEN, quantity)]


async def settled(account, session, order_id, *statuses):
    """The order once it has one of the statuses."""
    for _ in range(200):
        order = await account.get_order(session, order_id)
        if order.status in statuses:
            return order
        await asyncio.sleep(0.05)
    raise AssertionError(f"{order.status} is none of {statuses}")


# --- sign-in and accounts --------------------------------------------------------------------------


@check
async def tokens(far):
    async with far.session() as session:
        await session.refresh()
        first = session.session_token
        await session.refresh(force=True)
        assert session.session_token != first
        customer = await session.get_customer()
        assert customer.id and customer.email.endswith("@example.com")
    for wrong in ({"client_secret": "wrong"}, {"refresh_token": "wrong"}):
        async with far.session(**wrong) as session:
            try:
                await session.refresh()
            except Exception:
                continue
            raise AssertionError(f"{wrong} was not refused")


@check
async def accounts(far):
    async with far.session() as session:
        found = await Account.get(session)
        numbers = {account.account_number for account in found}
        assert numbers == {far.customers[name]["account_number"] for name in ("margin", "ira")}
        for account in found:
            status = await account.get_trading_status(session)
            assert status.account_number == account.account_number and not status.is_frozen
        await refused("not_permitted", far.account(session, "small"))
    async with far.session("live") as session:
        (account,) = await Account.get(session)
        assert account.margin_or_cash == "Margin"


@check
async def balances_and_positions_agree(far):
    for name in far.customers:
        async with far.session(name) as session:
            account = await far.account(session, name)
            balance = await account.get_balances(session)
            positions = await account.get_positions(session, include_marks=True)
            value = sum(
                position.quantity * position.mark_price * position.multiplier
                * (1 if position.quantity_direction == "Long" else -1)
                for position in positions
            )
            difference = abs(balance.cash_balance + value - balance.net_liquidating_value)
            assert difference < balance.net_liquidating_value / 100, (name, difference)
            assert positions and balance.equity_buying_power >= 0
    async with far.session() as session:
        account = await far.account(session)
        (apple,) = await account.get_positions(session, symbol="AAPL")
        assert apple.symbol == "AAPL" and apple.quantity_direction == "Long"
        directions = {p.quantity_direction for p in await account.get_positions(session)}
        assert directions <= {"Long", "Short"}


@check
async def balance_snapshots(far):
    async with far.session() as session:
        account = await far.account(session)
        since = date.today() - timedelta(days=30)
        days = await account.get_balance_snapshots(session, start_date=since, time_of_day="EOD")
        assert len(days) > 15 and all(day.net_liquidating_value > 0 for day in days)


@check
async def transactions_add_up(far):
    for name in far.customers:
        async with far.session(name) as session:
            account = await far.account(session, name)
            rows = await account.get_history(session, per_page=50, page_offset=None)
            assert len({row.id for row in rows}) == len(rows) > 20, name
            balance = await account.get_balances(session)
            assert sum(row.net_value for row in rows) == balance.cash_balance, name
            held = {}
            for row in rows:
                if row.transaction_type == "Trade":
                    sign = 1 if row.action.value.startswith("Buy") else -1
                    held[row.symbol] = held.get(row.symbol, 0) + sign * row.quantity
            held = {symbol: units for symbol, units in held.items() if units}
            positions = await account.get_positions(session)
            signed = {
                p.symbol: p.quantity * (1 if p.quantity_direction == "Long" else -1) for p in positions
            }
            assert held == signed, (name, held, signed)
            one = await account.get_transaction(session, rows[0].id)
            assert one.id == rows[0].id
            await account.get_total_fees(session)


@check
async def transactions_by_type(far):
    async with far.session() as session:
        account = await far.account(session)
        movements = await account.get_history(session, type="Money Movement")
        assert {row.transaction_sub_type for row in movements} >= {"Deposit", "Dividend"}
        apple = await account.get_history(session, symbol="AAPL")
        assert apple and {row.symbol for row in apple} == {"AAPL"}
        recent = await account.get_history(session, start_date=date.today() - timedelta(days=60))
        assert 0 < len(recent) < len(await account.get_history(session))


# --- orders ----------------------------------------------------------------------------------------


@check
async def a_dry_run_places_nothing(far):
    async with far.session() as session:
        account = await far.account(session)
        limit = await far.far_below(session, "KO")
        before = await account.get_live_orders(session)
        order = LimitOrder(time_in_force=OrderTimeInForce.DAY, legs=buy("KO", 10), price=-limit)
        preview = await account.place_order(session, order, dry_run=True)
        effect = preview.buying_power_effect
        assert effect.change_in_buying_power == -(10 * limit + Decimal("0.01"))
        assert effect.new_buying_power == effect.current_buying_power + effect.change_in_buying_power
        assert preview.fee_calculation.total_fees == Decimal("-0.01")
        assert len(await account.get_live_orders(session)) == len(before)
        usage = await account.get_order_buying_power_effect(session, order)
        assert usage.is_spread is False


@check
async def an_order_is_placed_replaced_and_cancelled(far):
    async with far.session() as session:
        account = await far.account(session)
        limit = await far.far_below(session, "KO")
        order = LimitOrder(
            time_in_force=OrderTimeInForce.GTC, legs=buy("KO", 3), price=-limit, external_identifier="mine-1"
        )
        placed = (await account.place_order(session, order, dry_run=False)).order
        assert placed.status in (OrderStatus.ROUTED, OrderStatus.LIVE)
        live = await settled(account, session, placed.id, OrderStatus.LIVE)
        assert live.price == -limit and live.external_identifier == "mine-1"
        order.price = -(limit + Decimal("0.05"))
        new = await account.replace_order(session, placed.id, order)
        assert new.id != placed.id
        await settled(account, session, placed.id, OrderStatus.CANCELLED)
        live = await settled(account, session, new.id, OrderStatus.LIVE)
        assert live.price == order.price and live.replaces_order_id == placed.id
        await account.delete_order(session, new.id)
        await settled(account, session, new.id, OrderStatus.CANCELLED)
        await refused("cannot_cancel_order", account.delete_order(session, new.id))
        ids = [order.id for order in await account.get_live_orders(session)]
        assert placed.id in ids and new.id in ids
        listed = await account.get_order_history(session, statuses=[OrderStatus.CANCELLED], page_offset=None)
        assert new.id in [order.id for order in listed]


@check
async def a_market_order_fills(far):
    async with far.session() as session:
        account = await far.account(session)
        order = MarketOrder(time_in_force=OrderTimeInForce.DAY, legs=buy("PEP", 2))
        placed = (await account.place_order(session, order, dry_run=False)).order
        filled = await settled(account, session, placed.id, OrderStatus.FILLED)
        assert sum(fill.quantity for fill in filled.legs[0].fills) == 2
        assert filled.legs[0].remaining_quantity == 0
        (position,) = await account.get_positions(session, symbol="PEP")
        assert position.quantity >= 2
        sale = MarketOrder(
            time_in_force=OrderTimeInForce.DAY,
            legs=[leg("PEP", OrderAction.SELL_TO_CLOSE, position.quantity)],
        )
        sold = (await account.place_order(session, sale, dry_run=False)).order
        await settled(account, session, sold.id, OrderStatus.FILLED)
        assert await account.get_positions(session, symbol="PEP") == []
        (row, *_) = await account.get_positions(session, symbol="PEP", include_closed=True)
        assert row.quantity_direction == "Zero"


@check
async def every_kind_of_order(far):
    async with far.session() as session:
        account = await far.account(session)
        limit = await far.far_below(session, "KO")
        sell = [leg("AAPL", OrderAction.SELL_TO_CLOSE, 1)]
        low = await far.far_below(session, "AAPL", "0.7")
        day = OrderTimeInForce.DAY
        for order in (
            LimitOrder(time_in_force=OrderTimeInForce.EXT, legs=buy("KO", 1), price=-limit),
            LimitOrder(
                time_in_force=OrderTimeInForce.GTD,
                gtc_date=date.today() + timedelta(days=9),
                legs=buy("KO", 1),
                price=-limit,
            ),
            StopOrder(time_in_force=OrderTimeInForce.GTC, legs=sell, stop_trigger=low),
            StopLimitOrder(time_in_force=day, legs=sell, stop_trigger=low, price=low - 1),
        ):
            placed = (await account.place_order(session, order, dry_run=False)).order
            live = await settled(account, session, placed.id, OrderStatus.LIVE)
            assert live.order_type == order.order_type and live.time_in_force == order.time_in_force
            await account.delete_order(session, placed.id)
        legs = [tastytrade.order.Leg(instrument_type=InstrumentType.EQUITY, symbol="KO", action=OrderAction.BUY_TO_OPEN)]
        notional = NotionalOrder(time_in_force=day, legs=legs, value=Decimal(-50))
        placed = (await account.place_order(session, notional, dry_run=False)).order
        await settled(account, session, placed.id, OrderStatus.FILLED)


@check
async def orders_that_are_refused(far):
    async with far.session() as session:
        account = await far.account(session)
        day, gtc = OrderTimeInForce.DAY, OrderTimeInForce.GTC

        def place(order):
            return account.place_order(session, order, dry_run=False)

        market = MarketOrder(time_in_force=gtc, legs=buy("KO", 1))
        await refused("gtc_market_orders_not_supported", place(market))
        credit = LimitOrder(time_in_force=day, legs=buy("KO", 1), price=Decimal(10))
        await refused("cant_buy_for_credit", place(credit))
        rich = LimitOrder(time_in_force=day, legs=buy("KO", 1_000_000), price=Decimal(-10))
        await refused("margin_check_failed", place(rich))
        await refused("margin_check_failed", account.place_order(session, rich, dry_run=True))
        unknown = MarketOrder(time_in_force=day, legs=buy("NOSUCH", 1))
        await refused("invalid_symbol", place(unknown))
        two = MarketOrder(time_in_force=day, legs=buy("KO", 1) + buy("PEP", 1))
        await refused("too_many_legs", place(two))


# --- reference and prices --------------------------------------------------------------------------


@check
async def instruments_and_sessions(far):
    async with far.session("live") as session:
        apple, berkshire = await Equity.get(session, ["AAPL", "BRK/B"])
        assert apple.description.startswith("Apple") and berkshire.streamer_symbol == "BRK/B"
        assert apple.tick_sizes[0].threshold == 1
        (hours,) = await get_market_sessions(session, [ExchangeType.NYSE])
        assert hours.status == MarketStatus.OPEN
        holidays = await get_market_holidays(session)
        assert len(holidays.holidays) > 15 and holidays.half_days
        found = await symbol_search(session, "AAP")
        assert "AAPL" in [row.symbol for row in found]


@check
async def quotes_by_type(far):
    async with far.session("live") as session:
        rows = await get_market_data_by_type(session, equities=["AAPL", "SPY"])
        assert [row.symbol for row in rows] == ["AAPL", "SPY"]
        assert all(row.bid < row.ask and row.prev_close > 0 for row in rows)
    async with far.session() as session:
        await refused("502", get_market_data_by_type(session, equities=["AAPL"]))


@check
async def quotes_stream(far):
    for name in ("margin", "live"):
        async with far.session(name) as session, DXLinkStreamer(session) as streamer:
            await streamer.subscribe(Quote, ["AAPL", "SPY", "BRK/B"])
            seen = set()
            while len(seen) < 3:
                quote = await within(streamer.get_event(Quote))
                assert quote.bid_price < quote.ask_price
                seen.add(quote.event_symbol)
            await streamer.subscribe(Trade, ["AAPL"])
            assert (await within(streamer.get_event(Trade))).price > 0
            await streamer.subscribe(Summary, ["AAPL"])
            assert (await within(streamer.get_event(Summary))).prev_day_close_price > 0
            await streamer.subscribe(Profile, ["AAPL"])
            assert (await within(streamer.get_event(Profile))).description.startswith("Apple")
            await streamer.unsubscribe(Quote, ["AAPL", "SPY"])
            await streamer.unsubscribe_all(Trade)


@check
async def candles(far):
    async with far.session() as session, DXLinkStreamer(session) as streamer:
        since = datetime.now(timezone.utc) - timedelta(days=20)
        await streamer.subscribe_candle(["AAPL"], "1d", since, extended_trading_hours=True)
        rows = []
        while not rows or not (rows[-1].snapshot_end or rows[-1].snapshot_snip):
            rows.append(await within(streamer.get_event(Candle)))
        assert rows[0].snapshot_begin and rows[-1].remove
        times = [row.time for row in rows]
        assert times == sorted(times, reverse=True) and len(rows) > 10
        assert all(row.low <= row.open <= row.high for row in rows[:-1])
        assert {row.event_symbol for row in rows} == {"AAPL{=d}"}
        await streamer.unsubscribe_candle("AAPL", "1d", extended_trading_hours=True)


# --- account streamer ------------------------------------------------------------------------------


@check
async def the_account_streamer_tells_of_an_order(far):
    async with far.session() as session, AlertStreamer(session) as streamer:
        account = await far.account(session)
        await streamer.subscribe_accounts([account])
        await streamer.subscribe_public_watchlists()
        await streamer.subscribe_quote_alerts()
        order = MarketOrder(time_in_force=OrderTimeInForce.DAY, legs=buy("V", 1))
        placed = (await account.place_order(session, order, dry_run=False)).order
        statuses = []
        async for told in streamer.listen(PlacedOrder):
            assert told.id == placed.id
            statuses.append(told.status)
            if told.status == OrderStatus.FILLED:
                break
        assert statuses[-1] == OrderStatus.FILLED and OrderStatus.LIVE in statuses, statuses
        position = await within(anext(streamer.listen(CurrentPosition)))
        assert position.symbol == "V"
        balance = await within(anext(streamer.listen(AccountBalance)))
        assert balance.account_number == account.account_number


@check
async def the_account_streamer_refuses(far):
    async with far.session() as session:
        words = ""
        try:
            async with AlertStreamer(session) as streamer:
                await streamer.subscribe_quote_alerts()
        except* TastytradeError as refusals:
            words = "".join(traceback.format_exception(refusals))
        assert "subscribe_accounts" in words, words


def start(argument):
    """The ready line, and the process if one was started."""
    if not os.access(argument, os.X_OK):
        with open(argument) as file:
            return json.loads(file.readline()), None
    process = subprocess.Popen([argument, "sim", "tastytrade", "--port", "0"], stdout=subprocess.PIPE, text=True)
    return json.loads(process.stdout.readline()), process


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
                asyncio.run(asyncio.wait_for(function(far), 60))
                passed += 1
                print(f"ok      {function.__name__}")
            except BaseException:
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
