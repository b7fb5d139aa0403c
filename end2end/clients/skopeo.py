"""skopeo, which reads the same files as Podman: an image comes through the cache under its usual name."""

from __future__ import annotations

import json
import shutil
import tomllib

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from roots import LANGUAGES


class Skopeo(Driver):
    name = "skopeo"
    program = "skopeo"
    roots = (LANGUAGES,)
    hosts = ("registry.mirrors.zjusct.io",)
    repos = ("oci",)
    ignore = (r"/\.local/share/containers(/|$)",)

    def prepare(self, case: Case) -> None:
        case.write("/etc/containers/policy.json", '{"default": [{"type": "insecureAcceptAnything"}]}\n')

    def effective(self, case: Case) -> dict[str, str]:
        """The file as it is; that it is understood so is seen when an image is fetched."""
        registry = case.page.values["registry"]
        file = tomllib.loads(case.read(f"/etc/containers/registries.conf.d/50-cache-{registry}.conf"))
        entries = [entry for entry in file["registry"] if entry["prefix"] == registry]
        return {"location": mirror["location"] for entry in entries for mirror in entry["mirror"]}

    def fetch(self, case: Case) -> None:
        image = f"{case.page.values['registry']}/{case.check['fetch']}"
        case.must(f"skopeo copy --quiet docker://{image}:1.0.0 dir:image")
        digest = json.loads(case.read("~/image/manifest.json"))["layers"][0]["digest"].removeprefix("sha256:")
        same_bytes(case.path(f"~/image/{digest}"), case.box.root / "oci-layer")
        shutil.rmtree(case.path("~/image"))

    faults = (
        Fault(
            "a path that the cache lacks", "container-images", "promises",
            replaced("podman-file", "/hub.docker.com", "/docker.io"), chosen={"tool": "podman"},
        ),
        Fault(
            "a prefix that matches nothing", "container-images", "promises",
            replaced("podman-file", 'prefix = "docker.io"', 'prefix = "dockerio"'), chosen={"tool": "podman"},
        ),
    )  # fmt: skip
