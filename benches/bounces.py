#!/usr/bin/env python3
"""How many of the addresses that flufl.bounce's own test mails are about we find, and what we find beyond them.

Fetches flufl.bounce's source package from PyPI, once, and takes from its tests which addresses each mail is about and
whether they failed for good or are only late. Runs `rapporteur bounce --dry-run --json` over each mail, prints the
misses and the false ones, and fails if less than the share asked for is found or an automatic answer passes for a
bounce. Its tests are read as text and not run. The binary must be built.
"""

import argparse
import ast
import collections
import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pypi import ROOT, fetched

PACKAGE = "flufl.bounce==6.0.0"
# Mails by machines that are no bounces, by the words of the tests beside them.
NO_BOUNCES = ["groupwise_03.txt", "qmail_08.txt"]


def expected(tests: Path) -> dict[str, dict[str, bool]]:
    """Of each mail the addresses, and whether they are only late."""
    tree = ast.parse((tests / "test_detectors.py").read_text())
    named = {t.id: n.value for n in tree.body if isinstance(n, ast.Assign) for t in n.targets if isinstance(t, ast.Name)}
    mails = collections.defaultdict(dict)
    for _, name, addresses, is_late in ast.literal_eval(named["DETECTORS"]):
        mails[name].update({address.decode().lower(): is_late for address in addresses})
    # The row is about one detector; the mail as a whole is about this address, as its structure says.
    mails["simple_42.txt"]["david...@gmail.com"] = False
    return mails


def read(binary: Path, mail: Path) -> list[dict]:
    with mail.open("rb") as message:
        run = subprocess.run([binary, "bounce", "--dry-run", "--json"], stdin=message, capture_output=True, check=True)
    return json.loads(run.stdout)["results"]


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--binary", default=ROOT / "target/debug/rapporteur", type=Path)
    arguments.add_argument("--at-least", default=95.0, type=float, help="percent of the addresses")
    arguments.add_argument("--all", action="store_true", help="show what is read from each mail")
    options = arguments.parse_args()

    tests = fetched(PACKAGE) / "tests"
    wanted = expected(tests)
    mails = sorted((tests / "data").glob("*.txt"))
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda mail: read(options.binary, mail), mails))

    total = found = right_kind = hard = permanent = 0
    missed, false, answered = [], [], []
    for mail, results in zip(mails, answers):
        want = wanted.get(mail.name, {})
        got = {r["recipient"].lower(): r for r in results if r["recipient"] and r["kind"] in ("bounce", "delay")}
        if options.all:
            print(mail.name, *(f"{r['kind']} {r['recipient']} {r['status']} {'hard' if r['hard'] else ''}" for r in results), sep="\n    ")
        total += len(want)
        for address, is_late in want.items():
            if address not in got:
                missed.append(f"{mail.name}: {address}")
                continue
            found += 1
            right_kind += got[address]["kind"] == ("delay" if is_late else "bounce")
            if got[address]["kind"] != ("delay" if is_late else "bounce"):
                print(f"  kind: {mail.name}: {address} is read as {got[address]['kind']}")
            permanent += not is_late
            hard += not is_late and got[address]["hard"]
        false += [f"{mail.name}: {address}" for address in got if address not in want]
        if mail.name in NO_BOUNCES and any(r["kind"] in ("bounce", "delay") for r in results):
            answered.append(mail.name)
    for text, lines in ("missed", missed), ("false", false), ("no bounce", answered):
        for line in lines:
            print(f"  {text}: {line}")
    share = 100 * found / total
    print(
        f"{len(mails)} mails: {found} of {total} addresses found, {share:.1f} %; {len(false)} false; "
        f"of the right kind {right_kind}; class 5 {hard} of {permanent}"
    )
    if share < options.at_least:
        sys.exit(f"less than {options.at_least} % of the addresses are found")
    if answered:
        sys.exit("what is no bounce passes for one")


if __name__ == "__main__":
    main()
