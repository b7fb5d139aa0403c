"""dnf: every repository of the page is there and no other, and a signed package can be installed from it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from repos.rpm import PACKAGE
from roots import SID

KEYS = "/etc/pki/rpm-gpg"
# What is on such a system before a page is followed: keys and repository files. A file has the sections of the real one,
# each at its official address: whatever the page forgets to replace is asked for at a host that the box does not know.
STOCK: dict[str, tuple[tuple[str, ...], dict[str, tuple[str, ...]]]] = {
    "fedora": (("RPM-GPG-KEY-fedora-44-x86_64",), {"fedora.repo": ("fedora",), "fedora-updates.repo": ("updates",)}),
    "rocky": (("RPM-GPG-KEY-Rocky-10", "RPM-GPG-KEY-Rocky-9", "RPM-GPG-KEY-rockyofficial"), {}),
    "almalinux": (("RPM-GPG-KEY-AlmaLinux-10", "RPM-GPG-KEY-AlmaLinux-9", "RPM-GPG-KEY-AlmaLinux"), {}),
    "epel": (("RPM-GPG-KEY-EPEL-10", "RPM-GPG-KEY-EPEL-9", "RPM-GPG-KEY-EPEL-8"), {"epel.repo": ("epel",)}),
    "elrepo": (("RPM-GPG-KEY-v2-elrepo.org", "RPM-GPG-KEY-elrepo.org"), {"elrepo.repo": ("elrepo",)}),
    "centos": (("RPM-GPG-KEY-centosofficial-SHA256", "RPM-GPG-KEY-centosofficial"), {"centos.repo": ("baseos", "appstream")}),
    "centos-vault": (("RPM-GPG-KEY-CentOS-7", "RPM-GPG-KEY-CentOS-6", "RPM-GPG-KEY-centosofficial"), {}),
    "openeuler": (("RPM-GPG-KEY-openEuler",), {"openEuler.repo": ("OS", "everything", "EPOL", "update", "update-EPOL")}),
    "anolis": (("RPM-GPG-KEY-ANOLIS",), {}),
}
# By guide and release.
STOCK_FILES: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {
    **{("rocky", r): {"rocky.repo": ("baseos", "appstream"), "rocky-extras.repo": ("extras",)} for r in ("10", "9")},
    ("rocky", "8"): {"Rocky-BaseOS.repo": ("baseos",), "Rocky-AppStream.repo": ("appstream",), "Rocky-Extras.repo": ("extras",)},
    **{("almalinux", r): {f"almalinux-{s}.repo": (s,) for s in ("baseos", "appstream", "extras")} for r in ("10", "9")},
    ("almalinux", "8"): {"almalinux.repo": ("baseos", "appstream", "extras")},
    ("centos-vault", "7"): {"CentOS-Base.repo": ("base", "updates", "extras")},
    ("centos-vault", "6"): {"CentOS-Base.repo": ("base", "updates", "extras")},
    ("centos-vault", "8"): {"CentOS-Linux-BaseOS.repo": ("baseos",), "CentOS-Linux-AppStream.repo": ("appstream",)},
}
# Pages that change what is there instead of replacing it get it word for word.
STOCK_TEXTS: dict[str, dict[str, str]] = {
    "anolis-23": {
        "AnolisOS.repo": "".join(
            f"[{name}]\nname=AnolisOS-$releasever - {name}\n"
            f"baseurl=http://mirrors.openanolis.cn/anolis/$releasever/{name}/$basearch/os\n"
            f"enabled=1\ngpgkey=file://{KEYS}/RPM-GPG-KEY-ANOLIS\ngpgcheck=1\n\n"
            for name in ("os", "updates")
        ),
    },
    "anolis-8": {
        f"AnolisOS-{name}.repo": f"[{name}]\nname=AnolisOS-$releasever - {name}\n"
        f"baseurl=http://mirrors.openanolis.cn/anolis/$releasever/{name}/$basearch/os\n"
        f"enabled={enabled}\ngpgkey=file://{KEYS}/RPM-GPG-KEY-ANOLIS\ngpgcheck=1\n"
        for name, enabled in (("BaseOS", 1), ("AppStream", 1), ("PowerTools", 0))
    },
}
# dnf's own view, with every variable filled in and without a word to the network.
LIST = """
import dnf
base = dnf.Base()
base.conf.read()
base.conf.substitutions["releasever"] = "{releasever}"
base.read_all_repos()
for repo in base.repos.iter_enabled():
    print(repo.id, *(repo.baseurl or [repo.metalink or repo.mirrorlist]))
"""
# A folder of the overlay that is not compared.
PLACE = "/var/tmp/installed"


class Dnf(Driver):
    name = "dnf"
    program = "dnf"
    repos = ("rpm",)
    elsewhere = ("pkgs.k8s.io",)
    # Debian's rpm keeps its database in the home of whoever runs it.
    ignore = (r"/etc/dnf(/|$)", r"/\.rpmdb(/|$)")

    def prepare(self, case: Case) -> None:
        for folder in ("etc/yum.repos.d", "etc/pki/rpm-gpg", "var/cache/dnf", "var/lib/dnf"):
            shutil.rmtree(case.root / folder, ignore_errors=True)
        guide, release = case.page.guide, case.page.values.get("release")
        keys, files = STOCK.get(guide, ((), {}))
        for key in keys:
            case.write(f"{KEYS}/{key}", case.box.key.armoured.read_text())
        case.path("/etc/yum.repos.d").mkdir(parents=True, exist_ok=True)
        for name, sections in (files or STOCK_FILES.get((guide, release), {})).items():
            text = "".join(
                f"[{section}]\nname={section}\nmetalink=https://official.example.org/metalink?repo={section}\nenabled=1\n\n"
                for section in sections
            )
            case.write(f"/etc/yum.repos.d/{name}", text)
        for name, text in STOCK_TEXTS.get(case.check.get("stock", ""), {}).items():
            case.write(f"/etc/yum.repos.d/{name}", text)

    def promised(self, case: Case) -> dict[str, str]:
        return {repo["id"]: repo["at"] for repo in case.check["repos"]}

    def effective(self, case: Case) -> dict[str, str]:
        """Enabled repositories and where they are. That they are there shows when a package is installed."""
        script = LIST.format(releasever=case.check["releasever"])
        listed = case.must(f"python3() {{ /usr/bin/python3 \"$@\"; }}\npython3 -c '{script}'", user="root")
        return dict(line.split(" ", 1) for line in listed.splitlines())

    def line(self, case: Case) -> str:
        options = f"--releasever={case.check['releasever']} --forcearch=x86_64 --setopt=keepcache=1"
        return f"{self.program} --quiet --assumeyes {options}"

    def fetch(self, case: Case) -> None:
        """Installs into an empty root: dnf reads the index of every enabled repository, all of which have to be there,
        and refuses what is not signed by the key that the repository file names."""
        if not case.check.get("fetch"):
            return
        case.must(f"{self.line(case)} --installroot={PLACE} install {case.check['fetch']}", user="root")
        place = case.root / PLACE.lstrip("/")
        if (place / "usr/share/mingjing-hello/hello").read_text() != "hello\n":
            raise AssertionError("something else was installed")
        package = next(path for root in (place, case.root) for path in root.glob(f"var/cache/*/*/packages/{PACKAGE}"))
        same_bytes(package, case.box.root / "rocky/10/BaseOS/x86_64/os" / PACKAGE)
        shutil.rmtree(place)


class Dnf5(Dnf):
    """The dnf of Fedora since 41, another program altogether."""

    name = "dnf5"
    program = "dnf5"
    roots = (SID,)
    ignore = (r"/etc/dnf(/|$)", r"/dnf5\.log$")

    def effective(self, case: Case) -> dict[str, str]:
        listed = case.must(f"{self.line(case)} --dump-repo-config='*' repo list", user="root")
        out = {}
        for repo, settings in re.findall(r'^=+ "([^"]+)" repository configuration: =+$(.*?)(?=^=|\Z)', listed, re.M | re.S):
            values = dict(line.split(" = ", 1) for line in settings.splitlines() if " = " in line)
            if values.get("enabled") in ("1", "true", "True"):
                out[repo] = values.get("baseurl") or values.get("metalink")
        return out

    def line(self, case: Case) -> str:
        return f"{super().line(case)} --use-host-config"


@contextmanager
def another_key(case: Case) -> Iterator[None]:
    """The key file of the system is one that did not sign."""
    home = case.root / "var/tmp/other-key"
    home.mkdir(mode=0o700)
    case.must(
        "export GNUPGHOME=/var/tmp/other-key\n"
        "gpg --batch --quiet --passphrase '' --quick-generate-key 'Other <other@example.org>' rsa3072 sign never\n"
        f"gpg --batch --armor --export > {KEYS}/RPM-GPG-KEY-Rocky-10\n",
        user="root",
    )
    yield


@contextmanager
def changed_package(case: Case) -> Iterator[None]:
    """A package that is not the one of the index."""
    paths = [case.box.root / "rocky/10" / repo / "x86_64/os" / PACKAGE for repo in ("BaseOS", "AppStream", "extras")]
    old = [path.read_bytes() for path in paths]
    for path, data in zip(paths, old, strict=True):
        path.unlink()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    try:
        yield
    finally:
        for path, data in zip(paths, old, strict=True):
            path.write_bytes(data)


Dnf.faults = (
    Fault("a repository less", "rocky", "promises", lambda s: s.text.split("[appstream]")[0] if s.id == "main" else s.text),
    Fault("a directory that does not exist", "rocky", "gave 1|promises", replaced("main", "/BaseOS/$basearch", "/Base/$basearch")),
    Fault("the release written out, and wrong", "rocky", "promises|gave 1", replaced("main", "$releasever/AppStream", "9/AppStream")),
    Fault("signatures switched off", "rocky", "is not signed|GPG|gpg", spoil=another_key),
    Fault("a package that changed", "rocky", "gave 1|checksum", spoil=changed_package),
    Fault("another host", "fedora", "promises|gave 1", replaced("fedora", "mirrors.zju.edu.cn", "mirrors.example.org")),
    Fault(
        "a path of updates without Everything", "fedora", "promises|gave 1",
        replaced("updates", "$releasever/Everything", "$releasever"),
    ),
    Fault("an undo that does nothing", "fedora", "not as it was", lambda s: "true\n" if s.id == "undo" else s.text),
)  # fmt: skip
Dnf5.faults = tuple(fault for fault in Dnf.faults if fault.guide == "fedora")
