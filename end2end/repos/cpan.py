"""CPAN with one distribution: the three indexes, the author's folder and its checksums."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile

MODULE = "Mingjing::Hello"
ARCHIVE = "authors/id/T/TE/TEST/Mingjing-Hello-1.00.tar.gz"
FILES = {
    "Makefile.PL": 'use ExtUtils::MakeMaker; WriteMakefile(NAME => "Mingjing::Hello", VERSION_FROM => "lib/Mingjing/Hello.pm");\n',
    "MANIFEST": "MANIFEST\nMakefile.PL\nlib/Mingjing/Hello.pm\n",
    "lib/Mingjing/Hello.pm": 'package Mingjing::Hello;\nour $VERSION = "1.00";\nsub hello { "Hello from CPAN" }\n1;\n',
}


def make(box) -> None:
    root = box.root / "CPAN"
    archive = root / ARCHIVE
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(f"Mingjing-Hello-1.00/{name}")
            entry.size, entry.mtime = len(text), 1_790_000_000
            tar.addfile(entry, io.BytesIO(text.encode()))
    (root / "Hello.pm").write_text(FILES["lib/Mingjing/Hello.pm"])
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (archive.parent / "CHECKSUMS").write_text(
        f"$cksum = {{ '{archive.name}' => {{ 'cpan_path' => 'T/TE/TEST', 'sha256' => '{digest}', "
        f"'size' => '{archive.stat().st_size}' }} }};\n"
    )
    packages = (
        "File: 02packages.details.txt\nURL: http://www.cpan.org/modules/02packages.details.txt\nDescription: Test\n"
        "Columns: package name, version, path\nIntended-For: Automated fetch routines\nWritten-By: Test\nLine-Count: 1\n"
        f"Last-Updated: Sun, 01 Nov 2026 00:00:00 GMT\n\n{MODULE}  1.00  {ARCHIVE.removeprefix('authors/id/')}\n"
    )
    modules = (
        "File: 03modlist.data\nDescription: Test\nModcount: 0\nWritten-By: Test\nDate: Sun, 01 Nov 2026 00:00:00 GMT\n\n"
        "package CPAN::Modulelist;\nsub data { {} }\n1;\n"
    )
    for name, text in (
        ("authors/01mailrc.txt.gz", 'alias TEST "Test <test@example.org>"\n'),
        ("modules/02packages.details.txt.gz", packages),
        ("modules/03modlist.data.gz", modules),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(text.encode(), mtime=0))
