"""What Portage fetches: a source archive where a Gentoo mirror has it."""

from __future__ import annotations

import hashlib

ARCHIVE = "hello-1.0.tar.gz"
CONTENT = b"no archive, but nobody unpacks it\n"


def make(box) -> None:
    distfiles = box.root / "gentoo/distfiles"
    # As on the real mirror: folders by the first byte of the hash of the name.
    here = distfiles / hashlib.blake2b(ARCHIVE.encode()).hexdigest()[:2]
    here.mkdir(parents=True)
    (here / ARCHIVE).write_bytes(CONTENT)
    (distfiles / "layout.conf").write_text("[structure]\n0=filename-hash BLAKE2B 8\n1=flat\n")


def manifest() -> str:
    """The line by which Portage knows the archive."""
    sums = f"BLAKE2B {hashlib.blake2b(CONTENT).hexdigest()} SHA512 {hashlib.sha512(CONTENT).hexdigest()}"
    return f"DIST {ARCHIVE} {len(CONTENT)} {sums}\n"
