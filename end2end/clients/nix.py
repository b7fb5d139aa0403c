"""Nix: a store path comes from the cache that the page puts first, and its signature is verified."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from repos.nix import PATH, TEXT, public
from roots import LANGUAGES


class Nix(Driver):
    name = "nix"
    program = "nix"
    package = "nix-bin"
    roots = (LANGUAGES,)
    hosts = ("mirrors.tuna.tsinghua.edu.cn",)
    elsewhere = ("cache.nixos.org",)
    repos = ("nix",)
    # What the official cache is asked for in the fault's case, and does not have here.
    missing = r"^/[^/]+\.narinfo$"
    ignore = (r"/home/reader/store(/|$)", r"/\.(cache|nix-defexpr|nix-profile)(/|$)", r"/\.local(/|$)", r"/\.config(/nix)?$")

    def prepare(self, case: Case) -> None:
        # cache.nixos.org signs with a key of its own, which nobody else has.
        case.write("/etc/nix/nix.conf", f"build-users-group =\ntrusted-public-keys = {public(case.box)}\n")
        if "channel" in case.check["blocks"]:
            case.write("~/.nix-channels", "https://channels.nixos.org/nixpkgs-unstable nixpkgs\n")

    def effective(self, case: Case) -> dict[str, str]:
        substituters = case.must("nix --extra-experimental-features nix-command config show substituters").strip()
        channels = dict(line.split(" ") for line in case.must("nix-channel --list").splitlines())
        return {"substituters": substituters, "channel": channels.get("nixpkgs", "")}

    def fetch(self, case: Case) -> None:
        # Without a network Nix takes it that there is no cache to ask; a store of one's own needs no root.
        case.must(f"nix-store --store ~/store --option substitute true --realise {PATH}")
        same_bytes(case.path(f"~/store{PATH}"), case.box.file("nix-hello", TEXT.decode()))
        case.must("chmod -R u+w ~/store; rm -rf ~/store ~/.cache/nix")


@contextmanager
def another_name(case: Case) -> Iterator[None]:
    """A path that says something else than what was signed."""
    (path,) = (case.box.root / "nix-channels/store").glob("*.narinfo")
    old = path.read_text()
    path.write_text(old.replace("Sig: ", "Deriver: 00000000000000000000000000000000-x.drv\nSig: ").replace("==", "AA"))
    try:
        yield
    finally:
        path.write_text(old)


Nix.faults = (
    Fault("a setting that Nix does not know", "nix", "promises", replaced("multi-set", '"substituters', '"substituter')),
    Fault("the official cache first", "nix", "promises",
          replaced("multi-set", '"substituters = ', '"substituters = https://cache.nixos.org/ ')),
    Fault("a marker that the undo does not know", "nix", "not as it was|second time",
          replaced("multi-set", ' # nix mirror"', ' # mirror"')),
    Fault("a path that nobody signed so", "nix", "gave", spoil=another_name),
)  # fmt: skip
