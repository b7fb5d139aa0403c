"""CRAN with one source package."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile

PACKAGE = "mingjinghello"
DESCRIPTION = f"""\
Package: {PACKAGE}
Version: 1.0.0
Title: Says Hello
Description: One function, for tests.
Author: Test
Maintainer: Test <test@example.org>
License: Apache License (>= 2)
NeedsCompilation: no
Packaged: 2026-11-01 00:00:00 UTC; test
"""
FILES = {
    "DESCRIPTION": DESCRIPTION,
    "NAMESPACE": "export(hello)\n",
    "R/hello.R": 'hello <- function() "Hello from CRAN"\n',
}


def make(box) -> None:
    contrib = box.root / "CRAN/src/contrib"
    contrib.mkdir(parents=True)
    archive = contrib / f"{PACKAGE}_1.0.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(f"{PACKAGE}/{name}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    digest = hashlib.md5(archive.read_bytes()).hexdigest()
    # PACKAGES has no `Packaged` and the like, but a checksum that R compares.
    index = f"Package: {PACKAGE}\nVersion: 1.0.0\nLicense: Apache License (>= 2)\nMD5sum: {digest}\nNeedsCompilation: no\n"
    (contrib / "PACKAGES").write_text(index)
    (contrib / "PACKAGES.gz").write_bytes(gzip.compress(index.encode(), mtime=0))
