"""Real package clients against the running site, with the snippets that the site gives."""

from __future__ import annotations

import contextlib
import hashlib
import html
import json
import re
import shutil
import tempfile
import unittest
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

from box import HOST, OTHER_HOSTS, Box, must, run
from stage import folder

BOX: Box


def setUpModule() -> None:
    global BOX
    stack = ExitStack()
    unittest.addModuleCleanup(stack.close)
    BOX = Box(stack.enter_context(folder()), stack)


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Page:
    """A help page with chosen options, as a reader without a browser gets it."""

    def __init__(self, mirror: str, **chosen: str) -> None:
        self.mirror = mirror
        self.query = f"?{urlencode(chosen)}" if chosen else ""
        self.about = json.loads(BOX.fetch(f"/docs/{mirror}/options.json"))
        defaults = {option["id"]: option["default"] for option in self.about["options"]}
        values = defaults | chosen
        self.values = {k: {"on": True, "off": False, True: True, False: False}.get(v, v) for k, v in values.items()}
        self.values.setdefault("scheme", "https")
        self.values["base"] = f"{self.values['scheme']}://{HOST}"

    def snippet(self, name: str) -> str:
        """One snippet as plain text."""
        return BOX.fetch(f"/docs/{self.mirror}/{name}{self.query}")

    def html(self) -> str:
        return BOX.fetch(f"/docs/{self.mirror}{self.query}", "-L", "-H", "Accept: text/html")

    def code(self, element: str) -> str:
        """The text of a `<code id=…>` of the page."""
        match = re.search(rf'<code id="{element}"[^>]*>(.*?)</code>', self.html(), re.S)
        if match is None:
            raise AssertionError(f"no {element} on /docs/{self.mirror}{self.query}")
        return html.unescape(re.sub(r"<[^>]*>", "", match[1]))

    def fill(self, template: str) -> str:
        return re.sub(r"\{\{ (\w+) \}\}", lambda m: str(self.values[m[1]]), template)

    def suites(self) -> set[str]:
        """`site suite` of everything that the page says it configures: written apart from its templates."""
        check = next(check for check in self.about["checks"] if check["client"] == "apt")
        return {
            f"{self.fill(suite['at'])} {self.fill(suite['suite'])}"
            for suite in check["suites"]
            # The conditions are comparisons of names and strings, in which MiniJinja and Python agree.
            if eval(suite.get("when") or "True", {"__builtins__": {}}, dict(self.values))
        }


class Apt:
    """apt with one source file and folders of its own."""

    def __init__(self, name: str, text: str, *options: str) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="apt-", dir=BOX.home))
        for child in ("state/lists/partial", "cache/archives/partial", "parts"):
            (self.home / child).mkdir(parents=True)
        source = self.home / name
        source.write_text(text, encoding="utf-8")
        self.options = [
            "-o", f"Dir::Etc::sourcelist={source}", "-o", f"Dir::Etc::sourceparts={self.home}/parts",
            "-o", f"Dir::State={self.home}/state", "-o", f"Dir::Cache={self.home}/cache",
            "-o", f"Dir::State::status={BOX.home}/status", *options,
        ]  # fmt: skip

    def get(self, *arguments: str) -> str:
        done = run(["apt-get", *self.options, *arguments], env=BOX.environment())
        said = done.stdout + done.stderr
        if done.returncode != 0:
            raise AssertionError(f"apt-get {arguments} gave {done.returncode}:\n{said}")
        # By exit status alone a failed certificate is a success (rc 0 and a `W:` line).
        if re.search(r"^(W|E|Err)[:!]", said, re.M):
            raise AssertionError(f"apt-get {arguments} complains:\n{said}")
        return done.stdout

    def configured(self) -> set[str]:
        """`site suite` of what apt would fetch."""
        uris = re.findall(r"^'(\S+)/dists/(\S+)/InRelease'", self.get("update", "--print-uris"), re.M)
        return {f"{site} {suite}" for site, suite in uris}


def check_apt(name: str, text: str, wanted: set[str], *options: str) -> Apt:
    """Fails unless apt takes the source file without a word and it amounts to `wanted`, all of it fetched."""
    apt = Apt(name, text, *options)
    configured = apt.configured()
    if configured != wanted:
        raise AssertionError(f"configured {sorted(configured)}, the page promises {sorted(wanted)}")
    before = len(BOX.requests())
    apt.get("update", "-q", "--error-on=any")
    fetched = {f"{s}://{h}{p.partition('/dists/')[0]} {p.partition('/dists/')[2].removesuffix('/InRelease')}"
               for s, h, _, p, status in BOX.requests()[before:] if p.endswith("/InRelease") and status == 200}  # fmt: skip
    if fetched != wanted:
        raise AssertionError(f"fetched {sorted(fetched)}, the page promises {sorted(wanted)}")
    # Suites without a single package are not listed; nothing else may be.
    targets = set(apt.get("indextargets", "--format", "$(SITE) $(RELEASE)").splitlines())
    full = {suite for suite in wanted if packages_of(suite)}
    if not full <= targets <= wanted:
        raise AssertionError(f"indextargets {sorted(targets)}, expected {sorted(full)} and at most {sorted(wanted)}")
    return apt


def packages_of(suite: str) -> str:
    """The main package index of a `site suite` in the demo tree."""
    site, _, name = suite.partition(" ")
    dist = BOX.root / re.sub(r"^https?://[^/]+/", "", site) / "dists" / name
    index = next(path for path in dist.glob("*/binary-amd64/Packages") if path.parts[-3] in ("main", "stable"))
    return index.read_text()


class Quiet(unittest.TestCase):
    """Whatever a client does, it asks only the expected hosts, and nothing that is not there."""

    def setUp(self) -> None:
        self.before = len(BOX.requests())

    @contextlib.contextmanager
    def asking(self, *hosts: str, missing: str = r"(?!)"):
        before = len(BOX.requests())
        yield
        asked = BOX.requests()[before:]
        self.assertTrue(asked, "the client asked nothing")
        self.assertLessEqual({host for _, host, *_ in asked}, set(hosts))
        lost = [row for row in asked if row[4] >= 400 and not re.search(missing, row[3])]
        self.assertEqual(lost, [])


class Debian(Quiet):
    NAMES = {"deb822": "debian.sources", "list": "sources.list"}

    def options(self):
        for release in ("trixie", "bookworm", "forky", "sid"):
            for form in ("deb822", "list"):
                for scheme in ("https", "http"):
                    chosen = {"release": release, "format": form, "scheme": scheme, "src": "on"}
                    if release != "sid":
                        chosen["security"] = "mirror" if scheme == "http" else "official"
                    if release in ("trixie", "bookworm"):
                        chosen["backports"] = "on"
                    yield chosen
        for security in ("mirror", "official"):
            yield {"release": "trixie", "security": security, "nonfree": "off"}
        yield {"release": "bullseye"}
        yield {}

    def test_every_kind_of_source_file_is_what_the_page_promises(self) -> None:
        for chosen in self.options():
            with self.subTest(**chosen), self.asking(HOST, *OTHER_HOSTS):
                page = Page("debian", **chosen)
                name = self.NAMES[page.values["format"]]
                check_apt(name, page.snippet(name), page.suites())

    def test_a_package_arrives_with_the_right_bytes(self) -> None:
        page = Page("debian", release="bookworm", format="list")
        apt = check_apt("sources.list", page.snippet("sources.list"), page.suites())
        apt.get("install", "--download-only", "-y", "mingjing-hello")
        (deb,) = (apt.home / "cache/archives").glob("*.deb")
        indexes = "".join(packages_of(suite) for suite in page.suites())
        self.assertIn(f"SHA256: {sha256(deb)}\n", indexes)

    def test_sources_arrive_too(self) -> None:
        page = Page("debian", src="on")
        apt = check_apt("debian.sources", page.snippet("debian.sources"), page.suites())
        uris = apt.get("source", "--print-uris", "--download-only", "mingjing-hello")
        for url in re.findall(r"^'https://[^/]+(\S+)'", uris, re.M):
            BOX.fetch(url, "-I")
        self.assertIn(".dsc'", uris)

    def test_the_whole_page_as_a_reader_follows_it(self) -> None:
        """Back up, write, remove, update, check, install, go back: literally, at the real paths."""
        etc = Path("/etc/apt")
        old = "# what the installer wrote\ndeb http://archive.example/debian trixie main\n"
        (etc / "sources.list").write_text(old)
        self.addCleanup(lambda: [shutil.rmtree(etc / "sources-backup", True), (etc / "sources.list").unlink(True)])
        page = Page("debian")
        for name in ("backup", "backup"):
            self.ok(BOX.shell(page.snippet(name)))
        for _ in range(2):
            self.ok(BOX.shell(page.code("curl-deb822")))
        self.assertEqual((etc / "sources.list.d/debian.sources").read_text(), page.snippet("debian.sources"))
        self.assertEqual(page.code("code-deb822"), page.snippet("debian.sources"))
        self.ok(BOX.shell(page.snippet("remove-other")))
        self.assertFalse((etc / "sources.list").exists())
        with self.asking(HOST, *OTHER_HOSTS):
            said = self.ok(BOX.shell(page.snippet("update")))
        self.assertNotRegex(said, r"(?m)^(W|E|Err)[:!]")
        verified = self.ok(BOX.shell(page.snippet("verify")))
        sample = page.code(self.sample_after(page, "verify"))
        self.assertLessEqual(set(verified.splitlines()), set(sample.splitlines()))
        empty = {line for line in sample.splitlines() if line.startswith("trixie-updates ")}
        self.assertEqual(set(sample.splitlines()) - set(verified.splitlines()), empty)
        self.ok(BOX.shell("sudo apt-get install --download-only -y mingjing-hello"))
        (deb,) = Path("/var/cache/apt/archives").glob("mingjing-hello_*.deb")
        self.assertIn(sha256(deb), packages_of(f"https://{HOST}/debian trixie") + packages_of(f"https://{HOST}/debian-security trixie-security"))
        for _ in range(2):
            self.ok(BOX.shell(page.snippet("undo-deb822")))
            self.assertEqual((etc / "sources.list").read_text(), old)
            self.assertFalse((etc / "sources.list.d/debian.sources").exists())

    def sample_after(self, page: Page, name: str) -> str:
        """The id of the first sample below a snippet."""
        text = page.html()
        start = text.index(f'id="code-{name}"')
        match = re.compile(r'<figure[^>]*class="snippet sample"[^>]*>.*?<code id="([^"]+)"', re.S).search(text, start)
        assert match is not None
        return match[1]

    def ok(self, done) -> str:
        self.assertEqual(done.returncode, 0, f"{done.args}\n{done.stdout}\n{done.stderr}")
        return done.stdout


class Mutations(unittest.TestCase):
    """The check must see what is wrong, or its silence means nothing."""

    def setUp(self) -> None:
        self.page = Page("debian")
        self.good = self.page.snippet("debian.sources")

    def bad(self, text: str, message: str, *options: str, page: Page | None = None, name: str = "debian.sources") -> None:
        with self.assertRaisesRegex(AssertionError, message):
            check_apt(name, text, (page or self.page).suites(), *options)

    def test_the_original_passes(self) -> None:
        check_apt("debian.sources", self.good, self.page.suites())

    def test_two_spaces_between_stanzas_lose_the_security_suite(self) -> None:
        changed = self.good.replace("\n\n", "\n  \n")
        self.assertNotEqual(changed, self.good)
        self.bad(changed, "the page promises")

    def test_a_missing_suite(self) -> None:
        self.bad(self.good.replace(" trixie-updates", ""), "the page promises")

    def test_a_suite_too_many(self) -> None:
        self.bad(self.good.replace(" trixie-updates", " trixie-updates trixie-backports"), "the page promises")

    def test_a_suite_that_does_not_exist(self) -> None:
        page = Page("debian", release="forky")
        text = page.snippet("debian.sources").replace(" forky-updates", " forky-updates forky-backports")
        self.bad(text, "the page promises", page=page)
        # Even when the page promises it.
        with self.assertRaisesRegex(AssertionError, "forky-backports"):
            check_apt("debian.sources", text, page.suites() | {f"https://{HOST}/debian forky-backports"})

    def test_another_release(self) -> None:
        self.bad(self.good.replace("trixie", "bookworm"), "the page promises")
        self.bad(self.good.replace("trixie", "trixe"), "the page promises")

    def test_another_host(self) -> None:
        self.bad(self.good.replace(HOST, "mirrors.example.org"), "the page promises")

    def test_a_certificate_that_nobody_vouches_for(self) -> None:
        empty = BOX.home / "no-ca.pem"
        empty.write_text("")
        self.bad(self.good, "gave 100|complains", "-o", f"Acquire::https::CAInfo={empty}")

    def test_a_key_that_did_not_sign(self) -> None:
        self.bad(self.good.replace("debian-archive-keyring", "no-such-keyring"), "gave 100|complains")

    def test_a_comment_where_a_field_should_be(self) -> None:
        self.bad(self.good.replace("URIs:", "# URIs:"), "gave 100|promises")

    def test_a_file_that_changed_after_it_was_signed(self) -> None:
        # In Debian's own order: the index named in InRelease no longer matches.
        path = BOX.root / "debian/dists/trixie/main/binary-amd64/Packages.gz"
        old = path.read_bytes()
        path.write_bytes(old[:-1] + bytes([old[-1] ^ 1]))
        try:
            self.bad(self.good, "gave 100|complains")
        finally:
            path.write_bytes(old)


class Ubuntu(Quiet):
    def test_every_kind_of_source_file_is_what_the_page_promises(self) -> None:
        for chosen in (
            {},
            {"release": "noble"},
            {"release": "noble", "format": "list", "scheme": "http"},
            {"release": "noble", "scheme": "http", "security": "mirror"},
            {"release": "jammy", "security": "mirror", "proposed": "on", "src": "on"},
            {"release": "stonking", "format": "list", "security": "mirror", "proposed": "on"},
        ):
            with self.subTest(**chosen), self.asking(HOST, *OTHER_HOSTS):
                page = Page("ubuntu", **chosen)
                name = "sources.list" if page.values["format"] == "list" else "ubuntu.sources"
                apt = check_apt(name, page.snippet(name), page.suites())
                apt.get("install", "--download-only", "-y", "mingjing-hello")
                self.assertEqual(len(list((apt.home / "cache/archives").glob("*.deb"))), 1)


class Docker(Quiet):
    def test_the_source_file_works_with_the_key_in_place(self) -> None:
        shutil.copy(BOX.demo / "demo-keys/archive-keyring.asc", "/etc/apt/keyrings/docker.asc")
        self.addCleanup(Path("/etc/apt/keyrings/docker.asc").unlink)
        for distro in ("debian-trixie", "debian-bookworm"):
            with self.subTest(distro), self.asking(HOST):
                page = Page("docker-ce", distro=distro)
                apt = check_apt("docker.sources", page.snippet("docker.sources"), page.suites())
                apt.get("install", "--download-only", "-y", "docker-ce")

    def test_a_key_with_another_fingerprint_is_not_installed(self) -> None:
        if shutil.which("gpg") is None:
            self.skipTest("gpg is not installed: apt-get install gnupg")
        done = BOX.shell(Page("docker-ce", distro="debian-trixie").snippet("key"))
        self.assertIn("unexpected key, not installed", done.stderr)
        self.assertFalse(Path("/etc/apt/keyrings/docker.asc").exists())


class Curl(Quiet):
    def test_a_snippet_that_does_not_exist_leaves_the_old_file_alone(self) -> None:
        target = Path("/etc/apt/sources.list.d/debian.sources")
        target.write_text("old\n")
        self.addCleanup(target.unlink)
        line = Page("debian").code("curl-deb822").replace("/debian.sources'", "/nothing.sources'")
        self.assertNotEqual(BOX.shell(line).returncode, 0)
        self.assertEqual(target.read_text(), "old\n")

    def test_the_headers_say_where_a_snippet_belongs(self) -> None:
        head = BOX.fetch("/docs/debian/debian.sources", "-I").lower()
        self.assertIn("x-target-file: /etc/apt/sources.list.d/debian.sources", head)

    def test_an_unknown_option_is_no_file(self) -> None:
        done = run(["curl", "-fsS", f"https://{HOST}/docs/debian/debian.sources?release=etch"], env=BOX.environment())
        self.assertEqual(done.returncode, 22)
        self.assertIn("400", done.stderr)


class Pip(Quiet):
    def setUp(self) -> None:
        self.user = Path(tempfile.mkdtemp(prefix="pip-", dir=BOX.home))
        if run(["pip", "--version"], env=BOX.environment(self.user)).returncode != 0:
            self.skipTest("pip is not installed: apt-get install python3-pip")

    def shell(self, script: str) -> str:
        # pip brings its own list of authorities; Debian's reads the system's.
        done = BOX.shell(script, self.user, PIP_CERT=str(BOX.bundle), PIP_DISABLE_PIP_VERSION_CHECK="1")
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}\n{done.stderr}")
        return done.stdout

    def test_a_package_comes_from_the_index_that_the_page_sets(self) -> None:
        page = Page("pypi")
        for _ in range(2):
            self.shell(page.snippet("pip-set"))
        self.assertIn(f"https://{HOST}/pypi/web/simple", self.shell(page.snippet("pip-check").replace("requests", "mingjing-hello")))
        with self.asking(HOST):
            self.shell("pip download --no-deps --dest wheels mingjing-hello")
        (wheel,) = (self.user / "wheels").iterdir()
        (kept,) = BOX.root.glob(f"pypi/web/packages/**/{wheel.name}")
        self.assertEqual(sha256(wheel), sha256(kept))
        self.shell(page.snippet("pip-undo"))
        self.assertNotIn(HOST, self.shell("pip config list"))

    def test_once_without_a_setting(self) -> None:
        line = Page("pypi").snippet("pip-once").replace("install", "download --no-deps --dest wheels")
        with self.asking(HOST):
            self.shell(line.replace("requests", "mingjing-hello"))
        self.assertEqual(len(list((self.user / "wheels").iterdir())), 1)

    def test_it_is_the_registry_page_and_not_a_listing(self) -> None:
        simple = BOX.fetch("/pypi/web/simple/mingjing-hello/")
        self.assertEqual(simple, (BOX.root / "pypi/web/simple/mingjing-hello/index.html").read_text())


class Uv(Quiet):
    def test_a_package_comes_from_the_index_that_the_page_sets(self) -> None:
        uv = shutil.which("uv")
        if uv is None:
            self.skipTest("uv is not installed: pip install uv")
        user = Path(tempfile.mkdtemp(prefix="uv-", dir=BOX.home))
        page = Page("pypi", tool="uv")
        self.assertEqual(BOX.shell(page.code("curl-uv-file"), user).returncode, 0)
        with self.asking(HOST):
            done = run(
                [uv, "pip", "install", "--native-tls", "--target", user / "site", "mingjing-hello"],
                env=BOX.environment(user), cwd=user,
            )  # fmt: skip
            self.assertEqual(done.returncode, 0, done.stderr)


class Cargo(Quiet):
    def setUp(self) -> None:
        # Behind rustup's proxy, which would look for its toolchains in the test's own home.
        found = run(["rustup", "which", "cargo"]) if shutil.which("rustup") else None
        cargo = found.stdout.strip() if found and found.returncode == 0 else shutil.which("cargo")
        if not cargo:
            self.skipTest("cargo is not installed: see https://rustup.rs")
        self.path = f"{Path(cargo).parent}:/usr/bin:/bin"
        self.user = Path(tempfile.mkdtemp(prefix="cargo-", dir=BOX.home))
        self.project = self.user / "project"
        (self.project / "src").mkdir(parents=True)
        (self.project / "src/lib.rs").write_text("")
        (self.project / "Cargo.toml").write_text(
            '[package]\nname = "project"\nversion = "0.1.0"\nedition = "2021"\n\n'
            '[dependencies]\nmingjing-hello = "1"\n'
        )

    def cargo(self, script: str):
        done = BOX.shell(script, self.user, self.project, PATH=self.path)
        self.assertEqual(done.returncode, 0, f"{script}\n{done.stdout}\n{done.stderr}")
        return done.stdout + done.stderr

    def fetched(self) -> None:
        (crate,) = (self.user / ".cargo").glob("registry/cache/*/mingjing-hello-1.0.0.crate")
        kept = BOX.root / "crates.io-index/crates/mingjing-hello/mingjing-hello-1.0.0.crate"
        self.assertEqual(sha256(crate), sha256(kept))

    def test_a_crate_comes_with_the_configuration_of_the_page(self) -> None:
        page = Page("crates.io-index")
        self.cargo(page.snippet("backup"))
        for _ in range(2):
            self.cargo(page.code("curl-config"))
        self.assertEqual((self.user / ".cargo/config.toml").read_text(), page.snippet("config.toml"))
        with self.asking(HOST):
            self.assertIn("`zju` index", self.cargo("cargo fetch"))
        self.fetched()
        for _ in range(2):
            self.cargo(page.snippet("undo"))
            self.assertFalse((self.user / ".cargo/config.toml").exists())

    def test_merging_twice_leaves_one_copy(self) -> None:
        page = Page("crates.io-index")
        config = self.user / ".cargo/config.toml"
        config.parent.mkdir()
        config.write_text("[net]\nretry = 1\n")
        self.cargo(page.snippet("merge"))
        once = config.read_text()
        self.cargo(page.snippet("merge"))
        self.assertEqual(config.read_text(), once)
        with self.asking(HOST):
            self.cargo("cargo fetch")
        self.fetched()

    def test_once_without_a_file(self) -> None:
        with self.asking(HOST):
            self.cargo(Page("crates.io-index").snippet("once"))
        self.fetched()


class Pacman(Quiet):
    def setUp(self) -> None:
        if shutil.which("pacman") is None:
            self.skipTest("pacman is not installed: apt-get install pacman-package-manager")
        self.home = Path(tempfile.mkdtemp(prefix="pacman-", dir=BOX.home))
        for child in ("root", "db", "cache", "gnupg"):
            (self.home / child).mkdir()
        (self.home / "gnupg").chmod(0o700)
        self.conf = self.home / "pacman.conf"

    def pacman(self, *arguments: str) -> str:
        common = ["--config", self.conf, "--root", self.home / "root", "--dbpath", self.home / "db",
                  "--cachedir", self.home / "cache", "--gpgdir", self.home / "gnupg",
                  "--noconfirm", "--noprogressbar"]  # fmt: skip
        return must(["pacman", *common, *arguments], env=BOX.environment())

    def test_a_signed_package_comes_with_the_list_of_the_page(self) -> None:
        for scheme in ("https", "http"):
            with self.subTest(scheme):
                page = Page("archlinux", scheme=scheme) if scheme != "https" else Page("archlinux")
                line = page.code("curl-mirrorlist")
                done = BOX.shell(line)
                self.assertEqual(done.returncode, 0, f"{line}\n{done.stderr}")
                levels = "Required DatabaseOptional"
                if shutil.which("gpg") is None or not self.trust():
                    levels = "Never"
                self.conf.write_text(
                    f"[options]\nArchitecture = x86_64\nSigLevel = {levels}\n"
                    "[core]\nInclude = /etc/pacman.d/mirrorlist\n[extra]\nInclude = /etc/pacman.d/mirrorlist\n"
                )
                # pacman asks for a signature of each database; Arch itself has none.
                with self.asking(HOST, missing=r"\.db\.sig$"):
                    self.pacman("-Syy")
                    listed = self.pacman("-Sl")
                    self.assertIn("core mingjing-hello 1.0-1", listed)
                    self.assertIn("extra mingjing-hello-docs 1.0-1", listed)
                    shutil.rmtree(self.home / "cache")
                    (self.home / "cache").mkdir()
                    self.pacman("-Sw", "mingjing-hello")
                (package,) = (self.home / "cache").glob("*.pkg.tar.zst")
                self.assertEqual(sha256(package), sha256(BOX.root / f"archlinux/core/os/x86_64/{package.name}"))

    def trust(self) -> bool:
        """Trusts the demo key as pacman-key would."""
        gpg = ["gpg", "--homedir", self.home / "gnupg", "--batch", "--quiet", "--no-tty"]
        if run([*gpg, "--import", BOX.key]).returncode != 0:
            return False
        keys = must([*gpg, "--list-keys", "--with-colons"])
        fingerprint = next(line.split(":")[9] for line in keys.splitlines() if line.startswith("fpr"))
        return run([*gpg, "--import-ownertrust"], input=f"{fingerprint}:6:\n").returncode == 0


if __name__ == "__main__":
    unittest.main()
