"""go: a module comes from the proxy that the page sets."""

from __future__ import annotations

import json

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from roots import LANGUAGES


class Go(Driver):
    name = "go"
    program = "go"
    package = "golang-go"
    roots = (LANGUAGES,)
    hosts = ("goproxy.cn",)
    repos = ("goproxy",)
    ignore = (r"/home/reader/go(/|$)", r"/\.cache(/|$)", r"/\.config/go/telemetry(/|$)", r"/home/reader/project(/|$)")
    leaves_empty = (r"/\.config/go/env$",)

    def version(self, case: Case) -> str:
        return case.must("go env GOVERSION").strip().removeprefix("go")

    def prepare(self, case: Case) -> None:
        # The checksum database knows no module of this test.
        case.variables |= {"GONOSUMDB": "example.org", "GOTOOLCHAIN": "local", "GOTELEMETRY": "off"}
        case.write("~/project/go.mod", "module example.org/project\n\ngo 1.20\n")

    def effective(self, case: Case) -> dict[str, str]:
        return {name: case.must(f"go env {name}").strip() for name in case.check["effective"]}

    def fetch(self, case: Case) -> None:
        module = case.check["fetch"]
        said = case.must(f"go mod download -json {module}@v1.0.0", cwd="/home/reader/project")
        same_bytes(case.path(json.loads(said)["Zip"]), case.box.root / module / "@v/v1.0.0.zip")
        case.must("go clean -modcache")

    faults = (
        Fault("another proxy", "goproxy", "promises", replaced("set", "goproxy.cn", "goproxy.example")),
        Fault("a variable that does not exist", "goproxy", "gave|promises", replaced("set", "GOPROXY", "GOPROXI")),
    )
