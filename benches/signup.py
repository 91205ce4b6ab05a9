#!/usr/bin/env python3
"""Whether the time of an answer tells who is on a list (PRIV-05).

Serves a list with a person in each state, posts the form 200 times for each of them and for somebody new, in an order
that changes, and compares the times of each state with those of the new one (Mann-Whitney). Status 1 if one differs so
much that chance would do it once in ten thousand runs, or if one byte of an answer differs.

    python3 benches/signup.py [--program target/debug/rapporteur] [--samples 200]
"""

import argparse
import http.client
import math
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from pathlib import Path

from place import free_port

CONFIG = """
[institute]
name = "Lindenfeld Institute"
tag_authority = "example.org,2026"
[web]
listen = "127.0.0.1:{port}"
[signup]
min_fill = "0s"
[relays.outbox]
kind = "file"
path = "outbox"
[lists.events]
title = "Events"
from = "events@example.org"
"""
STATES = ["active", "left", "removed", "suspended", "suppressed", "erased"]
ALARM = 3.9


def people(folder):
    """A person in each state, by hand: most states come only with time."""
    with sqlite3.connect(folder / "rapporteur.db") as db:
        for number, state in enumerate(STATES, 1):
            of_person = state if state in ("suspended", "suppressed", "erased") else "active"
            of_list = state if state in ("left", "removed") else "active"
            address = f"{state}@example.org"
            db.execute(
                "INSERT INTO subscriber (id, address, address_key, state, created_at) VALUES (?, ?, ?, ?, 0)",
                (number, address, address, of_person),
            )
            db.execute(
                "INSERT INTO subscription (list, subscriber_id, state, since_report, started_at) VALUES ('events', ?, ?, 0, 0)",
                (number, of_list),
            )


def ask(connection, method, path, body=None):
    headers = {"content-type": "application/x-www-form-urlencoded"} if body else {}
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def differs(times, others):
    """How many standard deviations apart the ranks of two samples are."""
    ranked = sorted((time, side) for side, all_of in enumerate((times, others)) for time in all_of)
    ranks = sum(rank for rank, (_, side) in enumerate(ranked, 1) if side == 0)
    n, m = len(times), len(others)
    mean, deviation = n * (n + m + 1) / 2, math.sqrt(n * m * (n + m + 1) / 12)
    return (ranks - mean) / deviation


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--program", default="target/debug/rapporteur")
    arguments.add_argument("--samples", type=int, default=200)
    arguments = arguments.parse_args()
    program = Path(arguments.program).resolve()
    with tempfile.TemporaryDirectory() as folder:
        folder, port = Path(folder), free_port()
        (folder / "config.toml").write_text(CONFIG.format(port=port))
        subprocess.run([program, "status"], cwd=folder, check=True, capture_output=True)
        people(folder)
        daemon = subprocess.Popen([program, "run"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port)
            for _ in range(100):
                try:
                    form = ask(connection, "GET", "/subscribe")[1].decode()
                    break
                except ConnectionError:
                    time.sleep(0.1)
                    connection.close()
            stamp = re.search(r'name="stamp" value="(\w+)"', form)[1]
            times = {state: [] for state in ["new", "pending", *STATES]}
            answers = set()
            for round_ in range(arguments.samples + 20):
                for state in random.sample(list(times), len(times)):
                    body = urllib.parse.urlencode(
                        {"email": f"{state}@example.org", "lists": "events", "stamp": stamp}
                    )
                    began = time.perf_counter()
                    answer = ask(connection, "POST", "/subscribe", body)
                    took = time.perf_counter() - began
                    answers.add(answer)
                    if round_ >= 20:
                        times[state].append(took)
                # As between people; and the program gets on with its mails meanwhile.
                time.sleep(0.005)
        finally:
            daemon.terminate()
            daemon.wait()
    far = 0
    for state, all_of in times.items():
        apart = differs(all_of, times["new"])
        far = max(far, abs(apart))
        median = statistics.median(all_of) * 1000
        print(f"{state:<11} median {median:6.2f} ms, {apart:+5.2f} standard deviations from new")
    print(f"{len(answers)} different answers, status {sorted({status for status, _ in answers})}")
    return 1 if far > ALARM or len(answers) != 1 else 0


if __name__ == "__main__":
    sys.exit(main())
