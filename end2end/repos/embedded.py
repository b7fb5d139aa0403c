"""Indexes of the distributions whose package managers Debian lacks: what is asked for, at the addresses of the real mirror."""

from __future__ import annotations

ALPINE = [
    f"alpine/{release}/{repo}/x86_64/APKINDEX.tar.gz"
    for release, repos in (
        *((release, ("main", "community")) for release in ("v3.24", "v3.23", "v3.22")),
        ("edge", ("main", "community", "testing")),
    )
    for repo in repos
]
FEEDS = ("base", "luci", "packages", "routing", "telephony")
ROUTERS = [
    f"{tree}/releases/{release}/{place}/{index}"
    for tree in ("openwrt", "immortalwrt")
    for release, index in (("25.12.0", "packages.adb"), ("24.10.0", "Packages.gz"))
    for place in ("targets/x86/64/packages", *(f"packages/x86_64/{feed}" for feed in FEEDS))
]


def make(box) -> None:
    for name in (*ALPINE, *ROUTERS):
        path = box.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"an index\n")
