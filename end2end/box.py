"""A private network and private system folders, in which a real client can be let loose on the site."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import unittest
from contextlib import ExitStack
from pathlib import Path

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
# Official hosts that pages name; in the box they are the mirror as well.
OTHER_HOSTS = ("security.debian.org", "security.ubuntu.com")

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000


def run(arguments: list, **options) -> subprocess.CompletedProcess:
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, timeout=120, **options)


def must(arguments: list, **options) -> str:
    """Runs a command that has to work, and returns what it printed."""
    done = run(arguments, **options)
    if done.returncode != 0:
        raise AssertionError(f"{arguments} gave {done.returncode}:\n{done.stdout}\n{done.stderr}")
    return done.stdout


class Box:
    """The site at its real names, ports 80 and 443, with a certificate that the box trusts.

    From here on this process and its children see a network that is nothing but loopback, and own copies of
    /etc/hosts, /etc/apt, /var/lib/apt, /usr/share/keyrings and the like. Nothing outside is touched.
    """

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self.demo = home / "demo"
        self.demo.mkdir(mode=0o755)
        make_demo(self.demo)
        self.root = self.demo / "mirrors"
        self.key = self.demo / "demo-keys/archive-keyring.gpg"
        self._leave_the_world()
        self._own_folders()
        self._serve(stack)

    def _leave_the_world(self) -> None:
        if os.geteuid() != 0:
            raise RuntimeError("the client box needs root: sudo python3 -m unittest clients_test")
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.unshare(CLONE_NEWNS | CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "unshare: no private namespaces here")
        must(["mount", "--make-rprivate", "/"])
        must(["ip", "link", "set", "lo", "up"])

    def _bind(self, source: Path, target: str) -> None:
        place = Path(target).resolve()
        if place.exists():
            must(["mount", "--bind", source, place])

    def _file(self, name: str, text: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def _folder(self, name: str, *children: str) -> Path:
        path = self.home / name
        path.mkdir(mode=0o755)
        for child in children:
            (path / child).mkdir(mode=0o755, parents=True)
        return path

    def _own_folders(self) -> None:
        names = " ".join((HOST, *OTHER_HOSTS))
        self._bind(self._file("hosts", f"127.0.0.1 localhost {names}\n"), "/etc/hosts")
        self._bind(self._file("resolv.conf", ""), "/etc/resolv.conf")
        self._bind(self._file("pip.conf", ""), "/etc/pip.conf")
        self._certificates()
        keyrings = self._folder("keyrings")
        for name in ("debian", "ubuntu"):
            shutil.copy(self.key, keyrings / f"{name}-archive-keyring.gpg")
        self._bind(keyrings, "/usr/share/keyrings")
        self.apt = self._folder("apt", "apt.conf.d", "preferences.d", "sources.list.d", "trusted.gpg.d", "keyrings")
        self._bind(self.apt, "/etc/apt")
        self._bind(self._folder("apt-state", "lists/partial"), "/var/lib/apt")
        self._bind(self._folder("apt-cache", "archives/partial"), "/var/cache/apt")
        self._bind(self._folder("pacman.d"), "/etc/pacman.d")
        # Pages write `sudo`; a container has none.
        sudo = self._file("bin/sudo", '#!/bin/sh\nexec "$@"\n')
        sudo.chmod(0o755)
        self.apt_conf = self._file(
            "apt.conf",
            f'Dir::State::status "{self._file("status", "")}";\nAPT::Sandbox::User "root";\n'
            'Acquire::Retries "0";\nAPT::Architecture "amd64";\nAPT::Architectures { "amd64"; };\n',
        )

    def _certificates(self) -> None:
        ca_key, ca = self.home / "ca.key", self.home / "ca.pem"
        self.key_file, self.certificate = self.home / "site.key", self.home / "site.pem"
        request = self.home / "site.csr"
        ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        must(["openssl", "req", "-x509", *ec, "-days", "2", "-subj", "/CN=Test CA", "-keyout", ca_key, "-out", ca])
        must(["openssl", "req", *ec, "-subj", f"/CN={HOST}", "-keyout", self.key_file, "-out", request])
        names = ",".join(f"DNS:{name}" for name in (HOST, *OTHER_HOSTS))
        extensions = self._file("site.ext", f"subjectAltName={names}\nbasicConstraints=CA:FALSE\n")
        must(
            ["openssl", "x509", "-req", "-in", request, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial",
             "-days", "2", "-extfile", extensions, "-out", self.certificate]
        )  # fmt: skip
        bundle = Path("/etc/ssl/certs/ca-certificates.crt")
        trusted = bundle.read_text("utf-8") if bundle.exists() else ""
        self.bundle = self._file("ca-certificates.crt", f"{trusted}\n{ca.read_text()}")
        if not bundle.exists():
            raise unittest.SkipTest("no /etc/ssl/certs/ca-certificates.crt: apt-get install ca-certificates")
        self._bind(self.bundle, str(bundle))

    def _serve(self, stack: ExitStack) -> None:
        port = free_port()
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
        generated = "log_format box '$scheme $host $request_method $uri $status';\n" + generated.replace(
            "    access_log ", f"    access_log {self.log} box;\n    access_log ", 1
        )
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

    # What clients do

    def environment(self, home: Path | None = None, **more: str) -> dict[str, str]:
        """`env -i` with the least: nothing of the caller's leaks into a client."""
        path = f"{self.home}/bin:{Path(sys.executable).parent}:/usr/sbin:/usr/bin:/sbin:/bin"
        return {"HOME": str(home or self.home), "PATH": path, "LC_ALL": "C.UTF-8", "APT_CONFIG": str(self.apt_conf)} | more

    def shell(self, script: str, home: Path | None = None, cwd: Path | None = None, **more: str):
        """Runs a snippet of a page, byte for byte."""
        return run(["bash", "-euo", "pipefail", "-c", script], env=self.environment(home, **more), cwd=cwd or home or self.home)

    def fetch(self, path: str, *options: str, scheme: str = "https") -> str:
        """What curl gets of the running site."""
        return must(["curl", "-fsS", *options, f"{scheme}://{HOST}{path}"], env=self.environment())

    def requests(self) -> list[tuple[str, str, str, str, int]]:
        """Scheme, host, method, path and status of every request so far."""
        lines = self.log.read_text("utf-8").splitlines() if self.log.exists() else []
        rows = [line.split(" ") for line in lines]
        return [(row[0], row[1], row[2], " ".join(row[3:-1]), int(row[-1])) for row in rows]
