#!/usr/bin/env python3
"""An independent Python client of Interactive Brokers, unmodified, against the simulator.

    pip install ibind pycryptodome
    python3 tests/conformance/ibind_py.py target/debug/tradedeck    starts `tradedeck sim ibkr --port 0`
    python3 tests/conformance/ibind_py.py ready.json                uses one that runs; the file is its first line

Everything is done twice: through the gateway, whose certificate the client does not look at (its own default), and
by OAuth 1.0a. Addresses, keys and tokens are given to the client as its documentation says, nothing else is changed.
It keeps no limits itself, so that there is a pause before each call here.
Prints one line a check and `N passed, M failed`; exits with 1 when a check failed.

What the client cannot do here, and why:
* signing in at the gateway: that is a person's part in a browser; here the page's button is pressed by hand;
* the three legs of programs that act for others: the client is for a person's own programs;
* history by symbol with filters: its own queries cannot be looked up (`unhashable type`);
* performance, scanners, watchlists, advisers' models, alerts, combinations: the simulator serves none of them;
* executions without those of the past: the client asks by another name (`realtime_updates_only`) than the manual's
  (`realtimeUpdatesOnly`), which is ignored as every unknown parameter is.
"""

import json
import os
import ssl
import subprocess
import sys
import time
import traceback
import urllib.parse
import urllib.request

os.environ.setdefault("IBIND_LOG_TO_CONSOLE", "False")
os.environ.setdefault("IBIND_LOG_TO_FILE", "False")
os.environ.setdefault("IBIND_AUTO_REGISTER_SHUTDOWN", "False")

import urllib3
from ibind import (
    ExternalBrokerError,
    IbkrClient,
    IbkrWsClient,
    OrderRequest,
    QueueSink,
    QuestionType,
    StockQuery,
    events,
    subscriptions,
)
from ibind.oauth.oauth1a import OAuth1aConfig

urllib3.disable_warnings()

AAPL = 265598
SPY = 756733
# Seconds before each call, before and after those that are several, and between those that may be made once in five.
PAUSE = 0.15
LONG_PAUSE = 5.1
SEVERAL = ("place_order", "modify_order", "live_marketdata_snapshot_by_symbol", "marketdata_history_by_symbol")
SELDOM = ("portfolio_accounts", "portfolio_subaccounts", "trades", "live_orders", "account_profit_and_loss")
YES = {
    QuestionType.PRICE_PERCENTAGE_CONSTRAINT: True,
    QuestionType.MISSING_MARKET_DATA: True,
    QuestionType.STOP_ORDER_RISKS: True,
    QuestionType.MARKET_ORDER_CONFIRMATION: True,
}
CHECKS = []


def check(function):
    """Registers a check; it is given a `Far` and fails by raising."""
    CHECKS.append(function)
    return function


class Paced:
    """The client, with a pause before each of its calls."""

    def __init__(self, client):
        self.client = client
        self.last = {}

    def __getattr__(self, name):
        attribute = getattr(self.client, name)
        if not callable(attribute):
            return attribute

        def call(*arguments, **named):
            time.sleep(PAUSE)
            if name == "tickle" or name in SEVERAL:
                time.sleep(1)
            if name in SELDOM:
                since = time.monotonic() - self.last.get(name, -LONG_PAUSE)
                time.sleep(max(0, LONG_PAUSE - since))
            try:
                return attribute(*arguments, **named)
            finally:
                self.last[name] = time.monotonic()
                time.sleep(1 if name in SEVERAL else 0)

        return call


class Far:
    """The simulator by one of its doors, and the client that is let in there."""

    def __init__(self, ready, door):
        self.ready, self.door = ready, door
        self.customer = next(one for one in ready["customers"] if one["name"] == "margin")
        self.number = self.customer["account_number"]
        if door == "gateway":
            self.sign_in()
            client = IbkrClient(account_id=self.number, url=ready["gateway"] + "/", cacert=False)
        else:
            client = IbkrClient(account_id=self.number, use_oauth=True, oauth_config=self.oauth())
        self.client = Paced(client)

    def sign_in(self):
        form = urllib.parse.urlencode({"user": self.customer["login"]}).encode()
        with urllib.request.urlopen(
            self.ready["gateway_login"], form, context=ssl._create_unverified_context()
        ) as page:
            assert page.read() == b"Client login succeeds"

    def oauth(self):
        return OAuth1aConfig(
            oauth_rest_url=self.ready["api"] + "/",
            access_token=self.customer["access_token"],
            access_token_secret=self.customer["access_token_secret"],
            consumer_key=self.customer["consumer_key"],
            dh_prime=self.ready["dh_prime"],
            encryption_key=self.ready["encryption_key"],
            signature_key=self.ready["signing_key"],
            realm=self.ready["realm"],
            init_brokerage_session=False,
            maintain_oauth=False,
            shutdown_oauth=False,
        )

    def stream(self, sink):
        if self.door == "gateway":
            return IbkrWsClient(
                account_id=self.number, url=self.ready["gateway_stream"], ibkr_client=self.client.client,
                cacert=False, sink=sink,
            )
        return IbkrWsClient(
            account_id=self.number, url=self.ready["stream"], ibkr_client=self.client.client, use_oauth=True,
            access_token=self.customer["access_token"], sink=sink,
        )

    def price(self, conid):
        """The last price, past the first answer, which is empty."""
        for _ in range(3):
            (row,) = self.client.live_marketdata_snapshot([str(conid)], ["31"]).data
            if "31" in row:
                return float(row["31"])
        raise AssertionError("no price came")

    def order(self, conid, side, quantity, kind="MKT", **fields):
        fields = {"tif": "DAY"} | fields
        return OrderRequest(
            conid=conid, side=side, quantity=quantity, order_type=kind, acct_id=self.number, **fields
        )

    def settled(self, order_id, *statuses):
        """The order once it has one of the statuses."""
        for _ in range(50):
            order = self.client.order_status(order_id).data
            if order["order_status"] in statuses:
                return order
        raise AssertionError(f"{order['order_status']} is none of {statuses}")


def refused(words, call):
    try:
        call()
    except (ExternalBrokerError, RuntimeError) as error:
        assert words in str(error), f"refused with {error}"
        return
    raise AssertionError("it was not refused")


# --- sessions and accounts -------------------------------------------------------------------------


@check
def session(far):
    assert far.client.check_health() is False, "there is no brokerage session yet"
    far.client.initialize_brokerage_session()
    time.sleep(1)
    assert far.client.check_health() is True
    assert far.client.check_auth_status() is True
    tickle = far.client.tickle().data
    assert ("ssoExpires" in tickle) == (far.door == "gateway")


@check
def accounts(far):
    found = far.client.receive_brokerage_accounts().data
    assert far.number in found["accounts"] and found["isPaper"] is True
    viewable = far.client.portfolio_accounts().data
    assert {account["accountId"] for account in viewable} == set(found["accounts"])
    assert far.client.portfolio_account_information().data["id"] == far.number
    other = next(number for number in found["accounts"] if number != far.number)
    assert far.client.switch_account(other).data["set"] is True
    assert far.client.switch_account(far.number).data["set"] is True


@check
def balances_and_positions_agree(far):
    ledger = far.client.get_ledger().data["BASE"]
    positions = far.client.positions2().data
    value = sum(position["marketValue"] for position in positions)
    assert abs(ledger["cashbalance"] + value - ledger["netliquidationvalue"]) < 50, (ledger, value)
    far.client.invalidate_backend_portfolio_cache()
    cached = far.client.positions().data
    assert {row["conid"]: row["position"] for row in cached} == {
        int(row["conid"]): row["position"] for row in positions
    }
    summary = far.client.portfolio_summary().data
    assert abs(summary["netliquidation"]["amount"] - ledger["netliquidationvalue"]) < 50
    brief = far.client.account_summary().data
    assert abs(brief["netLiquidationValue"] - ledger["netliquidationvalue"]) < 50
    gains = far.client.account_profit_and_loss().data["upnl"]
    assert f"{far.number}.Core" in gains
    held = far.client.positions_by_conid(far.number, str(AAPL)).data
    assert held[0]["conid"] == AAPL


@check
def trades(far):
    rows = far.client.trades(days="7").data
    assert len({row["execution_id"] for row in rows}) == len(rows) > 1
    assert all(isinstance(row["price"], str) for row in rows)


# --- contracts and market data ---------------------------------------------------------------------


@check
def contracts(far):
    conids = far.client.stock_conid_by_symbol(["AAPL", "SPY"]).data
    assert conids == {"AAPL": AAPL, "SPY": SPY}, conids
    (apple,) = far.client.security_definition_by_conid([str(AAPL)]).data["secdef"]
    assert apple["ticker"] == "AAPL"
    assert far.client.contract_information_by_conid(str(AAPL)).data["con_id"] == AAPL
    assert far.client.search_contract_by_symbol("SPY").data[0]["conid"] == str(SPY)
    assert far.client.currency_exchange_rate("USD", "EUR").data["rate"] > 0
    assert far.client.trading_schedule_by_symbol("STK", "AAPL").data
    strikes = far.client.search_strikes_by_conid(
        str(AAPL), "OPT", far.client.search_contract_by_symbol("AAPL").data[0]["sections"][1]["months"].split(";")[1]
    ).data
    assert strikes["call"] and strikes["call"] == strikes["put"]


@check
def snapshot(far):
    far.client.marketdata_unsubscribe_all()
    first = far.client.live_marketdata_snapshot([str(AAPL)], ["31", "84", "86"]).data
    assert "31" not in first[0], first
    (row,) = far.client.live_marketdata_snapshot([str(AAPL)], ["31", "84", "86", "83", "87"]).data
    assert float(row["84"]) < float(row["86"]) and row["6509"].startswith("R")
    named = far.client.live_marketdata_snapshot_by_symbol([StockQuery("AAPL")], ["31"])
    assert float(named["AAPL"]["last_price"]) > 0, named


@check
def history(far):
    bars = far.client.marketdata_history_by_conid(str(AAPL), bar="1h", period="2d").data
    assert len(bars["data"]) > 5 and bars["symbol"] == "AAPL"
    by_symbol = far.client.marketdata_history_by_symbol("SPY", bar="1d", period="1m").data
    assert len(by_symbol["data"]) > 10


# --- orders ----------------------------------------------------------------------------------------


@check
def place_modify_cancel(far):
    name = f"conformance-{far.door}"
    limit = round(far.price(AAPL) * 0.9, 2)
    request = far.order(AAPL, "BUY", 2, "LMT", price=limit, coid=name)
    preview = far.client.whatif_order(request).data
    assert preview["amount"]["amount"].endswith("(2 Shares)") and preview["error"] is None
    placed = far.client.place_order(request, YES).data
    assert placed["local_order_id"] == name, placed
    order_id = placed["order_id"]
    far.settled(order_id, "Submitted")
    refused("already registered", lambda: far.client.place_order(request, YES))
    changed = far.order(AAPL, "BUY", 3, "LMT", price=limit)
    assert far.client.modify_order(order_id, changed, YES).data["order_id"] == order_id
    assert far.settled(order_id, "Submitted")["total_size"] == "3.0"
    far.client.live_orders()
    rows = far.client.live_orders().data["orders"]
    (row,) = [row for row in rows if row.get("order_ref") == name]
    assert row["orderId"] == int(order_id) and row["totalSize"] == 3
    assert far.client.cancel_order(order_id).data["msg"] == "Request was submitted"
    far.settled(order_id, "Cancelled")


@check
def a_market_order_fills(far):
    placed = far.client.place_order(far.order(SPY, "BUY", 1), YES).data
    order = far.settled(placed["order_id"], "Filled")
    assert order["cum_fill"] == "1.0" and float(order["average_price"]) > 0
    rows = far.client.trades().data
    assert rows[0]["symbol"] == "SPY" and rows[0]["side"] == "B"


@check
def refusals(far):
    high = round(far.price(AAPL) * 1.5, 2)
    request = far.order(AAPL, "BUY", 1, "LMT", price=high)
    refused("We cannot accept an order at the limit price", lambda: far.client.place_order(request, YES))
    unanswered = far.order(SPY, "BUY", 1)
    refused("A question was not given a positive reply", lambda: far.client.place_order(unanswered, {
        question: False for question in YES
    }))
    assert far.client.cancel_order("1").data == {"error": "OrderID 1 doesn't exist"}
    refused("accountId is not valid", lambda: far.client.get_ledger("U0000000"))


@check
def questions_can_be_suppressed(far):
    far.price(SPY)
    far.client.suppress_messages(["o10151"])
    assert "order_id" in far.client.place_order(far.order(SPY, "BUY", 1), {}).data
    far.client.reset_suppressed_messages()
    refused("A question was not given", lambda: far.client.place_order(far.order(SPY, "BUY", 1), {
        QuestionType.MARKET_ORDER_CONFIRMATION: False
    }))


# --- the stream ------------------------------------------------------------------------------------


def heard(sink, kind, wanted=lambda event: True, seconds=15):
    """The first event of a kind that is wanted."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        event = sink.get(kind, block=True, timeout=1) if not sink_is_empty(sink, kind) else None
        if event is not None and wanted(event):
            return event
        if event is None:
            time.sleep(0.05)
    raise AssertionError(f"nothing of {kind.__name__}")


def sink_is_empty(sink, kind):
    return sink.new_queue_accessor(kind).empty()


@check
def stream(far):
    sink = QueueSink()
    time.sleep(1)
    client = far.stream(sink)
    client.start()
    try:
        handles = [
            client.subscribe(subscriptions.MarketDataSubscription(conid=str(AAPL), fields=["31", "84", "86"])),
            client.subscribe(subscriptions.OrdersSubscription()),
            client.subscribe(subscriptions.TradesSubscription(days=2)),
            client.subscribe(subscriptions.PnlSubscription()),
        ]
        assert client.wait_all(handles, 15) == []
        quote = heard(sink, events.MarketData)
        assert quote.conid == str(AAPL) and float(quote.data["bid_price"]) > 0, quote
        heard(sink, events.Trades)
        heard(sink, events.Pnl)
        placed = far.client.place_order(far.order(SPY, "BUY", 1), YES).data
        number = int(placed["order_id"])

        def is_filled(event):
            rows = event.data["args"]
            return any(row["orderId"] == number and row.get("status") == "Filled" for row in rows)

        heard(sink, events.Orders, is_filled)
        heard(sink, events.Trades, lambda event: len(rows_of(event)) == 1 and rows_of(event)[0]["symbol"] == "SPY")
    finally:
        client.shutdown()


def rows_of(event):
    return event.data["args"] if isinstance(event.data, dict) else event.data


@check
def logout(far):
    assert far.client.logout().data == {"status": True}
    try:
        far.client.tickle()
    except ExternalBrokerError as error:
        assert error.status_code == 401
        return
    raise AssertionError("the session is still there")


def start(argument):
    """The ready line, and the process if one was started."""
    if not os.access(argument, os.X_OK):
        with open(argument) as file:
            return json.loads(file.readline()), None
    process = subprocess.Popen([argument, "sim", "ibkr", "--port", "0"], stdout=subprocess.PIPE, text=True)
    return json.loads(process.stdout.readline()), process


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    wanted = sys.argv[2:]
    ready, process = start(sys.argv[1])
    passed = failed = 0
    try:
        for door in ("gateway", "oauth"):
            far = Far(ready, door)
            for function in CHECKS:
                if wanted and function.__name__ not in wanted:
                    continue
                try:
                    function(far)
                    passed += 1
                    print(f"ok      {door} {function.__name__}", flush=True)
                except BaseException:
                    failed += 1
                    print(f"FAILED  {door} {function.__name__}", flush=True)
                    traceback.print_exc(file=sys.stdout)
    finally:
        if process:
            process.terminate()
            process.wait(10)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
