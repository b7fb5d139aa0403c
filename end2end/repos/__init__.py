"""Tiny true repositories, made at test time: one file for each kind, with `make(box)`.

What the demo tree of the program itself has (apt for Debian, Ubuntu and Docker, PyPI, crates, Arch) need not be made again.
A repository has what the real one has and nothing else: an invented suite hides a page that offers it.
"""

from __future__ import annotations

import importlib


def make(kind: str, box) -> None:
    """Makes the repositories of one kind below `box.root`."""
    importlib.import_module(f"repos.{kind}").make(box)
