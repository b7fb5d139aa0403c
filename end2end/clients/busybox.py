"""BusyBox: what Alpine and routers run the steps with. Their apk and opkg are not to be had in Debian, so it is the
addresses that are looked at: each line of the file, and that an index is there."""

from __future__ import annotations

import re

from case import Case
from clients.driver import Driver, Fault, replaced
from repos.embedded import FEEDS

APPLETS = ("cp", "grep", "rm", "sed")
FILES = {"apk": "/etc/apk/repositories", "25.12": "/etc/apk/repositories.d/distfeeds.list", "24.10": "/etc/opkg/distfeeds.conf"}
SUFFIX = {"apk": "/x86_64/APKINDEX.tar.gz", "25.12": "", "24.10": "/Packages.gz"}
MINE = {"25.12": "https://example.org/mine/packages.adb", "24.10": "src/gz mine https://example.org/mine"}


def feeds(release: str, at: str) -> str:
    """The list of a firmware, with a feed of the owner's that has to stay."""
    places = ("targets/x86/64/packages", *(f"packages/x86_64/{feed}" for feed in FEEDS))
    if release == "25.12":
        lines = [f"{at}/releases/25.12.0/{place}/packages.adb" for place in places]
    else:
        lines = [f"src/gz feed_{n} {at}/releases/24.10.0/{place}" for n, place in enumerate(places)]
    return "\n".join([*lines, f"# {at}/nothing", MINE[release]]) + "\n"


STOCK = {
    "alpine": "https://dl-cdn.alpinelinux.org/alpine/v3.24/main\n",
    **{f"openwrt-{release}": feeds(release, "https://downloads.openwrt.org") for release in MINE},
    "immortalwrt-25.12": feeds("25.12", "https://mirrors.vsean.net/openwrt"),
    "immortalwrt-24.10": feeds("24.10", "https://downloads.immortalwrt.org"),
}


class BusyBox(Driver):
    name = "busybox"
    program = "busybox"
    repos = ("embedded",)

    def version(self, case: Case) -> str:
        return re.search(r"v(\d+(\.\d+)+)", case.must("busybox"))[1]

    def kind(self, case: Case) -> str:
        return case.page.values["release"] if case.page.values["release"] in MINE else "apk"

    def prepare(self, case: Case) -> None:
        for applet in APPLETS:
            case.write(f"/usr/local/bin/{applet}", f'#!/bin/sh\nexec busybox {applet} "$@"\n', mode=0o755)
        case.write(FILES[self.kind(case)], STOCK[case.check["stock"]])

    def promised(self, case: Case) -> list[str]:
        return [url["at"] for url in case.check["urls"]]

    def effective(self, case: Case) -> list[str]:
        kind = self.kind(case)
        lines = [line for line in case.read(FILES[kind]).splitlines() if line and not line.startswith("#")]
        if kind in MINE:
            if lines.pop() != MINE[kind]:
                raise AssertionError("a feed of the owner's is not as it was")
            if any(not line.startswith("src/gz ") for line in lines) and kind == "24.10":
                raise AssertionError(f"opkg does not understand {lines}")
        urls = [line.split()[-1] for line in lines]
        for url in urls:
            case.must(f"curl -fsSI '{url}{SUFFIX[kind]}'")
        return urls

    faults = (
        Fault("a release that does not exist", "alpine", "gave 22|promises", replaced("repositories", "/v3.24/main", "/v3.42/main")),
        Fault("testing on a stable release", "alpine", "gave 22|promises", lambda s: s.text + s.text.split("v3.24")[0] + "v3.24/testing\n"
              if s.id == "repositories" else s.text),
        Fault("a path too short", "openwrt", "gave 22|promises", replaced("switch", "/openwrt/#'", "/#'")),
        Fault("the second time doubles the path", "openwrt", "gave 22|promises|gave",
              replaced("switch", r"(downloads\.openwrt\.org|mirrors\.zju\.edu\.cn/openwrt)/", r"(downloads\.openwrt\.org|mirrors\.zju\.edu\.cn)/")),
        Fault("an undo that does nothing", "immortalwrt", "not as it was", lambda s: "true\n" if s.id == "undo" else s.text),
    )  # fmt: skip
