"""What w3m, lynx and curl show of the pages that people open in a terminal: the list, a guide, search, files, errors."""

from __future__ import annotations

import re
import shutil
import subprocess
import unittest
from contextlib import ExitStack

from stage import BINARY, ENVIRONMENT, answers, folder, free_port, get, running, wait_for

COLUMNS = 120
BROWSERS = {
    "w3m": ["w3m", "-dump", "-cols", str(COLUMNS), "-I", "UTF-8", "-O", "UTF-8"],
    "lynx": ["lynx", "-dump", "-nolist", f"-width={COLUMNS}", "-display_charset=utf-8", "-assume_charset=utf-8"],
}


class Terminal(unittest.TestCase):
    """Texts as they are read, line by line."""

    @classmethod
    def setUpClass(cls) -> None:
        missing = [name for name in BROWSERS if shutil.which(name) is None]
        if missing:
            raise unittest.SkipTest(f"not installed: {', '.join(missing)}")
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.home = stack.enter_context(folder())
        cls.port = free_port()
        environment = ENVIRONMENT | {"MINGJING_STATE": f"{cls.home}/state", "MINGJING_LISTEN": f"127.0.0.1:{cls.port}"}
        site = stack.enter_context(running([str(BINARY), "serve"], cls.home / "log", env=environment, cwd=cls.home))
        wait_for("the site", lambda: answers(cls.port), site)
        ready = lambda: b"file index: open" in get(cls.port, "/readyz").body  # noqa: E731
        wait_for("the index", ready, site, 60)

    def shown(self, path: str) -> dict[str, str]:
        """The page in each browser."""
        environment = {"LC_ALL": "C.UTF-8", "HOME": str(self.home), "PATH": "/usr/bin:/bin", "TERM": "dumb"}
        url = f"http://127.0.0.1:{self.port}{path}"
        texts = {}
        for name, command in BROWSERS.items():
            done = subprocess.run([*command, url], capture_output=True, env=environment, timeout=60)
            self.assertEqual(done.returncode, 0, done.stderr)
            # lynx breaks long Chinese lines within a character.
            texts[name] = done.stdout.decode(errors="replace")
        return texts

    def row(self, text: str, *parts: str) -> str:
        """The one line that shows these parts in this order, as a row of a table does."""
        pattern = ".*".join(map(re.escape, parts))
        rows = [line for line in text.splitlines() if re.search(pattern, line)]
        self.assertTrue(rows, f"no line has {parts}:\n{text}")
        return rows[0]

    def test_the_list_says_of_each_mirror_what_it_is_and_how_it_is(self) -> None:
        # Of Chinese, w3m makes narrow columns in which words break.
        for path, state in (("/en/", "ok"), ("/", "成功")):
            for browser, text in self.shown(path).items():
                with self.subTest(path=path, browser=browser):
                    # w3m draws a table whose cells may have several lines, lynx sets the description above the figures.
                    together = re.compile(rf"Manjaro.{{0,400}}?778\s.{{0,200}}?GiB", re.DOTALL)
                    self.assertRegex(text, together)
                    if (browser, path) != ("w3m", "/"):
                        self.assertRegex(text, re.compile(rf"Manjaro.{{0,250}}?{state}\s+778\s+GiB", re.DOTALL))
                        self.assertGreater(len(re.findall(rf"{state}\s+\d", text)), 40)
                    first = next(at for at, line in enumerate(text.splitlines()) if "AlmaLinux" in line)
                    self.assertLess(first, 70, f"the list begins late:\n{text[:4000]}")

    def test_code_of_a_guide_can_be_copied_line_by_line(self) -> None:
        lines = ["Types: deb", "Suites: trixie trixie-updates", "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg"]
        for path in ("/docs/debian?release=trixie", "/en/docs/debian?release=trixie"):
            for browser, text in self.shown(path).items():
                with self.subTest(path=path, browser=browser):
                    stripped = [line.strip() for line in text.splitlines()]
                    for line in lines:
                        self.assertIn(line, stripped, text)
                    self.assertNotRegex(text, r"\{\{|\}\}|undefined")

    def test_results_of_a_search_say_what_and_where(self) -> None:
        for path in ("/search?q=inrelease", "/en/search?q=inrelease"):
            for browser, text in self.shown(path).items():
                with self.subTest(path=path, browser=browser):
                    row = self.row(text, "debian/dists/", "InRelease")
                    self.assertNotIn("%2F", row)
                    self.assertRegex(text, r"\d+(\.\d)? (B|KiB)")

    def test_a_folder_is_a_table_of_names_sizes_and_times(self) -> None:
        for browser, text in self.shown("/debian/dists/trixie/").items():
            with self.subTest(browser=browser):
                self.assertRegex(self.row(text, "InRelease"), r"InRelease\s+\S+ (B|KiB)\s+\d{4}-\d\d-\d\d \d\d:\d\d")
                self.assertRegex(self.row(text, "main/"), r"main/\s+–")

    def test_an_error_says_what_is_wrong_and_where_to_go_on(self) -> None:
        for browser, command in BROWSERS.items():
            with self.subTest(browser=browser):
                url = f"http://127.0.0.1:{self.port}/en/docs/no-such-guide"
                done = subprocess.run([*command, url], capture_output=True, text=True, timeout=60)
                self.assertIn("404", done.stdout + done.stderr)

    def test_curl_gets_text_where_text_is_asked_for(self) -> None:
        curl = lambda path: get(self.port, path, accept="*/*", user_agent="curl/8.5.0")  # noqa: E731
        guide = curl("/docs/debian.md").body.decode()
        self.assertIn("\nTypes: deb\n", guide)
        self.assertTrue(guide.startswith("# "), guide[:200])
        snippet = curl("/docs/debian/debian.sources?release=trixie").body.decode()
        self.assertTrue(snippet.startswith("Types: deb\n"), snippet)
        names = curl("/debian/dists/trixie/?format=text").body.decode().splitlines()
        self.assertIn("InRelease", names)
        missing = curl("/debian/no-such-file")
        self.assertEqual((missing.status, missing.headers["content-type"]), (404, "text/plain; charset=utf-8"))
        self.assertNotIn("<", missing.body.decode())


if __name__ == "__main__":
    unittest.main()
