#!/usr/bin/env python3
"""Requests per second for `/`: the site against nginx sending the same bytes as a static file.

Both run on this machine in the same minute, asked in turn by wrk for the same gzip answer; first it is checked that the
bytes are equal. Prints the median of each and their ratio (budget: at least 0.8). Needs wrk and nginx.

    cargo build --release && server/benches/front_page.py
"""

import gzip
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MINGJING_BIN", ROOT / "target/release/mingjing"))
ROUNDS, SECONDS, CONNECTIONS = 7, 3, 32


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def get(url):
    request = urllib.request.Request(url, headers={"accept-encoding": "gzip"})
    with urllib.request.urlopen(request) as answer:
        return answer.headers, answer.read()


def wait_for(url):
    for _ in range(200):
        try:
            return get(url)
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"no answer from {url}")


def requests_per_second(url):
    out = subprocess.run(
        ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "-H", "Accept-Encoding: gzip", url],
        check=True, capture_output=True, text=True,
    ).stdout
    if "Non-2xx" in out or "Socket errors" in out:
        raise SystemExit(out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def main():
    work = Path(tempfile.mkdtemp(prefix="mingjing-bench-"))
    os.chmod(work, 0o755)
    site, static = free_port(), free_port()
    app = subprocess.Popen(
        [BINARY, "serve", "--listen", f"127.0.0.1:{site}", "--state", work / "state"], stderr=subprocess.DEVNULL
    )
    nginx = None
    try:
        url, other = f"http://127.0.0.1:{site}/", f"http://127.0.0.1:{static}/"
        wait_for(url)
        time.sleep(1)  # the first snapshots follow each other quickly; measure a settled one
        _, body = get(url)
        (work / "www").mkdir()
        (work / "www/index.html.gz").write_bytes(body)
        (work / "www/index.html").write_bytes(gzip.decompress(body))
        (work / "nginx.conf").write_text(f"""
            pid {work}/nginx.pid; error_log {work}/error.log; worker_processes 2;
            events {{ worker_connections 1024; }}
            http {{
              types {{ text/html html; }} charset utf-8; access_log off; sendfile on; tcp_nopush on;
              keepalive_requests 1000000; open_file_cache max=100; etag on;
              client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3;
              uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5;
              server {{ listen 127.0.0.1:{static}; root {work}/www; gzip_static on; }}
            }}""")
        nginx = subprocess.Popen(["nginx", "-c", work / "nginx.conf", "-g", "daemon off;"])
        _, same = wait_for(other)
        assert gzip.decompress(same) == gzip.decompress(body), "the two must send the same page"
        ours, theirs = [], []
        for _ in range(ROUNDS):
            ours.append(requests_per_second(url))
            theirs.append(requests_per_second(other))
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"page     {len(body)} bytes gzip, {CONNECTIONS} connections, {ROUNDS} rounds of {SECONDS} s")
        print(f"mingjing {a:9.0f} requests/s  ({min(ours):.0f} to {max(ours):.0f})")
        print(f"nginx    {b:9.0f} requests/s  ({min(theirs):.0f} to {max(theirs):.0f})")
        print(f"ratio    {a / b:9.2f}  (budget 0.80)")
    finally:
        for process in (app, nginx):
            if process:
                process.send_signal(signal.SIGTERM)
                process.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
