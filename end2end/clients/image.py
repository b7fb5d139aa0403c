"""Images and source archives: downloaded, their signature verified, their checksums compared, as the page has it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from box import HOST
from case import Case
from clients.driver import Driver, Fault, same_bytes
from roots import HOST as THIS_MACHINE
from roots import LANGUAGES

LARGE = re.compile(r"\.(iso|img|qcow2|tar\.[gx]z)$")
SIGNATURE = re.compile(r"(SUMS\.sign|SUMS\.gpg|sums\.asc|\.sig)$")


class Image(Driver):
    name = "image"
    program = "gpgv"
    roots = (THIS_MACHINE, LANGUAGES)
    hosts = ("archive.kali.org", "ftp.gnu.org")
    repos = ("images",)
    # What is downloaded and unpacked stays; what is installed goes.
    ignore = (r"/home/reader/[^./][^/]*(/|$)", r"/\.gnupg(/|$)")

    def prepare(self, case: Case) -> None:
        # Most pages fetch the key by its fingerprint from a key server, which is out of reach here.
        if ring := case.check.get("keyring"):
            case.write("~/key.asc", case.box.key.armoured.read_text())
            case.must(f"gpg --homedir $(mktemp -d) --batch --no-default-keyring --keyring ./{ring} --import key.asc")
        self.mark = case.box.mark()

    def effective(self, case: Case) -> dict[str, str]:
        """Whence the file came and what was verified; a page that knows its checksum does not ask for it twice."""
        asked = [request.path for request in case.box.since(self.mark)]
        large = [path for path in asked if LARGE.search(path)]
        if len(set(large)) != 1 or "sums" in case.check["blocks"] and len(large) != 1:
            raise AssertionError(f"asked for {asked}")
        folder, _, name = large[0].rpartition("/")
        same_bytes(case.path(f"~/{name}"), case.box.root / large[0].lstrip("/"))
        signatures = {path.rpartition("/")[2] for path in asked if SIGNATURE.search(path)}
        return {"directory": f"https://{HOST}{folder}", "signature": " ".join(signatures)}


@contextmanager
def changed_image(case: Case) -> Iterator[None]:
    """An image that is not the one in the list."""
    yield from changed(case, "*.iso")


@contextmanager
def changed_list(case: Case) -> Iterator[None]:
    """A list of checksums that is not the one signed."""
    yield from changed(case, "SHA256SUMS")


def changed(case: Case, pattern: str) -> Iterator[None]:
    (path,) = (case.box.root / "debian-cd/current/amd64/iso-cd").glob(pattern)
    old = path.read_bytes()
    path.write_bytes(old + b"\n")
    try:
        yield
    finally:
        path.write_bytes(old)


def wrong_name(snippet) -> str:
    return snippet.text.replace("netinst", "netinstall") if snippet.id == "download" else snippet.text


Image.faults = (
    Fault("an image that is not the one in the list", "debian-cd", "FAILED", spoil=changed_image),
    Fault("a list that changed after it was signed", "debian-cd", "BAD signature", spoil=changed_list),
    Fault("a pattern that finds no image", "debian-cd", "gave", wrong_name),
)
