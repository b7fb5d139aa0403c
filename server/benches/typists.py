#!/usr/bin/env python3
"""Thirty-two people who type into the search box at once, over HTTP, while others open the front page.

    cargo build --release && server/benches/typists.py --corpus LIST.tsv [--index DIR]

LIST.tsv has `path<TAB>size<TAB>mtime` (`search.py` makes it); the site runs with its index. Each typist has an address of
its own, opens the search page of each prefix of the words in `search/typing.txt`, one after the other, and rests for
120 ms after each answer, as the page's script does. Budget: 99 of 100 answers within 50 ms. In a second round nobody
rests: what the site can do. In both the front page is asked for all the time, and compared with its time when nobody types.
"""

import argparse
import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path
from urllib.parse import quote

HERE = Path(__file__).resolve().parent
BINARY = Path(os.environ.get("MINGJING_BIN", HERE.parents[1] / "target/release/mingjing"))
TYPISTS, REST, SECONDS = 32, 0.12, 20
SITE = """
[site]
base_url = "http://127.0.0.1:{port}"
name = {{ zh = "示例", en = "Example" }}
[server]
listen = "0.0.0.0:{port}"
state = "{work}/state"
[search]
per_minute = 1000000
burst = 1000000
[files]
root = "{work}/root"
[[backend]]
trace = {{}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Visitor:
    """A connection that is kept, from an address of its own."""

    def __init__(self, port, number):
        self.port, self.address = port, f"127.0.1.{number + 1}"

    async def __aenter__(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=(self.address, 0))
        return self

    async def __aexit__(self, *_):
        self.writer.close()

    async def get(self, path):
        """Seconds until the whole answer is here, and its length."""
        started = time.perf_counter()
        self.writer.write(f"GET {path} HTTP/1.1\r\nhost: example\r\naccept: text/html\r\naccept-encoding: gzip\r\n\r\n".encode())
        head = (await self.reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), (path, head)
        length = int(re.search(rb"content-length: (\d+)", head)[1])
        await self.reader.readexactly(length)
        return time.perf_counter() - started, length


async def type_on(port, number, prefixes, rest, until, times):
    async with Visitor(port, number) as visitor:
        at = number * 7
        while time.perf_counter() < until:
            seconds, _ = await visitor.get("/search?q=" + quote(prefixes[at % len(prefixes)]))
            times.append(seconds)
            at += 1
            await asyncio.sleep(rest)


async def read_on(port, until, times):
    async with Visitor(port, 200) as visitor:
        while time.perf_counter() < until:
            seconds, _ = await visitor.get("/")
            times.append(seconds)
            await asyncio.sleep(0.02)


def summary(times):
    times = sorted(times)
    at = lambda percent: times[min(len(times) - 1, len(times) * percent // 100)] * 1e3
    return f"p50 {at(50):6.2f} ms  p99 {at(99):6.2f} ms  most {times[-1] * 1e3:6.2f} ms"


async def measure(port, prefixes):
    quiet = []
    await read_on(port, time.perf_counter() + 3, quiet)
    print(f"nobody types    pages     {summary(quiet)}")
    for name, rest in (("typing", REST), ("without rest", 0)):
        until = time.perf_counter() + SECONDS
        searches, pages = [], []
        typists = [type_on(port, number, prefixes, rest, until, searches) for number in range(TYPISTS)]
        await asyncio.gather(*typists, read_on(port, until, pages))
        print(f"{name:15} searches  {summary(searches)}  {len(searches) / SECONDS:.0f} a second")
        print(f"{name:15} pages     {summary(pages)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("/tmp/mingjing-bench/10m.tsv"))
    parser.add_argument("--index", type=Path, help="an index of the corpus, instead of building one")
    args = parser.parse_args()
    work = Path(tempfile.mkdtemp(prefix="mingjing-typists-"))
    (work / "root").mkdir()
    (work / "state").mkdir()
    port = free_port()
    (work / "site.toml").write_text(SITE.format(port=port, work=work))
    if args.index:
        shutil.copytree(args.index, work / "state/index", symlinks=True)
    else:
        subprocess.run([BINARY, "index", "build", "--from", args.corpus, "--out", work / "state/index"], check=True)
    site = subprocess.Popen([BINARY, "serve", "--config", work / "site.toml"], stderr=subprocess.DEVNULL)
    try:
        for _ in range(400):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/files?q=linux") as answer:
                    assert b'"hits":[{' in answer.read().replace(b" ", b"")
                break
            except OSError:
                time.sleep(0.05)
        prefixes = (HERE / "search/typing.txt").read_text().splitlines()
        asyncio.run(measure(port, [prefix for prefix in prefixes if prefix.strip()]))
    finally:
        site.send_signal(signal.SIGTERM)
        site.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
