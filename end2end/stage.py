"""The program behind a real nginx, on free ports and in temporary folders."""

from __future__ import annotations

import contextlib
import http.client
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
CONTENT = Path(os.environ.get("MINGJING_CONTENT", HERE.parent / "content")).resolve()
BINARY = Path(os.environ.get("MINGJING_BIN", HERE.parent / "target/debug/mingjing")).resolve()
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

# Nothing of the caller's configuration may reach the program.
ENVIRONMENT = {k: v for k, v in os.environ.items() if not k.startswith(("MINGJING_", "RUST_LOG"))}


def require_nginx() -> str:
    if NGINX is None:
        raise unittest.SkipTest("nginx is not installed: apt-get install nginx-light")
    return NGINX


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(what: str, ready, process: subprocess.Popen | None = None, seconds: float = 20) -> None:
    """Asks every few milliseconds until `ready`, or says what did not come."""
    end = time.monotonic() + seconds
    while not ready():
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"{what}: the process ended with {process.returncode}")
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.01)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.2).close()
    except OSError:
        return False
    return True


class Answer(NamedTuple):
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


def get(port: int, path: str, *, method: str = "GET", **headers: str) -> Answer:
    """Asks with exactly this path: no normalising, no redirect, no compression unless asked for."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)
    finally:
        connection.close()


def get_all(port: int, path: str, **headers: str) -> dict[str, list[str]]:
    """Every header of an answer with all its values; names are in lower case."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        response.read()
        values: dict[str, list[str]] = {}
        for name, value in response.getheaders():
            values.setdefault(name.lower(), []).append(value)
        return values
    finally:
        connection.close()


@contextlib.contextmanager
def running(arguments: list[str], log: Path, **options) -> Iterator[subprocess.Popen]:
    """A process that is ended with the block, by its own id."""
    with log.open("ab") as out:
        process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=out, stderr=out, **options)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGCONT)
                process.terminate()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """A temporary folder that nginx's workers may enter."""
    path = Path(tempfile.mkdtemp(prefix="mingjing-e2e-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def make_demo(state: Path) -> None:
    """Lets the program make its demo tree and key below `state`, then ends it."""
    environment = ENVIRONMENT | {"MINGJING_STATE": str(state), "MINGJING_LISTEN": "127.0.0.1:0"}
    log = state.parent / f"{state.name}.log"
    with running([str(BINARY), "serve"], log, env=environment, cwd=state.parent) as program:
        wait_for("the demo tree", lambda: b"listening on" in log.read_bytes(), program)
    if not (state / "mirrors/debian/dists/trixie/InRelease").is_file():
        raise RuntimeError(f"no demo tree below {state}:\n{log.read_text()}")


def write_site(path: Path, *, root: Path, state: Path, listen: str, base_url: str) -> Path:
    """Writes the `site.toml` of a site behind nginx."""
    path.write_text(
        f"""
[site]
base_url = "{base_url}"
name = {{ zh = "测试镜像站", en = "Test Mirror" }}
short = {{ zh = "测试", en = "Test" }}
time_zone = "Asia/Shanghai"

[server]
listen = "{listen}"
content = "{CONTENT}"
state = "{state}"

[files]
root = "{root}"
accel = "/_accel"

[[backend]]
mirrorz.url = "content:///recorded/zju-2026-07-05.json"
mirrorz.recorded_at = "2026-07-05T14:46:00Z"
""",
        encoding="utf-8",
    )
    return path


def generate(site: Path, *options: str) -> str:
    """The configuration that the program writes for nginx."""
    arguments = [str(BINARY), "generate", "nginx", "--config", str(site), *options]
    done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"generate nginx: {done.stderr}")
    return done.stdout


def write_nginx(home: Path, generated: str) -> Path:
    """Writes the smallest nginx.conf around the generated part, as Debian's would include it."""
    home.mkdir(mode=0o755, exist_ok=True)
    (home / "mingjing.conf").write_text(generated, encoding="utf-8")
    temporary = "\n".join(
        f"    {name}_temp_path {home}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user www-data;" if os.geteuid() == 0 else ""
    modules = Path("/etc/nginx/modules-enabled")
    load = f"include {modules}/*.conf;" if modules.is_dir() else ""
    path = home / "nginx.conf"
    path.write_text(
        f"""{user}
{load}
worker_processes 2;
worker_rlimit_nofile 1024;
daemon off;
pid {home}/nginx.pid;
error_log {home}/error.log info;
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
{temporary}
    include {home}/mingjing.conf;
}}
""",
        encoding="utf-8",
    )
    return path


def check_nginx(conf: Path) -> subprocess.CompletedProcess:
    """`nginx -t`."""
    return subprocess.run(
        [require_nginx(), "-t", "-e", "stderr", "-c", str(conf)], capture_output=True, text=True, timeout=30
    )
