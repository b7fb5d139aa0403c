"""pacman repositories that the demo tree lacks: its signed package, under the names that the real mirror has."""

from __future__ import annotations

import shutil

TREES: tuple[tuple[str, str], ...] = (
    ("archlinuxcn/x86_64", "archlinuxcn"),
    *(
        (f"manjaro/{branch}/{repo}/x86_64", repo)
        for branch in ("stable", "testing", "unstable")
        for repo in ("core", "extra")
    ),
    *((f"msys2/mingw/{repo}", repo) for repo in ("ucrt64", "clang64", "mingw64")),
    ("msys2/msys/x86_64", "msys"),
)


def make(box) -> None:
    demo = box.root / "archlinux/core/os/x86_64"
    for tree, name in TREES:
        here = box.root / tree
        here.mkdir(parents=True, exist_ok=True)
        for package in demo.glob("*.pkg.tar.zst*"):
            shutil.copy(package, here / package.name)
        shutil.copy(demo / "core.db", here / f"{name}.db")
