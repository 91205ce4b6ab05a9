#!/usr/bin/env python3
"""How many requests the built program answers for a feed, beside nginx with the same bytes as files.

Each round asks one server and then the other with `wrk -t1 -c64`, for a 304 and for a gzipped 200, in alternation. What
is measured stands in docs/benchmarks.md. Needs wrk and nginx (Debian: the packages wrk and nginx-light) and a release
build.
"""

import argparse
import contextlib
import gzip
import http.client
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from place import SENTENCE, Place, free_port

PATH = "/feeds/all.atom"

NGINX = """
worker_processes auto;
error_log stderr crit;
pid {folder}/nginx.pid;
{user}
events {{ worker_connections 1024; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    keepalive_requests 1000000000;
    open_file_cache max=100;
    types {{ application/atom+xml atom; }}
    gzip_static on;
    gzip_vary on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        root {folder}/files;
        add_header Cache-Control "public, max-age=900";
    }}
}}
"""


@contextlib.contextmanager
def running(command, port, **more):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)
    try:
        for _ in range(400):
            with contextlib.suppress(OSError):
                if ask(port)[0] == 200:
                    break
            if process.poll() is not None:
                sys.exit(f"{command[0]} ended with {process.returncode}")
            time.sleep(0.05)
        else:
            sys.exit(f"{command[0]} does not answer")
        yield process
    finally:
        process.terminate()
        process.wait()


def ask(port, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", PATH, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read(), answer.headers
    finally:
        connection.close()


def cpu_seconds(process):
    """Of a process and its children, as the system counts them."""
    pids = [str(process.pid)]
    with contextlib.suppress(OSError):
        pids += Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    ticks = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(process, port, seconds, **headers):
    """Requests per second, and microseconds of the server's CPU for each."""
    given = [part for name, value in headers.items() for part in ("-H", f"{name.replace('_', '-')}: {value}")]
    before = cpu_seconds(process)
    command = ["wrk", "-t1", "-c64", f"-d{seconds}s", *given, f"http://127.0.0.1:{port}{PATH}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    # Neither a refusal nor a broken connection is an answer.
    if "Non-2xx" in text or "Socket errors" in text:
        sys.exit(f"not every request was answered:\n{text}")
    requests = int(re.search(r"(\d+) requests in", text)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return rate, (cpu_seconds(process) - before) / requests * 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parent.parent
    parser.add_argument("--binary", default=root / "target/release/rapporteur", type=Path)
    parser.add_argument("--reports", default=50, type=int)
    parser.add_argument("--words", default=90, type=int, help="of each report")
    parser.add_argument("--rounds", default=5, type=int)
    parser.add_argument("--seconds", default=4, type=int, help="of each measurement")
    args = parser.parse_args()

    ours, theirs = free_port(), free_port()
    place = Place(args.binary.resolve(), None, 1, 1, args.reports)
    nginx = Path(tempfile.mkdtemp(prefix="rapporteur-nginx-"))
    nginx.chmod(0o755)
    try:
        config = place.folder / "config.toml"
        config.write_text(config.read_text().replace("[web]", f'[web]\nlisten = "127.0.0.1:{ours}"'))
        for number in range(args.reports):
            # Words in another order each time, so that packing the feed is worth what it is for real texts.
            words = random.Random(number).choices(SENTENCE.split(), k=args.words)
            path = place.folder / "reports" / f"{number}.md"
            path.write_text(path.read_text().rpartition("---")[0] + "---\n\n" + " ".join(words) + "\n")
        place.run("collect", "--now")
        command = [str(place.binary), "run"]
        log = (place.folder / "log").open("w")
        with running(command, ours, cwd=place.folder, stdout=log, stderr=log) as product:
            _, feed, _ = ask(ours)
            _, packed, headers = ask(ours, **{"Accept-Encoding": "gzip"})
            if gzip.decompress(packed) != feed:
                sys.exit("the gzipped feed is another than the plain one")
            (nginx / "files/feeds").mkdir(parents=True)
            (nginx / f"files{PATH}").write_bytes(feed)
            (nginx / f"files{PATH}.gz").write_bytes(packed)
            user = "user nobody nogroup;" if os.geteuid() == 0 else ""
            (nginx / "nginx.conf").write_text(NGINX.format(folder=nginx, port=theirs, user=user))
            command = ["nginx", "-p", str(nginx), "-c", str(nginx / "nginx.conf"), "-g", "daemon off;"]
            with running(command, theirs) as reference:
                report(args, (product, ours), (reference, theirs), len(feed), len(packed))
    finally:
        place.remove()
        shutil.rmtree(nginx, ignore_errors=True)


def report(args, product, reference, size, packed):
    print(f"a feed of {size} bytes, {packed} gzipped; wrk -t1 -c64 -d{args.seconds}s; {os.cpu_count()} cores")
    gzipped = {"Accept_Encoding": "gzip"}
    for kind in ("304", "gzip 200"):
        rounds = []
        for number in range(1, args.rounds + 1):
            row = []
            for process, port in (reference, product):
                headers = dict(gzipped)
                if kind == "304":
                    _, _, answered = ask(port, **{"Accept-Encoding": "gzip"})
                    headers["If_None_Match"] = answered["ETag"]
                    status, _, _ = ask(port, **{"Accept-Encoding": "gzip", "If-None-Match": answered["ETag"]})
                    if status != 304:
                        sys.exit(f"port {port} answered {status} instead of 304")
                row += measure(process, port, args.seconds, **headers)
            rounds.append((row[0], row[2], row[2] / row[0], row[1], row[3]))
            print(line(f"{kind}, round {number}", rounds[-1]) + f", load {os.getloadavg()[0]:.1f}", flush=True)
        print(line(f"{kind}, medians", [statistics.median(column) for column in zip(*rounds)]), flush=True)


def line(name, row):
    nginx, product, ratio, nginx_cpu, cpu = row
    return (
        f"{name}: nginx {nginx:.0f}/s, rapporteur {product:.0f}/s, ratio {ratio:.2f};"
        f" CPU a request {nginx_cpu:.1f} us and {cpu:.1f} us"
    )


if __name__ == "__main__":
    main()
