"""Portage: sources come from the mirror and match their checksums; binary packages and the tree are set as promised."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from case import Case
from clients.driver import Driver, Fault, replaced
from repos.gentoo import ARCHIVE, CONTENT, manifest
from roots import TOOLS

TREE = "/var/db/repos/gentoo"
# The least that Portage takes for an ebuild repository with a profile and one package.
FILES = {
    f"{TREE}/profiles/repo_name": "gentoo\n",
    f"{TREE}/profiles/arch.list": "amd64\n",
    f"{TREE}/profiles/categories": "app-misc\n",
    f"{TREE}/profiles/test/eapi": "8\n",
    f"{TREE}/profiles/test/make.defaults": 'ARCH="amd64"\nACCEPT_KEYWORDS="amd64"\n',
    f"{TREE}/metadata/layout.conf": "masters =\nthin-manifests = true\n",
    f"{TREE}/app-misc/hello/hello-1.0.ebuild": 'EAPI=8\nDESCRIPTION="For tests"\nHOMEPAGE="https://example.org/"\n'
    f'SRC_URI="https://example.org/{ARCHIVE}"\nLICENSE="Apache-2.0"\nSLOT="0"\nKEYWORDS="amd64"\n',
    f"{TREE}/app-misc/hello/Manifest": manifest(),
    "/etc/portage/make.conf": 'COMMON_FLAGS="-O2 -pipe"\nDISTDIR="/var/tmp/distfiles"\n'
    'GENTOO_MIRRORS="https://distfiles.gentoo.org"\n',
}
# What Portage itself makes of its configuration.
ASK = """
import os, portage
from portage.binrepo.config import BinRepoConfigLoader
from portage.const import BINREPOS_CONF_FILE
settings = portage.settings
print("mirrors", *settings["GENTOO_MIRRORS"].split())
hosts = BinRepoConfigLoader((os.path.join(settings["PORTAGE_CONFIGROOT"], BINREPOS_CONF_FILE),), settings)
print("binhost", *(host.sync_uri for host in hosts.values()))
gentoo = settings.repositories["gentoo"]
print("sync", gentoo.sync_uri if gentoo.sync_type == "rsync" else gentoo.sync_type)
"""


class Portage(Driver):
    name = "portage"
    program = "emerge"
    package = "python3-venv, then python3 end2end/roots.py tools"
    repos = ("gentoo",)

    def tools(self) -> tuple[Path, ...]:
        return (TOOLS / "python/bin",)

    def prepare(self, case: Case) -> None:
        for folder in ("etc/portage", TREE.lstrip("/"), "var/tmp/distfiles"):
            shutil.rmtree(case.root / folder, ignore_errors=True)
        for name, text in FILES.items():
            case.write(name, text)
        (case.root / "etc/portage/make.profile").symlink_to(f"{TREE}/profiles/test")
        case.path("/var/tmp/distfiles").mkdir(parents=True)
        # Portage from a virtual environment looks for its configuration there.
        case.variables["PORTAGE_CONFIGROOT"] = "/"

    def promised(self, case: Case) -> dict[str, str]:
        return {name: case.check[name] for name in ("mirrors", "binhost", "sync") if name in case.check}

    def effective(self, case: Case) -> dict[str, str]:
        said = case.must(f"python3 -c '{ASK}'", user="root")
        values = dict(line.partition(" ")[::2] for line in said.splitlines())
        return {name: values[name].rstrip("/") for name in self.promised(case)}

    def fetch(self, case: Case) -> None:
        """Has Portage fetch the sources of a package, which it compares with the manifest."""
        if not case.check.get("fetch"):
            return
        case.must(f"emerge --quiet --nodeps --fetchonly {case.check['fetch']}", user="root")
        archive = case.root / "var/tmp/distfiles" / ARCHIVE
        if archive.read_bytes() != CONTENT:
            raise AssertionError("another archive")
        for file in archive.parent.iterdir():
            shutil.rmtree(file) if file.is_dir() else file.unlink()


@contextmanager
def changed_archive(case: Case) -> Iterator[None]:
    """An archive that is not the one in the manifest."""
    (path,) = (case.box.root / "gentoo/distfiles").glob(f"*/{ARCHIVE}")
    path.write_bytes(b"x" * len(CONTENT))
    try:
        yield
    finally:
        path.write_bytes(CONTENT)


Portage.faults = (
    Fault("another path", "gentoo", "promises", replaced("mirrors", "/gentoo", "/gentoo/distfiles")),
    Fault("an archive that changed", "gentoo", "gave|another", spoil=changed_archive),
    Fault("an undo that does nothing", "gentoo", "not as it was", lambda s: "true\n" if s.id == "undo" else s.text),
    Fault(
        "a quote that is not closed", "gentoo", "gave|promises",
        lambda s: s.text.replace('/gentoo"', "/gentoo") if s.id == "mirrors" else s.text,
    ),
)  # fmt: skip
