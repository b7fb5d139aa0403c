"""TeX Live's repository with one package: the database, its checksum, the signature of that, and a container."""

from __future__ import annotations

import hashlib
import io
import lzma
import tarfile

NAME = "mingjing-hello"
FILE, TEXT = f"tex/latex/{NAME}/{NAME}.sty", "\\ProvidesPackage{mingjing-hello}[2026/11/01 Says hello]\n"
# The range of releases is as wide as can be: which year a Debian release has is not what is tested.
CONFIG = """\
name 00texlive.config
category TLCore
revision 1
depend container_format/xz
depend container_split_doc_files/1
depend container_split_src_files/1
depend minrelease/2016
depend release/2100-test
depend revision/1

"""
PACKAGE = f"""\
name {NAME}
category Package
revision 1
shortdesc Says hello
relocated 1
"""
RUNFILES = f"runfiles size=1\n RELOC/{FILE}\n"


def make(box) -> None:
    root = box.root / "CTAN/systems/texlive/tlnet"
    (root / "tlpkg").mkdir(parents=True)
    (root / "archive").mkdir()
    container = archive({f"tlpkg/tlpobj/{NAME}.tlpobj": PACKAGE + RUNFILES, FILE: TEXT})
    (root / f"archive/{NAME}.tar.xz").write_bytes(container)
    size, digest = len(container), hashlib.sha512(container).hexdigest()
    database = f"{CONFIG}{PACKAGE}containersize {size}\ncontainerchecksum {digest}\n{RUNFILES}\n".encode()
    tlpdb = root / "tlpkg/texlive.tlpdb"
    tlpdb.write_bytes(database)
    tlpdb.with_name("texlive.tlpdb.xz").write_bytes(lzma.compress(database))
    checksum = tlpdb.with_name("texlive.tlpdb.sha512")
    checksum.write_text(f"{hashlib.sha512(database).hexdigest()}  texlive.tlpdb\n")
    box.key.detach(checksum, checksum.with_name("texlive.tlpdb.sha512.asc"), armour=True)


def archive(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:xz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(text), 1_790_000_000
            tar.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()
