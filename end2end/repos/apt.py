"""apt repositories that the demo tree lacks: the suites that the real mirror has, each with the demo package."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
from email.utils import formatdate
from pathlib import Path

UBUNTU = ("main", "restricted", "universe", "multiverse")

# Tree, suites, components, package. As on the real mirror: a suite invented here hides a page that offers it.
TREES: tuple[tuple[str, tuple[str, ...], tuple[str, ...], str], ...] = (
    ("ubuntu", ("focal", "focal-updates", "focal-backports", "focal-proposed", "focal-security"), UBUNTU, "mingjing-hello"),
    ("docker-ce/linux/ubuntu", ("resolute", "noble", "jammy"), ("stable",), "docker-ce"),
)


def make(box) -> None:
    for tree, suites, components, package in TREES:
        for suite in suites:
            publish(box, tree, suite, components, package=package)


def publish(
    box, tree: str, suite: str, components: tuple[str, ...], *,
    package: str = "mingjing-hello", architectures: tuple[str, ...] = ("amd64",),
) -> None:  # fmt: skip
    """Puts the demo package into `tree/dists/suite`, signed with the key of the box; the first component has it."""
    root = box.root / tree
    stanza = place(box.root, root, package)
    dist = root / "dists" / suite
    lines = []
    for component in components:
        for architecture in architectures:
            here = dist / component / f"binary-{architecture}"
            here.mkdir(parents=True, exist_ok=True)
            index = re.sub(r"^Architecture: .*$", f"Architecture: {architecture}", stanza, flags=re.M).encode()
            index = index if component == components[0] else b""
            for name, data in (("Packages", index), ("Packages.gz", gzip.compress(index, mtime=0))):
                (here / name).write_bytes(data)
                relative = (here / name).relative_to(dist)
                lines.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {relative}\n")
    release = dist / "Release"
    release.write_text(
        f"Origin: Test\nLabel: Test\nSuite: {suite}\nCodename: {suite}\nDate: {formatdate(usegmt=True)}\n"
        f"Architectures: {' '.join(architectures)}\nComponents: {' '.join(components)}\nSHA256:\n{''.join(lines)}"
    )
    box.key.clearsign(release, dist / "InRelease")


def place(mirrors: Path, root: Path, package: str) -> str:
    """Copies the demo's package into the pool of `root`; its stanza with the new place."""
    for index in sorted(mirrors.glob("*/**/binary-amd64/Packages")):
        for stanza in index.read_text("utf-8").split("\n\n"):
            if stanza.startswith(f"Package: {package}\n"):
                old = re.search(r"^Filename: (.*)$", stanza, re.M)[1]
                kept = index.parents[4] / old if (index.parents[4] / old).exists() else index.parents[3] / old
                new = f"pool/test/{Path(old).name}"
                (root / new).parent.mkdir(parents=True, exist_ok=True)
                if kept != root / new:
                    shutil.copy(kept, root / new)
                return re.sub(r"^Filename: .*$", f"Filename: {new}", stanza, flags=re.M).strip() + "\n\n"
    raise LookupError(f"the demo tree has no {package}")
