"""A Go module proxy with one module."""

from __future__ import annotations

import json
import zipfile

MODULE = "example.org/mingjing-hello"
MOD = f"module {MODULE}\n\ngo 1.20\n"


def make(box) -> None:
    place = box.root / MODULE / "@v"
    place.mkdir(parents=True)
    (place / "list").write_text("v1.0.0\n")
    (place / "v1.0.0.info").write_text(json.dumps({"Version": "v1.0.0", "Time": "2026-11-01T00:00:00Z"}))
    (place / "v1.0.0.mod").write_text(MOD)
    with zipfile.ZipFile(place / "v1.0.0.zip", "w") as archive:
        archive.writestr(f"{MODULE}@v1.0.0/go.mod", MOD)
        archive.writestr(f"{MODULE}@v1.0.0/hello.go", 'package hello\n\nfunc Hello() string { return "Hello from Go" }\n')
