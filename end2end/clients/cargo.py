"""cargo: a crate comes with the configuration of the page."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

from box import run
from case import Case
from clients.driver import Driver, Fault, Snippet, replaced, same_bytes


def twice(snippet: Snippet) -> str:
    return snippet.text * 2 if snippet.id == "config" else snippet.text


class Cargo(Driver):
    name = "cargo"
    program = "cargo"
    package = "cargo"
    ignore = (r"/home/reader/project/", r"/\.cargo/\.(global|package)-cache")

    def tools(self) -> tuple[Path, ...]:
        # Behind rustup's proxy, which would look for its toolchains in the reader's home.
        found = run(["rustup", "which", "cargo"]) if shutil.which("rustup") else None
        if found and found.returncode == 0:
            return (Path(found.stdout.strip()).parent,)
        return ()

    def applies(self, case: Case) -> str | None:
        return "not for this system" if case.page.values.get("os") == "windows" else None

    def prepare(self, case: Case) -> None:
        case.variables["CARGO_HTTP_CAINFO"] = "/etc/ssl/certs/ca-certificates.crt"
        case.write("~/project/src/lib.rs", "")
        case.write(
            "~/project/Cargo.toml",
            '[package]\nname = "project"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\nmingjing-hello = "1"\n',
        )

    def effective(self, case: Case) -> dict[str, str]:
        """The settings of the file, flattened, after cargo has read it; `cargo config get` is not stable yet."""
        case.must("cargo metadata --no-deps --format-version 1", cwd="/home/reader/project")
        table = tomllib.loads(case.read("~/.cargo/config.toml"))
        return {f"source.{name}.{key}": value for name, keys in table["source"].items() for key, value in keys.items()}

    def fetch(self, case: Case) -> None:
        said = case.run("cargo fetch", cwd="/home/reader/project")
        if said.returncode != 0 or not re.search(r"`zju` index", said.stderr):
            raise AssertionError(f"cargo fetch gave {said.returncode}: {said.stderr}")
        (crate,) = case.path("~/.cargo/registry").glob("cache/*/mingjing-hello-1.0.0.crate")
        same_bytes(crate, case.box.root / "crates.io-index/crates/mingjing-hello/mingjing-hello-1.0.0.crate")
        shutil.rmtree(case.path("~/.cargo/registry"))

    faults = (
        Fault("a missing slash at the end", "crates.io-index", "must end in a slash|promises",
              replaced("config", "crates.io-index/", "crates.io-index")),
        Fault("the snippet pasted twice", "crates.io-index", "duplicate key", twice),
    )  # fmt: skip
