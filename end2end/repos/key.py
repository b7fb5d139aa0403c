"""A signing key that lives as long as a test run."""

from __future__ import annotations

import shutil
import subprocess
import unittest
from functools import cached_property
from pathlib import Path


class Key:
    """An OpenPGP key without a passphrase, in a GnuPG home of its own."""

    def __init__(self, home: Path, *others: Path) -> None:
        if shutil.which("gpg") is None:
            raise unittest.SkipTest("gpg is not installed: apt-get install gnupg")
        self.home = home
        home.mkdir(mode=0o700)
        self.gpg("--passphrase", "", "--quick-generate-key", "Test <test@example.org>", "rsa3072", "sign", "never")
        self.fingerprint = next(
            line.split(":")[9] for line in self.gpg("--list-keys", "--with-colons").splitlines() if line.startswith("fpr")
        )
        if others:
            self.gpg("--import", *map(str, others))

    def gpg(self, *arguments: str) -> str:
        line = ["gpg", "--homedir", str(self.home), "--batch", "--yes", "--quiet", "--no-tty", *arguments]
        done = subprocess.run(line, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise AssertionError(f"gpg {arguments}: {done.stderr}")
        return done.stdout

    @cached_property
    def ring(self) -> Path:
        """Public keys, binary: ours and the others."""
        path = self.home / "ring.gpg"
        self.gpg("--output", str(path), "--export")
        return path

    @cached_property
    def armoured(self) -> Path:
        """Public keys, armoured: ours and the others."""
        path = self.home / "ring.asc"
        self.gpg("--armor", "--output", str(path), "--export")
        return path

    @cached_property
    def alone(self) -> Path:
        """Our public key and no other, armoured, as an upstream publishes its own."""
        path = self.home / "alone.asc"
        self.gpg("--armor", "--output", str(path), "--export", self.fingerprint)
        return path

    def clearsign(self, path: Path, to: Path) -> None:
        """`Release` → `InRelease`."""
        self.gpg("--digest-algo", "SHA512", "--output", str(to), "--clear-sign", str(path))

    def detach(self, path: Path, to: Path, *, armour: bool = False) -> None:
        """A signature of its own: `.sig`, or `.asc` when armoured."""
        self.gpg(*(["--armor"] if armour else []), "--output", str(to), "--detach-sign", str(path))
