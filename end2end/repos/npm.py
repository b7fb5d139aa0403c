"""An npm registry with one package, as the document and the archive of it."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile

PACKAGE = {"name": "mingjing-hello", "version": "1.0.0", "main": "index.js", "license": "Apache-2.0"}
FILES = {"package.json": json.dumps(PACKAGE), "index.js": 'module.exports = () => "Hello from npm";\n'}


def make(box) -> None:
    # A registry has a document and a folder of the same name; on a disk the archive lies elsewhere, which is allowed.
    kept = box.root / "npm-package/package"
    kept.mkdir(parents=True)
    for name, text in FILES.items():
        (kept / name).write_text(text)
    archive = box.root / "npm-package/mingjing-hello-1.0.0.tgz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in FILES.items():
            entry = tarfile.TarInfo(f"package/{name}")
            entry.size = len(text)
            tar.addfile(entry, io.BytesIO(text.encode()))
    data = archive.read_bytes()
    integrity = base64.b64encode(hashlib.sha512(data).digest()).decode()
    dist = {
        "tarball": f"https://registry.npmmirror.com/npm-package/{archive.name}",
        "shasum": hashlib.sha1(data).hexdigest(),
        "integrity": f"sha512-{integrity}",
    }
    document = {
        "_id": "mingjing-hello",
        "name": "mingjing-hello",
        "dist-tags": {"latest": "1.0.0"},
        "versions": {"1.0.0": PACKAGE | {"dist": dist}},
        "time": {"1.0.0": "2026-11-01T00:00:00.000Z"},
    }
    (box.root / "mingjing-hello").write_text(json.dumps(document))
