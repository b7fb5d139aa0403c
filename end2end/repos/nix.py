"""A binary cache of Nix with one store path, signed by a key of its own."""

from __future__ import annotations

import base64
import hashlib
import struct
import subprocess

from box import must

NAME = "mingjing-hello-1.0.0"
# Any 32 letters of Nix's alphabet will do: what is signed is not what was built.
PATH = f"/nix/store/m1ngj1ngh3lln0000000000000000000-{NAME}"
TEXT = b"Hello from Nix\n"
KEY = "mingjing-test-1"
ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz"


def make(box) -> None:
    root = box.root / "nix-channels/store"
    (root / "nar").mkdir(parents=True)
    archive = nar(TEXT)
    (root / "nar/hello.nar").write_bytes(archive)
    # The official cache is asked as well, and has nothing.
    for place in (root, box.root):
        (place / "nix-cache-info").write_text("StoreDir: /nix/store\nWantMassQuery: 1\nPriority: 40\n")
    digest = f"sha256:{base32(hashlib.sha256(archive).digest())}"
    secret = box.home / "nix.key"
    must(["openssl", "genpkey", "-algorithm", "ed25519", "-out", secret])
    signature = signed(f"1;{PATH};{digest};{len(archive)};", secret)
    hash_part = PATH.removeprefix("/nix/store/").partition("-")[0]
    (root / f"{hash_part}.narinfo").write_text(
        f"StorePath: {PATH}\nURL: nar/hello.nar\nCompression: none\nFileHash: {digest}\nFileSize: {len(archive)}\n"
        f"NarHash: {digest}\nNarSize: {len(archive)}\nReferences: \nSig: {KEY}:{signature}\n"
    )


def public(box) -> str:
    """The key as `trusted-public-keys` has it: the last 32 bytes of what openssl writes."""
    line = ["openssl", "pkey", "-in", str(box.home / "nix.key"), "-pubout", "-outform", "DER"]
    der = subprocess.run(line, check=True, capture_output=True, timeout=30).stdout
    return f"{KEY}:{base64.b64encode(der[-32:]).decode()}"


def signed(text: str, secret) -> str:
    message = secret.with_name("nix.message")
    message.write_text(text)
    line = ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", str(secret), "-in", str(message)]
    return base64.b64encode(subprocess.run(line, check=True, capture_output=True, timeout=30).stdout).decode()


def nar(data: bytes) -> bytes:
    """One file as a Nix archive: every word with its length before it, padded to eight bytes."""
    words = (b"nix-archive-1", b"(", b"type", b"regular", b"contents", data, b")")
    return b"".join(struct.pack("<Q", len(word)) + word + b"\0" * (-len(word) % 8) for word in words)


def base32(digest: bytes) -> str:
    """Nix's own base 32: five bits at a time from the little end, the last first."""
    number = int.from_bytes(digest, "little")
    length = (len(digest) * 8 + 4) // 5
    return "".join(ALPHABET[number >> (5 * n) & 31] for n in reversed(range(length)))
