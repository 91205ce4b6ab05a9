"""What the benchmarks of sending stand on: a folder with a configuration, reports and people, and a sink."""

import contextlib
import os
import shutil
import socket
import sqlite3
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
languages = ["en", "de", "fr"]

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

[lists.events.topics]
{topics}

[lists.events.cadences]
yearly = {{ cron = "0 8 1 JAN *", zone = "Europe/Berlin" }}
"""

TOPICS = [f"topic{number}" for number in range(8)]

SENTENCE = (
    "Speakers from four countries compared how neighbours share a river, what a gauge reading is worth, "
    "and why a price that nobody can check is only a rumour. "
)


def mix(number):
    """Twenty sets of topics, the first of which is all of them."""
    return [] if number == 0 else [TOPICS[number % 8], TOPICS[(number * 3 + number // 8) % 8]]


def report(number):
    day, month = number % 28 + 1, number // 28 % 12 + 1
    text = SENTENCE * 12
    return (
        f"---\ntitle: Round table number {number} on water and neighbourhood, with hydrologists and lawyers\n"
        f"date: 2026-{month:02}-{day:02}\ncity: Vienna\nlanguage: en\ntopics: [{{}}]\n---\n\n{text}\n"
    )


class Place:
    """A folder with a configuration, reports and people."""

    def __init__(self, binary, parent, port, sessions, reports, topics=False, keys=()):
        self.binary = binary
        self.folder = Path(tempfile.mkdtemp(prefix="rapporteur-bench-", dir=parent))
        self.topics = topics
        known = "".join(f'{topic} = "{topic}"\n' for topic in TOPICS) if topics else ""
        text = CONFIG.format(port=port, sessions=sessions, topics=known)
        (self.folder / "config.toml").write_text(text)
        for kind in keys:
            self.run("dkim", "new", "example.org", "--selector", kind, *(["--ed25519"] if kind == "ed25519" else []))
        if keys:
            pairs = ", ".join(f'{kind} = "keys/example.org-{kind}.pem"' for kind in keys)
            (self.folder / "config.toml").write_text(f'{text}\n[dkim."example.org"]\nkeys = {{ {pairs} }}\n')
        (self.folder / "reports").mkdir()
        for number in range(reports):
            self.drop(number)

    def drop(self, number):
        path = self.folder / "reports" / f"{number}.md"
        path.write_text(report(number).format(TOPICS[number % 8] if self.topics else ""))
        # It lies still already, so that collecting does not wait for that.
        os.utime(path, (time.time() - 60, time.time() - 60))

    def fill(self, people, mixed=False):
        """Enters people behind the program's back, since entering them is not what is measured here."""
        self.run("status")
        database = sqlite3.connect(self.folder / "rapporteur.db", isolation_level=None)
        database.execute("BEGIN")
        languages = ["en", "de", "fr"] if mixed else ["en"]
        mixes = [str(mix(number)).replace("'", '"').replace(" ", "") for number in range(20 if mixed else 1)]
        database.executemany(
            "INSERT INTO subscriber (id, address, address_key, name, language, state, created_at) "
            "VALUES (?, ?, ?, ?, ?, 'active', 0)",
            (
                (n, f"person{n}@example.org", f"person{n}@example.org", f"Person {n}", languages[n % len(languages)])
                for n in range(1, people + 1)
            ),
        )
        database.executemany(
            "INSERT INTO subscription (list, subscriber_id, state, topics, since_report, started_at) "
            "VALUES ('events', ?, 'active', ?, 0, 0)",
            ((n, mixes[n // 3 % len(mixes)]) for n in range(1, people + 1)),
        )
        database.execute("COMMIT")
        database.close()

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

    def size(self):
        """Bytes of the database and the files beside it."""
        return sum(path.stat().st_size for path in self.folder.glob("rapporteur.db*"))

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


def reports_for(size, binary, parent, topics=False):
    """How many reports make a mail of about this many bytes; and its true size."""
    place = Place(binary, parent, 1, 1, 0, topics)
    try:
        place.fill(1)
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
