"""Poetry: a project's source is the index that the page adds, and a wheel comes from there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from case import Case
from clients.driver import Fault, replaced
from clients.pip import FromPyPI
from roots import TOOLS

PROJECT = "/home/reader/project"
PYPROJECT = """\
[project]
name = "project"
version = "0.1.0"
requires-python = ">=3.9,<4"
dependencies = []

[tool.poetry]
package-mode = false
"""


class Poetry(FromPyPI):
    name = "poetry"
    program = "poetry"
    ignore = (r"/\.(cache|config)/pypoetry(/|$)", rf"{PROJECT}/poetry\.lock$")

    def tools(self) -> tuple[Path, ...]:
        return (TOOLS / "python/bin",)

    def prepare(self, case: Case) -> None:
        super().prepare(case)
        case.variables |= {"POETRY_VIRTUALENVS_CREATE": "false", "POETRY_CACHE_DIR": "/home/reader/.cache/pypoetry"}
        case.write("~/project/pyproject.toml", PYPROJECT)

    def promised(self, case: Case) -> list[str]:
        return [case.page.fill("{{ base }}/pypi/web/simple/")]

    def effective(self, case: Case) -> list[str]:
        return re.findall(r"url\s+: (\S+)", case.must("poetry source show", cwd=PROJECT))

    def fetch(self, case: Case) -> None:
        before = case.read("~/project/pyproject.toml")
        case.must(f"poetry add --lock {case.check['fetch']}", cwd=PROJECT)
        (package,) = tomllib.loads(case.read("~/project/poetry.lock"))["package"]
        if package["source"]["url"] != self.promised(case)[0].removesuffix("/") or not package["files"]:
            raise AssertionError(f"locked {package}")
        # The dependency was for this test only.
        case.write("~/project/pyproject.toml", before)
        case.path("~/project/poetry.lock").unlink()

    def left(self, case: Case) -> list[str]:
        """Poetry may leave an empty list of sources and other blank lines behind; the page says so."""
        written = tomllib.loads(case.read("~/project/pyproject.toml"))
        if written["tool"]["poetry"].get("source") == []:
            del written["tool"]["poetry"]["source"]
        if written == tomllib.loads(PYPROJECT):
            case.write("~/project/pyproject.toml", PYPROJECT)
        return super().left(case)

    faults = (
        Fault("another index", "pypi", "promises", replaced("poetry-set", "/simple", "/simpel"), chosen={"tool": "poetry"}),
        Fault("a priority that does not exist", "pypi", "gave", replaced("poetry-set", "=primary", "=first"),
              chosen={"tool": "poetry"}),
    )  # fmt: skip
