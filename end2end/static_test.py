"""Every text that any state of any guide gives, looked at without running it: seconds, no root, no network.

    python3 static_test.py
"""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import tempfile
import tomllib
import unittest
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from stage import BINARY, CONTENT, ENVIRONMENT

try:
    import yaml
except ImportError:
    yaml = None

# Notes of shellcheck that are none here, with the reason.
NO_FAULT = {
    "SC1090": "files that are sourced are not there when this runs",
    "SC1091": "files that are sourced are not there when this runs",
    "SC2148": "a snippet has no first line that names its shell",
    "SC2016": "a `$` in single quotes is meant for another program",
    "SC2164": "a reader sees when `cd` fails",
}


def fault(text: str, language: str, name: str = "") -> str | None:
    """What is wrong with a text, as far as this can be seen by reading it."""
    if any(left in text for left in ("{{", "}}", "{%", "%}", "%%")) and not name.startswith("setup.sh"):
        return "a trace of the template"
    if "\r" in text:
        return "a carriage return"
    if re.search(r"[ \t]$", text, re.M):
        return "trailing blanks, or a line of nothing else"
    if not text.endswith("\n") or text.endswith("\n\n") or text.startswith("\n"):
        return "blank lines at its ends"
    parse = {"toml": tomllib.loads, "json": json.loads, "ini": ini, "xml": ElementTree.fromstring,
             "deb822": deb822, "debsources": debsources, "yaml": read_yaml}.get(language)  # fmt: skip
    try:
        if parse:
            parse(text)
    except Exception as error:
        return f"no {language}: {error}"
    return None


def ini(text: str) -> None:
    if "[" in text:
        parser = configparser.RawConfigParser(strict=True, allow_no_value=True)
        parser.optionxform = str
        # pacman repeats Server and Include; that is no slip.
        seen = re.sub(r"(?m)^(Server|Include)(\s*=)", lambda m: f"{m[1]}{m.start()}{m[2]}", text)
        parser.read_string(seen)


def read_yaml(text: str) -> None:
    if "\t" in text:
        raise ValueError("a tab")
    if yaml:
        yaml.safe_load(text)


def deb822(text: str) -> list[dict[str, str]]:
    """Stanzas of fields; each with what apt needs."""
    stanzas = []
    for stanza in text.strip("\n").split("\n\n"):
        lines = [line for line in stanza.split("\n") if not line.startswith("#")]
        fields = dict(line.split(": ", 1) for line in lines if not line.startswith(" "))
        missing = {"Types", "URIs", "Suites"} - set(fields)
        if missing or not ({"Signed-By"} & set(fields)):
            raise ValueError(f"lacks {sorted(missing) or 'Signed-By'}")
        # A suite that ends in a slash is a flat repository, which has no components.
        if "Components" not in fields and not fields["Suites"].endswith("/"):
            raise ValueError("lacks Components")
        stanzas.append(fields)
    return stanzas


def debsources(text: str) -> None:
    for line in text.splitlines():
        if line and not line.startswith("#") and not re.fullmatch(r"deb(-src)? \[[^\]]*signed-by=/[^\]]*\] \S+ \S+.*", line):
            raise ValueError(f"`{line}` has no signed-by, or is no source")


def outside(text: str, host: str, paths: list[str]) -> str | None:
    """An address on the site that lies below no mirror."""
    for path in re.findall(rf"(?:https?|rsync)://{re.escape(host)}(/[^\s\"'<>|`)]*)", text):
        # A path that is a variable of the script is known only where it runs.
        own = path.startswith(("/docs/", "/en/docs/", "/$"))
        if not own and not any(path == tree or path.startswith(f"{tree}/") for tree in paths):
            return path
    return None


class Static(unittest.TestCase):
    """All texts, read once."""

    @classmethod
    def setUpClass(cls) -> None:
        line = [str(BINARY), "check", "--snippets", "--content", str(CONTENT)]
        done = subprocess.run(line, env=ENVIRONMENT, capture_output=True, text=True, timeout=120)
        if done.returncode != 0:
            raise AssertionError(done.stderr)
        rows = [json.loads(line) for line in done.stdout.splitlines()]
        cls.site, cls.texts = rows[0], [row for row in rows[1:] if "text" in row]
        cls.states = sum(row["states"] for row in rows[1:] if "states" in row)

    def where(self, row: dict) -> str:
        return f"/docs/{row['guide']}?{row['query']} {row['id']}"

    def all_of(self, *languages: str) -> Iterator[dict]:
        return (row for row in self.texts if row["language"] in languages and not row["sample"])

    def test_every_text_can_be_read_as_what_it_is(self) -> None:
        self.assertGreater(len(self.texts), 500)
        faults = {
            f"{row['guide']} {row['id']}: {what}": self.where(row)
            for row in self.texts
            if (what := fault(row["text"], "" if row["sample"] else row["language"], row["id"]))
        }
        self.assertEqual(faults, {})

    def test_every_address_on_the_site_lies_below_a_mirror(self) -> None:
        faults = {
            f"{row['guide']} {row['id']}: {path}"
            for row in self.texts
            if (path := outside(row["text"], self.site["host"], self.site["paths"]))
        }
        self.assertEqual(faults, set())

    def test_every_script_is_clean(self) -> None:
        """With sudo and without: both are states."""
        shellcheck = shutil.which("shellcheck")
        for language, shell in (("sh", "sh"), ("bash", "bash")):
            rows = list(self.all_of(language))
            if not rows:
                continue
            with tempfile.TemporaryDirectory() as folder:
                names = {}
                for number, row in enumerate(rows):
                    (Path(folder) / f"{number}.sh").write_text(row["text"], "utf-8")
                    names[f"{number}.sh"] = row
                syntax = "for f in *.sh; do bash -n \"$f\"; done"
                done = subprocess.run(["bash", "-c", syntax], cwd=folder, capture_output=True, text=True, timeout=120)
                self.assertEqual(done.stderr, "")
                if shellcheck is None:
                    self.skipTest("shellcheck is not installed: apt-get install shellcheck")
                line = [shellcheck, "-f", "gcc", "-s", shell, "-e", ",".join(NO_FAULT), *names]
                done = subprocess.run(line, cwd=folder, capture_output=True, text=True, timeout=300)
                said = {
                    f"{names[said.split(':')[0]]['guide']} {names[said.split(':')[0]]['id']}: {said.split(':', 3)[3]}"
                    for said in done.stdout.splitlines()
                }
                self.assertEqual(said, set())

    def test_apt_reads_in_every_source_file_what_is_written(self) -> None:
        if shutil.which("apt-get") is None:
            self.skipTest("apt-get is not here")
        # What apt reads does not depend on the scheme.
        rows = self.all_of("deb822", "debsources")
        texts = {(row["language"], row["text"].replace("http://", "https://")): row for row in rows}
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = zip(texts.values(), pool.map(fault_of_apt, texts.values()), strict=True)
            self.assertEqual({self.where(row): what for row, what in found if what}, {})


def fault_of_apt(row: dict) -> str | None:
    """What apt makes of a source file, without asking anyone for it, against what one reads in it."""
    with tempfile.TemporaryDirectory() as folder:
        return compare_with_apt(row, Path(folder))


def compare_with_apt(row: dict, folder: Path) -> str | None:
    source = folder / ("x.sources" if row["language"] == "deb822" else "x.list")
    for child in ("lists/partial", "parts"):
        (folder / child).mkdir(parents=True, exist_ok=True)
    # Key rings are not there; apt says so only when it fetches.
    source.write_text(row["text"], "utf-8")
    line = ["apt-get", "-o", f"Dir::Etc::sourcelist={source}", "-o", f"Dir::Etc::sourceparts={folder}/parts",
            "-o", f"Dir::State::lists={folder}/lists", "update", "--print-uris"]  # fmt: skip
    done = subprocess.run(line, capture_output=True, text=True, timeout=30, env={"PATH": "/usr/bin:/bin", "LC_ALL": "C"})
    if done.returncode != 0 or re.search(r"^[WE]:", done.stderr, re.M):
        return done.stderr.strip()
    printed = {url.replace("/./", "/") for url in re.findall(r"^'(\S+/InRelease)'", done.stdout, re.M)}
    if row["language"] == "deb822":
        stanzas = deb822(row["text"])
        pairs = [(uri, suite) for s in stanzas for uri in s["URIs"].split() for suite in s["Suites"].split()]
    else:
        pairs = re.findall(r"^deb(?:-src)? \[[^\]]*\] (\S+) (\S+)", row["text"], re.M)
    written = {index_of(uri.rstrip("/"), suite) for uri, suite in pairs}
    return None if printed == written else f"apt reads {sorted(printed)}, written is {sorted(written)}"


def index_of(uri: str, suite: str) -> str:
    """Where apt asks first; a suite that ends in a slash is a flat repository."""
    if suite.endswith("/"):
        return "/".join(filter(None, (uri, suite.strip("./"), "InRelease")))
    return f"{uri}/dists/{suite}/InRelease"


class Mutations(unittest.TestCase):
    """The faults of other sites' pages must be seen, or silence means nothing."""

    STANZA = "Types: deb\nURIs: https://m.example/debian\nSuites: sid\nComponents: main\nSigned-By: /k.gpg\n"

    def test_each_is_seen(self) -> None:
        self.assertIsNone(fault(f"{self.STANZA}\n{self.STANZA}", "deb822"))
        for text, language, says in (
            (f"{self.STANZA}  \n{self.STANZA}", "deb822", "trailing blanks"),
            (self.STANZA.replace("Signed-By: /k.gpg\n", ""), "deb822", "Signed-By"),
            (self.STANZA.replace("URIs:", "# URIs:"), "deb822", "URIs"),
            ("deb https://m.example/debian sid main\n", "debsources", "signed-by"),
            ("a {{ b }}\n", "sh", "template"),
            ("%% if x\n", "sh", "template"),
            ("[a]\nb = 1\n[a]\nb = 1\n", "toml", "declare"),
            ("[a]\nb=1\n[a]\nb=1\n", "ini", "already exists"),
            ("{\"a\": 1,}\n", "json", "no json"),
            ("<a><b></a>\n", "xml", "mismatched"),
            ("a:\n\t- b\n", "yaml", "tab"),
            ("a\r\n", "sh", "carriage"),
            ("a\n\n", "sh", "blank lines"),
        ):
            with self.subTest(text=text):
                self.assertRegex(fault(text, language) or "", says)

    def test_sudo_before_a_keyword_is_a_syntax_error(self) -> None:
        for script in ("sudo for f in a; do echo; done\n", "if x; then\n"):
            done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, timeout=10)
            self.assertNotEqual(done.returncode, 0)

    def test_an_address_outside_of_every_mirror(self) -> None:
        paths = ["/debian", "/gitrepos/rosdistro"]
        for path in ("/debian/", "/debian", "/gitrepos/rosdistro/a", "/docs/debian"):
            self.assertIsNone(outside(f"curl https://h.example{path}\n", "h.example", paths))
        for path in ("/debian-old/", "/gitrepos/x", "/ubuntu"):
            self.assertEqual(outside(f"URIs: http://h.example{path}\n", "h.example", paths), path)


if __name__ == "__main__":
    unittest.main()
