#!/usr/bin/env python3
"""How fast the built program delivers a digest, beside programs that are not ours, in alternation.

Each round: Postfix's smtp-source and the program (unsigned, with Ed25519, with RSA) send the same number of mails of
one size into one smtp-sink, and `openssl speed` counts RSA signatures. What is timed of the program stands in
docs/benchmarks.md. At the end the round trips of a mail are counted by a sink of our own. Needs smtp-source and
smtp-sink (Debian: the package postfix), openssl, and a release build.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from place import Place, reports_for, sink

KINDS = {"unsigned": (), "ed25519": ("ed25519",), "rsa": ("rsa",)}


def send_by_source(port, people, sessions, size):
    command = ["smtp-source", "-d", "-4", "-s", str(sessions), "-l", str(size), "-m", str(people)]
    command += ["-f", "events@example.org", "-t", "person@example.org", f"127.0.0.1:{port}"]
    begun = time.monotonic()
    subprocess.run(command, check=True)
    return people / (time.monotonic() - begun)


def signatures():
    """RSA-2048 signatures a second, on all cores."""
    command = ["openssl", "speed", "-seconds", "2", "-multi", str(os.cpu_count()), "rsa2048"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    line = next(line for line in text.splitlines() if line.startswith("rsa 2048"))
    return float(line.split()[5])


def send_by_product(args, port, reports, keys, people):
    """Mails a second, CPU seconds a mail, peak memory in MB."""
    place = Place(args.binary, args.folder, port, args.sessions, reports, keys=keys)
    try:
        place.fill(people)
        place.run("send", "events", "--yes", "--json")
        text, wall, cpu, memory = place.run("editions", "approve", "events/1", "--json")
        answer = json.loads(text)
        if answer["counts"] != {"sent": people}:
            sys.exit(f"not everything was sent: {answer}")
        return people / wall, cpu / people * 1e6, memory
    finally:
        place.remove()


class CountingSink(threading.Thread):
    """Counts how often it has answered all it was asked and waits for more: the round trips of its clients."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.mails = self.waits = 0

    def run(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        waiting, in_data = b"", False
        connection.sendall(b"220 sink\r\n")
        while received := connection.recv(1 << 20):
            waiting += received
            answers = b""
            while True:
                if in_data:
                    body, dot, rest = waiting.partition(b"\r\n.\r\n")
                    if not dot:
                        break
                    self.mails += 1
                    answers, waiting, in_data = answers + b"250 taken\r\n", rest, False
                    continue
                line, end, rest = waiting.partition(b"\r\n")
                if not end:
                    break
                waiting = rest
                word = line[:4].upper()
                in_data = word == b"DATA"
                answers += {
                    b"EHLO": b"250-sink\r\n250 PIPELINING\r\n",
                    b"DATA": b"354 go on\r\n",
                    b"QUIT": b"221 bye\r\n",
                }.get(word, b"250 ok\r\n")
            if answers:
                self.waits += 1
                connection.sendall(answers)


def round_trips(args, reports):
    counting = CountingSink()
    counting.start()
    people = 2_000
    send_by_product(args, counting.port, reports, (), people)
    if counting.mails != people:
        sys.exit(f"the sink has {counting.mails} mails of {people}")
    return counting.waits / counting.mails


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--binary", default=root / "target/release/rapporteur", type=Path)
    parser.add_argument("--people", default=20_000, type=int)
    parser.add_argument("--sessions", default=50, type=int)
    parser.add_argument("--size", default=30_000, type=int, help="bytes of a mail on the wire, about")
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--only", choices=KINDS, help="only this way of signing")
    parser.add_argument("--folder", default=None, help="where the databases lie; the disk decides")
    args = parser.parse_args()
    args.binary = args.binary.resolve()
    kinds = {kind: keys for kind, keys in KINDS.items() if args.only in (None, kind)}

    reports, size = reports_for(args.size, args.binary, args.folder)
    print(f"{args.people} mails of {size} bytes ({reports} reports), {args.sessions} sessions, {os.cpu_count()} cores")
    figures = {}

    def note(name, value):
        figures.setdefault(name, []).append(value)

    with sink() as port:
        for number in range(1, args.rounds + 1):
            source = send_by_source(port, args.people, args.sessions, size)
            note("smtp-source, mails/s", source)
            said = [f"smtp-source {source:.0f}/s"]
            for kind, keys in kinds.items():
                rate, cpu, memory = send_by_product(args, port, reports, keys, args.people)
                reference = signatures() if kind == "rsa" else source
                if kind == "rsa":
                    note("openssl, RSA signatures/s", reference)
                    said.append(f"openssl {reference:.0f}/s")
                note(f"{kind}, mails/s", rate)
                note(f"{kind}, ratio", rate / reference)
                note(f"{kind}, CPU us a mail", cpu)
                note(f"{kind}, memory MB", memory)
                said.append(f"{kind} {rate:.0f}/s ({rate / reference:.2f}, {cpu:.0f} us, {memory:.0f} MB)")
            print(f"round {number}: {', '.join(said)}, load {os.getloadavg()[0]:.1f}", flush=True)
    for name, values in figures.items():
        shape = ".2f" if "ratio" in name else ".0f"
        median, low, high = (format(f(values), shape) for f in (statistics.median, min, max))
        print(f"median {name}: {median} ({low} to {high})")
    print(f"round trips a mail, with PIPELINING: {round_trips(args, reports):.3f}")


if __name__ == "__main__":
    main()
