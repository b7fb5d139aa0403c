"""The generated configuration in a real nginx: what leaves without the application, and what does not."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import unittest
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote

from stage import (
    BINARY,
    ENVIRONMENT,
    answers,
    check_nginx,
    folder,
    free_port,
    generate,
    get,
    get_all,
    make_demo,
    require_nginx,
    running,
    wait_for,
    write_nginx,
    write_site,
)

HTML = {"Accept": "text/html"}
DEB = "debian/pool/main/m/mingjing-hello"


class Behind(unittest.TestCase):
    """One site behind one nginx for all tests; whatever a test changes in the tree it takes back."""

    @classmethod
    def setUpClass(cls) -> None:
        require_nginx()
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.home = stack.enter_context(folder())
        demo = cls.home / "demo"
        demo.mkdir(mode=0o755)
        make_demo(demo)
        cls.root = demo / "mirrors"
        cls.add_awkward_files()
        cls.app_port, cls.port = free_port(), free_port()
        cls.log = cls.home / "access.log"
        cls.site = write_site(
            cls.home / "site.toml",
            root=cls.root,
            state=cls.home / "state",
            listen=f"127.0.0.1:{cls.app_port}",
            base_url=f"http://127.0.0.1:{cls.port}",
        )
        cls.generated = generate(cls.site, "--listen", f"127.0.0.1:{cls.port}", "--access-log", str(cls.log))
        conf = write_nginx(cls.home / "nginx", cls.generated)
        checked = check_nginx(conf)
        if checked.returncode != 0:
            raise AssertionError(f"nginx -t: {checked.stderr}\n{cls.generated}")
        cls.app = stack.enter_context(
            running(
                [str(BINARY), "serve", "--config", str(cls.site)], cls.home / "app.log", env=ENVIRONMENT, cwd=cls.home
            )
        )
        wait_for("the application", lambda: answers(cls.app_port), cls.app)
        cls.nginx = stack.enter_context(running([require_nginx(), "-c", str(conf)], cls.home / "nginx.log"))
        wait_for("nginx", lambda: answers(cls.port), cls.nginx)

    @classmethod
    def add_awkward_files(cls) -> None:
        """What an upstream or an accident may leave in a tree."""
        odd = cls.root / "gnu/odd-names"
        os.makedirs(cls.root / "gnu/locked/inner", mode=0o755)
        (cls.root / "gnu/locked/inner/file.txt").write_text("behind a closed folder\n")
        (cls.root / "gnu/locked").chmod(0o700)
        private = cls.root / "gnu/private.txt"
        private.write_text("not for the world\n")
        private.chmod(0o640)
        (cls.root / "gnu/inside.txt").symlink_to("README.md")
        (cls.root / "gnu/broken.txt").symlink_to("nowhere")
        # A link of one owner to a file of another, outside of the tree; only root can make that.
        secret = cls.home / "secret.txt"
        secret.write_text("SECRET of somebody else\n")
        secret.chmod(0o644)
        leak = cls.root / "gnu/leak.txt"
        leak.symlink_to(secret)
        (cls.root / "gnu/leak-dir").symlink_to(cls.home)
        if os.geteuid() == 0:
            os.chown(leak, 65534, 65534, follow_symlinks=False)
            os.chown(cls.root / "gnu/leak-dir", 65534, 65534, follow_symlinks=False)
        (odd / "semi;colon&amp.txt").write_text("The name of this file is semi;colon&amp.txt\n")
        (odd / "new\nline.txt").write_text("The name of this file is new\nline.txt\n")
        (odd / "back\\slash.txt").write_text("The name of this file is back\\slash.txt\n")
        (odd / "plus+.txt").write_text("The name of this file is plus+.txt\n")
        (odd / ".hello.tar.gz.Xa3Bq9").write_text("an unfinished file of rsync\n")

    def lines_for(self, path: str) -> list[str]:
        return [line for line in self.log.read_text("utf-8", "replace").splitlines() if f" {path} " in line]

    # The configuration

    def test_files_leave_by_sendfile(self) -> None:
        server = self.generated[self.generated.index("server {") :]
        self.assertRegex(server, r"\n\s*sendfile on;")
        self.assertRegex(server, r"\n\s*aio threads;")
        self.assertRegex(server, r"\n\s*etag on;")

    def test_nginx_accepts_it_with_a_certificate_too(self) -> None:
        with folder() as home:
            key, certificate = home / "key.pem", home / "cert.pem"
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                 "-subj", "/CN=mirror.example", "-days", "1", "-keyout", key, "-out", certificate],
                check=True, capture_output=True,
            )  # fmt: skip
            generated = generate(
                self.site, "--listen", "127.0.0.1:18080", "--listen-tls", "127.0.0.1:18443",
                "--certificate", str(certificate), "--key", str(key), "--access-log", f"{home}/access.log",
            )  # fmt: skip
            checked = check_nginx(write_nginx(home / "nginx", generated))
            self.assertEqual(checked.returncode, 0, checked.stderr)
            self.assertNotIn("[warn]", checked.stderr)
            self.assertIn("listen 127.0.0.1:18443 ssl;", generated)

    def test_a_checker_of_configurations_finds_nothing(self) -> None:
        """gixy, without one opinion: a cache of open files would hand out a replaced index for seconds."""
        gixy = Path(sys.executable).parent / "gixy"
        if not gixy.exists():
            self.skipTest("gixy is not installed: pip install -r nginx_requirements.txt")
        with folder() as home:
            secure = home / "site.toml"
            secure.write_text(self.site.read_text().replace('base_url = "http:', 'base_url = "https:'))
            for name, site in {"plain": self.site, "secure": secure}.items():
                generated = generate(site, "--listen", "127.0.0.1:18080", "--access-log", f"{home}/access.log")
                conf = write_nginx(home / name, generated)
                done = subprocess.run(
                    [gixy, "--format", "json", "--skips", "try_files_is_evil_too", conf], capture_output=True, text=True
                )
                self.assertEqual(json.loads(done.stdout or "null"), [], done.stderr)

    def test_nginx_accepts_it_without_a_warning(self) -> None:
        checked = check_nginx(self.home / "nginx/nginx.conf")
        self.assertEqual(checked.returncode, 0, checked.stderr)
        self.assertNotIn("[warn]", checked.stderr)

    def test_the_defaults_are_accepted(self) -> None:
        """Ports 80 and [::]:80 may be taken; the syntax is what counts."""
        generated = generate(self.site)
        with folder() as home:
            generated = generated.replace("/var/log/nginx/mirror.log", f"{home}/mirror.log")
            checked = check_nginx(write_nginx(home / "nginx", generated))
        self.assertIn("syntax is ok", checked.stderr)

    def test_the_access_log_can_be_off_or_have_an_odd_name(self) -> None:
        for log in ("off", "{home}/access of today.log"):
            with self.subTest(log), folder() as home:
                generated = generate(self.site, "--listen", "127.0.0.1:18080", "--access-log", log.format(home=home))
                checked = check_nginx(write_nginx(home / "nginx", generated))
                self.assertEqual(checked.returncode, 0, checked.stderr)

    def test_a_certificate_without_its_key_is_refused(self) -> None:
        arguments = [str(BINARY), "generate", "nginx", "--config", str(self.site), "--certificate", "cert.pem"]
        done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertIn("--key", done.stderr)

    # Pages

    def test_pages_come_through(self) -> None:
        for path in ("/", "/en/", "/docs/debian", "/status", "/search?q=debian", "/news/", "/about", "/debian/"):
            with self.subTest(path):
                answer = get(self.port, path, **HTML)
                self.assertEqual(answer.status, 200)
                self.assertIn("text/html", answer.headers["content-type"])
                self.assertIn(b"<h1", answer.body)
                self.assertIn("content-security-policy", answer.headers)

    def test_machines_get_theirs(self) -> None:
        for path, kind in {
            "/api/v1/mirrors": "application/json",
            "/api/mirrorz.json": "application/json",
            "/mirrorz.json": "application/json",
            "/sitemap.xml": "application/xml",
            "/robots.txt": "text/plain",
            "/feed.xml": "application/atom+xml",
            "/opensearch.xml": "application/opensearchdescription+xml",
            "/favicon.svg": "image/svg+xml",
            "/docs/debian/debian.sources": "text/plain",
            "/docs/debian.md": "text/markdown",
            "/docs/debian/options.json": "application/json",
            "/debian/?format=json": "application/json",
        }.items():
            with self.subTest(path):
                answer = get(self.port, path)
                self.assertEqual(answer.status, 200, answer.body[:200])
                self.assertTrue(answer.headers["content-type"].startswith(kind), answer.headers["content-type"])

    def test_a_page_is_compressed_once_and_known_again(self) -> None:
        packed = get(self.port, "/", Accept="text/html", Accept_Encoding="br")
        self.assertEqual(packed.headers.get("content-encoding"), "br")
        tag = packed.headers["etag"]
        again = get(self.port, "/", Accept="text/html", Accept_Encoding="br", If_None_Match=tag)
        self.assertEqual(again.status, 304)

    def test_a_listing_has_the_files(self) -> None:
        answer = get(self.port, "/gnu/hello/", **HTML)
        self.assertIn(b"hello-2.12.1.tar.gz", answer.body)
        names = {entry["name"] for entry in json.loads(get(self.port, "/gnu/hello/?format=json").body)}
        self.assertEqual(names, {"hello-2.10.tar.gz", "hello-2.12.tar.gz", "hello-2.12.1.tar.gz"})

    def test_a_folder_without_its_slash_redirects_and_keeps_the_port(self) -> None:
        answer = get(self.port, "/debian/dists")
        self.assertIn(answer.status, (301, 308))
        self.assertIn(answer.headers["location"], ("/debian/dists/", f"http://127.0.0.1:{self.port}/debian/dists/"))

    def test_another_spelling_of_a_mirror_redirects(self) -> None:
        answer = get(self.port, "/Debian/dists/trixie/InRelease")
        self.assertIn(answer.status, (301, 308))
        self.assertTrue(answer.headers["location"].endswith("/debian/dists/trixie/InRelease"))

    # Files

    def files(self) -> list[str]:
        """One file of each kind, and every awkward name."""
        deb = next((self.root / DEB).glob("*.deb"))
        iso = next((self.root / "ubuntu-releases/24.04").glob("*desktop*.iso"))
        wheel = next(self.root.glob("pypi/web/**/*.whl"))
        some = [deb, iso, wheel, self.root / "debian/dists/trixie/InRelease", self.root / "gnu/README.md"]
        some += [path for path in (self.root / "gnu/odd-names").iterdir() if not path.name.startswith(".")]
        some.append(self.root / "archlinux/core/os/x86_64/core.db")
        return [str(path.relative_to(self.root)) for path in some]

    def test_files_leave_without_the_application(self) -> None:
        """The proof: they still come when the application is stopped, byte for byte; a page does not."""
        page = get(self.port, "/status", **HTML)
        self.assertEqual(page.status, 200)
        self.app.send_signal(signal.SIGSTOP)
        try:
            for name in self.files():
                with self.subTest(name):
                    answer = get(self.port, "/" + quote(name))
                    self.assertEqual(answer.status, 200)
                    self.assertEqual(answer.body, (self.root / name).read_bytes())
            simple = get(self.port, "/pypi/web/simple/mingjing-hello/")
            self.assertEqual(simple.status, 200)
            self.assertIn(b".whl", simple.body)
        finally:
            self.app.send_signal(signal.SIGCONT)
        wait_for("the application again", lambda: get(self.port, "/healthz").status == 200)

    def test_a_page_of_an_application_that_is_gone_is_502(self) -> None:
        """On a port where nobody listens: the application of the other tests is left alone."""
        port, nobody = free_port(), free_port()
        with folder() as home:
            site = write_site(
                home / "site.toml", root=self.root, state=home / "state",
                listen=f"127.0.0.1:{nobody}", base_url="http://127.0.0.1",
            )  # fmt: skip
            generated = generate(site, "--listen", f"127.0.0.1:{port}", "--access-log", f"{home}/access.log")
            conf = write_nginx(home / "nginx", generated)
            with running([require_nginx(), "-c", str(conf)], home / "nginx.log") as nginx:
                wait_for("nginx", lambda: answers(port), nginx)
                self.assertEqual(get(port, "/").status, 502)
                self.assertEqual(get(port, "/debian/").status, 502)
                path = "debian/dists/trixie/InRelease"
                self.assertEqual(get(port, f"/{path}").body, (self.root / path).read_bytes())

    def test_images_and_packages_are_octet_streams(self) -> None:
        for name in self.files():
            if name.endswith((".iso", ".deb", ".whl")):
                answer = get(self.port, "/" + quote(name), method="HEAD")
                self.assertEqual(answer.headers["content-type"], "application/octet-stream", name)

    def test_a_range_is_exactly_that_range(self) -> None:
        name = next(name for name in self.files() if name.endswith(".iso"))
        whole = (self.root / name).read_bytes()
        for asked, want in {
            "bytes=0-99": whole[:100],
            "bytes=1000-1999": whole[1000:2000],
            f"bytes={len(whole) - 7}-": whole[-7:],
            "bytes=-10": whole[-10:],
        }.items():
            for port in (self.port,):
                with self.subTest(asked, port=port):
                    answer = get(port, "/" + quote(name), Range=asked)
                    self.assertEqual(answer.status, 206)
                    self.assertEqual(answer.body, want)
                    self.assertTrue(answer.headers["content-range"].endswith(f"/{len(whole)}"))
        self.assertEqual(get(self.port, "/" + quote(name), Range=f"bytes={len(whole)}-").status, 416)

    def test_an_interrupted_download_is_continued_only_while_the_file_is_the_same(self) -> None:
        path = "/gnu/hello/hello-2.12.tar.gz"
        tag = get(self.port, path, method="HEAD").headers["etag"]
        self.assertEqual(get(self.port, path, Range="bytes=5-", If_Range=tag).status, 206)
        self.assertEqual(get(self.port, path, Range="bytes=5-", If_Range='"other"').status, 200)

    def test_a_known_file_is_304(self) -> None:
        for name in self.files():
            path = "/" + quote(name)
            first = get(self.port, path, method="HEAD")
            with self.subTest(name):
                self.assertEqual(get(self.port, path, If_None_Match=first.headers["etag"]).status, 304)
                self.assertEqual(get(self.port, path, If_Modified_Since=first.headers["last-modified"]).status, 304)
                self.assertEqual(get(self.port, path, If_None_Match='"other"').status, 200)

    def test_nginx_and_the_application_name_a_file_alike(self) -> None:
        """A laptop without nginx, or a later change to it, must not make every client fetch anew."""
        port = free_port()
        with folder() as home:
            site = write_site(
                home / "site.toml", root=self.root, state=home / "state",
                listen=f"127.0.0.1:{port}", base_url="http://127.0.0.1",
            )  # fmt: skip
            site.write_text(site.read_text().replace('accel = "/_accel"', ""))
            arguments = [str(BINARY), "serve", "--config", str(site)]
            with running(arguments, home / "log", env=ENVIRONMENT, cwd=home) as app:
                wait_for("the application", lambda: answers(port), app)
                for name in self.files():
                    path = "/" + quote(name)
                    ours, theirs = get(port, path), get(self.port, path)
                    with self.subTest(name):
                        self.assertEqual((ours.status, theirs.status), (200, 200))
                        self.assertEqual(ours.body, theirs.body)
                        for header in ("etag", "last-modified", "content-length"):
                            self.assertEqual(ours.headers[header], theirs.headers[header], header)
                iso = "/" + next(name for name in self.files() if name.endswith(".iso"))
                part = get(port, iso, Range="bytes=10-19")
                self.assertEqual((part.status, part.body), (206, (self.root / iso[1:]).read_bytes()[10:20]))

    def test_each_header_is_there_once_whoever_answers(self) -> None:
        (self.root / "gnu/page.html").write_text("<script>1</script>")
        page, deb = "/gnu/page.html", "/" + next(name for name in self.files() if name.endswith(".deb"))
        for path, policy, resource in (
            ("/", "default-src 'none'", "same-origin"),
            ("/gnu/", "default-src 'none'", "same-origin"),
            ("/api/v1/mirrors", "default-src 'none'", "cross-origin"),
            ("/gnu/nothing", "default-src 'none'", "same-origin"),
            (page, "sandbox ", "cross-origin"),
            (deb, "", "cross-origin"),
        ):
            with self.subTest(path):
                headers = get_all(self.port, path, **HTML)
                self.assertEqual(headers["x-content-type-options"], ["nosniff"])
                self.assertEqual(headers["referrer-policy"], ["strict-origin-when-cross-origin"])
                self.assertEqual(headers["cross-origin-resource-policy"], [resource])
                policies = headers.get("content-security-policy", [])
                self.assertEqual(len(policies), 1 if policy else 0)
                self.assertTrue("".join(policies).startswith(policy), policies)
                self.assertLessEqual(len(headers.get("cache-control", [])), 1)
                self.assertNotIn("strict-transport-security", headers, "this site has no HTTPS")

    def test_indexes_are_asked_for_again_each_time(self) -> None:
        for path in (
            "/debian/dists/trixie/InRelease",
            "/debian/dists/trixie/Release.gpg",
            "/debian/dists/trixie/main/binary-amd64/Packages.gz",
            "/archlinux/core/os/x86_64/core.db",
            "/archlinux/lastupdate",
        ):
            with self.subTest(path):
                self.assertIn("must-revalidate", get(self.port, path).headers.get("cache-control", ""))
        deb = "/" + next(name for name in self.files() if name.endswith(".deb"))
        self.assertNotIn("cache-control", get(self.port, deb).headers)

    def test_a_download_that_breaks_off_is_logged_with_its_bytes(self) -> None:
        path = "/gnu/hello/hello-2.10.tar.gz"
        get(self.port, path, Range="bytes=0-9", User_Agent="range-of-a-test")
        wait_for("a line in the log", lambda: any("range-of-a-test" in line for line in self.lines_for(path)))
        line = next(line for line in self.lines_for(path) if "range-of-a-test" in line)
        self.assertRegex(line, r'" 206 \d+ OK ')
        self.assertIn('"bytes=0-9"', line)
        self.assertTrue(line.endswith(" 127.0.0.1"), "the name that was asked for")

    def test_every_line_of_the_log_is_counted_once(self) -> None:
        path = "/gnu/hello/hello-2.10.tar.gz"
        get(self.port, path, User_Agent='odd " agent\\ [1]')
        get(self.port, "/gnu/odd%22na%20mes%5B", User_Agent="curl/8")
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as stranger:
            stranger.sendall(b"\x16\x03\x01 no http\r\n\r\n")
            stranger.recv(1000)
        wait_for("the last line", lambda: any("x16" in line for line in self.log.read_text().splitlines()))
        with folder() as home:
            copy = home / "access.log"
            copy.write_bytes(self.log.read_bytes())
            lines = len(copy.read_bytes().splitlines())
            arguments = [str(BINARY), "stats", "ingest", "--config", str(self.site), "--state", str(home / "state"), str(copy)]
            for count in (lines, 0):
                done = subprocess.run(arguments, env=ENVIRONMENT, capture_output=True, text=True, check=True)
                self.assertTrue(done.stdout.startswith(f"{count} lines counted, 0 not"), done.stdout)

    # What is not for the world

    def assertNotServed(self, path: str, statuses: tuple[int, ...], secret: bytes) -> None:
        for port in (self.port, self.app_port):
            with self.subTest(path, port="nginx" if port == self.port else "application"):
                answer = get(port, path, **HTML)
                self.assertIn(answer.status, statuses)
                self.assertNotIn(secret, answer.body)
                self.assertIn(b'class="ways-out"', answer.body, "our own page")
                self.assertNotIn("x-accel-redirect", answer.headers)

    def test_a_file_without_world_permission_is_403(self) -> None:
        self.assertNotServed("/gnu/private.txt", (403,), b"not for the world")

    def test_a_file_below_a_closed_folder_is_403(self) -> None:
        self.assertNotServed("/gnu/locked/inner/file.txt", (403, 404), b"behind a closed")
        self.assertNotServed("/gnu/locked/", (403, 404), b"inner")

    def test_a_link_to_files_of_somebody_else_is_not_followed(self) -> None:
        if os.geteuid() != 0:
            self.skipTest("only root can make a link of another owner")
        self.assertNotServed("/gnu/leak.txt", (403, 404), b"SECRET")
        self.assertNotServed("/gnu/leak-dir/secret.txt", (403, 404), b"SECRET")
        self.assertNotServed("/gnu/leak-dir/site.toml", (403, 404), b"base_url")

    def test_a_link_within_the_tree_is_followed(self) -> None:
        self.assertEqual(get(self.port, "/gnu/inside.txt").body, (self.root / "gnu/README.md").read_bytes())

    def test_a_broken_link_is_404(self) -> None:
        self.assertNotServed("/gnu/broken.txt", (404,), b"nowhere/")

    def test_marks_and_unfinished_files_are_404(self) -> None:
        self.assertNotServed("/.mingjing-demo", (403, 404), b"\n1\n")
        self.assertNotServed("/gnu/odd-names/.hello.tar.gz.Xa3Bq9", (403, 404), b"unfinished file")

    def test_what_is_hidden_from_a_request_is_in_no_listing(self) -> None:
        text = get(self.port, "/gnu/?format=json").body.decode()
        for name in ("private.txt", "locked", "leak", "broken"):
            self.assertNotIn(name, text)
        self.assertNotIn("Xa3Bq9", get(self.port, "/gnu/odd-names/?format=json").body.decode())

    def test_a_missing_file_is_our_404(self) -> None:
        page = get(self.port, "/debian/dists/trixie/nothing", **HTML)
        self.assertEqual(page.status, 404)
        self.assertIn(b'href="/debian/dists/trixie/"', page.body)
        text = get(self.port, "/debian/dists/trixie/nothing.deb")
        self.assertEqual(text.status, 404)
        self.assertTrue(text.headers["content-type"].startswith("text/plain"))
        self.assertLess(len(text.body), 300)
        iso = get(self.port, "/debian-cd/nothing.iso", **HTML)
        self.assertEqual(iso.status, 404)
        self.assertIn(b'class="ways-out"', iso.body)

    def test_malformed_paths_are_4xx(self) -> None:
        for path in (
            "/debian/../../../etc/passwd",
            "/debian/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
            "/debian/..%2f..%2f..%2fetc/passwd",
            "/debian/%00",
            "/gnu/README.md%00",
            "/gnu/%ff%fe",
            "/_accel/../../etc/passwd",
        ):
            for port in (self.port, self.app_port):
                with self.subTest(path, port=port):
                    answer = get(port, path)
                    self.assertIn(answer.status, (400, 403, 404))
                    self.assertNotIn(b"root:", answer.body)

    def test_the_internal_location_cannot_be_asked_for(self) -> None:
        path = "gnu/hello/hello-2.12.tar.gz"
        for prefix in ("/_accel/", "/_accel//", "/%5faccel/"):
            with self.subTest(prefix):
                answer = get(self.port, prefix + path)
                self.assertIn(answer.status, (400, 404))
                self.assertNotEqual(answer.body, (self.root / path).read_bytes())

    def test_the_application_sends_nginx_to_the_file(self) -> None:
        for name in self.files():
            path = "/" + quote(name)
            with self.subTest(name):
                answer = get(self.app_port, path)
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.body, b"")
                target = answer.headers["x-accel-redirect"]
                self.assertTrue(target.startswith("/_accel/"), target)

    def test_what_the_application_decides_on_comes_out_right(self) -> None:
        """Names that nginx does not look at itself take the way through X-Accel-Redirect."""
        sent = get(self.app_port, "/pypi/web/simple/mingjing-hello/")
        self.assertIn("x-accel-redirect", sent.headers)
        # As nginx would, had it not found the file itself: a location that always asks the application.
        port = free_port()
        server = re.sub(r"try_files [^;]*;", "proxy_pass http://mingjing;", self.generated)
        server = server.replace(f"listen 127.0.0.1:{self.port}", f"listen 127.0.0.1:{port}")
        with folder() as home:
            conf = write_nginx(home / "nginx", server)
            with running([require_nginx(), "-c", str(conf)], home / "nginx.log") as nginx:
                wait_for("nginx", lambda: answers(port), nginx)
                for name in self.files():
                    with self.subTest(name):
                        answer = get(port, "/" + quote(name))
                        self.assertEqual(answer.status, 200)
                        self.assertEqual(answer.body, (self.root / name).read_bytes())
                        self.assertNotIn("x-accel-redirect", answer.headers)
                        direct = get(self.port, "/" + quote(name))
                        for header in ("etag", "cache-control", "x-content-type-options", "cross-origin-resource-policy"):
                            self.assertEqual(answer.headers.get(header), direct.headers.get(header), header)

    # Registries

    def test_a_registry_folder_is_its_index_file(self) -> None:
        answer = get(self.port, "/pypi/web/simple/mingjing-hello/", **HTML)
        self.assertEqual(answer.body, (self.root / "pypi/web/simple/mingjing-hello/index.html").read_bytes())
        self.assertIn("text/html", answer.headers["content-type"])
        # The links in it are relative: without the slash they would lead elsewhere.
        redirect = get(self.port, "/pypi/web/simple/mingjing-hello")
        self.assertIn(redirect.status, (301, 308))
        self.assertTrue(redirect.headers["location"].endswith("/pypi/web/simple/mingjing-hello/"))

    def test_a_folder_of_a_registry_without_an_index_file_is_a_listing(self) -> None:
        answer = get(self.port, "/pypi/web/packages/", **HTML)
        self.assertEqual(answer.status, 200)
        self.assertIn(b'id="entries"', answer.body)

    def test_checksums_in_the_tree_hold(self) -> None:
        sums = get(self.port, "/ubuntu-releases/24.04/SHA256SUMS").body.decode()
        for line in sums.splitlines():
            digest, name = line.split(maxsplit=1)
            body = get(self.port, f"/ubuntu-releases/24.04/{name.lstrip('*')}").body
            self.assertEqual(hashlib.sha256(body).hexdigest(), digest)

    def test_a_tree_called_like_a_page_does_not_hide_the_page(self) -> None:
        for name in ("status", "robots.txt"):
            path = self.root / name
            path.write_text("not the page\n")
            try:
                answer = get(self.port, f"/{name}")
            finally:
                path.unlink()
            self.assertEqual(answer.status, 200)
            self.assertNotEqual(answer.body, b"not the page\n", name)

    def test_a_connection_is_kept(self) -> None:
        import http.client

        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        for _ in range(3):
            for path in ("/debian/dists/trixie/InRelease", "/robots.txt"):
                connection.request("GET", path)
                response = connection.getresponse()
                response.read()
                self.assertFalse(response.will_close, path)
        connection.close()

    def test_only_get_and_head(self) -> None:
        for path in ("/", "/debian/", "/gnu/README.md"):
            for method in ("POST", "PUT", "DELETE"):
                self.assertIn(get(self.port, path, method=method).status, (403, 405), f"{method} {path}")


if __name__ == "__main__":
    unittest.main()
