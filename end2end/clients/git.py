"""git: a clone of the upstream's address comes from the mirror."""

from __future__ import annotations

import shutil

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from repos.git import TEXT
from roots import HOST, LANGUAGES


class Git(Driver):
    name = "git"
    program = "git"
    roots = (HOST, LANGUAGES)
    hosts = ("mirrors.tuna.tsinghua.edu.cn",)
    # Where it would ask without the mirror.
    elsewhere = ("git.kernel.org", "github.com")
    repos = ("git",)
    leaves_empty = (r"/\.gitconfig$",)

    def effective(self, case: Case) -> dict[str, str]:
        return {"url": case.must(f"git ls-remote --get-url {case.check['fetch']}").strip()}

    def fetch(self, case: Case) -> None:
        case.must(f"git clone --quiet --depth=1 {case.check['fetch']} clone")
        same_bytes(case.path("~/clone/README"), case.box.file("git-readme", TEXT))
        shutil.rmtree(case.path("~/clone"))

    faults = (
        Fault("only what is pushed goes there", "git", "promises", replaced("set", "insteadOf", "pushInsteadOf")),
        Fault("an address that upstream does not have", "git", "promises", replaced("set", "/torvalds/", "/torvald/")),
        Fault("an undo of another section", "git", "gave|not as it was",
              replaced("undo", "tuna.tsinghua", "ustc")),
    )  # fmt: skip
