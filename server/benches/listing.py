#!/usr/bin/env python3
"""A folder of 600 000 files: the site's listing against nginx's autoindex of the same folder, asked in turn.

For HTML, JSON and text: time to the first byte (budget 50 ms) and to the last one (budget half of nginx's, whose JSON is
compared with ours and whose HTML is compared with our HTML and text), how much memory the site takes for it, and what a
filter and a page cost. First it is checked that both list the same names. The folder is made in a tmpfs. Needs nginx.

    cargo build --release && server/benches/listing.py [ENTRIES]
"""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("MINGJING_BIN", ROOT / "target/release/mingjing"))
ENTRIES = int(sys.argv[1]) if len(sys.argv) > 1 else 600_000
ROUNDS = 5
SITE = """
[site]
base_url = "http://127.0.0.1:{port}"
name = {{ zh = "示例", en = "Example" }}
time_zone = "Asia/Shanghai"
[server]
listen = "127.0.0.1:{port}"
state = "{work}/state"
[files]
root = "{work}/root"
[[backend]]
trace = {{}}
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def ask(port, path, accept="text/html"):
    """Seconds to the first and to the last byte of the answer, and its body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    started = time.perf_counter()
    connection.request("GET", path, headers={"accept": accept})
    answer = connection.getresponse()
    first = time.perf_counter() - started
    parts = []
    while part := answer.read(1 << 20):
        parts.append(part)
    last = time.perf_counter() - started
    connection.close()
    assert answer.status == 200, (path, answer.status)
    return first, last, b"".join(parts)


def wait_for(port):
    for _ in range(400):
        try:
            return ask(port, "/")
        except (OSError, AssertionError):
            time.sleep(0.05)
    raise SystemExit(f"no answer from port {port}")


def memory(process, field):
    status = Path(f"/proc/{process.pid}/status").read_text()
    return int(re.search(rf"{field}:\s+(\d+) kB", status)[1]) / 1024


def names_of_html(body):
    return {unquote(href.decode()).removeprefix("./") for href in re.findall(rb'href="((?:\./)?file[^"?/]*)"', body)}


def main():
    work = Path(tempfile.mkdtemp(prefix="mingjing-listing-", dir="/dev/shm"))
    os.chmod(work, 0o755)
    folder = work / "root/big/pool"
    folder.mkdir(parents=True)
    for path in (work / "root", work / "root/big", folder):
        os.chmod(path, 0o755)
    names = [f"file{number % 977}_{number}-{number % 13}.{number % 7}.deb" for number in range(ENTRIES)]
    for number, name in enumerate(names):
        path = folder / name
        path.touch(0o644)
        os.utime(path, (1_700_000_000 + number * 37, 1_700_000_000 + number * 37))
    site, html, raw = free_port(), free_port(), free_port()
    (work / "site.toml").write_text(SITE.format(port=site, work=work))
    (work / "nginx.conf").write_text(f"""
        pid {work}/nginx.pid; error_log {work}/error.log; worker_processes 2; events {{ worker_connections 64; }}
        http {{
          access_log off; sendfile on; tcp_nopush on; types {{}} default_type application/octet-stream;
          client_body_temp_path {work}/t1; proxy_temp_path {work}/t2; fastcgi_temp_path {work}/t3;
          uwsgi_temp_path {work}/t4; scgi_temp_path {work}/t5; root {work}/root; autoindex on; autoindex_exact_size off;
          server {{ listen 127.0.0.1:{html}; }}
          server {{ listen 127.0.0.1:{raw}; autoindex_format json; }}
        }}""")
    app = subprocess.Popen([BINARY, "serve", "--config", work / "site.toml"], stderr=subprocess.DEVNULL)
    nginx = subprocess.Popen(["nginx", "-c", work / "nginx.conf", "-g", "daemon off;"])
    try:
        for port in (site, html, raw):
            wait_for(port)
        idle = memory(app, "VmRSS")
        expected = set(names)
        for port in (site, html):
            found = names_of_html(ask(port, "/big/pool/")[2])
            assert found == expected, f"port {port} lists {len(found)} of {ENTRIES} names"
        peers = {
            "html": ((site, "/big/pool/", "text/html"), (html, "/big/pool/", "text/html")),
            "json": ((site, "/big/pool/?format=json", "*/*"), (raw, "/big/pool/", "*/*")),
            "text": ((site, "/big/pool/?format=text", "*/*"), (html, "/big/pool/", "*/*")),
        }
        ours, theirs = (entries["name"] for entries in ({"name": sorted(e["name"] for e in json.loads(ask(*peer)[2]))}
                                                       for peer in peers["json"]))
        assert ours == theirs, "JSON differs"
        print(f"{ENTRIES} entries, median of {ROUNDS} rounds")
        for form, (ours, theirs) in peers.items():
            rounds = [(ask(*ours), ask(*theirs)) for _ in range(ROUNDS)]
            first, last = (statistics.median(ours[i] for ours, _ in rounds) for i in (0, 1))
            other_first, other = (statistics.median(theirs[i] for _, theirs in rounds) for i in (0, 1))
            size = len(rounds[0][0][2]) / 2**20
            print(f"{form}  first byte {first * 1e3:7.1f} ms (nginx {other_first * 1e3:7.1f})  whole {last * 1e3:7.0f} ms "
                  f"(nginx {other * 1e3:7.0f})  ratio {last / other:.2f} (budget 0.50)  {size:.0f} MiB")
        for what, query in (("filter", "?q=_599"), ("page 300", "?page=300"), ("by size", "?sort=size&page=1")):
            whole = statistics.median(ask(site, f"/big/pool/{query}")[1] for _ in range(ROUNDS))
            print(f"{what:9}  {whole * 1e3:.0f} ms")
        print(f"memory   {idle:.0f} MiB idle, {memory(app, 'VmHWM'):.0f} MiB at most")
    finally:
        for process in (app, nginx):
            process.send_signal(signal.SIGTERM)
            process.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
