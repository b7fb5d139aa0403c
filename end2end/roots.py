"""Root file systems in which clients run: this machine's own, and others made by mmdebstrap and kept.

`python3 roots.py make trixie` makes one; `python3 roots.py list` says which there are. `python3 roots.py tools` installs
the clients that come from PyPI and npm.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import unittest
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("MINGJING_ROOTS", HERE / ".cache/roots"))
# Clients from PyPI and npm, for this machine's root: `python/bin`, `node/node_modules/.bin`.
TOOLS = Path(os.environ.get("MINGJING_TOOLS", HERE / ".cache/tools"))


@dataclass(frozen=True)
class Root:
    """A root file system; an empty suite stands for this machine."""

    name: str
    suite: str = ""
    packages: tuple[str, ...] = ()

    @property
    def path(self) -> Path:
        """Where it lies; the name has a digest of what is in it, so that a longer list makes a new one."""
        if not self.suite:
            return Path("/")
        digest = hashlib.sha256(" ".join((self.suite, *self.packages)).encode()).hexdigest()[:8]
        return CACHE / f"{self.name}-{digest}"

    def require(self) -> Path:
        """The path, or a skip that says how to make it."""
        if not (self.path / "usr/bin").is_dir():
            raise unittest.SkipTest(f"no root file system {self.name}: python3 end2end/roots.py make {self.name}")
        return self.path

    def make(self) -> None:
        """Makes it with mmdebstrap; needs root and the network."""
        if not self.suite or self.path.exists():
            return
        CACHE.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        line = ["mmdebstrap", "--variant=apt", "--aptopt=Acquire::Check-Valid-Until \"false\"",
                f"--include={','.join(self.packages)}", self.suite, str(partial), nearby()]  # fmt: skip
        subprocess.run(line, check=True)
        partial.rename(self.path)


def nearby() -> str:
    """The Debian mirror that this machine itself uses."""
    line = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian", "Label: Debian"]
    uris = subprocess.run(line, check=True, capture_output=True, text=True).stdout.split()
    return next(uri for uri in uris if not uri.startswith("file:"))


# Pinned: a client that changes overnight is not a page that broke.
PYTHON_TOOLS = ("uv==0.13.8", "poetry==2.5.1", "pdm[locked]==2.29.3", "portage==3.0.83")
NODE_TOOLS = ("pnpm@12.21.0", "@yarnpkg/cli-dist@4.18.1", "bun@1.4.5")


def make_tools() -> None:
    """Installs the clients that come from PyPI and npm; half a minute, 400 MB."""
    python, node = TOOLS / "python", TOOLS / "node"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(python)], check=True)
    subprocess.run([str(python / "bin/pip"), "install", "--quiet", *PYTHON_TOOLS], check=True)
    node.mkdir(parents=True, exist_ok=True)
    subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(node), *NODE_TOOLS], check=True)


HOST = Root("host")
# Clients in versions that Debian 12 lacks. Drivers name a root in `roots`; add what they need to its packages.
TRIXIE = Root("trixie", "trixie", ("ca-certificates", "curl", "gnupg", "sqv"))
# dnf5 is nowhere else in Debian; of the rpm world's own distributions it is the client of today.
SID = Root("sid", "sid", ("ca-certificates", "curl", "dnf5", "gnupg"))
# Languages' own package managers and what else Debian 12 has too old, almost two gigabytes: for the full run.
LANGUAGES = Root(
    "languages", "trixie",
    ("bundler", "ca-certificates", "composer", "cpanminus", "curl", "emacs-nox", "fish", "flatpak", "git", "golang-go", "gpg",
     "gpg-agent", "gpgv", "make", "maven", "nix-bin", "opam", "ostree", "php-zip", "r-base-core", "ruby", "rustup", "skopeo",
     "texlive-base", "unzip", "xz-utils", "zsh"),
)  # fmt: skip
ROOTS = {root.name: root for root in (HOST, TRIXIE, SID, LANGUAGES)}


def main() -> None:
    match sys.argv[1:]:
        case ["list"]:
            for root in ROOTS.values():
                print(f"{root.name}\t{root.path}\t{'there' if (root.path / 'usr/bin').is_dir() else 'missing'}")
        case ["tools"]:
            make_tools()
        case ["make", *names]:
            for name in names or ROOTS:
                ROOTS[name].make()
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
