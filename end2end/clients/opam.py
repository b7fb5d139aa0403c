"""opam: the list of packages comes from one mirror by git, the source of a package from another."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from repos.opam import FILE, TEXT
from roots import LANGUAGES


class Opam(Driver):
    name = "opam"
    program = "opam"
    # The cache needs 2.2.
    roots = (LANGUAGES,)
    hosts = ()
    elsewhere = ("mirrors.sjtug.sjtu.edu.cn", "mirror.sjtu.edu.cn", "opam.ocaml.org", "downloads.example.org")
    repos = ("opam",)
    # Of what opam keeps only these two are anyone's choice.
    ignore = (r"/\.opam/(?!config$|repo/repos-config$)", r"/\.opam(/repo)?$", r"/\.cache(/|$)")

    def prepare(self, case: Case) -> None:
        case.must("opam init -y --bare --disable-sandboxing --no-setup default https://opam.ocaml.org")
        case.must("opam switch create test --empty")

    def effective(self, case: Case) -> dict[str, str]:
        rows = [line.split() for line in case.must("opam repository list --all").splitlines() if not line.startswith("#")]
        mirrors = case.must("opam option --global archive-mirrors").strip().strip('"')
        return {row[0]: row[1] for row in rows} | {"archive-mirrors": mirrors}

    def fetch(self, case: Case) -> None:
        case.must(f"opam source {case.check['fetch']} --dir=got")
        same_bytes(case.path(f"~/got/{FILE}"), case.box.file("hello.ml", TEXT))
        shutil.rmtree(case.path("~/got"))


@contextmanager
def changed_source(case: Case) -> Iterator[None]:
    """A source that is not the one in the list."""
    (path,) = (case.box.root / "opam-cache/sha256").glob("*/*")
    old = path.read_bytes()
    path.write_bytes(old + b"\n")
    try:
        yield
    finally:
        path.write_bytes(old)


Opam.faults = (
    Fault("a repository that the mirror lacks", "opam", "gave|promises", replaced("set", "opam-repository", "opam-repo")),
    Fault("a setting that opam does not know", "opam", "gave", replaced("cache", "archive-mirrors", "archive-mirror")),
    Fault("a source that is not the one in the list", "opam", "gave", spoil=changed_source),
    Fault("an undo that adds", "opam", "not as it was", replaced("cache-undo", "mirrors=", 'mirrors+="https://a.example"')),
)
