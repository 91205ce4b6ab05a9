#!/usr/bin/env python3
"""Importing a CSV of a million people, every tenth of whom has a mistake, beside SQLite taking in the same rows bare.

Both into a fresh database with the schema of the program: the bare one by Python's sqlite3, one transaction, one
`executemany` for each of subscriber, subscription and consent, of the rows that are in order, without a look at them.
In alternation; prints the median of the ratios (bare seconds / our seconds), a person's time and the peak memory.
Needs a release build.
"""

import argparse
import csv
import multiprocessing
import os
import random
import sqlite3
import statistics
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from place import Place

BAD = ["person.example.org", "a b@example.org", "a@@example.org", "x@example", ".x@example.org", "a@exa_mple.org"]


def write(path, people, bad):
    """In no order, as addresses come; with names, languages and a column that nobody reads."""
    numbers = list(range(people))
    random.Random(7).shuffle(numbers)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["email", "name", "language", "city"])
        for at, number in enumerate(numbers):
            is_bad = bad and at % bad == bad - 1
            email = BAD[number % len(BAD)] if is_bad else f"person.{number}@dept{number % 500}.example.org"
            rows.writerow([email, f"Person Number {number}", ("en", "de", "fr")[number % 3], "Vienna"])


def ours(place, path):
    command = ("subscribers", "import", str(path), "--list", "events", "--basis", "asked us", "--quiet")
    _, wall, cpu, memory = place.run(*command)
    return wall, cpu, memory


def bare(folder, path):
    begun = time.monotonic()
    database = sqlite3.connect(folder / "rapporteur.db", isolation_level=None)
    database.execute("BEGIN IMMEDIATE")
    with path.open(newline="") as file:
        rows = csv.reader(file)
        next(rows)
        bad = set(BAD)
        good = [(row[0], row[0], row[1], row[2]) for row in rows if row[0] not in bad]
    database.executemany(
        "INSERT INTO subscriber (address, address_key, name, language, state, created_at) "
        "VALUES (?, ?, ?, ?, 'active', 0)",
        good,
    )
    ids = [(number,) for number in range(1, len(good) + 1)]
    database.executemany(
        "INSERT INTO subscription (list, subscriber_id, state, topics, cells, since_report, started_at) "
        "VALUES ('events', ?, 'active', '[]', '{\"name\":\"Person Number 1\",\"language\":\"en\"}', 0, 0)",
        ids,
    )
    database.executemany(
        "INSERT INTO consent (subscriber_id, list, what, how, basis, at) "
        "VALUES (?, 'events', 'subscribed', 'import', 'asked us', 0)",
        ids,
    )
    database.execute("COMMIT")
    database.close()
    return time.monotonic() - begun, len(good)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--binary", default=root / "target/release/rapporteur", type=Path)
    parser.add_argument("--people", default=1_000_000, type=int)
    parser.add_argument("--bad", default=10, type=int, help="every so manieth row has a mistake; 0: none")
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--folder", default=None, help="where the databases lie; the disk decides")
    args = parser.parse_args()
    args.binary = args.binary.resolve()
    ratios, walls, cpus, memories = [], [], [], []
    for number in range(args.rounds):
        places = [Place(args.binary, args.folder, 1, 1, 0) for _ in range(2)]
        try:
            path = places[0].folder / "people.csv"
            write(path, args.people, args.bad)
            for place in places:
                place.run("status")
            wall, cpu, memory = ours(places[0], path)
            # In a process of its own: what this one has held counts as the peak of those it starts.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as aside:
                bare_wall, good = aside.submit(bare, places[1].folder, path).result()
            database = sqlite3.connect(places[0].folder / "rapporteur.db")
            tables = ("subscriber", "subscription", "consent")
            counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
            database.close()
            if counts != [good] * 3:
                sys.exit(f"{good} people were to come, and there are {counts}")
            ratios.append(bare_wall / wall)
            walls.append(wall / good)
            cpus.append(cpu / good)
            memories.append(memory)
            print(
                f"round {number + 1}: {wall:.2f} s, bare {bare_wall:.2f} s, ratio {ratios[-1]:.2f},"
                f" peak memory {memory:.0f} MB, load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
        finally:
            for place in places:
                place.remove()
    print(
        f"import / bare, medians of {args.rounds}: {statistics.median(ratios):.2f};"
        f" {statistics.median(walls) * 1e6:.1f} us a person, CPU {statistics.median(cpus) * 1e6:.1f} us,"
        f" peak memory {max(memories):.0f} MB"
    )


if __name__ == "__main__":
    main()
