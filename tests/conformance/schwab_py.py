#!/usr/bin/env python3
"""An independent Python client, schwab-py, against the Charles Schwab simulator.

    pip install schwab-py
    python3 tests/conformance/schwab_py.py target/debug/tradedeck     starts `tradedeck sim schwab --port 0`
    python3 tests/conformance/schwab_py.py ready.json                 uses one that runs; the file is its first line

The client is unmodified. It has its host in every call, so what it sends there is led to the simulator by
httpx's transport, and the `Location` of an order is led back; nothing else is touched.

What it cannot try: LEVELONE values beyond their presence (it does not interpret them), the nested JSON of
account activity (it hands it on as text), books, screeners, option chains, movers and multi-leg orders
(the simulator does not serve them), and a refused LOGIN's closing of the socket (it raises before).

Prints one line a check and `N passed, M failed`; exits with 1 when a check failed.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
import traceback
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, urlsplit

import httpx
from schwab import auth
from schwab.client import Client
from schwab.orders.common import Duration, OrderType, Session
from schwab.orders.common import first_triggers_second, one_cancels_other
from schwab.orders.equities import (
    equity_buy_limit,
    equity_buy_market,
    equity_sell_limit,
    equity_sell_market,
    equity_sell_short_market,
)
from schwab.streaming import StreamClient, UnexpectedResponseCode
from schwab.utils import Utils

HOST = "https://api.schwabapi.com"
CHECKS = []


def check(function):
    """Registers a check; it is given a `Far` and fails by raising."""
    CHECKS.append(function)
    return function


def lead(origin):
    """Leads requests to the provider's host to the simulator, and locations back."""
    plain = httpx.HTTPTransport.handle_request

    def handle(transport, request):
        if request.url.host == urlsplit(HOST).hostname:
            target = urlsplit(origin)
            request.url = request.url.copy_with(
                scheme=target.scheme, host=target.hostname, port=target.port
            )
            request.headers["host"] = target.netloc
        response = plain(transport, request)
        location = response.headers.get("location", "")
        if location.startswith(origin):
            response.headers["location"] = HOST + location[len(origin) :]
        return response

    httpx.HTTPTransport.handle_request = handle


class Far:
    """The simulator: its addresses, its customers, and a client for one of them."""

    def __init__(self, ready):
        self.ready = ready
        self.customers = {customer["name"]: customer for customer in ready["customers"]}
        lead(ready["api"])
        self.client = self.sign_in("margin")
        self.hashes = {
            row["accountNumber"]: row["hashValue"]
            for row in fine(self.client.get_account_numbers())
        }
        self.hash = self.hashes[self.customers["margin"]["account_number"]]

    def browse(self, context, more=""):
        """Where a browser ends up that is sent to the page."""
        answer = httpx.get(context.authorization_url + more)
        assert answer.status_code == 302, (answer.status_code, answer.text)
        return answer.headers["location"]

    def sign_in(self, name):
        customer = self.customers[name]
        context = auth.get_auth_context(customer["client_id"], customer["redirect_uri"])
        back = self.browse(context)
        kept = []
        client = auth.client_from_received_url(
            customer["client_id"],
            customer["client_secret"],
            context,
            back,
            lambda token, *rest, **named: kept.append(token),
        )
        assert kept, "the token was not kept"
        return client

    def quote(self, symbol):
        return fine(self.client.get_quote(symbol))[symbol]["quote"]

    def below(self, symbol, share=0.9):
        return round(self.quote(symbol)["bidPrice"] * share, 2)

    def place(self, order):
        answer = self.client.place_order(self.hash, order)
        assert answer.status_code == 201, (answer.status_code, answer.text)
        assert answer.content == b""
        number = Utils(self.client, self.hash).extract_order_id(answer)
        assert number, answer.headers
        return number

    def order(self, number):
        return fine(self.client.get_order(number, self.hash))

    def wait(self, number, *statuses):
        """The order once it has one of the statuses."""
        for _ in range(100):
            order = self.order(number)
            if order["status"] in statuses:
                return order
            time.sleep(0.1)
        raise AssertionError(f"{order['status']} is none of {statuses}")


def soon():
    """A time ahead: the client cuts its times to the second and would leave out what is of this one."""
    return datetime.now(timezone.utc) + timedelta(minutes=1)


def fine(answer):
    assert answer.status_code == 200, (answer.status_code, answer.text)
    return answer.json()


def refused(answer, status):
    assert answer.status_code == status, (answer.status_code, answer.text)
    body = answer.json()
    assert "errors" in body or "fault" in body or "message" in body, body
    return body


# --- sign-in ---------------------------------------------------------------------------------------


@check
def the_code_has_its_frame(far):
    customer = far.customers["margin"]
    context = auth.get_auth_context(customer["client_id"], customer["redirect_uri"], state="st&te")
    back = far.browse(context)
    assert "%40&session=" in back, back
    fields = parse_qs(urlsplit(back).query)
    assert fields["state"] == ["st&te"] and fields["code"][0].endswith("@")


@check
def a_token_is_refreshed(far):
    customer = far.customers["small"]
    token = {
        "access_token": "stale",
        "refresh_token": customer["refresh_token"],
        "token_type": "Bearer",
        "expires_in": 1800,
        "expires_at": int(time.time()) - 1,
        "scope": "api",
    }
    kept = []
    client = auth.client_from_access_functions(
        customer["client_id"],
        customer["client_secret"],
        lambda: {"creation_timestamp": int(time.time()), "token": token},
        lambda token, *rest, **named: kept.append(token),
    )
    rows = fine(client.get_account_numbers())
    assert [row["accountNumber"] for row in rows] == [customer["account_number"]]
    assert kept and kept[-1]["token"]["expires_in"] == 1800


# --- accounts --------------------------------------------------------------------------------------


@check
def accounts_of_one_login(far):
    accounts = fine(far.client.get_accounts())
    kinds = {account["securitiesAccount"]["type"] for account in accounts}
    assert kinds == {"MARGIN", "CASH"}
    for account in accounts:
        inner = account["securitiesAccount"]
        assert inner["accountNumber"] in far.hashes and "positions" not in inner
        assert isinstance(inner["currentBalances"]["liquidationValue"], float)
    one = fine(far.client.get_account(far.hash))
    assert one["securitiesAccount"]["type"] == "MARGIN"
    assert one["securitiesAccount"]["projectedBalances"]["isInCall"] is False
    refused(far.client.get_account("0" * 64), 400)


@check
def positions_add_up(far):
    fields = [Client.Account.Fields.POSITIONS]
    inner = fine(far.client.get_account(far.hash, fields=fields))["securitiesAccount"]
    assert len(inner["positions"]) >= 3
    for position in inner["positions"]:
        units = position["longQuantity"] - position["shortQuantity"]
        assert units != 0 and position["averagePrice"] > 0
        assert (position["marketValue"] > 0) == (units > 0)
    symbols = {position["instrument"]["symbol"] for position in inner["positions"]}
    assert "BRK/B" in symbols, symbols
    value = sum(position["marketValue"] for position in inner["positions"])
    balances = inner["currentBalances"]
    cash = balances["cashBalance"] + balances["marginBalance"]
    assert abs(cash + value - balances["liquidationValue"]) < 0.02 * balances["liquidationValue"]


@check
def holdings_are_the_sum_of_trades(far):
    start = datetime.now(timezone.utc) - timedelta(days=365, hours=20)
    for number, account in far.hashes.items():
        rows = fine(far.client.get_transactions(account, start_date=start))
        held, cash = {}, 0.0
        for row in rows:
            assert row["accountNumber"] == number and row["time"].endswith("+0000")
            cash += row["netAmount"]
            for item in row["transferItems"]:
                if "positionEffect" in item:
                    symbol = item["instrument"]["symbol"]
                    held[symbol] = held.get(symbol, 0) + item["amount"]
        assert len({row["activityId"] for row in rows}) == len(rows) > 20
        fields = [Client.Account.Fields.POSITIONS]
        inner = fine(far.client.get_account(account, fields=fields))["securitiesAccount"]
        positions = {
            position["instrument"]["symbol"]: position["longQuantity"] - position["shortQuantity"]
            for position in inner["positions"]
        }
        assert {symbol: units for symbol, units in held.items() if units} == positions
        one = fine(far.client.get_transaction(account, rows[0]["activityId"]))
        assert one == rows[:1]


@check
def transactions_by_type_symbol_and_time(far):
    kinds = Client.Transactions.TransactionType
    start = datetime.now(timezone.utc) - timedelta(days=360)
    dividends = fine(
        far.client.get_transactions(
            far.hash, start_date=start, transaction_types=[kinds.DIVIDEND_OR_INTEREST]
        )
    )
    assert dividends and {row["type"] for row in dividends} == {"DIVIDEND_OR_INTEREST"}
    trades = fine(
        far.client.get_transactions(
            far.hash, start_date=start, transaction_types=[kinds.TRADE], symbol="AAPL"
        )
    )
    assert trades
    for trade in trades:
        assert trade["transferItems"][-1]["instrument"]["symbol"] == "AAPL"
    too_long = datetime.now(timezone.utc) - timedelta(days=400)
    refused(far.client.get_transactions(far.hash, start_date=too_long), 400)


# --- orders ----------------------------------------------------------------------------------------


@check
def a_market_order_fills(far):
    number = far.place(equity_buy_market("XLF", 3))
    order = far.wait(number, "FILLED")
    assert order["orderId"] == number and order["filledQuantity"] == 3
    assert isinstance(order["accountNumber"], int)
    legs = [leg for row in order["orderActivityCollection"] for leg in row["executionLegs"]]
    assert sum(leg["quantity"] for leg in legs) == 3
    rows = fine(far.client.get_transactions(far.hash, end_date=soon(), symbol="XLF"))
    assert number in {row["orderId"] for row in rows}


@check
def an_order_is_listed_replaced_and_cancelled(far):
    first = far.place(equity_buy_limit("KO", 2, str(far.below("KO"))))
    working = far.wait(first, "WORKING")
    assert working["cancelable"] is True and working["editable"] is True
    listed = fine(
        far.client.get_orders_for_account(
            far.hash, to_entered_datetime=soon(), status=Client.Order.Status.WORKING
        )
    )
    assert first in {row["orderId"] for row in listed}
    answer = far.client.replace_order(
        far.hash, first, equity_buy_limit("KO", 3, str(far.below("KO", 0.85)))
    )
    assert answer.status_code == 201, answer.text
    second = Utils(far.client, far.hash).extract_order_id(answer)
    assert second != first
    assert far.wait(first, "REPLACED")["closeTime"]
    assert far.wait(second, "WORKING")["quantity"] == 3
    assert far.client.cancel_order(second, far.hash).status_code == 200
    far.wait(second, "CANCELED")
    refused(far.client.cancel_order(second, far.hash), 400)
    everywhere = fine(far.client.get_orders_for_all_linked_accounts(to_entered_datetime=soon()))
    assert {first, second} <= {row["orderId"] for row in everywhere}


@check
def what_is_refused_has_a_number_and_a_reason(far):
    number = far.place(equity_buy_market("AVGO", 900_000))
    order = far.order(number)
    assert order["status"] == "REJECTED" and "buying power" in order["statusDescription"]
    number = far.place(equity_sell_market("GE", 1))
    assert far.order(number)["status"] == "REJECTED"
    refused(far.client.place_order(far.hash, equity_buy_market("NOSUCH", 1)), 400)


@check
def a_short_sale_is_named_so(far):
    number = far.place(equity_sell_short_market("PFE", 1))
    order = far.wait(number, "FILLED")
    assert order["orderLegCollection"][0]["instruction"] == "SELL_SHORT"


@check
def a_bracket_has_its_exits_inside(far):
    bid = far.quote("CAT")["bidPrice"]
    profit = equity_sell_limit("CAT", 1, str(round(bid * 1.2, 2)))
    loss = (
        equity_sell_limit("CAT", 1, "1")
        .set_order_type(OrderType.STOP)
        .clear_price()
        .set_stop_price(str(round(bid * 0.7, 2)))
    )
    entry = equity_buy_limit("CAT", 1, str(round(bid * 0.9, 2)))
    for part in (profit, loss, entry):
        part.set_duration(Duration.GOOD_TILL_CANCEL).set_session(Session.NORMAL)
    number = far.place(first_triggers_second(entry, one_cancels_other(profit, loss)))
    order = far.wait(number, "WORKING")
    assert order["orderStrategyType"] == "TRIGGER"
    inside = order["childOrderStrategies"][0]["childOrderStrategies"]
    assert {row["status"] for row in inside} == {"AWAITING_PARENT_ORDER"}
    assert far.client.cancel_order(number, far.hash).status_code == 200
    far.wait(number, "CANCELED")


@check
def a_preview_costs_nothing(far):
    preview = fine(far.client.preview_order(far.hash, equity_buy_limit("AMD", 1, str(far.below("AMD")))))
    assert preview["orderId"] == 0 and "rejects" not in preview["orderValidationResult"]
    dear = fine(far.client.preview_order(far.hash, equity_buy_market("AVGO", 900_000)))
    assert dear["orderValidationResult"]["rejects"]


# --- market data -----------------------------------------------------------------------------------


@check
def quotes(far):
    body = fine(far.client.get_quotes(["AAPL", "BRK/B", "SPY", "NOSUCH"]))
    assert body["errors"]["invalidSymbols"] == ["NOSUCH"]
    assert body["SPY"]["assetSubType"] == "ETF" and body["AAPL"]["assetSubType"] == "COE"
    quote = body["BRK/B"]["quote"]
    assert quote["bidPrice"] < quote["askPrice"] and quote["52WeekLow"] < quote["52WeekHigh"]
    assert abs(quote["quoteTime"] / 1000 - time.time()) < 60
    refused(far.client.get_quote("NOSUCH"), 404)


@check
def candles(far):
    for history, least in (
        (far.client.get_price_history_every_day, 200),
        (far.client.get_price_history_every_week, 40),
        (far.client.get_price_history_every_five_minutes, 500),
    ):
        start = datetime.now() - timedelta(days=365)
        body = fine(history("AAPL", start_datetime=start, end_datetime=datetime.now()))
        times = [candle["datetime"] for candle in body["candles"]]
        assert len(times) >= least and times == sorted(times), (history, len(times))
        assert body["symbol"] == "AAPL" and body["empty"] is False


@check
def hours_and_instruments(far):
    markets = Client.MarketHours.Market
    body = fine(far.client.get_market_hours([markets.EQUITY, markets.OPTION]))
    assert set(body) == {"equity", "option"}
    kinds = Client.Instrument.Projection
    found = fine(far.client.get_instruments(["AAPL", "SPY"], kinds.SYMBOL_SEARCH))["instruments"]
    assert {row["symbol"] for row in found} == {"AAPL", "SPY"}
    known = fine(far.client.get_instruments(["AAPL"], kinds.FUNDAMENTAL))["instruments"][0]
    assert known["fundamental"]["high52"] > known["fundamental"]["low52"]
    same = fine(far.client.get_instrument_by_cusip(known["cusip"]))["instruments"]
    assert same[0]["symbol"] == "AAPL"


# --- streaming -------------------------------------------------------------------------------------


async def until(stream, done, seconds=20):
    async def listen():
        while not done():
            await stream.handle_message()

    await asyncio.wait_for(listen(), seconds)


@check
def level_one(far):
    async def run():
        stream = StreamClient(far.client)
        await stream.login()
        seen = {}
        keep = lambda message: [
            seen.setdefault(message["service"], {}).setdefault(row["key"], []).append(row)
            for row in message["content"]
        ]
        stream.add_level_one_equity_handler(keep)
        stream.add_level_one_option_handler(keep)
        stream.add_level_one_futures_handler(keep)
        stream.add_level_one_forex_handler(keep)
        await stream.level_one_equity_subs(["AAPL", "BRK/B"])
        await stream.level_one_equity_add(["SPY"])
        await stream.level_one_option_subs(["AAPL  271217C00200000"])
        await stream.level_one_futures_subs(["/ES"])
        await stream.level_one_forex_subs(["EUR/USD"])
        rows = lambda: seen.get("LEVELONE_EQUITIES", {})
        await until(stream, lambda: all(len(rows().get(key, [])) > 3 for key in ("AAPL", "SPY")))
        first, later = rows()["AAPL"][0], rows()["AAPL"][1]
        assert first["BID_PRICE"] < first["ASK_PRICE"] and first["delayed"] is False
        assert len(later) < len(first), "only changes come after the first"
        assert len(seen) == 4, seen.keys()
        await stream.level_one_equity_unsubs(["AAPL", "BRK/B", "SPY"])
        await stream.logout()

    asyncio.run(run())


@check
def account_activity(far):
    async def run():
        stream = StreamClient(far.client)
        await stream.login()
        seen = []
        stream.add_account_activity_handler(lambda message: seen.extend(message["content"]))
        await stream.account_activity_sub()
        number = far.place(equity_buy_market("T", 2))
        kinds = lambda: [row["MESSAGE_TYPE"] for row in seen]
        await until(stream, lambda: "OrderFillCompleted" in kinds())
        assert kinds()[0] == "SUBSCRIBED" and "OrderCreated" in kinds()
        filled = json.loads(seen[-1]["MESSAGE_DATA"])
        assert filled["SchwabOrderID"] == str(number)
        numbers = [row["seq"] for row in seen]
        assert numbers == sorted(set(numbers))
        await stream.logout()

    asyncio.run(run())


@check
def one_connection_a_person(far):
    async def run():
        first, second = StreamClient(far.client), StreamClient(far.client)
        await first.login()
        await second.login()
        ended = []
        first.add_level_one_equity_handler(lambda message: None)
        try:
            for _ in range(5):
                await asyncio.wait_for(first.handle_message(), 5)
        except Exception as error:
            ended.append(error)
        assert ended, "the first connection lives on"
        await second.level_one_equity_subs(["KO"])
        await second.logout()

    asyncio.run(run())


@check
def a_stale_token_is_refused(far):
    async def run():
        client = far.sign_in("joint")
        client.token_metadata.token = dict(client.token_metadata.token, access_token="wrong")
        try:
            await StreamClient(client).login()
        except UnexpectedResponseCode as error:
            assert error.response["response"][0]["content"]["code"] == 3
            return
        raise AssertionError("it was not refused")

    asyncio.run(run())


# ---------------------------------------------------------------------------------------------------


def start(argument):
    """The ready line, and the process when one was started."""
    if os.access(argument, os.X_OK):
        command = [argument, "sim", "schwab", "--port", "0"]
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
