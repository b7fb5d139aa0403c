"""PDM: a wheel is locked from the index that the page sets."""

from __future__ import annotations

from pathlib import Path

from case import Case
from clients.driver import Fault, replaced
from clients.pip import FromPyPI
from roots import TOOLS

PROJECT = "/home/reader/project"
PYPROJECT = '[project]\nname = "project"\nversion = "0.1.0"\nrequires-python = ">=3.9"\ndependencies = []\n'


class Pdm(FromPyPI):
    name = "pdm"
    program = "pdm"
    leaves_empty = (r"/\.config/pdm/config\.toml$",)
    ignore = (r"/\.cache/pdm(/|$)", r"/\.local/(state|share)/pdm(/|$)", rf"{PROJECT}/")

    def tools(self) -> tuple[Path, ...]:
        return (TOOLS / "python/bin",)

    def prepare(self, case: Case) -> None:
        super().prepare(case)
        case.variables |= {"PDM_CHECK_UPDATE": "false", "PDM_IGNORE_SAVED_PYTHON": "1"}
        case.write("~/project/pyproject.toml", PYPROJECT)

    def effective(self, case: Case) -> dict[str, str]:
        return {name: case.must(f"pdm config {name}").strip() for name in case.check["effective"]}

    def fetch(self, case: Case) -> None:
        case.must(f"pdm add --no-sync {case.check['fetch']}", cwd=PROJECT)
        kept = {path.name for path in case.box.root.glob("pypi/web/packages/**/*.whl")}
        if not any(name in case.read("~/project/pdm.lock") for name in kept):
            raise AssertionError("PDM locked no wheel of the index")
        case.write("~/project/pyproject.toml", PYPROJECT)
        case.path("~/project/pdm.lock").unlink()

    faults = (
        Fault("a key that does not exist", "pypi", "gave", replaced("pdm-set", "pypi.url", "global.index-url"),
              chosen={"tool": "pdm"}),
        Fault("another index", "pypi", "promises", replaced("pdm-set", "/simple", "/simpel"), chosen={"tool": "pdm"}),
    )  # fmt: skip
