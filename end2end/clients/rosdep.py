"""rosdep: rules and index come from the mirror, and a dependency is resolved by them."""

from __future__ import annotations

import re
import shutil

from case import Case
from clients.driver import Driver, Fault, replaced

PROFILE = "/etc/profile.d/rosdistro-mirror.sh"


class Rosdep(Driver):
    name = "rosdep"
    program = "rosdep"
    package = "python3-rosdep2"
    repos = ("rosdistro",)
    ignore = (r"/home/reader/\.ros(/|$)",)

    def prepare(self, case: Case) -> None:
        shutil.rmtree(case.root / "etc/ros", ignore_errors=True)
        # What `rosdep init` leaves.
        case.write("/etc/ros/rosdep/sources.list.d/20-default.list", "yaml https://rosdistro.example/rosdep/base.yaml\n")
        case.variables["SSL_CERT_FILE"] = "/etc/ssl/certs/ca-certificates.crt"

    def effective(self, case: Case) -> dict:
        """Where rules and index were read, and which distributions the index led to."""
        said = self.rosdep(case, "update")
        return {
            "yaml": sorted(re.findall(r"^Hit (\S+)", said, re.M)),
            "index": re.findall(r"^Query rosdistro index (\S+)", said, re.M),
            # Debian's rosdep adds one of its own.
            "distributions": [name for name in re.findall(r'^Add distro "(\w+)"', said, re.M) if name != "debian"],
        }

    def fetch(self, case: Case) -> None:
        package = case.check["fetch"]
        said = self.rosdep(case, f"resolve --os=ubuntu:noble {package}")
        if said.splitlines() != ["#apt", package]:
            raise AssertionError(f"rosdep resolve {package}: {said}")

    def rosdep(self, case: Case, arguments: str) -> str:
        # As a login does, and where the page forgot the file, as one without it.
        done = case.run(f"if [ -f {PROFILE} ]; then . {PROFILE}; fi\nrosdep {arguments}")
        said = done.stdout + done.stderr
        if done.returncode != 0 or "ERROR" in said:
            raise AssertionError(f"rosdep {arguments} gave {done.returncode}:\n{said}")
        return done.stdout


Rosdep.faults = (
    Fault("another tree", "rosdistro", "gave|promises", replaced("list", "/gitrepos/rosdistro", "/rosdistro")),
    Fault("rules left out", "rosdistro", "promises", replaced("list", "rosdep/python.yaml", "rosdep/base.yaml")),
    Fault("an index that is not there", "rosdistro", "gave", replaced("profile", "index-v4", "index-v9")),
    Fault("the variable not exported", "rosdistro", "gave|promises", replaced("profile", "export ", "")),
)
