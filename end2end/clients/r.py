"""R: what a new session has set, and a source package from there."""

from __future__ import annotations

import shutil

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from roots import LANGUAGES


class R(Driver):
    name = "R"
    program = "R"
    roots = (LANGUAGES,)
    repos = ("cran",)
    # Asked for first; CRAN has it, a mirror need not.
    missing = r"/src/contrib/PACKAGES\.rds$"

    def applies(self, case: Case) -> str | None:
        return "not for this system" if case.page.values.get("os") == "windows" else None

    def prepare(self, case: Case) -> None:
        case.write("~/.Rprofile", "# what was there before\noptions(digits = 6)\n")

    def effective(self, case: Case) -> dict[str, str]:
        said = case.must(
            'Rscript -e \'cat("CRAN=", getOption("repos")["CRAN"], "\\nBioC_mirror=", getOption("BioC_mirror"), sep = "")\''
        )
        options = dict(line.partition("=")[::2] for line in said.splitlines())
        return {name: options[name] for name in case.check["effective"]}

    def fetch(self, case: Case) -> None:
        package = case.check.get("fetch")
        if package is None:
            return
        case.must(f"mkdir lib; Rscript -e 'install.packages(\"{package}\", lib = \"lib\", destdir = \"lib\", quiet = TRUE)'")
        (archive,) = case.path("~/lib").glob("*.tar.gz")
        same_bytes(archive, case.box.root / "CRAN/src/contrib" / archive.name)
        said = case.must(f"Rscript -e '.libPaths(\"lib\"); cat({package}::hello())'")
        if said != "Hello from CRAN":
            raise AssertionError(f"the package says {said!r}")
        shutil.rmtree(case.path("~/lib"))

    faults = (
        Fault("another repository is set", "CRAN", "promises", replaced("set", '"CRAN"', '"CRAM"')),
        Fault("a path that the mirror lacks", "CRAN", "promises|not found", replaced("set", "/CRAN/", "/cran/")),
        Fault("a bracket that is not closed", "CRAN", "promises", replaced("set", "))", ")")),
    )
