"""Every page of the sitemap, and pages that it does not name, read by the Nu HTML Checker; the stylesheet, too.

    npm ci && python3 html_test.py          needs Java 17; half a minute
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import unittest
from contextlib import ExitStack
from html import unescape
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

from stage import BINARY, ENVIRONMENT, HERE, Answer, answers, folder, free_port, get, running, wait_for

JAR = HERE / "node_modules/vnu-jar/build/dist/vnu.jar"
LANGUAGES = ("", "/en")
# What no sitemap names, and the status it has: errors, results, sorted lists, the tree.
UNLISTED = {
    "/nothing-here": 404,
    "/docs/nothing-here": 404,
    "/docs/debian?release=no-such": 400,
    "/search?q=debian": 200,
    "/search?q=no-such-file-anywhere": 200,
    "/search?q=size%3Awrong": 200,
    "/search/files?q=iso": 200,
    "/search/files?q=debian+iso+nonsensical": 200,
    "/downloads?q=no-such-thing": 200,
    "/ius/": 410,
    "/?q=debian": 200,
    "/?sort=size": 200,
    "/debian/": 200,
    "/debian/dists/trixie/?sort=time": 200,
}

# Findings that are none, as regular expressions, with the reason.
NO_FAULT = {
    r"“vector-effect” doesn't exist": "the checker lacks this property of SVG 2, which every browser has",
}


class Finding(NamedTuple):
    """What the checker says, of which file, and of which part of it."""

    said: str
    file: str
    extract: str


def check(kind: str, files: list[Path]) -> list[Finding]:
    """What the checker finds, errors, warnings and remarks alike; all files in one Java process."""
    # Whether a page of package names is Chinese or Norwegian is a guess that the checker makes badly.
    line = ["java", "-Xss8m", "-jar", str(JAR), "--format", "json", "--stdout", "--exit-zero-always", "--no-langdetect", kind]
    done = subprocess.run([*line, *map(str, files)], capture_output=True, text=True, timeout=300)
    if done.returncode != 0:
        raise AssertionError(f"the checker gave {done.returncode}: {done.stderr[-2000:]}")
    found = [
        Finding(m["message"], Path(urlsplit(m.get("url", "")).path).name, m.get("extract", "").strip())
        for m in json.loads(done.stdout)["messages"]
    ]
    return [finding for finding in found if not any(re.search(known, finding.said) for known in NO_FAULT)]


def in_short(found: list[Finding], names: dict[str, str]) -> dict[str, str]:
    """Each finding once, with the number of places and one of them."""
    by_said: dict[str, list[Finding]] = {}
    for finding in found:
        by_said.setdefault(finding.said, []).append(finding)
    one = lambda f: f"{names.get(f.file, f.file)}: {f.extract}"  # noqa: E731
    return {said: f"{len(places)} times, as in {one(places[0])}" for said, places in by_said.items()}


def last_state(about: dict) -> str:
    """The query of the state in which every option has its last value; empty where there is but one state."""
    last = {option["id"]: option["values"][-1]["value"] for option in about["options"]}
    return urlencode({o["id"]: last[o["id"]] for o in about["options"] if last[o["id"]] != o["default"]})


@unittest.skipUnless(shutil.which("java"), "java is not installed: apt-get install openjdk-17-jre-headless")
class Html(unittest.TestCase):
    """One site with its demo tree for all tests."""

    @classmethod
    def setUpClass(cls) -> None:
        if not JAR.exists():
            raise AssertionError(f"no {JAR}: npm ci")
        stack = ExitStack()
        cls.addClassCleanup(stack.close)
        cls.home = stack.enter_context(folder())
        cls.port = free_port()
        environment = ENVIRONMENT | {"MINGJING_STATE": f"{cls.home}/state", "MINGJING_LISTEN": f"127.0.0.1:{cls.port}"}
        log = cls.home / "app.log"
        app = stack.enter_context(running([str(BINARY), "serve"], log, env=environment, cwd=cls.home))
        wait_for("the site", lambda: answers(cls.port), app)

    def ask(self, path: str) -> Answer:
        """The page at a path, or where that leads."""
        for _ in range(3):
            answer = get(self.port, path, accept="text/html")
            if answer.status not in (301, 302, 303, 307, 308):
                return answer
            there = urlsplit(answer.headers["location"])
            path = there.path + (f"?{there.query}" if there.query else "")
        raise AssertionError(f"{path} leads on and on")

    def sitemap(self) -> list[str]:
        places = re.findall(r"<loc>([^<]+)</loc>", get(self.port, "/sitemap.xml").body.decode())
        return [(url.path + (f"?{url.query}" if url.query else "")) for url in map(urlsplit, map(unescape, places))]

    def other_states(self, sitemap: list[str]) -> list[str]:
        """One more state of every guide that has options."""
        ids = [path.removeprefix("/docs/") for path in sitemap if re.fullmatch(r"/docs/[^/?]+", path)]
        self.assertGreater(len(ids), 60)
        queries = {i: last_state(json.loads(get(self.port, f"/docs/{i}/options.json").body)) for i in ids}
        return [f"{prefix}/docs/{i}?{query}" for i, query in queries.items() if query for prefix in LANGUAGES]

    def test_every_page(self) -> None:
        listed = self.sitemap()
        self.assertGreater(len(listed), 200)
        wanted = dict.fromkeys(listed + self.other_states(listed), 200)
        wanted |= {prefix + path: status for path, status in UNLISTED.items() for prefix in LANGUAGES}
        names = {}
        for number, (path, status) in enumerate(wanted.items()):
            answer = self.ask(path)
            self.assertEqual(answer.status, status, path)
            file = self.home / f"{number}.html"
            file.write_bytes(answer.body)
            names[file.name] = path
        self.assertEqual(in_short(check("--html", [self.home / name for name in names]), names), {})

    def test_the_stylesheet(self) -> None:
        (address,) = re.findall(r'<link rel="stylesheet" href="([^"]+)"', get(self.port, "/").body.decode())
        file = self.home / "site.css"
        file.write_bytes(get(self.port, address).body)
        self.assertEqual(in_short(check("--css", [file]), {}), {})

    def test_the_checker_sees_mistakes(self) -> None:
        """Silence means nothing where a mistake would not be seen."""
        head = '<!DOCTYPE html><html lang="en"><title>t</title>'
        for name, text, says in (
            ("unclosed.html", f"{head}<p><b>a</p>", "Unclosed|violates nesting|end tag"),
            ("twice.html", f'{head}<p id="a">a<p id="a">b', "Duplicate ID"),
            ("attribute.html", f'{head}<p colour="red">a', "not allowed"),
            ("nested.html", f'{head}<p><a href="/"><button>a</button></a>', "must not appear as a descendant"),
            ("property.css", "p { colour: red }", "colour"),
            ("value.css", "p { color: 3em }", "color"),
        ):
            with self.subTest(name=name):
                file = self.home / name
                file.write_text(text, "utf-8")
                found = check("--css" if name.endswith(".css") else "--html", [file])
                self.assertRegex(" ".join(finding.said for finding in found), says)


if __name__ == "__main__":
    unittest.main()
