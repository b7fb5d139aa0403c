"""apt: every source file is what the page promises, and all of it arrives signed."""

from __future__ import annotations

import os
import re
import shutil
import unittest
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from box import Box
from case import READER, Case, Page, Snippet, load
from clients.driver import Driver, Fault, replaced, sha256
from roots import HOST, TRIXIE, Root

KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/ubuntu-archive-keyring.gpg")


class Apt(Driver):
    name = "apt"
    program = "apt-get"
    package = "apt"
    roots = (HOST, TRIXIE)
    repos = ("apt",)
    hosts = ("security.debian.org", "security.ubuntu.com")
    elsewhere = (
        "apt.llvm.org", "cloud.r-project.org", "packages.mozilla.org", "pkgs.k8s.io", "ports.ubuntu.com",
        "raw.githubusercontent.com",
    )  # fmt: skip
    # gpg makes its home when it looks at a key.
    ignore = (r"/\.gnupg(/|$)",)

    def prepare(self, case: Case) -> None:
        for folder in ("etc/apt", "var/lib/apt/lists", "var/cache/apt"):
            shutil.rmtree(case.root / folder, ignore_errors=True)
        for folder in ("apt.conf.d", "preferences.d", "sources.list.d", "trusted.gpg.d", "keyrings"):
            (case.root / "etc/apt" / folder).mkdir(parents=True)
        for folder in ("var/lib/apt/lists/partial", "var/cache/apt/archives/partial"):
            (case.root / folder).mkdir(parents=True)
        architectures = as_list(case.check.get("architecture", "amd64"))
        prefix = case.check.get("prefix", "")
        case.write(
            "/etc/apt/apt.conf.d/99test",
            'APT::Sandbox::User "root";\nAcquire::Retries "0";\nDpkg::Use-Pty "0";\n'
            f'APT::Architecture "{architectures[0]}";\n'
            f"APT::Architectures {{ {' '.join(f'{quoted(a)};' for a in architectures)} }};\n"
            # Nothing of this machine counts as installed: it is of another architecture than some pages.
            f'Dir::Etc "{prefix}/etc/apt";\nDir::State::status "/var/lib/apt/status";\n',
        )
        case.write("/var/lib/apt/status", "")
        case.write(f"{prefix}/etc/apt/sources.list", "# what the installer wrote\n")
        if prefix:
            case.path(f"{prefix}/etc/apt/preferences.d").mkdir()
            case.path(f"{prefix}/etc/apt/sources.list.d").mkdir()
            hand_over(case, prefix)
        for ring in (*KEYRINGS, *as_list(case.check.get("keyring"))):
            place = case.path(ring)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(case.box.key.armoured if ring.endswith(".asc") else case.box.key.ring, place)
            place.chmod(0o644)
        if key := case.check.get("key"):
            self.stand_in(case, key)

    def stand_in(self, case: Case, key: dict) -> None:
        """Serves the test key where the page fetches the upstream's, under the fingerprint that the page names.

        So all of the block is run: the address, the comparison, the place that `Signed-By` refers to.
        """
        place = case.box.root / urlsplit(key["at"]).path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(case.box.key.alone, place)
        place.chmod(0o644)
        case.change = lambda snippet: snippet.text.replace(key["fingerprint"], case.box.key.fingerprint)

    def promised(self, case: Case) -> set[str]:
        return {f"{suite['at']} {suite['suite']}" for suite in case.check["suites"]}

    def effective(self, case: Case) -> set[str]:
        """`site suite` of what apt would fetch, after it has fetched all of that without a word."""
        uris = re.findall(r"^'(\S+/InRelease)'", self.get(case, "update --print-uris"), re.M)
        configured = {site_and_suite(uri) for uri in uris}
        mark = case.box.mark()
        self.get(case, "update -q --error-on=any")
        fetched = {
            site_and_suite(f"{request.scheme}://{request.host}{request.path}")
            for request in case.box.since(mark)
            if request.path.endswith("/InRelease") and request.status in (200, 304)
        }
        if fetched != configured:
            raise AssertionError(f"configured {sorted(configured)}, fetched {sorted(fetched)}")
        # Suites without a single package are not listed; nothing else may be.
        lines = self.get(case, "indextargets --format '$(SITE) $(RELEASE)'").splitlines()
        targets = {flat(line) for line in lines}
        if not targets <= configured or not targets and case.check.get("fetch") != "":
            raise AssertionError(f"indextargets {sorted(targets)}, configured {sorted(configured)}")
        return configured

    def get(self, case: Case, arguments: str) -> str:
        done = case.run(f"apt-get {arguments}", user="root")
        said = done.stdout + done.stderr
        if done.returncode != 0:
            raise AssertionError(f"apt-get {arguments} gave {done.returncode}:\n{said}")
        # By exit status alone a failed certificate is a success (rc 0 and a `W:` line).
        if re.search(r"^(W|E|Err)[:!]", said, re.M):
            raise AssertionError(f"apt-get {arguments} complains:\n{said}")
        return done.stdout

    def fetch(self, case: Case) -> None:
        package = case.check.get("fetch", "mingjing-hello")
        if not package:
            return
        self.get(case, f"install --download-only -y {package}")
        (deb,) = (case.root / "var/cache/apt/archives").glob("*.deb")
        indexes = "".join(index.read_text("utf-8") for index in (case.root / "var/lib/apt/lists").glob("*_Packages"))
        if f"SHA256: {sha256(deb)}\n" not in indexes:
            raise AssertionError(f"{deb.name} is in no index")


def as_list(value: str | list | None) -> list:
    return value if isinstance(value, list) else [value] if value else []


def quoted(text: str) -> str:
    return f'"{text}"'


def site_and_suite(url: str) -> str:
    """`site suite` of an `InRelease`; a flat repository has the suite `/`."""
    site, dists, suite = url.removesuffix("/InRelease").partition("/dists/")
    return f"{site} {suite}" if dists else f"{site.rstrip('/')} /"


def flat(target: str) -> str:
    """The same of what `indextargets` prints, where a flat repository is cut at another place."""
    site, _, suite = target.partition(" ")
    return f"{site}/{suite}".rstrip("/") + " /" if not suite or suite.endswith("/") else target


def hand_over(case: Case, prefix: str) -> None:
    """A tree of folders that is the reader's own."""
    top = case.root / prefix.lstrip("/")
    for here, folders, files in os.walk(top):
        for name in (here, *(os.path.join(here, f) for f in (*folders, *files))):
            os.chown(name, READER, READER)


@contextmanager
def no_authority(case: Case) -> Iterator[None]:
    """A certificate that nobody vouches for."""
    case.write("/etc/ssl/certs/ca-certificates.crt", "")
    yield


@contextmanager
def changed_after_signing(case: Case) -> Iterator[None]:
    """An index that is not the one named in the signed Release."""
    path = case.box.root / "debian/dists/trixie/main/binary-amd64/Packages.gz"
    old = path.read_bytes()
    path.write_bytes(old[:-1] + bytes([old[-1] ^ 1]))
    try:
        yield
    finally:
        path.write_bytes(old)


@contextmanager
def another_key(case: Case) -> Iterator[None]:
    """More keys than the one that the page names."""
    shutil.copy(case.box.key.armoured, case.box.root / urlsplit(case.check["key"]["at"]).path.lstrip("/"))
    yield


def swapped(old: str, new: str):
    return replaced("deb822", old, new)


Apt.faults = (
    Fault("two spaces between stanzas lose the security suite", "debian", "promises", swapped("\n\n", "\n  \n")),
    Fault("a missing suite", "debian", "promises", swapped(" trixie-updates", "")),
    Fault("a suite too many", "debian", "promises", swapped(" trixie-updates", " trixie-updates trixie-backports")),
    Fault(
        "a suite that does not exist", "debian", "forky-backports",
        swapped(" forky-updates", " forky-updates forky-backports"), chosen={"release": "forky"},
    ),
    Fault("the codename of another release", "debian", "promises", swapped("trixie", "bookworm")),
    Fault("a codename that does not exist", "debian", "trixe", swapped("trixie", "trixe")),
    Fault("another host", "debian", "gave 100|complains", swapped("mirrors.zju.edu.cn", "mirrors.example.org")),
    Fault("a key ring that did not sign", "debian", "gave 100|complains", swapped("debian-archive", "no-such")),
    Fault("a comment where a field should be", "debian", "gave 100|promises", swapped("URIs:", "# URIs:")),
    Fault("an authority that is not there", "debian", "gave 100|complains", spoil=no_authority),
    Fault("an index that changed after it was signed", "debian", "gave 100|complains", spoil=changed_after_signing),
    Fault("ubuntu where ubuntu-ports is needed", "ubuntu-ports", "promises", swapped("/ubuntu-ports", "/ubuntu")),
    Fault("a flat repository that the mirror lacks", "kubernetes", "gave 100|complains", swapped("v1.36", "v1.33")),
    Fault("a flat repository with a suite", "kubernetes", "gave 100|complains", swapped("Suites: /", "Suites: stable")),
    Fault("a key that is not alone", "postgresql", "unexpected key", spoil=another_key),
    Fault("the comparison of keys left out", "postgresql", "gave 100|complains", replaced("key", 'install -m 0644 "$key"', "true")),
    Fault(
        "sudo before a shell keyword", "debian", "syntax error",
        replaced("backup", "  for f in", "  sudo for f in"),
    ),
    Fault(
        "an undo that does nothing", "debian", "not as it was",
        lambda snippet: "true\n" if snippet.id == "undo-deb822" else snippet.text,
    ),
)  # fmt: skip


# What `/etc/os-release` says where the default state of a page fits, and programs that such a system has.
SYSTEMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "debian": ("ID=debian\nVERSION_CODENAME=trixie\n", ()),
    "debian-security": ("ID=debian\nVERSION_CODENAME=trixie\n", ()),
    "deepin": ('ID=deepin\nVERSION_ID="25"\n', ()),
    "docker-ce": ("ID=ubuntu\nVERSION_CODENAME=noble\n", ()),
    "kali": ("ID=kali\nVERSION_CODENAME=kali-rolling\n", ()),
    "kubernetes": ("ID=debian\nVERSION_CODENAME=trixie\n", ()),
    "linuxmint": ("ID=linuxmint\nVERSION_CODENAME=zena\nUBUNTU_CODENAME=noble\n", ()),
    "llvm-apt": ("ID=ubuntu\nVERSION_CODENAME=noble\n", ()),
    "mozilla": ("ID=ubuntu\nVERSION_CODENAME=noble\n", ()),
    "postgresql": ("ID=ubuntu\nVERSION_CODENAME=noble\n", ()),
    "proxmox": ("ID=debian\nVERSION_CODENAME=trixie\n", ("pveversion",)),
    "raspberrypi": ("ID=debian\nVERSION_CODENAME=trixie\n", ("raspi-config",)),
    "raspbian": ("ID=raspbian\nVERSION_CODENAME=trixie\n", ()),
    "ros": ("ID=ubuntu\nVERSION_CODENAME=focal\n", ()),
    "ros2": ("ID=ubuntu\nVERSION_CODENAME=noble\n", ()),
    "ubuntu": ("ID=ubuntu\nVERSION_CODENAME=resolute\n", ()),
    "ubuntu-ports": ("ID=ubuntu\nVERSION_CODENAME=resolute\n", ()),
}
# Pages that fit whatever has apt.
ANYWHERE = {"kubernetes", "mozilla"}


@contextmanager
def opened(driver: Driver, box: Box, root: Root, guide: str, **chosen: str) -> Iterator[tuple[Page, Case]]:
    """A page and a prepared case, for tests that go their own way."""
    page = Page(box, guide, chosen, load(box, guide))
    check = next(check for check in page.checks() if check["client"] == driver.name)
    with Case(box, root, page, check, driver.tools()) as case:
        driver.prepare(case)
        case.begin()
        yield page, case


def sources_arrive(driver: Apt, box: Box, root: Root) -> None:
    """source packages can be had where the page switches them on"""
    with opened(driver, box, root, "debian", src="on") as (_, case):
        driver.apply(case)
        driver.get(case, "update -q")
        uris = driver.get(case, "source --print-uris --download-only mingjing-hello")
        for url in re.findall(r"^'https://[^/]+(\S+)'", uris, re.M):
            box.curl(url, "-I")
        if ".dsc'" not in uris:
            raise AssertionError(uris)


def as_a_reader_follows_it(driver: Apt, box: Box, root: Root) -> None:
    """the whole page of Debian, literally: copied code, the line for curl, the sample that it should look like"""
    same = unittest.TestCase().assertEqual
    with opened(driver, box, root, "debian") as (page, case):
        case.apply("backup")
        line = page.code("curl-deb822")
        for _ in range(2):
            case.must(line, user="root")
        same(case.read("/etc/apt/sources.list.d/debian.sources"), page.snippet("deb822").text)
        same(page.code("code-deb822"), page.snippet("deb822").text)
        case.apply("remove-other")
        same(case.path("/etc/apt/sources.list").exists(), False)
        said = case.must(page.snippet("update").text, user="root")
        same(re.findall(r"(?m)^(?:W|E|Err)[:!].*", said), [])
        text = page.html()
        below = text[text.index('id="code-verify"') :]
        sample = re.search(r'<figure[^>]*class="snippet sample"[^>]*>.*?<code id="([^"]+)"', below, re.S)[1]
        promised = set(page.code(sample).splitlines())
        verified = set(case.must(page.snippet("verify").text).splitlines())
        # A suite without a package is not listed.
        same(promised - verified, {line for line in promised if line.startswith("trixie-updates ")})
        same(verified - promised, set())


def a_missing_snippet_changes_nothing(driver: Apt, box: Box, root: Root) -> None:
    """a snippet that does not exist leaves the old file alone"""
    with opened(driver, box, root, "debian") as (page, case):
        case.write("/etc/apt/sources.list.d/debian.sources", "old\n")
        done = case.run(page.code("curl-deb822").replace("/debian.sources'", "/nothing.sources'"), user="root")
        if done.returncode == 0 or case.read("/etc/apt/sources.list.d/debian.sources") != "old\n":
            raise AssertionError(done)


def an_unknown_option_is_no_file(driver: Apt, box: Box, root: Root) -> None:
    """an option that does not exist is an error and no file"""
    status, _, _ = box.get("/docs/debian/debian.sources?release=etch")
    head = box.curl("/docs/debian/debian.sources", "-I").lower()
    if status != 400 or "x-target-file: /etc/apt/sources.list.d/debian.sources" not in head:
        raise AssertionError((status, head))


def another_key_is_not_installed(driver: Apt, box: Box, root: Root) -> None:
    """a key with another fingerprint than the page names is not installed"""
    with opened(driver, box, root, "docker-ce", distro="debian-trixie") as (page, case):
        done = case.run(page.snippet("key").text, user="root")
        if "unexpected key, not installed" not in done.stderr or case.path("/etc/apt/keyrings/docker.asc").exists():
            raise AssertionError(done)


def the_pin_of_mozilla_wins(driver: Apt, box: Box, root: Root) -> None:
    """Firefox comes from Mozilla's repository though another has a higher version"""
    with opened(driver, box, root, "mozilla") as (page, case):
        case.write(
            "/snap/Packages",
            "Package: firefox\nVersion: 9:9snap9\nArchitecture: all\nMaintainer: Test <test@example.org>\n"
            f"Filename: ./firefox.deb\nSize: 1\nSHA256: {'0' * 64}\nDescription: a package that installs a snap\n",
        )
        case.write("/etc/apt/sources.list.d/snap.list", "deb [trusted=yes] file:/snap ./\n")
        candidates = {}
        for block in page.about["checks"][0]["blocks"]:
            case.apply(block)
            if block in ("deb822", "pin"):
                # Not `get`: apt 3 complains of the other repository, which is bare on purpose.
                case.must("apt-get update -q", user="root")
                said = case.must("apt-cache policy firefox")
                candidates[block] = re.search(r"Candidate: (\S+)", said)[1]
        if candidates["deb822"] != "9:9snap9" or candidates["pin"] == "9:9snap9":
            raise AssertionError(candidates)


def every_setup(driver: Apt, box: Box, root: Root) -> None:
    """setup.sh of every page amounts to its check, also twice; --undo restores, another system is refused"""
    for guide, (system, programs) in SYSTEMS.items():
        with opened(driver, box, root, guide) as (page, case):
            case.write("/etc/os-release", system)
            for program in programs:
                case.write(f"/usr/local/bin/{program}", "#!/bin/sh\n", mode=0o755)
            script = box.curl(f"/docs/{guide}/setup.sh")
            # With the test key in place of the upstream's, as in `stand_in`.
            case.write("/var/tmp/setup.sh", case.change(Snippet("setup.sh", script, None, {})))
            case.begin()
            for _ in range(2):
                case.must("sh /var/tmp/setup.sh --yes", user="root")
                driver.compare(case)
            case.must("sh /var/tmp/setup.sh --undo", user="root")
            if left := driver.left(case):
                raise AssertionError(f"{guide}: after --undo this is not as it was: {left}")
            case.write("/etc/os-release", "ID=plan9\nVERSION_CODENAME=glenda\nVERSION_ID=4\n")
            case.begin()
            if guide not in ANYWHERE and case.run("sh /var/tmp/setup.sh --yes", user="root").returncode == 0:
                raise AssertionError(f"{guide}: takes another system for its own")


def by_one_line(driver: Apt, box: Box, root: Root) -> None:
    """setup.sh: run, run twice, undo, another system, a read-only folder, half a script"""
    script = f"curl -fsSL 'https://{box.hosts[0]}/docs/debian/setup.sh"
    with opened(driver, box, root, "debian") as (_, case):
        case.write("/etc/apt/sources.list.d/debian.sources", "# what the image had\n", mode=0o600)
        case.write("/etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n")
        case.begin()
        for line, says in (
            (f"{script}?release=bookworm' | sh", "VERSION_CODENAME=trixie"),
            ("mount --bind /etc/apt/sources.list.d /etc/apt/sources.list.d\n"
             f"mount -o remount,ro,bind /etc/apt/sources.list.d\n{script}' | sh", "debian.sources"),
            (f"{script}' | head -c 3000 | sh", ""),
            (f"{script}' | sh -s -- --nonsense", "--nonsense"),
        ):  # fmt: skip
            done = case.run(line, user="root")
            if done.returncode == 0 or says not in done.stderr or case.changes():
                raise AssertionError((line, done, case.changes()))
        for line in (f"{script}' | sh -s -- --print", f"{script}' | sh -s -- --undo"):
            case.must(line, user="root")
            if case.changes():
                raise AssertionError((line, case.changes()))
        for _ in range(2):
            case.must(f"{script}' | sh", user="root")
            driver.compare(case)
            changed = case.changes()
            if sorted(changed) != ["/etc/apt/sources.list", "/etc/apt/sources.list.d/debian.sources"]:
                raise AssertionError(changed)
        case.must(f"{script}' | sh -s -- --undo --yes", user="root")
        if case.changes() or (case.root / "var/backups/mingjing").exists():
            raise AssertionError(case.changes())


def on_a_terminal(driver: Apt, box: Box, root: Root) -> None:
    """setup.sh asks on a terminal, in both languages, and does nothing without a yes"""
    question = re.compile(r"(继续吗？|Go on\? )\[y/N\]")
    with opened(driver, box, root, "debian") as (_, case):
        case.write("/etc/os-release", "ID=debian\nVERSION_CODENAME=trixie\n")
        case.begin()
        # What is typed; nothing is the end of input. The script itself comes by the pipe, so the answer must not.
        for prefix, typed, yes in (("", "n\\n", False), ("", "\\n", False), ("", "", False), ("", "y\\n", True),
                                   ("/en", "no\\n", False), ("/en", "Yes\\n", True)):  # fmt: skip
            line = f"curl -fsSL https://{box.hosts[0]}{prefix}/docs/debian/setup.sh | sh"
            done = case.run(f"printf '{typed}' | script --quiet --return --command '{line}' /dev/null", user="root")
            if not question.search(done.stdout) or (done.returncode == 0) != yes or bool(case.changes()) != yes:
                raise AssertionError((prefix, typed, done, sorted(case.changes())))
            if yes:
                driver.compare(case)
                # To take back is no question.
                done = case.run(f"script --quiet --return --command '{line} -s -- --undo' /dev/null", user="root")
                if question.search(done.stdout) or case.changes():
                    raise AssertionError((done, sorted(case.changes())))
        # With --yes nobody is asked, terminal or not.
        done = case.run(f"script --quiet --return --command '{line} -s -- --yes' /dev/null", user="root")
        if done.returncode != 0 or question.search(done.stdout) or not case.changes():
            raise AssertionError(done)


Apt.also = (
    every_setup,
    on_a_terminal,
    the_pin_of_mozilla_wins,
    sources_arrive,
    as_a_reader_follows_it,
    a_missing_snippet_changes_nothing,
    an_unknown_option_is_no_file,
    another_key_is_not_installed,
    by_one_line,
)
