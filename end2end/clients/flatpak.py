"""Flatpak: an app comes from the mirror, its signature verified with the key that came with the official remote."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case
from clients.driver import Driver, Fault, replaced
from roots import HOST, LANGUAGES

APP = "io.example.Hello"
TEXT = "Hello from Flathub\n"
# Made by Flatpak itself, wherever it is; `files` and `metadata` are what an app is.
BUILD = f"""
mkdir -p app/files app/export
printf '[Application]\\nname={APP}\\nruntime=io.example.Platform/x86_64/stable\\n' > app/metadata
printf '{TEXT}' > app/files/hello
sign="--gpg-homedir=/root/gnupg --gpg-sign=FINGERPRINT"
flatpak build-export --disable-sandbox --arch=x86_64 --no-update-summary $sign repo app stable
flatpak build-update-repo --title=Flathub --no-update-appstream $sign repo
"""


class Flatpak(Driver):
    name = "flatpak"
    program = "flatpak"
    package = "flatpak ostree"
    roots = (HOST, LANGUAGES)
    hosts = ()
    elsewhere = ("mirror.sjtu.edu.cn", "mirrors.ustc.edu.cn", "dl.flathub.org")
    # What a repository may have to make fetching faster.
    missing = r"\.(sig|superblock|idx)$|/(delta-indexes|deltas|extensions)/|/appstream2?/|/(summaries|config)(/|$)"
    # Of the repository on the disk only the settings are anyone's choice.
    ignore = (r"/flatpak/(?!repo/config$)", r"/flatpak$", r"/\.(local(/share)?|cache)$", r"/\.cache/", r"^/home/root(/|$)")

    def prepare(self, case: Case) -> None:
        publish(case)
        for block in ("add", "user-add"):
            case.apply(block)
        # Whoever has set an address is marked as such for ever (`url-is-set`), which changes nothing.
        option = "--system" if self.user(case) == "root" else "--user"
        case.must(f"flatpak remote-modify {option} flathub --url=https://dl.flathub.org/repo/", user=self.user(case))

    def user(self, case: Case) -> str:
        """Who a step is for: the administrator, or the reader."""
        return "root" if case.page.values["scope"] == "system" else "reader"

    def effective(self, case: Case) -> dict[str, str]:
        option = "--system" if self.user(case) == "root" else "--user"
        said = case.must(f"flatpak remotes {option} --columns=name,url", user=self.user(case))
        return dict(line.split() for line in said.splitlines())

    def fetch(self, case: Case) -> None:
        user = self.user(case)
        option, repo = ("--system", "/var/lib/flatpak/repo") if user == "root" else ("--user", "$HOME/.local/share/flatpak/repo")
        case.must(f"flatpak install {option} --noninteractive --no-deps --no-deploy flathub {case.check['fetch']}", user=user)
        ref = f"flathub:app/{case.check['fetch']}/x86_64/stable"
        said = case.must(f"ostree --repo={repo} cat {ref} /files/hello", user=user)
        if said != TEXT:
            raise AssertionError(f"the app says {said!r}")
        case.must(f"ostree --repo={repo} refs --delete {ref} && ostree --repo={repo} prune --refs-only", user=user)


def publish(case: Case) -> None:
    """The repository of one app below `flathub`, and at the official address with the key; once for a run."""
    place = case.box.root / "flathub"
    if place.exists():
        return
    shutil.copytree(case.box.key.home, case.root / "root/gnupg", ignore=shutil.ignore_patterns("S.*", "*.lock"))
    case.must(f"mkdir /root/build; cd /root/build\n{BUILD.replace('FINGERPRINT', case.box.key.fingerprint)}", user="root")
    shutil.copytree(case.root / "root/build/repo", place)
    key = case.must("gpg --homedir /root/gnupg --export | base64 -w0", user="root")
    (place / "flathub.flatpakrepo").write_text(
        f"[Flatpak Repo]\nTitle=Flathub\nUrl=https://dl.flathub.org/repo/\nGPGKey={key}\n"
    )
    (case.box.root / "repo").symlink_to("flathub")
    shutil.rmtree(case.root / "root/build")
    shutil.rmtree(case.root / "root/gnupg")


@contextmanager
def changed_after_signing(case: Case) -> Iterator[None]:
    """A list of apps that is not the one signed."""
    places = [case.box.root / "flathub" / name for name in ("summary", "summary.idx")]
    old = {place: place.read_bytes() for place in places if place.exists()}
    for place, data in old.items():
        place.write_bytes(data.replace(b"Flathub", b"Flathut"))
    try:
        yield
    finally:
        for place, data in old.items():
            place.write_bytes(data)


Flatpak.faults = (
    Fault("another remote", "flathub", "gave|promises", replaced("set", "remote-modify flathub", "remote-modify flathubb")),
    Fault("an address that the mirror lacks", "flathub", "promises|gave", replaced("set", "/flathub", "/flathubs")),
    Fault("a list that changed after it was signed", "flathub", "gave", spoil=changed_after_signing),
    Fault("an undo to another address", "flathub", "not as it was", replaced("undo", "/repo/", "/repos/")),
)
