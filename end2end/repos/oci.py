"""The cache of container images with one image of one layer, under the name of each upstream that the page offers."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile

UPSTREAMS = ("hub.docker.com", "ghcr.io", "quay.io", "registry.k8s.io", "nvcr.io", "mcr.microsoft.com")
IMAGE = "library/mingjing-hello"


def make(box) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        text = b"Hello from the cache\n"
        entry = tarfile.TarInfo("hello")
        entry.size = len(text)
        tar.addfile(entry, io.BytesIO(text))
    layer = gzip.compress(raw.getvalue(), mtime=0)
    (box.root / "oci-layer").write_bytes(layer)
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(raw.getvalue()).hexdigest()}"]},
        }
    ).encode()
    kind = "application/vnd.oci.image"
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": described(config, f"{kind}.config.v1+json"),
        "layers": [described(layer, f"{kind}.layer.v1.tar+gzip")],
    }
    for upstream in UPSTREAMS:
        place = box.root / "v2" / upstream / IMAGE
        (place / "manifests").mkdir(parents=True)
        (place / "manifests/1.0.0").write_text(json.dumps(manifest))
        (place / "blobs").mkdir()
        for blob in (config, layer):
            (place / "blobs" / f"sha256:{hashlib.sha256(blob).hexdigest()}").write_bytes(blob)


def described(blob: bytes, kind: str) -> dict:
    return {"mediaType": kind, "digest": f"sha256:{hashlib.sha256(blob).hexdigest()}", "size": len(blob)}
