#!/usr/bin/env python3
"""Lines per second of `mingjing stats ingest`, against awk and goaccess on the same log.

A log of a million lines in the format of `mingjing generate nginx`, with the clients and paths of a mirror. awk sums requests
and bytes by the first segment of the path, which is the least that could be asked for; goaccess is what operators use. Each
reads the log plain and compressed; that all lines were counted, and as many bytes as awk finds, is checked first. Prints the
median of five runs. Needs awk, zcat, and goaccess if it is to be compared.

    cargo build --release && server/benches/log_ingest.py
"""

import datetime
import gzip
import os
import random
import re
import shutil
import sqlite3
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MINGJING_BIN", ROOT / "target/release/mingjing"))
LINES, ROUNDS = 1_000_000, 5

CLIENTS = {
    "debian": "Debian APT-HTTP/1.3 (2.6.1)",
    "ubuntu": "Debian APT-HTTP/1.3 (2.7.14) non-interactive",
    "pypi": r"pip/24.0 {\x22ci\x22:null,\x22cpu\x22:\x22x86_64\x22,\x22python\x22:\x223.12.3\x22}",
    "archlinux": "pacman/6.0.2 (Linux x86_64) libalpm/13.0.2",
    "anaconda": "conda/23.7.4 requests/2.31.0 CPython/3.11.5 Linux/6.1.0",
    "CTAN": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "docs": "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
}


def write_log(path):
    chance = random.Random(1)
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    names = list(CLIENTS)
    with path.open("w") as log:
        for n in range(LINES):
            at = now - datetime.timedelta(seconds=(LINES - n) * 86_400 * 7 // LINES)
            name = chance.choice(names)
            address = f"192.0.2.{n % 250}" if n % 3 else f"2001:db8::{n % 9999:x}"
            size = chance.randrange(200, 3_000_000)
            status = chance.choice((200, 200, 200, 206, 304, 404))
            log.write(
                f'{address} [{at.isoformat()}] "GET /{name}/pool/main/p/package{n % 5000}/package_1.{n % 77}-1_amd64.deb '
                f'HTTP/1.1" {status} {size} OK 0.012 "-" "{CLIENTS[name]}" mirror.example\n'
            )


def ours(home, log):
    state = home / "state"
    shutil.rmtree(state, ignore_errors=True)
    site = home / "site.toml"
    site.write_text(
        f'[site]\nbase_url = "https://mirror.example"\nname = {{ zh = "镜", en = "M" }}\n'
        f'[server]\nstate = "{state}"\ncontent = "{ROOT / "content"}"\n'
    )
    started = time.perf_counter()
    done = subprocess.run([BINARY, "stats", "ingest", "--config", site, log], check=True, capture_output=True, text=True)
    took = time.perf_counter() - started
    assert done.stdout.startswith(f"{LINES} lines counted, 0 not"), done.stdout
    return took, sqlite3.connect(state / "stats.sqlite").execute("SELECT SUM(bytes) FROM traffic").fetchone()[0]


def awk(_home, log):
    program = '{ split($4, path, "/"); n[path[2]]++; bytes[path[2]] += $7; all += $7 } END { printf "%.0f\\n", all }'
    command = f"{'zcat' if log.suffix == '.gz' else 'cat'} '{log}' | LC_ALL=C awk '{program}'"
    started = time.perf_counter()
    done = subprocess.run(command, shell=True, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, int(done.stdout)


def goaccess(home, log):
    form = '%h [%x] "%r" %s %b %^ %T "%^" "%u" %v'
    arguments = [
        "goaccess", "-", f"--log-format={form}", "--datetime-format=%Y-%m-%dT%H:%M:%S%z", "--no-global-config",
        "--no-progress", "-o", home / "goaccess.json",
    ]  # fmt: skip
    started = time.perf_counter()
    cat = subprocess.Popen(["zcat" if log.suffix == ".gz" else "cat", log], stdout=subprocess.PIPE)
    subprocess.run(arguments, stdin=cat.stdout, check=True, capture_output=True)
    cat.wait()
    took = time.perf_counter() - started
    counted = re.search(r'"valid_requests":\s*(\d+)', (home / "goaccess.json").read_text())
    assert counted and int(counted[1]) == LINES, counted
    return took, None


def main():
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        plain, packed = home / "access.log", home / "access.log.1.gz"
        write_log(plain)
        with plain.open("rb") as source, gzip.open(packed, "wb", 6) as target:
            shutil.copyfileobj(source, target)
        print(f"{LINES} lines, {plain.stat().st_size >> 20} MiB, {packed.stat().st_size >> 20} MiB compressed")
        readers = {"mingjing": ours, "awk": awk}
        if shutil.which("goaccess"):
            readers["goaccess"] = goaccess
        for log in (plain, packed):
            took = {name: [] for name in readers}
            for _ in range(ROUNDS):
                found = set()
                for name, read in readers.items():
                    seconds, total = read(home, log)
                    took[name].append(seconds)
                    found |= {total} - {None}
                assert len(found) == 1, f"the sums of bytes differ: {found}"
            for name, seconds in took.items():
                middle = statistics.median(seconds)
                print(f"{log.name:16} {name:9} {LINES / middle:10,.0f} lines/s  {middle:6.2f} s")


main()
