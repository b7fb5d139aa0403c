"""tlmgr in its user mode: a package comes from the repository of the settings, whose signature is verified."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from repos.ctan import FILE, NAME, TEXT
from roots import LANGUAGES


class Tlmgr(Driver):
    name = "tlmgr"
    program = "tlmgr"
    package = "texlive-base"
    roots = (LANGUAGES,)
    repos = ("ctan",)
    # Besides the settings, which lie in the database of what is installed, it keeps copies and logs.
    ignore = (r"/texmf$", r"/texmf/(?!tlpkg/texlive\.tlpdb$)", r"/\.(texlive|texmf)[^/]*(/|$)")

    def prepare(self, case: Case) -> None:
        # The test key in place of TeX Live's.
        shutil.copy(case.box.key.ring, case.root / "usr/share/texlive/tlpkg/gpg/pubring.gpg")
        # A tree of one's own is set up once and stays; asked again, tlmgr writes the database in its own order.
        case.must("tlmgr --usermode init-usertree && tlmgr --usermode option repository ctan")

    def version(self, case: Case) -> str:
        return re.search(r"TeX Live .*version (\d+)", case.must("tlmgr --version"))[1]

    def effective(self, case: Case) -> dict[str, str]:
        said = case.must("tlmgr --usermode option repository")
        return {"repository": re.search(r"\(repository\): (\S+)", said)[1]}

    def fetch(self, case: Case) -> None:
        kept = case.read("~/texmf/tlpkg/texlive.tlpdb")
        said = case.must(f"tlmgr --usermode install {NAME} 2>&1")
        if "(verified)" not in said:
            raise AssertionError(f"not verified: {said}")
        same_bytes(case.path(f"~/texmf/{FILE}"), case.box.file("hello.sty", TEXT))
        case.must(f"tlmgr --usermode remove {NAME}")
        if case.read("~/texmf/tlpkg/texlive.tlpdb") != kept:
            raise AssertionError("the package leaves something in the database")


@contextmanager
def changed_after_signing(case: Case) -> Iterator[None]:
    """A database that is not the one signed."""
    (checksum,) = (case.box.root / "CTAN/systems/texlive/tlnet/tlpkg").glob("*.sha512")
    old = checksum.read_text()
    checksum.write_text(f"{old}\n")
    try:
        yield
    finally:
        checksum.write_text(old)


USER = {"mode": "user"}
Tlmgr.faults = (
    Fault("the directory above", "CTAN", "promises", replaced("texlive-user-set", "/tlnet", ""), chosen=USER),
    Fault("an option that tlmgr does not know", "CTAN", "gave|promises",
          replaced("texlive-user-set", "option repository", "option repositories"), chosen=USER),
    Fault("a database that changed after it was signed", "CTAN", "gave|not verified", spoil=changed_after_signing, chosen=USER),
    Fault("an undo to another repository", "CTAN", "not as it was",
          replaced("texlive-user-undo", " ctan", " https://example.org/"), chosen=USER),
)  # fmt: skip
