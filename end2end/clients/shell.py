"""What is set in a start-up file of a shell: asked of the shell itself, as a new terminal has it."""

from __future__ import annotations

import re
import shlex

from case import Case
from clients.driver import Driver, Fault, replaced
from roots import LANGUAGES

START_UP = {
    "bash": ("~/.bashrc", "~/.profile"),
    "zsh": ("~/.zshrc", "~/.zprofile"),
    "fish": ("~/.config/fish/config.fish",),
}
# Kept by the shells themselves.
FISH = (r"/\.local/share/fish(/|$)", r"/\.config/fish(/fish_variables)?$")


class FromShell(Driver):
    """Clients that take their settings from the environment."""

    # An interactive shell, as a new window has it.
    kind = "-ic"

    def prepare(self, case: Case) -> None:
        for name in (name for names in START_UP.values() for name in names):
            case.write(name, "# what was there before\n")

    def applies(self, case: Case) -> str | None:
        return "not for this system" if self.shell(case) == "powershell" else None

    def shell(self, case: Case) -> str:
        return case.page.values.get("shell", "bash")

    def terminal(self, case: Case, command: str) -> str:
        """What a command prints in a new terminal."""
        shell = self.shell(case)
        if shell not in START_UP:
            raise AssertionError(f"{shell} is no shell of this test")
        return case.must(f"{shell} {self.kind} {shlex.quote(command)}")

    def effective(self, case: Case) -> dict[str, str]:
        variables = dict(line.partition("=")[::2] for line in self.terminal(case, "env").splitlines())
        return {name: variables.get(name, "") for name in case.check["effective"]}


class Shell(FromShell):
    """The environment alone, for programs that cannot be had here: as after logging in."""

    name = "shell"
    program = "bash"
    roots = (LANGUAGES,)
    kind = "-lic"
    ignore = FISH

    def version(self, case: Case) -> str:
        return re.search(r"\d+(\.\d+)+", case.must(f"{self.shell(case)} --version"))[0]

    faults = (
        Fault("a variable that is not exported", "homebrew", "promises", replaced("set", "export HOMEBREW_API", "HOMEBREW_API")),
        Fault("a marker that the undo does not know", "homebrew", "not as it was|second time",
              replaced("set", "# homebrew mirror\n", "# homebrew\n")),
    )  # fmt: skip
