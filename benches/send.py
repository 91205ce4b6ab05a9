#!/usr/bin/env python3
"""How fast the built program delivers a digest, beside Postfix's smtp-source on the same sink.

Each round sends N mails of one size into one smtp-sink, once by `smtp-source -d` and once by the program, in
alternation. What is timed of the program stands in docs/benchmarks.md. Needs smtp-source and smtp-sink (Debian: the
package postfix) and a release build.
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONFIG = """
[institute]
name = "Lindenfeld Institute"
postal_address = "12 Example Street, 10115 Berlin"
tag_authority = "example.org,2026"

[web]
allow_insecure_links = true

[relays.main]
kind = "smtp"
host = "127.0.0.1"
port = {port}
tls = "none"
sessions = {sessions}

[sources.reports]
kind = "folder"
path = "reports"
backfill = "all"

[lists.events]
title = "Events at the Lindenfeld Institute"
from = "Lindenfeld Institute <events@example.org>"
reply_to = "office@example.org"
basis = "You asked for our reports."
backfill = "all"
# Sealing and delivering are two commands, so that each can be timed.
approval = "required"

[lists.events.cadences]
yearly = {{ cron = "0 8 1 JAN *", zone = "Europe/Berlin" }}
"""

SENTENCE = (
    "Speakers from four countries compared how neighbours share a river, what a gauge reading is worth, "
    "and why a price that nobody can check is only a rumour. "
)


def report(number):
    day, month = number % 28 + 1, number // 28 % 12 + 1
    text = SENTENCE * 12
    return (
        f"---\ntitle: Round table number {number} on water and neighbourhood, with hydrologists and lawyers\n"
        f"date: 2026-{month:02}-{day:02}\ncity: Vienna\nlanguage: en\n---\n\n{text}\n"
    )


class Place:
    """A folder with a configuration, reports and people."""

    def __init__(self, binary, parent, port, sessions, people, reports):
        self.binary = binary
        self.folder = Path(tempfile.mkdtemp(prefix="rapporteur-bench-", dir=parent))
        (self.folder / "config.toml").write_text(CONFIG.format(port=port, sessions=sessions))
        (self.folder / "subscribers").mkdir()
        rows = "".join(f"person{n}@example.org\n" for n in range(people))
        (self.folder / "subscribers" / "events.csv").write_text("email\n" + rows)
        (self.folder / "reports").mkdir()
        for number in range(reports):
            self.drop(number)

    def drop(self, number):
        path = self.folder / "reports" / f"{number}.md"
        path.write_text(report(number))
        # It lies still already, so that collecting does not wait for that.
        os.utime(path, (time.time() - 60, time.time() - 60))

    def run(self, *args):
        """Runs a command to its end; returns its output, wall seconds, CPU seconds and peak memory in MB."""
        with tempfile.TemporaryFile() as out:
            begun = time.monotonic()
            process = subprocess.Popen([self.binary, *args], cwd=self.folder, stdout=out, stdin=subprocess.DEVNULL)
            _, status, used = os.wait4(process.pid, 0)
            wall = time.monotonic() - begun
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            text = out.read().decode()
        if process.returncode != 0:
            sys.exit(f"rapporteur {' '.join(args)} ended with {process.returncode}: {text}")
        return text, wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024

    def remove(self):
        shutil.rmtree(self.folder, ignore_errors=True)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


@contextlib.contextmanager
def sink():
    port = free_port()
    # As root it insists on becoming somebody else.
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    process = subprocess.Popen(["smtp-sink", *user, f"127.0.0.1:{port}", "1000"])
    try:
        for _ in range(200):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port)).close()
                break
            time.sleep(0.02)
        else:
            sys.exit("smtp-sink does not listen")
        yield port
    finally:
        process.terminate()
        process.wait()


def reports_for(size, binary, parent, sessions):
    """How many reports make a mail of about this many bytes; and its true size."""
    place = Place(binary, parent, 1, sessions, 1, 0)
    try:
        for count in range(1, 400):
            place.drop(count - 1)
            place.run("collect", "--now")
            place.run("preview", "events", "--out", "preview")
            found = (place.folder / "preview" / "digest.eml").stat().st_size
            if found >= size:
                return count, found
    finally:
        place.remove()
    sys.exit(f"400 reports make no mail of {size} bytes")


def send_by_source(port, people, sessions, size):
    command = ["smtp-source", "-d", "-4", "-s", str(sessions), "-l", str(size), "-m", str(people)]
    command += ["-f", "events@example.org", "-t", "person@example.org", f"127.0.0.1:{port}"]
    begun = time.monotonic()
    subprocess.run(command, check=True)
    return time.monotonic() - begun


def send_by_product(args, port, reports):
    place = Place(args.binary, args.folder, port, args.sessions, args.people, reports)
    try:
        _, people, _, _ = place.run("subscribers", "sync", "events", "--yes")
        _, seal, _, _ = place.run("send", "events", "--yes", "--json")
        text, wall, cpu, memory = place.run("editions", "approve", "events/1", "--json")
        answer = json.loads(text)
        if answer["counts"] != {"sent": args.people}:
            sys.exit(f"not everything was sent: {answer}")
        return people, seal, wall, cpu, memory
    finally:
        place.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--binary", default=root / "target/release/rapporteur", type=Path)
    parser.add_argument("--people", default=20_000, type=int)
    parser.add_argument("--sessions", default=50, type=int)
    parser.add_argument("--size", default=30_000, type=int, help="bytes of a mail on the wire, about")
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--folder", default=None, help="where the databases lie; the disk decides")
    args = parser.parse_args()
    args.binary = args.binary.resolve()

    reports, size = reports_for(args.size, args.binary, args.folder, args.sessions)
    print(f"{args.people} mails of {size} bytes ({reports} reports), {args.sessions} sessions, {os.cpu_count()} cores")
    rounds = []
    with sink() as port:
        for number in range(1, args.rounds + 1):
            source = args.people / send_by_source(port, args.people, args.sessions, size)
            entered, seal, wall, cpu, memory = send_by_product(args, port, reports)
            product = args.people / wall
            cpu = cpu / args.people * 1e6
            rounds.append((source, product, product / source, entered, seal, cpu, memory))
            print(
                f"round {number}: smtp-source {source:.0f}/s, rapporteur {product:.0f}/s, ratio {product / source:.2f};"
                f" entering people {entered:.2f} s, sealing {seal:.2f} s, CPU {cpu:.0f} us a mail, memory {memory:.0f} MB,"
                f" load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
    source, product, ratio, entered, seal, cpu, memory = (statistics.median(column) for column in zip(*rounds))
    print(
        f"medians: smtp-source {source:.0f}/s, rapporteur {product:.0f}/s, ratio {ratio:.2f};"
        f" entering people {entered:.2f} s, sealing {seal:.2f} s, CPU {cpu:.0f} us a mail, memory {memory:.0f} MB"
    )


if __name__ == "__main__":
    main()
