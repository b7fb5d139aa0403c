"""Emacs: its package manager refreshes every archive, verifies what is signed and installs a package."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from roots import LANGUAGES

BATCH = "emacs --batch -l ~/.emacs.d/init.el --eval"


class Emacs(Driver):
    name = "emacs"
    program = "emacs-nox"
    package = "emacs-nox"
    roots = (LANGUAGES,)
    repos = ("elpa",)
    # MELPA does not sign.
    missing = r"/elpa/(melpa|stable-melpa)/archive-contents\.sig$"
    ignore = (r"/\.emacs\.d/(elpa|eln-cache|auto-save-list)(/|$)", r"/\.gnupg(/|$)", r"/usr/share/emacs/")

    def prepare(self, case: Case) -> None:
        case.write("~/.emacs.d/init.el", "(setq inhibit-startup-screen t)\n")
        (place,) = (case.root / "usr/share/emacs").glob("*/etc/package-keyring.gpg")
        shutil.copy(case.box.key.ring, place)

    def effective(self, case: Case) -> dict[str, str]:
        said = case.run(f"""{BATCH} '(dolist (a package-archives) (princ (format "%s=%s\\n" (car a) (cdr a))))'""")
        if said.returncode != 0:
            raise AssertionError(f"emacs gave {said.returncode}: {said.stderr}")
        return dict(line.partition("=")[::2] for line in said.stdout.splitlines())

    def fetch(self, case: Case) -> None:
        package = case.check["fetch"]
        done = case.run(f"{BATCH} \"(progn (package-initialize) (package-refresh-contents) (package-install '{package}))\"")
        if done.returncode != 0 or re.search("Failed|Bad signature", done.stderr):
            raise AssertionError(f"emacs gave {done.returncode}: {done.stderr}")
        (installed,) = case.path("~/.emacs.d/elpa").glob(f"{package}-1.0.0/{package}.el")
        same_bytes(installed, case.box.root / f"elpa/gnu/{package}-1.0.0.el")
        shutil.rmtree(case.path("~/.emacs.d/elpa"))


@contextmanager
def changed_after_signing(case: Case) -> Iterator[None]:
    """A list of packages that is not the one signed."""
    path = case.box.root / "elpa/gnu/archive-contents"
    old = path.read_text()
    path.write_text(old.replace("Says hello", "Says hallo"))
    try:
        yield
    finally:
        path.write_text(old)


Emacs.faults = (
    Fault("a missing slash at the end", "elpa", "promises", replaced("set", '/melpa/"', '/melpa"')),
    Fault("a bracket too many", "elpa", "gave", replaced("set", '/melpa/")))', '/melpa/"))))')),
    Fault("an archive that changed after it was signed", "elpa", "Failed to download .gnu.", spoil=changed_after_signing),
    Fault(
        "an undo that leaves the archives", "elpa", "not as it was",
        lambda snippet: "true\n" if snippet.id == "undo" else snippet.text,
    ),
)  # fmt: skip
