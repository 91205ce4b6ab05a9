#!/usr/bin/env python3
"""A digest to a million people in three languages and with twenty mixes of topics, beside one to ten thousand.

Times sealing and sending, and measures CPU a mail, peak memory and the size of the database; once unsigned and, with
`--keys`, signed by RSA and Ed25519 too. Needs smtp-sink (Debian: the package postfix) and a release build.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from place import Place, reports_for, sink


def send(args, port, reports, people, keys):
    place = Place(args.binary, args.folder, port, args.sessions, reports, topics=True, keys=keys)
    try:
        place.fill(people, mixed=True)
        before = place.size()
        place.run("collect", "--now")
        _, seal, _, seal_memory = place.run("send", "events", "--yes", "--json")
        sealed = place.size()
        text, wall, cpu, memory = place.run("editions", "approve", "events/1", "--json")
        answer = json.loads(text)
        if answer["counts"].get("sent") != people - answer["counts"].get("skipped", 0):
            sys.exit(f"not everything was sent: {answer}")
        sent = answer["counts"]["sent"]
        signed = " and ".join(keys) or "unsigned"
        print(
            f"{people} people, {signed}: sealing {seal:.1f} s ({seal_memory:.0f} MB), sending {sent} in {wall:.1f} s,"
            f" {sent / wall:.0f}/s, CPU {cpu / sent * 1e6:.0f} us a mail, peak memory {memory:.0f} MB,"
            f" database {before / 1e6:.0f} MB before, {sealed / 1e6:.0f} sealed, {place.size() / 1e6:.0f} at the end,"
            f" load {os.getloadavg()[0]:.1f}",
            flush=True,
        )
        return cpu / sent
    finally:
        place.remove()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--binary", default=root / "target/release/rapporteur", type=Path)
    parser.add_argument("--people", default=1_000_000, type=int)
    parser.add_argument("--sessions", default=50, type=int)
    parser.add_argument("--size", default=30_000, type=int, help="bytes of the longest mail on the wire, about")
    parser.add_argument("--keys", nargs="*", default=[], choices=["rsa", "ed25519"], help="sign with these as well")
    parser.add_argument("--only", action="store_true", help="only signed, and only the many")
    parser.add_argument("--folder", default=None, help="where the databases lie; the disk decides")
    args = parser.parse_args()
    args.binary = args.binary.resolve()
    reports, size = reports_for(args.size, args.binary, args.folder, topics=True)
    print(f"longest mail {size} bytes ({reports} reports), {args.sessions} sessions, {os.cpu_count()} cores", flush=True)
    with sink() as port:
        if not args.only:
            few = [send(args, port, reports, 10_000, ()) for _ in range(3)]
            many = send(args, port, reports, args.people, ())
            print(f"CPU a mail, many / few: {many / sorted(few)[1]:.2f}", flush=True)
        if args.keys:
            send(args, port, reports, args.people, args.keys)


if __name__ == "__main__":
    main()
