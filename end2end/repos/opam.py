"""opam's list of packages three times: by HTTP as upstream has it, as a git repository, and the cache of sources."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile

from repos import git

NAME = "mingjing-hello"
FILE, TEXT = "hello.ml", 'let hello = "Hello from opam"\n'


def make(box) -> None:
    source = archive({f"hello-1.0.0/{FILE}": TEXT})
    digest = hashlib.sha256(source).hexdigest()
    cached = box.root / "opam-cache/sha256" / digest[:2] / digest
    cached.parent.mkdir(parents=True)
    cached.write_bytes(source)
    files = {
        "repo": 'opam-version: "2.0"\n',
        f"packages/{NAME}/{NAME}.1.0.0/opam": (
            'opam-version: "2.0"\nmaintainer: "test@example.org"\nsynopsis: "Says hello"\n'
            f'url {{\n  src: "https://downloads.example.org/hello-1.0.0.tar.gz"\n  checksum: "sha256={digest}"\n}}\n'
        ),
    }
    (box.root / "index.tar.gz").write_bytes(archive(files))
    if shutil.which("git"):
        git.publish(box, "opam-repository", files)
        git.serve(box)


def archive(files: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = len(text), 1_790_000_000
            tar.addfile(entry, io.BytesIO(text.encode()))
    return out.getvalue()
