"""zypper: the mirror's repositories are enabled, the official ones are not, and the signed index is believed."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from repos.rpm import PACKAGE

# As `openSUSE-repos` and the installer leave them.
STOCK: dict[str, dict[str, str]] = {
    "leap": {
        f"openSUSE:{alias}.repo": f"[openSUSE:{alias}]\nname={alias} (${{releasever}})\nenabled={enabled}\nautorefresh=1\n"
        f"baseurl=http://cdn.opensuse.org/distribution/leap/${{releasever}}/repo/{path}/$basearch\nservice=openSUSE\n"
        for alias, path, enabled in (("repo-oss", "oss", 1), ("repo-non-oss", "non-oss", 0))
    },
    "tumbleweed": {
        f"{alias}.repo": f"[{alias}]\nname={alias}\nenabled=1\nautorefresh=1\nbaseurl=http://download.opensuse.org/{path}/\n"
        for alias, path in (
            ("repo-oss", "tumbleweed/repo/oss"),
            ("repo-non-oss", "tumbleweed/repo/non-oss"),
            ("repo-update", "update/tumbleweed"),
        )
    },
}
# On Leap the repositories belong to a service, which brings them back when they are deleted.
SERVICE = "/usr/share/zypp/local/service/openSUSE"
SERVICE_FILE = f"[openSUSE]\nname=openSUSE\nenabled=1\nautorefresh=1\nurl=dir:{SERVICE}\ntype=ris\n"
SERVICE_INDEX = """<repoindex ttl="0" disturl="http://cdn.opensuse.org" distver="${releasever}">
<repo url="%{disturl}/distribution/leap/%{distver}/repo/oss/$basearch" alias="repo-oss" name="%{alias} (%{distver})"
 enabled="true" autorefresh="true"/>
<repo url="%{disturl}/distribution/leap/%{distver}/repo/non-oss/$basearch" alias="repo-non-oss" name="%{alias} (%{distver})"
 enabled="false" autorefresh="true"/>
</repoindex>
"""
OTHER = "[mine]\nname=mine\nenabled=0\nbaseurl=https://download.opensuse.org/repositories/home:/me/16.0/\n"


class Zypper(Driver):
    name = "zypper"
    program = "zypper"
    repos = ("rpm",)
    # The tags of media and the other names of a key are asked for whether they exist or not.
    missing = r"/media\.1/media$|/repodata/repomd\.xml\.key$"
    # Whatever zypper notes down beside its repository files.
    ignore = (r"/etc/zypp/(credentials|services|vars|locks)",)

    def prepare(self, case: Case) -> None:
        for folder in ("etc/zypp/repos.d", "etc/zypp/services.d", "var/cache/zypp", "var/lib/zypp", "var/lib/rpm"):
            shutil.rmtree(case.root / folder, ignore_errors=True)
            (case.root / folder).mkdir(parents=True)
        for name, text in STOCK.get(case.check.get("stock", ""), {}).items():
            case.write(f"/etc/zypp/repos.d/{name}", text)
        if case.check.get("stock") == "leap":
            case.write("/etc/zypp/services.d/openSUSE.service", SERVICE_FILE)
            case.write(f"{SERVICE}/repo/repoindex.xml", SERVICE_INDEX)
        case.write("/etc/zypp/repos.d/mine.repo", OTHER)
        # The installer has put the project's key into the database of rpm.
        case.write("/var/tmp/key.asc", case.box.key.armoured.read_text())
        case.must("rpm --dbpath /var/lib/rpm --import /var/tmp/key.asc", user="root")

    def promised(self, case: Case) -> dict[str, str]:
        return {repo["id"]: repo["at"].rstrip("/") for repo in case.check["repos"]}

    def effective(self, case: Case) -> dict[str, str]:
        """Enabled repositories and where they are, after a refresh."""
        self.zypper(case, "refresh")
        listed = ElementTree.fromstring(self.zypper(case, "--xmlout repos"))
        return {
            repo.attrib["alias"]: repo.findtext("url", "").rstrip("/")
            for repo in listed.iter("repo")
            if repo.attrib["enabled"] == "1"
        }

    def zypper(self, case: Case, arguments: str) -> str:
        releasever = case.check.get("releasever")
        release = f"--releasever={releasever} " if releasever else ""
        done = case.run(f"zypper --non-interactive {release}{arguments}", user="root")
        said = done.stdout + done.stderr
        # zypper goes on without a repository that it could not read.
        if done.returncode != 0 or re.search(r"(?i)skipping repository|is invalid|verification failed", said):
            raise AssertionError(f"zypper {arguments} gave {done.returncode}:\n{said}")
        return done.stdout

    def fetch(self, case: Case) -> None:
        self.zypper(case, f"download {case.check['fetch']}")
        packages = list((case.root / "var/cache/zypp/packages").glob(f"*/{PACKAGE}"))
        if not packages:
            raise AssertionError("zypper download brought nothing")
        for package in packages:
            same_bytes(package, case.box.root / "opensuse/tumbleweed/repo/oss" / PACKAGE)
            package.unlink()


@contextmanager
def nobody_trusted(case: Case) -> Iterator[None]:
    """The key that signed is not in the database of rpm."""
    shutil.rmtree(case.root / "var/lib/rpm")
    (case.root / "var/lib/rpm").mkdir()
    yield


@contextmanager
def changed_index(case: Case) -> Iterator[None]:
    """An index that changed after it was signed."""
    path = case.box.root / "opensuse/distribution/leap/16.0/repo/oss/x86_64/repodata/repomd.xml"
    old = path.read_text()
    path.write_text(old.replace("<repomd ", "<!-- changed --><repomd "))
    try:
        yield
    finally:
        path.write_text(old)


Zypper.faults = (
    Fault(
        "a repository that Leap 16.0 does not have", "opensuse", "gave 4|gave 106|invalid|Skipping|promises",
        lambda s: s.text + "\n[mirror-update]\nenabled=1\nautorefresh=1\n"
        "baseurl=https://mirrors.zju.edu.cn/opensuse/update/leap/16.0/oss/\n" if s.id == "leap" else s.text,
    ),
    Fault("no architecture in the address", "opensuse", "gave|promises", replaced("leap", "/oss/$basearch/", "/oss/")),
    Fault("the official repositories stay enabled", "opensuse", "gave|promises", lambda s: "true\n" if s.id == "disable" else s.text),
    Fault("a service that enables them again", "opensuse", "gave|promises", replaced("disable", "sudo zypper refresh-services", "true")),
    Fault("sudo before a shell keyword", "opensuse", "syntax error", replaced("disable", "for f in", "sudo for f in")),
    Fault("a key that nobody trusts", "opensuse", "gave|verification|unknown", spoil=nobody_trusted),
    Fault("an index that changed after it was signed", "opensuse", "gave|verification", spoil=changed_index),
    Fault("an undo that does nothing", "opensuse", "not as it was", lambda s: "true\n" if s.id == "undo" else s.text),
)  # fmt: skip
