"""pacman: signed packages come with the mirror list of the page."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes

CONF = """[options]
Architecture = x86_64
SigLevel = Required DatabaseOptional
[core]
Include = /etc/pacman.d/mirrorlist
[extra]
Include = /etc/pacman.d/mirrorlist
"""


@contextmanager
def nobody_trusted(case: Case) -> Iterator[None]:
    """The key that signed is not known."""
    shutil.rmtree(case.root / "etc/pacman.d/gnupg")
    (case.root / "etc/pacman.d/gnupg").mkdir(mode=0o700)
    yield


class Pacman(Driver):
    name = "pacman"
    program = "pacman"
    package = "pacman-package-manager"
    # pacman asks for a signature of each database; Arch itself has none.
    missing = r"\.db\.sig$"
    ignore = (r"/etc/pacman\.d/gnupg",)

    def prepare(self, case: Case) -> None:
        shutil.rmtree(case.root / "etc/pacman.d", ignore_errors=True)
        case.write("/etc/pacman.conf", CONF)
        case.write("/etc/pacman.d/mirrorlist", "# what the installer wrote\n")
        for folder in ("var/lib/pacman", "var/cache/pacman/pkg"):
            shutil.rmtree(case.root / folder, ignore_errors=True)
            (case.root / folder).mkdir(parents=True)
        self.trust(case)

    def trust(self, case: Case) -> None:
        """Trusts the test keys as pacman-key would."""
        shutil.copy(case.box.key.ring, case.root / "home/root/ring.gpg")
        case.must(
            "gpg() { command gpg --homedir /etc/pacman.d/gnupg --batch --quiet --no-tty \"$@\"; }\n"
            "mkdir -m 700 /etc/pacman.d/gnupg; gpg --import ring.gpg\n"
            "gpg --list-keys --with-colons | awk -F: '$1 == \"fpr\" { print $10 \":6:\" }' | gpg --import-ownertrust\n",
            user="root",
        )

    def promised(self, case: Case) -> list[str]:
        return [s.replace("$repo", "core").replace("$arch", "x86_64") for s in case.check["servers"]]

    def effective(self, case: Case) -> list[str]:
        """Where a package would come from, of each server in the list."""
        case.must("pacman -Syy --noconfirm --noprogressbar", user="root")
        servers = re.findall(r"^\s*Server\s*=\s*(\S+)", case.read("/etc/pacman.d/mirrorlist"), re.M)
        servers = [s.replace("$repo", "core").replace("$arch", "x86_64") for s in servers]
        first = case.must("pacman -Sp mingjing-hello", user="root").strip().rpartition("/")[0]
        if servers[:1] != [first]:
            raise AssertionError(f"the first of {servers}, but pacman takes {first}")
        return servers

    def fetch(self, case: Case) -> None:
        case.must("pacman -Sw --noconfirm --noprogressbar mingjing-hello", user="root")
        (package,) = (case.root / "var/cache/pacman/pkg").glob("*.pkg.tar.zst")
        same_bytes(package, case.box.root / f"archlinux/core/os/x86_64/{package.name}")
        package.unlink()

    faults = (
        Fault("a path without the repository", "archlinux", "promises|gave 1", replaced("mirrorlist", "$repo/", "")),
        Fault("a package that nobody trusted signed", "archlinux", "signature|trust|key", spoil=nobody_trusted),
    )
