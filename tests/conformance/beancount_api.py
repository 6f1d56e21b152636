#!/usr/bin/env python3
"""A simulated year, exported as beancount journals, booked by beancount itself.

    pip install beancount
    cargo test --test integration journals          writes the journals and runs this; or, with a folder of them:
    python3 tests/conformance/beancount_api.py FOLDER

For each NAME.beancount there is a NAME.json with what we say: realised profit and cash by currency, cost by commodity.
Prints one line a check and `N passed, M failed`; exits with 1 when a check failed.
"""

import json
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

from beancount import loader
from beancount.core import convert, data
from beancount.core.inventory import Inventory
from beancount.parser import printer

CENT = Decimal("0.005")


def journal_figures(entries):
    """Realised profit is what beancount's own lots leave over: the weight of everything but the line that says it."""
    realised, stated, cost, cash = (defaultdict(Decimal) for _ in range(4))
    holdings = defaultdict(Inventory)
    for entry in data.filter_txns(entries):
        has_result = any(it.account.endswith(":Realised") for it in entry.postings)
        for posting in entry.postings:
            weight = convert.get_weight(posting)
            if posting.account.endswith(":Realised"):
                stated[weight.currency] -= weight.number
            elif has_result:
                realised[weight.currency] += weight.number
            if posting.account.endswith(":Cash"):
                cash[posting.units.currency] += posting.units.number
            if posting.account.endswith(":Holdings"):
                holdings[posting.account].add_position(posting)
    for inventory in holdings.values():
        for position in inventory:
            if position.cost is not None:
                cost[position.units.currency] += position.units.number * position.cost.number
    return realised, stated, cost, cash


class Checks:
    def __init__(self):
        self.passed = self.failed = 0

    def check(self, name, holds, detail=""):
        self.passed += holds
        self.failed += not holds
        print(f"{'ok  ' if holds else 'FAIL'} {name} {'' if holds else detail}".rstrip())

    def same(self, name, ours, theirs):
        wrong = {
            key: f"ours {ours.get(key)}, theirs {theirs.get(key)}"
            for key in {*ours, *theirs}
            if abs(Decimal(ours.get(key, 0)) - Decimal(theirs.get(key, 0))) >= CENT
        }
        self.check(f"{name} ({len(ours)})", bool(ours) and not wrong, wrong)


def main(folder):
    checks = Checks()
    for path in sorted(folder.glob("*.beancount")):
        ours = json.loads(path.with_suffix(".json").read_text())
        entries, errors, _ = loader.load_file(str(path))
        said = "\n".join(printer.format_error(it) for it in errors[:5])
        checks.check(f"{path.stem}: accepted, {len(entries)} directives", not errors, said)
        realised, stated, cost, cash = journal_figures(entries)
        # Units that are not priced have no part in a currency's result.
        in_currencies = {key: realised[key] for key in ours["realised"]}
        checks.same(f"{path.stem}: realised profit by beancount's lots", ours["realised"], in_currencies)
        checks.same(f"{path.stem}: realised profit as written", ours["realised"], stated)
        checks.same(f"{path.stem}: cost of what is open", ours["cost"], cost)
        checks.same(f"{path.stem}: cash", ours["cash"], cash)
    checks.check("there were journals", checks.passed > 0)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
