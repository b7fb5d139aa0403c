"""npm, pnpm, Yarn 4 and Bun: a package comes from the registry that the page sets."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from roots import TOOLS

PROJECT = "/home/reader/project"


class FromNpm(Driver):
    """What clients of the npm registry have in common."""

    hosts = ("registry.npmmirror.com",)
    repos = ("npm",)
    ignore = (rf"{PROJECT}(/|$)", r"/\.(npm|cache|bun|yarn)(/|$)", r"/\.local(/|$)")

    def tools(self) -> tuple[Path, ...]:
        return (TOOLS / "node/node_modules/.bin",)

    def prepare(self, case: Case) -> None:
        bundle = "/etc/ssl/certs/ca-certificates.crt"
        case.variables |= {"NODE_EXTRA_CA_CERTS": bundle, "SSL_CERT_FILE": bundle, "CI": "1"}
        case.write("~/project/package.json", '{"name": "project", "version": "1.0.0", "private": true}\n')

    def arrived(self, case: Case) -> None:
        modules = case.path("~/project/node_modules")
        same_bytes((modules / case.check["fetch"] / "index.js").resolve(), case.box.root / "npm-package/package/index.js")
        shutil.rmtree(modules)


class Npm(FromNpm):
    name = "npm"
    program = "npm"
    leaves_empty = (r"/\.npmrc$",)

    def effective(self, case: Case) -> dict[str, str]:
        return {"registry": case.must("npm config get registry", cwd=PROJECT).strip()}

    def fetch(self, case: Case) -> None:
        case.must(f"npm install --no-audit --no-fund {case.check['fetch']}", cwd=PROJECT)
        self.arrived(case)

    faults = (
        Fault("a setting that does not exist", "npm", "promises|gave", replaced("npm-set", "registry http", "registri http")),
        Fault("another registry", "npm", "promises", replaced("npm-set", "npmmirror", "npmmiror")),
    )


class Pnpm(FromNpm):
    name = "pnpm"
    program = "pnpm"
    leaves_empty = (r"/pnpm/auth\.ini$",)

    def effective(self, case: Case) -> dict[str, str]:
        """pnpm tells every registry with a slash at the end."""
        return {"registry": case.must("pnpm config get registry", cwd=PROJECT).strip().removesuffix("/")}

    def fetch(self, case: Case) -> None:
        case.must(f"pnpm add {case.check['fetch']}", cwd=PROJECT)
        self.arrived(case)

    faults = (
        Fault(
            "another registry", "npm", "promises", replaced("pnpm-set", "npmmirror", "npmmiror"), chosen={"tool": "pnpm"}
        ),
    )


class Yarn(FromNpm):
    name = "yarn"
    program = "yarn"
    leaves_empty = (r"/\.yarnrc\.yml$",)

    def prepare(self, case: Case) -> None:
        super().prepare(case)
        case.variables |= {"YARN_ENABLE_TELEMETRY": "0", "YARN_HTTPS_CA_FILE_PATH": "/etc/ssl/certs/ca-certificates.crt",
                           "YARN_NODE_LINKER": "node-modules", "YARN_ENABLE_IMMUTABLE_INSTALLS": "0"}  # fmt: skip
        case.write("~/project/yarn.lock", "")

    def effective(self, case: Case) -> dict[str, str]:
        return {"npmRegistryServer": case.must("yarn config get npmRegistryServer", cwd=PROJECT).strip()}

    def fetch(self, case: Case) -> None:
        case.must(f"yarn add {case.check['fetch']}", cwd=PROJECT)
        self.arrived(case)

    faults = (
        Fault(
            "the setting of Yarn 1", "npm", "gave", replaced("yarn-set", "npmRegistryServer", "registry"),
            chosen={"tool": "yarn"},
        ),
    )  # fmt: skip


class Bun(FromNpm):
    name = "bun"
    program = "bun"

    def effective(self, case: Case) -> dict[str, str]:
        """Bun does not tell; it is seen in what it asks for."""
        return {"registry": tomllib.loads(case.read("~/.bunfig.toml")).get("install", {}).get("registry")}

    def fetch(self, case: Case) -> None:
        mark = case.box.mark()
        case.must(f"bun add {case.check['fetch']}", cwd=PROJECT)
        if not any(re.search(r"/mingjing-hello$", request.path) for request in case.box.since(mark)):
            raise AssertionError("bun asked another registry")
        self.arrived(case)

    faults = (
        Fault("another table", "npm", "promises", replaced("bunfig", "[install]", "[instal]"), chosen={"tool": "bun"}),
    )
