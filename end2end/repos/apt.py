"""apt repositories that the demo tree lacks: the suites that the real mirror has, each with the demo package."""

from __future__ import annotations

import functools
import gzip
import hashlib
import re
import shutil
from email.utils import formatdate
from pathlib import Path

UBUNTU = ("main", "restricted", "universe", "multiverse")
DEBIAN = ("main", "contrib", "non-free", "non-free-firmware")
MAIN = ("main",)
BOARDS = ("arm64", "armhf", "riscv64")


def ubuntu(codename: str) -> tuple[str, ...]:
    """All suites of an Ubuntu release."""
    return (codename, *(f"{codename}-{pocket}" for pocket in ("updates", "backports", "proposed", "security")))


# Tree, suites, components, package. As on the real mirror: a suite invented here hides a page that offers it.
TREES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str], ...] = (
    ("ubuntu", ubuntu("focal"), UBUNTU, "mingjing-hello"),
    ("docker-ce/linux/debian", ("trixie", "bookworm"), ("stable",), "docker-ce"),
    ("docker-ce/linux/ubuntu", ("resolute", "noble", "jammy"), ("stable",), "docker-ce"),
    ("kali", ("kali-rolling", "kali-last-snapshot"), DEBIAN, "mingjing-hello"),
    ("linuxmint", ("zena", "zara", "xia", "wilma", "virginia", "gigi"), ("main", "upstream", "import", "backport"), "mingjing-hello"),
    ("deepin/beige", ("crimson", "beige"), ("main", "commercial", "community"), "mingjing-hello"),
    ("proxmox/debian/pve", ("trixie", "bookworm"), ("pve-no-subscription",), "mingjing-hello"),
    ("proxmox/debian/pbs", ("trixie", "bookworm"), ("pbs-no-subscription",), "mingjing-hello"),
    ("proxmox/debian/pmg", ("trixie", "bookworm"), ("pmg-no-subscription",), "mingjing-hello"),
    ("proxmox/debian/ceph-squid", ("trixie",), ("no-subscription",), "mingjing-hello"),
    ("anthon/debs", ("stable",), MAIN, "mingjing-hello"),
    ("postgresql/repos/apt", tuple(f"{c}-pgdg" for c in ("resolute", "noble", "jammy", "trixie", "bookworm")), MAIN, "mingjing-hello"),
    ("ros/ubuntu", ("focal", "bionic"), MAIN, "mingjing-hello"),
    ("ros2/ubuntu", ("resolute", "noble", "jammy"), MAIN, "mingjing-hello"),
)  # fmt: skip

# Trees of those above that have source packages, too.
SOURCES = {"ubuntu", "kali", "deepin/beige", "ros2/ubuntu"}

# LLVM: a tree for each release, and in it a suite for each version.
LLVM = {"resolute": ("22",), "noble": ("22", "21"), "jammy": ("22", "21"), "trixie": ("22", "21"), "bookworm": ("22", "21")}


def make(box) -> None:
    for tree, suites, components, package in TREES:
        for suite in suites:
            publish(box, tree, suite, components, package=package, sources=tree in SOURCES)
    for codename in ("stonking", "resolute", "noble", "jammy", "focal"):
        for suite in ubuntu(codename):
            publish(box, "ubuntu-ports", suite, UBUNTU, architectures=BOARDS, sources=True)
    for codename in ("trixie", "bookworm", "noble", "jammy"):
        publish(box, "armbian", codename, ("main", f"{codename}-utils", f"{codename}-desktop"), architectures=BOARDS)
    for codename in ("trixie", "bookworm"):
        components = ("main", "contrib", "non-free", "rpi")
        publish(box, "raspbian/raspbian", codename, components, architectures=("armhf",), sources=True)
        publish(box, "raspberrypi", codename, MAIN, architectures=("arm64", "armhf"), sources=True)
    publish(box, "mozilla/apt", "mozilla", MAIN, called="firefox")
    publish(box, "termux/apt/termux-main", "stable", MAIN, architectures=("aarch64", "arm", "i686", "x86_64"))
    for codename, versions in LLVM.items():
        for version in versions:
            publish(box, f"llvm-apt/{codename}", f"llvm-toolchain-{codename}-{version}", MAIN, sources=True)
    for version in ("1.36", "1.35", "1.34"):
        publish_flat(box, f"kubernetes/core:/stable:/v{version}/deb")
    for family, codenames in (("ubuntu", ("resolute", "noble", "jammy")), ("debian", ("trixie", "bookworm"))):
        for codename in codenames:
            publish_flat(box, f"CRAN/bin/linux/{family}", f"{codename}-cran40")


def publish(
    box, tree: str, suite: str, components: tuple[str, ...], *,
    package: str = "mingjing-hello", architectures: tuple[str, ...] = ("amd64",), sources: bool = False,
    called: str = "",
) -> None:  # fmt: skip
    """Puts the demo package into `tree/dists/suite`, signed with the key of the box; the first component has it.

    With `sources` there is an index of source packages, empty. `called` is another name for the package.
    """
    root = box.root / tree
    stanza = place(box.root, root, package)
    stanza = stanza.replace(f"Package: {package}\n", f"Package: {called or package}\n")
    dist = root / "dists" / suite
    lines = []
    for component in components:
        for architecture in architectures:
            here = dist / component / f"binary-{architecture}"
            index = re.sub(r"^Architecture: .*$", f"Architecture: {architecture}", stanza, flags=re.M).encode()
            index = index if component == components[0] else b""
            lines += [written(here / name, data, dist) for name, data in packages(index)]
        if sources:
            lines.append(written(dist / component / "source/Sources", b"", dist))
    names = f"Suite: {suite}\nCodename: {suite}\nComponents: {' '.join(components)}\n"
    release(box, dist, f"{names}Architectures: {' '.join(architectures)}\n", lines)


def publish_flat(box, tree: str, folder: str = "") -> None:
    """Puts the demo package into a repository without suites: its index in one folder, files named from the tree on."""
    root = box.root / tree
    index = place(box.root, root, "mingjing-hello").encode()
    here = root / folder
    lines = [written(here / name, data, here) for name, data in packages(index)]
    names = f"Codename: {folder}\n" if folder else ""
    release(box, here, f"{names}Architectures: amd64\n", lines)


def packages(index: bytes) -> tuple[tuple[str, bytes], ...]:
    """The index as apt finds it."""
    return ("Packages", index), ("Packages.gz", gzip.compress(index, mtime=0))


def written(path: Path, data: bytes, below: Path) -> str:
    """Writes a file; its line in `Release`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return f" {hashlib.sha256(data).hexdigest()} {len(data)} {path.relative_to(below)}\n"


def release(box, folder: Path, fields: str, lines: list[str]) -> None:
    """Writes `Release` and its signed form."""
    path = folder / "Release"
    date = formatdate(usegmt=True)
    path.write_text(f"Origin: Test\nLabel: Test\n{fields}Date: {date}\nSHA256:\n{''.join(lines)}")
    box.key.clearsign(path, folder / "InRelease")


def place(mirrors: Path, root: Path, package: str) -> str:
    """Copies the demo's package into the pool of `root`; its stanza with the new place."""
    stanza, kept = of_the_demo(mirrors, package)
    new = f"pool/test/{kept.name}"
    (root / new).parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(kept, root / new)
    return re.sub(r"^Filename: .*$", f"Filename: {new}", stanza, flags=re.M)


@functools.cache
def of_the_demo(mirrors: Path, package: str) -> tuple[str, Path]:
    """The stanza and the file of a package in the demo tree."""
    for index in sorted(mirrors.glob("*/**/binary-amd64/Packages")):
        for stanza in index.read_text("utf-8").split("\n\n"):
            if stanza.startswith(f"Package: {package}\n"):
                name = re.search(r"^Filename: (.*)$", stanza, re.M)[1]
                # Below the folder that holds `dists/`.
                return f"{stanza.strip()}\n\n", index.parents[4] / name
    raise LookupError(f"the demo tree has no {package}")
