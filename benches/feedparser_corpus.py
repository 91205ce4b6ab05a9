#!/usr/bin/env python3
"""How many of feedparser's own well-formed test feeds we read as feedparser does.

Fetches feedparser's source package from PyPI, once, and compares for every feed below tests/wellformed (CDF left out)
and tests/encoding: the number of entries, and of each entry the id, the link and the enclosed files. Prints the misses
by kind, and fails if less than the share asked for agrees. Runs in a Python that has feedparser; examples/read_feed.rs
must be built.
"""

import argparse
import collections
import json
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import feedparser

from pypi import ROOT, fetched

PACKAGE = "feedparser==6.0.14"
# Where feedparser's own tests serve their feeds.
ADDRESS = "http://127.0.0.1:8097/tests/"


def headers_of(data: bytes) -> dict[str, str]:
    """The headers a test wants the feed to be served with; they stand in a comment."""
    text = data.decode("utf-8", "replace").replace("\0", "")
    found = re.findall(r"^Header:\s*([^:\n]+):\s*(.+?)\s*$", text, re.M)
    return {name.strip().lower(): value for name, value in found}


def same_address(text):
    """Addresses without a path end in a slash for us; the rest is compared as it is."""
    if not text:
        return None
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        return text
    if parts.scheme in ("http", "https") and parts.netloc:
        return parts._replace(netloc=parts.netloc.lower(), path=parts.path or "/").geturl()
    return text


def of_the_web(text):
    """Links of other schemes are none for us, whatever feedparser keeps (SEC-02)."""
    text = same_address(text)
    return text if text and text.startswith(("http://", "https://")) else None


def expected(data: bytes, headers: dict[str, str]) -> list[tuple]:
    entries = []
    for entry in feedparser.parse(data, response_headers=headers).entries:
        files = [link.get("href") for link in entry.get("links", []) if link.get("rel") == "enclosure"]
        files = sorted(filter(None, map(of_the_web, files)))
        entries.append((entry.get("id") or None, of_the_web(entry.get("link")), files))
    return entries


def difference(wanted: list[tuple], ours: dict) -> str | None:
    """The kind of difference, if there is one."""
    if "problem" in ours:
        return f"not read: {ours['problem'][:90]}" if wanted else None
    items = ours["items"]
    if len(items) != len(wanted):
        return "number of entries"
    for (id_, link, files), item in zip(wanted, items):
        # An entry without id is known by its link or text to us, and by nothing to feedparser.
        if id_ and item["key"] != id_ and same_address(item["key"]) != same_address(id_):
            return "id"
        if same_address(item["link"]) != link:
            return "link"
        if sorted(same_address(file["url"]) for file in item["enclosures"]) != files:
            return "enclosed files"
    return None


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--reader", default=ROOT / "target/debug/examples/read_feed", type=Path)
    arguments.add_argument("--at-least", default=95.0, type=float, help="percent of the well-formed feeds")
    arguments.add_argument("--all", action="store_true", help="show each difference in full")
    options = arguments.parse_args()

    tests = fetched(PACKAGE) / "tests"
    files = sorted(path for folder in ("wellformed", "encoding") for path in (tests / folder).rglob("*.xml"))
    files = [path for path in files if "cdf" not in path.relative_to(tests).parts and not path.name.startswith("cdf_")]
    asked, wanted = [], []
    for path in files:
        data = path.read_bytes()
        address = ADDRESS + path.relative_to(tests).as_posix()
        headers = headers_of(data)
        # feedparser resolves against the stated place, if it is an address, as its HTTP client would have it.
        place = headers.get("content-location", "")
        headers["content-location"] = place if place.startswith("http") else address
        headers.setdefault("content-type", "application/xml")
        charset = re.search(r"charset\s*=\s*[\"']?([\w.:-]+)", headers["content-type"])
        asked.append("\t".join([str(path), headers["content-location"], charset[1] if charset else ""]))
        wanted.append(expected(data, headers))
    run = subprocess.run([options.reader], input="\n".join(asked) + "\n", capture_output=True, text=True, check=True)
    answers = [json.loads(line) for line in run.stdout.splitlines()]
    assert len(answers) == len(files), "the reader did not answer for every feed"

    share = {}
    for folder in ("wellformed", "encoding"):
        kinds = collections.defaultdict(list)
        total = 0
        with_entries = agree_with_entries = 0
        for path, want, answer in zip(files, wanted, answers):
            if path.relative_to(tests).parts[0] != folder:
                continue
            total += 1
            with_entries += bool(want)
            kind = difference(want, answer)
            # A head without entries agrees only if it was read at all.
            if kind is None and "problem" in answer:
                kind = f"not read, no entries: {answer['problem'][:90]}"
            agree_with_entries += bool(want) and kind is None
            if kind:
                kinds[kind].append(path.relative_to(tests).as_posix())
                if options.all:
                    ours = [(i["key"], i["link"], [e["url"] for e in i["enclosures"]]) for i in answer.get("items", [])]
                    print(f"{path.relative_to(tests)}\n  feedparser {want}\n  ours       {ours or answer}")
        missed = sum(map(len, kinds.values()))
        share[folder] = 100 * (total - missed) / total
        print(f"{folder}: {total - missed} of {total} agree, {share[folder]:.1f} % of {with_entries} with entries {agree_with_entries}")
        for kind, paths in sorted(kinds.items(), key=lambda one: -len(one[1])):
            print(f"  {len(paths):4} {kind}: {', '.join(paths[:6])}{' …' if len(paths) > 6 else ''}")
    if share["wellformed"] < options.at_least:
        sys.exit(f"less than {options.at_least} % of the well-formed feeds are read as feedparser reads them")


if __name__ == "__main__":
    main()
