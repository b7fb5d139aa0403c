"""cpan and cpanm: a distribution comes from the mirror that the page sets."""

from __future__ import annotations

import shutil

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from clients.shell import FromShell
from repos.cpan import ARCHIVE, MODULE
from roots import LANGUAGES

SAY = r"""perl -MCPAN -e '
  CPAN::HandleConfig->load;
  print "urllist=$CPAN::Config->{urllist}[0]\npushy_https=$CPAN::Config->{pushy_https}\n";'"""


class Cpan(Driver):
    name = "cpan"
    program = "cpan"
    package = "perl"
    roots = (LANGUAGES,)
    repos = ("cpan",)
    # Besides the configuration the client keeps indexes, sources and a history there.
    ignore = (r"/\.cpan(/(?!CPAN/)|/?$)", r"/\.cpan/CPAN/MyConfig\.pm~$")

    def version(self, case: Case) -> str:
        return case.must("perl -MCPAN -e 'print $CPAN::VERSION'")

    def prepare(self, case: Case) -> None:
        # What the first start of cpan leaves behind.
        case.must("PERL_MM_USE_DEFAULT=1 perl -MCPAN -e 'CPAN::HandleConfig->load; CPAN::HandleConfig->commit'")

    def effective(self, case: Case) -> dict[str, str]:
        return dict(line.partition("=")[::2] for line in case.must(SAY).splitlines() if "=" in line)

    def fetch(self, case: Case) -> None:
        # Compares the checksum of the author's folder before it unpacks.
        case.must(f"perl -MCPAN -e 'get(shift)' {case.check['fetch']}")
        same_bytes(case.path("~/.cpan/sources") / ARCHIVE, case.box.root / "CPAN" / ARCHIVE)
        for name in ("sources", "build"):
            shutil.rmtree(case.path(f"~/.cpan/{name}"))

    faults = (
        Fault("the option that ignores the list stays on", "CPAN", "promises", replaced("cpan-set", "} = 0", "} = 1")),
        Fault("the mirror comes last", "CPAN", "promises", replaced("cpan-set", "[$mirror, @others]", "[@others, $mirror]")),
        Fault(
            "each run adds another entry", "CPAN", "second time|promises",
            replaced("cpan-set", "grep { $_ ne $mirror } @{", "@{"),
        ),
    )  # fmt: skip


class Cpanm(FromShell):
    name = "cpanm"
    program = "cpanm"
    package = "cpanminus"
    roots = (LANGUAGES,)
    repos = ("cpan",)
    ignore = (r"/\.cpanm(/|$)",)

    def fetch(self, case: Case) -> None:
        self.terminal(case, f"cpanm --quiet --local-lib-contained lib {case.check['fetch']}")
        installed = case.path("~/lib/lib/perl5") / f"{MODULE.replace('::', '/')}.pm"
        same_bytes(installed, case.box.root / "CPAN/Hello.pm")
        shutil.rmtree(case.path("~/lib"))

    faults = (
        Fault(
            "quotes that are missing", "CPAN", "promises|gave",
            replaced("cpanm-set", '"--mirror https', "--mirror https"), chosen={"tool": "cpanm"},
        ),
    )  # fmt: skip
