"""Images and source archives that the demo tree lacks, under the names of the real trees, with signed checksums."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
from pathlib import Path

MAKEFILE = "all:\n\ninstall:\n\tmkdir -p @prefix@/bin\n\tcp hello @prefix@/bin/\n\nuninstall:\n\trm -f @prefix@/bin/hello\n"
HELLO = {
    "configure": "#!/bin/sh\nsed \"s#@prefix@#${1#--prefix=}#\" Makefile.in > Makefile\n",
    "Makefile.in": MAKEFILE,
    "hello": "#!/bin/sh\necho Hello\n",
}


def make(box) -> None:
    ubuntu = box.root / "ubuntu-releases"
    for codename, version in (("jammy", "22.04.5"), ("stonking", "26.10")):
        editions = ("desktop", "live-server")
        publish(box, ubuntu / codename, [f"ubuntu-{version}-{edition}-amd64.iso" for edition in editions])
    debian = box.root / "debian-cd"
    for arch in ("amd64", "arm64"):
        publish(box, debian / f"13.2.0/{arch}/iso-dvd", [f"debian-13.2.0-{arch}-DVD-1.iso"], signature="sign")
    desktops = [f"debian-live-13.2.0-amd64-{desktop}.iso" for desktop in ("gnome", "kde", "xfce", "cinnamon")]
    publish(box, debian / "current-live/amd64/iso-hybrid", desktops, signature="sign")
    kali = [f"kali-linux-2026.3-{kind}-{arch}.iso" for kind in ("installer", "installer-netinst") for arch in ("amd64", "arm64")]
    publish(box, box.root / "kali-images/current", [*kali, "kali-linux-2026.3-installer-purple-amd64.iso"])
    shutil.copy(box.key.ring, box.root / "archive-keyring.gpg")
    for release in ("resolute", "noble", "jammy"):
        clouds = [f"{release}-server-cloudimg-{arch}.img" for arch in ("amd64", "arm64")]
        publish(box, box.root / f"ubuntu-cloud-images/{release}/current", clouds)
    for codename, number in (("trixie", 13), ("bookworm", 12)):
        names = [f"debian-{number}-{kind}-{arch}.qcow2" for kind in ("generic", "nocloud") for arch in ("amd64", "arm64")]
        publish(box, box.root / f"debian-cdimage/cloud/{codename}/latest", names, sums="SHA512SUMS", signature="")
    for version in ("25.1.0", "23.1"):
        for arch in ("amd64", "arm64"):
            name = f"deepin-desktop-community-{version}-{arch}.iso"
            publish(box, box.root / f"deepin-cd/{version}/{arch}", [name], signature="")
    sources(box)


def publish(box, folder: Path, names: list[str], *, sums: str = "SHA256SUMS", signature: str = "gpg") -> None:
    """Images of a few bytes, the list of their checksums, and its signature with that ending."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = ""
    for name in names:
        data = f"{name} {'.' * 4096}\n".encode()
        (folder / name).write_bytes(data)
        digest = hashlib.sha512(data) if "512" in sums else hashlib.sha256(data)
        lines += f"{digest.hexdigest()} *{name}\n"
    (folder / sums).write_text(lines)
    if signature:
        box.key.detach(folder / sums, folder / f"{sums}.{signature}", armour=True)


def sources(box) -> None:
    """An archive of GNU with its signature, one of the kernel with its clear-signed list."""
    gnu = box.root / "gnu"
    (gnu / "hello").mkdir(parents=True, exist_ok=True)
    archive = packed(gnu / "hello/hello-2.12.tar.gz", HELLO)
    box.key.detach(archive, archive.with_name(f"{archive.name}.sig"))
    shutil.copy(box.key.ring, gnu / "gnu-keyring.gpg")
    kernel = box.root / "kernel/v6.x"
    kernel.mkdir(parents=True, exist_ok=True)
    archive = packed(kernel / "linux-6.12.tar.xz", {"Makefile": "VERSION = 6\n"})
    plain = kernel / "sums"
    plain.write_text(f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n{'0' * 64}  linux-6.11.tar.xz\n")
    box.key.clearsign(plain, kernel / "sha256sums.asc")
    plain.unlink()


def packed(path: Path, files: dict[str, str]) -> Path:
    top = path.name.partition(".tar")[0]
    with tarfile.open(path, f"w:{path.suffix[1:]}") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(f"{top}/{name}")
            entry.size, entry.mode = len(text), 0o755
            tar.addfile(entry, io.BytesIO(text.encode()))
    return path
