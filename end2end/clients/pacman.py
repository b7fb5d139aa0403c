"""pacman: each repository is where the page says, and a signed package comes from it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from case import READER, Case
from clients.driver import Driver, Fault, replaced, same_bytes

OPTIONS = "[options]\nArchitecture = x86_64\nSigLevel = Required DatabaseOptional\n"
# `pacman.conf` and the lists of mirrors before a page is followed, by guide.
ARCH = {"core": "mirrorlist", "extra": "mirrorlist"}
STOCK: dict[str, dict[str, str]] = {
    "msys2": {**dict.fromkeys(("ucrt64", "clang64", "mingw64"), "mirrorlist.mingw"), "msys": "mirrorlist.msys"},
}


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
    repos = ("pacman",)
    # pacman asks for a signature of each database; none of these distributions has one.
    missing = r"\.db\.sig$"
    ignore = (r"/etc/pacman\.d/gnupg",)

    def prepare(self, case: Case) -> None:
        shutil.rmtree(case.root / "etc/pacman.d", ignore_errors=True)
        repos = STOCK.get(case.page.guide, ARCH)
        sections = "".join(f"[{repo}]\nInclude = /etc/pacman.d/{name}\n" for repo, name in repos.items())
        case.write("/etc/pacman.conf", OPTIONS + sections)
        official = "Server = https://mirrors.zju.edu.cn/archlinux/$repo/os/$arch\n" if case.page.guide == "archlinuxcn" else ""
        for name in sorted(set(repos.values())):
            case.write(f"/etc/pacman.d/{name}", f"# what the installer wrote\n{official}")
        if case.page.guide == "msys2":
            # There is no root on Windows: whoever installed it owns it.
            for path in (case.root / "etc/pacman.d", *(case.root / "etc/pacman.d").iterdir()):
                os.chown(path, READER, READER)
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

    def promised(self, case: Case) -> dict[str, list[str]]:
        return {repo["id"]: [repo["at"]] for repo in case.check["repos"]}

    def effective(self, case: Case) -> dict[str, list[str]]:
        """Servers of each repository that the page is about, once every database has arrived."""
        case.must("pacman -Syy --noconfirm --noprogressbar", user="root")
        names = [repo["id"] for repo in case.check["repos"]]
        return {name: case.must(f"pacman-conf --repo={name} Server").split() for name in names}

    def fetch(self, case: Case) -> None:
        wanted = case.check["fetch"]
        (at,) = (repo["at"] for repo in case.check["repos"] if repo["id"] == wanted.partition("/")[0])
        mark = case.box.mark()
        case.must(f"pacman -Sw --noconfirm --noprogressbar {wanted}", user="root")
        (package,) = (case.root / "var/cache/pacman/pkg").glob("*.pkg.tar.zst")
        urls = [f"{r.scheme}://{r.host}{r.path}" for r in case.box.since(mark)]
        if f"{at.rstrip('/')}/{package.name}" not in [url.replace("//", "/").replace(":/", "://") for url in urls]:
            raise AssertionError(f"{package.name} came from {urls}, not from {at}")
        same_bytes(package, case.box.root / f"archlinux/core/os/x86_64/{package.name}")
        package.unlink()

    faults = (
        Fault("a path without the repository", "archlinux", "promises|gave 1", replaced("mirrorlist", "$repo/", "")),
        Fault("a package that nobody trusted signed", "archlinux", "signature|trust|key", spoil=nobody_trusted),
        Fault("the path of another architecture", "archlinuxcn", "promises|gave 1", replaced("list", "$arch", "aarch64")),
        Fault("a branch that does not exist", "manjaro", "promises|gave 1", replaced("mirrorlist", "/stable/", "/stabel/")),
        Fault("one list for both", "msys2", "promises|gave 1", replaced("msys", "/msys/$arch/", "/mingw/$repo/")),
        Fault(
            "a section that is there twice", "archlinuxcn", "already registered|more",
            lambda s: "echo 'Include = /etc/pacman.d/archlinuxcn.conf' >> /etc/pacman.conf\n" if s.id == "enable" else s.text,
        ),
    )  # fmt: skip
