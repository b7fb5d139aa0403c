"""A Composer repository with one package, in the form of Composer 2."""

from __future__ import annotations

import hashlib
import json
import zipfile

NAME = "mingjing/hello"
FILE, TEXT = "Hello.php", '<?php\nfunction mingjing_hello(): string { return "Hello from Packagist"; }\n'


def make(box) -> None:
    root = box.root / "composer"
    (root / "dists").mkdir(parents=True)
    archive = root / "dists/hello-1.0.0.zip"
    with zipfile.ZipFile(archive, "w") as dist:
        dist.writestr("hello/composer.json", json.dumps({"name": NAME}))
        dist.writestr(f"hello/{FILE}", TEXT)
    version = {
        "name": NAME,
        "version": "1.0.0",
        "version_normalized": "1.0.0.0",
        "type": "library",
        "time": "2026-11-01T00:00:00+00:00",
        "dist": {
            "type": "zip",
            "url": f"https://mirrors.aliyun.com/composer/dists/{archive.name}",
            "shasum": hashlib.sha1(archive.read_bytes()).hexdigest(),
        },
    }
    documents = {
        "packages.json": {"packages": [], "metadata-url": "/composer/p2/%package%.json", "available-packages": [NAME]},
        f"p2/{NAME}.json": {"packages": {NAME: [version]}},
        f"p2/{NAME}~dev.json": {"packages": {NAME: []}},
    }
    for name, document in documents.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document))
