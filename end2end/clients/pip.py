"""pip and uv: a wheel comes from the index that the page sets."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from box import Box
from case import Case, Page, load
from clients.driver import Driver, Fault, replaced, same_bytes
from roots import TOOLS, Root

HERE = Path(sys.executable).parent


class FromPyPI(Driver):
    """What clients of the Python package index have in common."""

    def prepare(self, case: Case) -> None:
        case.write("/etc/pip.conf", "")
        # These programs bring their own list of authorities.
        bundle = "/etc/ssl/certs/ca-certificates.crt"
        case.variables |= {"PIP_CERT": bundle, "SSL_CERT_FILE": bundle, "REQUESTS_CA_BUNDLE": bundle,
                           "PIP_DISABLE_PIP_VERSION_CHECK": "1"}  # fmt: skip

    def applies(self, case: Case) -> str | None:
        return "not for this system" if case.page.values.get("os") == "windows" else None

    def fetched(self, case: Case, folder: str) -> None:
        (wheel,) = case.path(folder).rglob("*.whl")
        (kept,) = case.box.root.glob(f"pypi/web/packages/**/{wheel.name}")
        same_bytes(wheel, kept)
        shutil.rmtree(case.path(folder))


class Pip(FromPyPI):
    name = "pip"
    program = "pip"
    package = "python3-pip"
    leaves_empty = (r"/pip\.conf$",)

    def tools(self) -> tuple[Path, ...]:
        return () if Path("/usr/bin/pip").exists() else (HERE,)

    def effective(self, case: Case) -> dict[str, str]:
        return dict(re.findall(r"^([a-z]\S+)='(.*)'$", case.must("pip config list"), re.M))

    def fetch(self, case: Case) -> None:
        case.must(f"pip download --quiet --no-deps --dest wheels {case.check['fetch']}")
        self.fetched(case, "~/wheels")

    faults = (
        Fault("a setting that does not exist", "pypi", "promises", replaced("pip-set", "index-url", "index_url_")),
        Fault("another index", "pypi", "promises", replaced("pip-set", "/simple", "/simpel")),
    )


class Uv(FromPyPI):
    name = "uv"
    program = "uv"

    def tools(self) -> tuple[Path, ...]:
        return (TOOLS / "python/bin", HERE)

    def promised(self, case: Case) -> list[str]:
        return [case.page.fill("{{ base }}/pypi/web/simple")]

    def effective(self, case: Case) -> list[str]:
        """uv prints the settings that it would use."""
        said = case.must("uv pip install --show-settings --dry-run nothing")
        return [url for url in re.findall(r'VerbatimUrl \{.*?given: Some\(\s*"([^"]+)"', said, re.S)]

    def fetch(self, case: Case) -> None:
        case.must(f"uv pip install --quiet --native-tls --target site {case.check['fetch']}")
        if not list(case.path("~/site").glob("*.dist-info")):
            raise AssertionError("uv installed nothing")
        shutil.rmtree(case.path("~/site"))

    faults = (
        Fault("another index", "pypi", "promises", replaced("uv-file", "/simple", "/simpel"), chosen={"tool": "uv"}),
    )


def by_one_line(driver: Pip, box: Box, root: Root) -> None:
    """setup.sh for a reader's own configuration: run, run twice, undo, not by sudo"""
    line = f"curl -fsSL 'https://{box.hosts[0]}/docs/pypi/setup.sh' | sh"
    page = Page(box, "pypi", {}, load(box, "pypi"))
    (check,) = (check for check in page.checks() if check["client"] == "pip")
    with Case(box, root, page, check, driver.tools()) as case:
        driver.prepare(case)
        case.write("~/.config/pip/pip.conf", "[global]\ntimeout = 7\n", mode=0o600)
        case.begin()
        done = case.run(line, SUDO_USER="reader")
        if done.returncode == 0 or case.changes():
            raise AssertionError(done)
        for _ in range(2):
            case.must(line)
            if sorted(case.changes((r"/\.local/state/",))) != ["/home/reader/.config/pip/pip.conf"]:
                raise AssertionError(case.changes())
        if "timeout" not in case.must("pip config list") or "web/simple" not in case.must("pip config list"):
            raise AssertionError(case.read("~/.config/pip/pip.conf"))
        case.must(f"{line} -s -- --undo")
        if case.changes():
            raise AssertionError(case.changes())


Pip.also = (by_one_line,)
