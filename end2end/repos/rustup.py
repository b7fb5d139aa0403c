"""A Rust toolchain of one shell script, as the release server has it: manifest, checksum, archive of the third format."""

from __future__ import annotations

import hashlib
import io
import platform
import tarfile

TRIPLE = f"{platform.machine()}-unknown-linux-gnu"
RUSTC = b"#!/bin/sh\necho 'rustc 1.99.0 (mingjing)'\n"


def make(box) -> None:
    dist = box.root / "rustup/dist"
    dist.mkdir(parents=True)
    (dist / "rustc").write_bytes(RUSTC)
    name = f"rustc-1.99.0-{TRIPLE}"
    archive = dist / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for path, text, mode in (
            ("rust-installer-version", b"3\n", 0o644),
            ("components", b"rustc\n", 0o644),
            ("rustc/manifest.in", b"file:bin/rustc\n", 0o644),
            ("rustc/bin/rustc", RUSTC, 0o755),
        ):
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode = len(text), mode
            tar.addfile(entry, io.BytesIO(text))
    # As on the real server, and on mirrors: the manifest names the official host, which rustup replaces.
    where = f'url = "https://static.rust-lang.org/dist/{archive.name}"\nhash = "{digest(archive)}"\n'
    manifest = dist / "channel-rust-stable.toml"
    manifest.write_text(
        'manifest-version = "2"\ndate = "2026-11-01"\n'
        f'[pkg.rust]\nversion = "1.99.0 (mingjing)"\n[pkg.rust.target.{TRIPLE}]\navailable = true\n{where}'
        f'[[pkg.rust.target.{TRIPLE}.components]]\npkg = "rustc"\ntarget = "{TRIPLE}"\n'
        f'[pkg.rustc]\nversion = "1.99.0 (mingjing)"\n[pkg.rustc.target.{TRIPLE}]\navailable = true\n{where}'
        '[profiles]\nminimal = ["rustc"]\ndefault = ["rustc"]\ncomplete = ["rustc"]\n'
    )
    (dist / f"{manifest.name}.sha256").write_text(f"{digest(manifest)}  {manifest.name}\n")


def digest(path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
