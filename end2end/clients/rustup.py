"""rustup: a toolchain is installed with the variables that a new terminal has."""

from __future__ import annotations

import shutil

from case import Case
from clients.driver import Fault, replaced, same_bytes
from clients.shell import FISH, FromShell
from repos.rustup import TRIPLE
from roots import LANGUAGES


class Rustup(FromShell):
    name = "rustup"
    program = "rustup"
    roots = (LANGUAGES,)
    repos = ("rustup",)
    ignore = (r"/\.(rustup|cargo)(/|$)", *FISH)

    def fetch(self, case: Case) -> None:
        self.terminal(case, f"rustup toolchain install {case.check['fetch']} --profile minimal --no-self-update")
        arrived = case.path(f"~/.rustup/toolchains/{case.check['fetch']}-{TRIPLE}/bin/rustc")
        same_bytes(arrived, case.box.root / "rustup/dist/rustc")
        shutil.rmtree(case.path("~/.rustup"))

    faults = (
        Fault("a directory too deep", "rustup", "promises", replaced("set", "/rustup # ", "/rustup/rustup # ")),
        Fault("a variable that rustup does not know", "rustup", "promises", replaced("set", "DIST_SERVER", "DIST_ROOT")),
        Fault("appended without taking the old one out", "rustup", "second time", replaced("set", "$/d'", "$/p'")),
    )
