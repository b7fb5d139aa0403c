"""A private network in which the site has its real name, for real clients."""

from __future__ import annotations

import ctypes
import http.client
import os
import shutil
import subprocess
import unittest
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from repos.key import Key
from stage import (
    BINARY,
    ENVIRONMENT,
    answers,
    check_nginx,
    free_port,
    generate,
    make_demo,
    require_nginx,
    running,
    wait_for,
    write_nginx,
    write_site,
)

HOST = "mirrors.zju.edu.cn"

# Manifests of images have a type that their names do not tell.
REGISTRY = """\
    location = /v2/ { return 200; }
    location ^~ /v2/ {
        types {}
        default_type application/vnd.oci.image.manifest.v1+json;
    }
"""

# Git answers for itself.
GIT = """\
    location ^~ /git/ {
        proxy_pass http://127.0.0.1:{port};
    }
"""

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000


def run(arguments: list, **options) -> subprocess.CompletedProcess:
    options = {"timeout": 180, "stdin": subprocess.DEVNULL} | options
    if "input" in options:
        del options["stdin"]
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, errors="replace", **options)


def must(arguments: list, **options) -> str:
    """Runs a command that has to work, and returns what it printed."""
    done = run(arguments, **options)
    if done.returncode != 0:
        raise AssertionError(f"{arguments} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Request(NamedTuple):
    """One line of the log."""

    scheme: str
    host: str
    method: str
    path: str
    status: int


class Box:
    """The site at its real names, ports 80 and 443, with a certificate that cases trust.

    From here on this process and its children see a network that is nothing but loopback. Nothing outside is touched:
    what clients write goes into the overlay of a `Case`.
    """

    def __init__(self, home: Path, stack: ExitStack, other_hosts: tuple[str, ...] = ()) -> None:
        self.home = home
        self.hosts = (HOST, *sorted(set(other_hosts) - {HOST}))
        self.demo = home / "demo"
        self.demo.mkdir(mode=0o755)
        make_demo(self.demo)
        self.root = self.demo / "mirrors"
        self._leave_the_world()
        self._certificates()
        self._serve(stack)

    @cached_property
    def key(self) -> Key:
        """The key that signs the repositories made here; its rings also hold the key of the demo tree."""
        return Key(self.home / "gnupg", self.demo / "demo-keys/archive-keyring.gpg")

    def _leave_the_world(self) -> None:
        if os.geteuid() != 0:
            raise RuntimeError("the client box needs root: sudo ./test clients")
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare: no private namespaces here")
        must(["mount", "--make-rprivate", "/"])
        must(["ip", "link", "set", "lo", "up"])
        hosts = self.file("hosts", f"127.0.0.1 localhost {' '.join(self.hosts)}\n")
        must(["mount", "--bind", hosts, Path("/etc/hosts").resolve()])

    def file(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _certificates(self) -> None:
        ca_key, self.ca = self.home / "ca.key", self.home / "ca.pem"
        self.key_file, self.certificate = self.home / "site.key", self.home / "site.pem"
        request = self.home / "site.csr"
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        must(["openssl", "req", "-x509", *ec, "-days", "2", "-subj", "/CN=Test CA", "-keyout", ca_key, "-out", self.ca])
        must(["openssl", "req", *ec, "-subj", f"/CN={HOST}", "-keyout", self.key_file, "-out", request])
        names = ",".join(f"DNS:{name}" for name in self.hosts)
        extensions = self.file("site.ext", f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
        must(
            ["openssl", "x509", "-req", "-in", request, "-CA", self.ca, "-CAkey", ca_key, "-CAcreateserial",
             "-days", "2", "-extfile", extensions, "-out", self.certificate]
        )  # fmt: skip

    def _serve(self, stack: ExitStack) -> None:
        self.port = port = free_port()
        # The demo names the address at which it was made; the site is reached elsewhere.
        config = self.root / "crates.io-index/config.json"
        config.write_text(
            f'{{"dl":"https://{HOST}/crates.io-index/crates/{{crate}}/{{crate}}-{{version}}.crate"}}\n'
        )
        site = write_site(
            self.home / "site.toml", root=self.root, state=self.home / "state",
            listen=f"127.0.0.1:{port}", base_url=f"https://{HOST}",
        )  # fmt: skip
        generated = generate(
            site, "--listen", "80", "--listen-tls", "443", "--certificate", str(self.certificate),
            "--key", str(self.key_file), "--access-log", f"{self.home}/access.log",
        )  # fmt: skip
        # Which name was asked for is not in the site's own log; a second log says it.
        self.log = self.home / "requests.log"
        generated = "log_format box '$scheme $host $request_method $status $request_uri';\n" + generated.replace(
            "    access_log ", f"    access_log {self.log} box;\n    access_log ", 1
        )
        self.git_port = free_port()
        own = "    # The site's own addresses.\n"
        generated = generated.replace(own, REGISTRY + GIT.replace("{port}", str(self.git_port)) + own, 1)
        conf = write_nginx(self.home / "nginx", generated)
        checked = check_nginx(conf)
        if checked.returncode != 0:
            raise AssertionError(f"nginx -t: {checked.stderr}")
        app = stack.enter_context(
            running([str(BINARY), "serve", "--config", str(site)], self.home / "app.log", env=ENVIRONMENT, cwd=self.home)
        )
        wait_for("the application", lambda: answers(port), app)
        nginx = stack.enter_context(running([require_nginx(), "-c", str(conf)], self.home / "nginx.log"))
        wait_for("nginx", lambda: answers(80) and answers(443), nginx)

    # What the harness asks of the site

    def get(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers in lower case and body, past nginx and its log: for enumerating, where a curl each is slow."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", path, headers={"Host": HOST})
            response = connection.getresponse()
            return response.status, {k.lower(): v for k, v in response.getheaders()}, response.read()
        finally:
            connection.close()

    def curl(self, path: str, *options: str, scheme: str = "https") -> str:
        """What curl gets of the running site."""
        path_of_curl = shutil.which("curl")
        if path_of_curl is None:
            raise unittest.SkipTest("curl is not installed: apt-get install curl")
        line = [path_of_curl, "-fsS", "--cacert", self.ca, *options, f"{scheme}://{HOST}{path}"]
        return must(line, env={"PATH": os.defpath})

    def mark(self) -> int:
        """The place in the log up to now, for `since`."""
        return self.log.stat().st_size if self.log.exists() else 0

    def since(self, mark: int) -> list[Request]:
        """Every request after a mark."""
        if not self.log.exists():
            return []
        with self.log.open("rb") as log:
            log.seek(mark)
            lines = log.read().decode("utf-8", "replace").splitlines()
        rows = (line.split(" ", 4) for line in lines)
        return [Request(scheme, host, method, path, int(status)) for scheme, host, method, status, path in rows]
