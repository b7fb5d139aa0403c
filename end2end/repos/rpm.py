"""rpm repositories with one signed package: the trees that the rpm pages name, as on the real mirror."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SPEC = """Name: mingjing-hello
Version: 1.0
Release: 1
Summary: A package for tests
License: Apache-2.0
BuildArch: noarch

%description
A package for tests.

%install
mkdir -p %{buildroot}/usr/share/mingjing-hello
echo hello > %{buildroot}/usr/share/mingjing-hello/hello

%files
/usr/share/mingjing-hello
"""

EULER = ("OS/x86_64", "everything/x86_64", "EPOL/main/x86_64", "update/x86_64", "EPOL/update/main/x86_64")

# A repository invented here hides a page that offers it.
TREES: tuple[str, ...] = (
    "fedora/releases/44/Everything/x86_64/os",
    "fedora/updates/44/Everything/x86_64",
    "fedora/updates/testing/44/Everything/x86_64",
    *(
        f"{tree}/{release}/{repo}/x86_64/os"
        for tree in ("rocky", "almalinux")
        for release, last in (("10", "CRB"), ("9", "CRB"), ("8", "PowerTools"))
        for repo in ("BaseOS", "AppStream", "extras", last)
    ),
    *(f"epel/{tree}/Everything/x86_64" for tree in ("10", "10z", "9", "8")),
    *(f"elrepo/{repo}/el{release}/x86_64" for repo in ("elrepo", "kernel") for release in (10, 9, 8)),
    *(f"centos-vault/{minor}/{repo}/x86_64" for minor in ("7.9.2009", "6.10") for repo in ("os", "updates", "extras")),
    *(f"centos-vault/8.5.2111/{repo}/x86_64/os" for repo in ("BaseOS", "AppStream", "extras")),
    *(
        f"openeuler/openEuler-{release}/{repo}"
        for release in ("24.03-LTS-SP4", "24.03-LTS-SP3", "24.03-LTS-SP1", "22.03-LTS-SP4")
        for repo in EULER
    ),
    *(f"anolis/23/{repo}/x86_64/os" for repo in ("os", "updates")),
    *(f"anolis/8/{repo}/x86_64/os" for repo in ("BaseOS", "AppStream", "PowerTools", "Extras")),
    *(f"opensuse/distribution/leap/16.0/repo/{repo}/x86_64" for repo in ("oss", "non-oss")),
    *(f"opensuse/tumbleweed/repo/{repo}" for repo in ("oss", "non-oss")),
    "opensuse/update/tumbleweed",
    *(f"postgresql/repos/yum/{version}/redhat/rhel-10-x86_64" for version in ("common", "18", "17", "16", "15", "14")),
    *(f"kubernetes/core:/stable:/v{version}/rpm" for version in ("1.36", "1.35", "1.34")),
    *(f"docker-ce/linux/{tree}/x86_64/stable" for tree in ("fedora/44", "centos/10", "rhel/10")),
    *(f"packman/suse/{tree}{part}" for tree in ("openSUSE_Leap_16.0", "openSUSE_Tumbleweed") for part in ("", "/Essentials")),
)
# Where repository files have dnf fetch the key, on the mirror or at the upstream's own host.
KEYS: tuple[str, ...] = (
    "postgresql/repos/yum/keys/PGDG-RPM-GPG-KEY-RHEL",
    *(f"core:/stable:/v{version}/rpm/repodata/repomd.xml.key" for version in ("1.36", "1.35", "1.34")),
    *(f"docker-ce/linux/{family}/gpg" for family in ("fedora", "centos", "rhel")),
)
PACKAGE = "mingjing-hello-1.0-1.noarch.rpm"


def make(box) -> None:
    for tool, package in (("rpmbuild", "rpm"), ("createrepo_c", "createrepo-c")):
        if shutil.which(tool) is None:
            # Drivers of rpm clients skip; whoever asks for them by MINGJING_CLIENTS fails there.
            print(f"no rpm repositories: {tool} is not installed: apt-get install {package}")
            return
    repository = box.home / "rpm-repository"
    repository.mkdir()
    shutil.copy(build(box), repository / PACKAGE)
    call("createrepo_c", "--quiet", repository)
    sign(box, repository / "repodata")
    for tree in TREES:
        shutil.copytree(repository, box.root / tree, dirs_exist_ok=True)
    for key in KEYS:
        place = box.root / key
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(box.key.alone, place)
        place.chmod(0o644)


def sign(box, repodata: Path) -> None:
    """What zypper wants beside `repomd.xml`: a signature and the key."""
    box.key.detach(repodata / "repomd.xml", repodata / "repomd.xml.asc", armour=True)
    shutil.copy(box.key.armoured, repodata / "repomd.xml.key")


def build(box) -> Path:
    """The package, signed with the key of the box."""
    home = box.home / "rpmbuild"
    home.mkdir()
    (home / "hello.spec").write_text(SPEC)
    call("rpmbuild", "--quiet", "-bb", "--define", f"_topdir {home}", home / "hello.spec")
    package = home / "RPMS/noarch" / PACKAGE
    macros = {"__gpg": shutil.which("gpg"), "_gpg_path": box.key.home, "_gpg_name": box.key.fingerprint}
    defined = [word for name, value in macros.items() for word in ("--define", f"{name} {value}")]
    call("rpmsign", "--addsign", *defined, package)
    return package


def call(*line) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": "/root", "LC_ALL": "C.UTF-8"}
    done = subprocess.run([str(a) for a in line], capture_output=True, text=True, timeout=120, env=environment)
    if done.returncode != 0:
        raise AssertionError(f"{line[0]}: {done.stdout}{done.stderr}")
