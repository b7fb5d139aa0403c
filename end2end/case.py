"""One client in one state of one page: an overlay over a root file system, thrown away afterwards."""

from __future__ import annotations

import contextlib
import html
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from urllib.parse import urlencode

from box import HOST, Box, must, run
from roots import Root

READER = 1000
# What a page keeps on purpose, so that running it twice does not lose the original.
KEPT = re.compile(r"backup|\.bak\b|\.before-|\.orig\b|/\.cache(/|$)")


class Page:
    """A help page in one state, as it is had without a browser."""

    def __init__(self, box: Box, guide: str, chosen: dict[str, str], about: dict) -> None:
        self.box, self.guide, self.chosen, self.about = box, guide, chosen, about
        self.query = f"?{urlencode(chosen)}" if chosen else ""
        self.values = variables(about, chosen)

    @property
    def url(self) -> str:
        return f"/docs/{self.guide}{self.query}"

    def block(self, block: str) -> dict | None:
        """What `options.json` says of a block."""
        return next((b for b in self.about["snippets"] if b["id"] == block), None)

    def snippet(self, block: str) -> Snippet | None:
        """A block as plain text; nothing where it does not apply."""
        status, headers, body = self.box.get(f"/docs/{self.guide}/{block}{self.query}")
        if status == 404 and self.block(block):
            return None
        if status != 200:
            raise AssertionError(f"{block} of {self.url}: {status} {body.decode(errors='replace')}")
        return Snippet(block, body.decode(), headers.get("x-target-file"), self.block(block) or {})

    def html(self) -> str:
        return self.box.curl(self.url, "-L", "-H", "Accept: text/html")

    def code(self, element: str) -> str:
        """The text of a `<code id=…>` of the page."""
        match = re.search(rf'<code id="{element}"[^>]*>(.*?)</code>', self.html(), re.S)
        if match is None:
            raise AssertionError(f"no {element} on {self.url}")
        return html.unescape(re.sub(r"<[^>]*>", "", match[1]))

    def fill(self, value):
        """A template of a check: names only, so that it cannot repeat the cleverness of the page."""
        if isinstance(value, str):
            return re.sub(r"\{\{ (\w+) \}\}", lambda m: str(self.values[m[1]]), value)
        if isinstance(value, list):
            return [self.fill(v) for v in value if not isinstance(v, dict) or self.holds(v.get("when"))]
        if isinstance(value, dict):
            return {k: self.fill(v) for k, v in value.items() if k != "when"}
        return value

    def holds(self, condition: str | None) -> bool:
        return condition is None or truth(condition, self.values)

    def checks(self) -> list[dict]:
        """The checks that apply in this state, filled in."""
        return [self.fill(check) for check in self.about["checks"] if self.holds(check.get("when"))]


@dataclass(frozen=True)
class Snippet:
    """A block in one state."""

    id: str
    text: str
    file: str | None
    about: dict = field(compare=False, hash=False)


def truth(condition: str, values: dict) -> bool:
    """Conditions are comparisons of names and strings, in which MiniJinja and Python agree."""
    return bool(eval(condition, {"__builtins__": {}, "true": True, "false": False}, values))


def variables(about: dict, chosen: dict[str, str]) -> dict:
    """What templates may name, but for `[vars]`: options, what their values set, and where the site is."""
    switch = {"on": True, "off": False}
    options = about["options"]
    values = {name: False for o in options for v in o["values"] for name in v.get("set") or {}}
    for option in options:
        value = chosen.get(option["id"], option["default"])
        values[option["id"]] = switch[value] if option["kind"] == "toggle" else value
    scheme = about.get("scheme") or values.get("scheme") or "https"
    values |= {"base": f"{scheme}://{HOST}", "host": HOST, "scheme": scheme, "id": about["id"]}
    for option in options:
        if option["hide_when"] and truth(option["hide_when"], values):
            value = option["default"]
            values[option["id"]] = switch[value] if option["kind"] == "toggle" else value
        else:
            value = chosen.get(option["id"], option["default"])
        for definition in option["values"]:
            if definition["value"] == value:
                for name, text in (definition.get("set") or {}).items():
                    fill = lambda m: str(values[m[1]])  # noqa: E731
                    values[name] = re.sub(r"\{\{ (\w+) \}\}", fill, text) if isinstance(text, str) else text
    return values


def states(about: dict, *, full: bool) -> list[dict[str, str]]:
    """Every state that differs, as the query of it; without `full` the default and each single value."""
    options = about["options"]
    defaults = {option["id"]: option["default"] for option in options}
    lists = [[v["value"] for v in option["values"]] for option in options]
    if full:
        wanted = [dict(zip(defaults, values, strict=True)) for values in product(*lists)]
    else:
        wanted = [defaults] + [
            defaults | {option["id"]: value} for option, values in zip(options, lists, strict=True) for value in values
        ]
    seen = {}
    for chosen in wanted:
        values = variables(about, chosen)
        query = {
            o["id"]: chosen[o["id"]]
            for o in options
            if chosen[o["id"]] != o["default"] and not (o["hide_when"] and truth(o["hide_when"], values))
        }
        seen[tuple(query.items())] = query
    return list(seen.values())


def load(box: Box, guide: str) -> dict:
    """`options.json` of a guide."""
    return json.loads(box.curl(f"/docs/{guide}/options.json"))


class Case:
    """A root file system of its own, in which the snippets of a page are followed."""

    def __init__(self, box: Box, root: Root, page: Page, check: dict, tools: tuple[Path, ...] = ()) -> None:
        self.box, self.page, self.check = box, page, check
        self.lower = root.require()
        self.tools = tools
        # What a client needs beyond HOME and PATH, such as the test's authority.
        self.variables: dict[str, str] = {}
        # Replaces the text of a block, for cases that must fail.
        self.change: Callable[[Snippet], str] = lambda snippet: snippet.text

    def __enter__(self) -> Case:
        self.place = Path(must(["mktemp", "-d", f"{self.box.home}/case-XXXXXX"]).strip())
        must(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", self.place])
        self.upper, work, self.root = self.place / "upper", self.place / "work", self.place / "root"
        for folder in (self.upper, work, self.root):
            folder.mkdir(mode=0o755)
        must(["mount", "-t", "overlay", "overlay", "-o",
              f"lowerdir={self.lower},upperdir={self.upper},workdir={work}", self.root])  # fmt: skip
        self._furnish()
        self.begin()
        return self

    def begin(self) -> None:
        """From here on counts what changes."""
        self.before = {name: content_of(self.root / name) for name in self._touched()}

    def __exit__(self, *_) -> None:
        for mount in (self.root / "dev", self.root, self.place):
            run(["umount", "-l", mount])
        with contextlib.suppress(OSError):
            self.place.rmdir()

    def _furnish(self) -> None:
        (self.root / "dev").mkdir(exist_ok=True)
        (self.root / "proc").mkdir(exist_ok=True)
        must(["mount", "--rbind", "/dev", self.root / "dev"])
        bundle = self.root / "etc/ssl/certs/ca-certificates.crt"
        trusted = bundle.read_text("utf-8") if bundle.exists() else ""
        self.write("/etc/ssl/certs/ca-certificates.crt", f"{trusted}\n{self.box.ca.read_text()}")
        self.write("/etc/hosts", f"127.0.0.1 localhost {' '.join(self.box.hosts)}\n")
        self.write("/etc/resolv.conf", "")
        # Pages write `sudo`, also where there is none; a block for users may not need it.
        sudo = '#!/bin/sh\n[ "$(id -u)" = 0 ] || { echo "sudo in a block for users" >&2; exit 1; }\nexec "$@"\n'
        self.write("/usr/local/bin/sudo", sudo, mode=0o755)
        for home, owner in (("home/reader", READER), ("home/root", 0)):
            (self.root / home).mkdir(parents=True, exist_ok=True)
            os.chown(self.root / home, owner, owner)
        # Tools of this machine may lie in root's home.
        (self.root / "root").chmod(0o755)

    # Files

    def path(self, name: str) -> Path:
        """`/etc/x` or `~/x` as a path from outside; symbolic links are not followed out of the root."""
        if name.startswith("~/"):
            name = f"/home/reader/{name[2:]}"
        if not name.startswith("/"):
            raise AssertionError(f"{name}: not an absolute path")
        path = self.root / name[1:]
        if path.is_symlink():
            path.unlink()
        return path

    def write(self, name: str, text: str, *, mode: int = 0o644) -> Path:
        """Writes a file; below `~/` it is the reader's."""
        path = self.path(name)
        missing = [p for p in path.parents if not p.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        if name.startswith("~/"):
            for mine in (path, *missing):
                os.chown(mine, READER, READER)
        return path

    def read(self, name: str) -> str:
        return self.path(name).read_text("utf-8")

    # Commands

    def run(self, script: str, *, user: str = "reader", cwd: str | None = None, **more: str) -> subprocess.CompletedProcess:
        """Runs a shell text in the root, with the least of an environment and processes of its own."""
        home = f"/home/{user}"
        path = ":".join([*map(str, self.tools), "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin",
                         str(Path(sys.executable).parent)])  # fmt: skip
        environment = {"HOME": home, "PATH": path, "LC_ALL": "C.UTF-8", "USER": user} | self.variables | more
        who = ["--userspec=0:0"] if user == "root" else [f"--userspec={READER}:{READER}"]
        line = ["unshare", "--pid", "--fork", "--kill-child", f"--mount-proc={self.root}/proc",
                "chroot", *who, self.root, "bash", "-euo", "pipefail", "-c",
                f"cd '{cwd or home}'\n{script}"]  # fmt: skip
        return run(line, env=environment)

    def must(self, script: str, **options) -> str:
        """Runs a shell text that has to work; what it printed."""
        done = self.run(script, **options)
        if done.returncode != 0:
            raise AssertionError(f"{script}\ngave {done.returncode}:\n{done.stdout}\n{done.stderr}")
        return done.stdout

    # The page

    def apply(self, block: str) -> bool:
        """Follows one block as the page says; whether it applies in this state."""
        snippet = self.page.snippet(block)
        if snippet is None:
            return False
        text = self.change(snippet)
        if snippet.file is None:
            cwd = "/home/reader/project" if snippet.about["in_project"] else None
            self.must(text, user="root" if snippet.about["run"] == "root" else "reader", cwd=cwd)
            return True
        # Byte for byte what curl gets; a changed text stands for a page with that fault.
        if text == snippet.text:
            text = self.box.curl(f"/docs/{self.page.guide}/{block}{self.page.query}")
        if snippet.about["mode"] == "append":
            old = self.read(snippet.file) if self.path(snippet.file).exists() else ""
            text = old + text
        self.write(snippet.file, text)
        return True

    # What changed

    def _touched(self) -> Iterator[str]:
        """Whatever the overlay holds below the folders that are a person's or an administrator's."""
        for folder in ("etc", "home", "data", "usr/share/keyrings", "usr/local", "opt", "var/lib/flatpak"):
            for here, _, files in os.walk(self.upper / folder):
                relative = os.path.relpath(here, self.upper)
                yield relative
                yield from (f"{relative}/{name}" for name in files)

    def changes(self, ignore: tuple[str, ...] = ()) -> dict[str, object]:
        """Every path that is not as it was at the start, with what is there now; backups and caches are passed over."""
        out = {}
        for name in {*self.before, *self._touched()}:
            if KEPT.search(f"/{name}") or any(re.search(pattern, f"/{name}") for pattern in ignore):
                continue
            was = self.before[name] if name in self.before else content_of(self.lower / name)
            now = content_of(self.root / name)
            if was == now or {was, now} == {None, "folder"} and not holds_files(self.lower / name):
                continue
            out[f"/{name}"] = now
        return out


def holds_files(folder: Path) -> bool:
    """An empty folder more or less is no difference; one with files is."""
    return any(files for _, _, files in os.walk(folder))


def content_of(path: Path) -> object:
    """Mode, owner and bytes; the target of a link; nothing where there is nothing."""
    try:
        about = path.lstat()
    except OSError:
        return None
    if stat.S_ISLNK(about.st_mode):
        return ("link", os.readlink(path))
    if stat.S_ISDIR(about.st_mode):
        return "folder"
    if not stat.S_ISREG(about.st_mode):
        return ("special", about.st_mode)
    return (oct(about.st_mode), about.st_uid, path.read_bytes())
