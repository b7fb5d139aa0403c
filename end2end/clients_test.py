"""Real package clients against the running site, with the snippets that the site gives.

    sudo python3 clients_test.py                      default state and every single value of every option, all clients
    sudo python3 clients_test.py --full               every combination; writes content/verified.json
    sudo python3 clients_test.py --client apt --guide debian [--root trixie]
"""

from __future__ import annotations

import argparse
import datetime
import functools
import json
import os
import sys
import time
import unittest
from collections import defaultdict
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field

import repos
from box import Box
from case import Page, load, states
from clients import drivers
from clients.driver import Driver
from roots import Root
from stage import CONTENT, folder

# Clients that may not be skipped, by name: what the machine was set up for.
REQUIRED = set(os.environ.get("MINGJING_CLIENTS", "").split())
VERIFIED = CONTENT / "verified.json"


@dataclass
class Tally:
    """What became of the states of one guide with one client in one root."""

    version: str = ""
    exist: int = 0
    run: int = 0
    accepted: int = 0
    # Accepted states by block.
    blocks: dict[str, int] = field(default_factory=lambda: defaultdict(int))


class Run:
    """What is to be done, and what became of it."""

    box: Box
    full = False
    tally: dict[tuple[str, str, str], Tally] = {}
    # Combinations, as guide and query, that some client accepted.
    accepted: set[tuple[str, str]] = set()


class Following(unittest.TestCase):
    """One guide with one client in one root: every state that is asked for, from the first step to the undo."""

    def __init__(self, driver: Driver, root: Root, guide: str) -> None:
        super().__init__("test")
        self.driver, self.root, self.guide = driver, root, guide

    def __str__(self) -> str:
        return f"{self.guide} with {self.driver.name} in {self.root.name}"

    def test(self) -> None:
        require(self.driver, self.root)
        about = load(Run.box, self.guide)
        tally = Run.tally.setdefault((self.guide, self.driver.name, self.root.name), Tally())
        groups: dict[tuple, list[tuple[Page, dict]]] = {}
        for chosen in states(about, full=Run.full):
            page = Page(Run.box, self.guide, chosen, about)
            for check in page.checks():
                if check["client"] == self.driver.name:
                    groups.setdefault(likeness(page, check), []).append((page, check))
        for alike in groups.values():
            page, check = alike[0]
            tally.exist += len(alike)
            with self.subTest(url=page.url):
                try:
                    tally.version = self.driver.follow(Run.box, self.root, page, check)
                except unittest.SkipTest:
                    # Another system than this client's: it exists, and nobody here can judge it.
                    continue
                tally.run += 1
                tally.accepted += len(alike)
                Run.accepted |= {(self.guide, page.query) for page, _ in alike}
                for block in check["blocks"]:
                    if page.snippet(block):
                        tally.blocks[block] += len(alike)


class Noticing(unittest.TestCase):
    """Each known fault is noticed."""

    def __init__(self, driver: Driver, root: Root) -> None:
        super().__init__("test")
        self.driver, self.root = driver, root

    def __str__(self) -> str:
        return f"{self.driver.name} in {self.root.name} notices {len(self.driver.faults)} faults"

    def test(self) -> None:
        require(self.driver, self.root)
        for fault in self.driver.faults:
            with self.subTest(fault=fault.name):
                self.driver.prove(Run.box, self.root, fault)


class Also(unittest.TestCase):
    """What a driver tests beyond following pages."""

    def __init__(self, driver: Driver, root: Root, function) -> None:
        super().__init__("test")
        self.driver, self.root, self.function = driver, root, function

    def __str__(self) -> str:
        return f"{self.driver.name} in {self.root.name}: {self.function.__doc__.splitlines()[0]}"

    def test(self) -> None:
        require(self.driver, self.root)
        self.function(self.driver, Run.box, self.root)


def require(driver: Driver, root: Root) -> None:
    try:
        driver.require(root)
    except unittest.SkipTest as missing:
        if driver.name in REQUIRED and root == driver.roots[0]:
            raise AssertionError(f"{missing}; MINGJING_CLIENTS asks for it") from None
        raise


def likeness(page: Page, check: dict) -> tuple:
    """States whose steps are the same text but for the word `sudo`, which does nothing in the box, are one case."""
    steps = [snippet for block in check["blocks"] if (snippet := page.snippet(block))]
    return (json.dumps(check, sort_keys=True), *((s.id, s.file, s.text.replace("sudo ", "")) for s in steps))


def suite(chosen: list[Driver], wanted: argparse.Namespace) -> unittest.TestSuite:
    """A test for each client, root and guide, and one for the faults of each client."""
    out = unittest.TestSuite()
    for driver in chosen:
        roots = [root for root in driver.roots if wanted.root in (None, root.name)]
        for root in roots:
            for guide in guides_of(driver.name):
                if not wanted.guide or guide in wanted.guide:
                    out.addTest(Following(driver, root, guide))
        if roots and not wanted.guide:
            root = first_with(driver, roots)
            if driver.faults:
                out.addTest(Noticing(driver, root))
            out.addTests(Also(driver, root, function) for function in driver.also)
    return out


def first_with(driver: Driver, roots: list[Root]) -> Root:
    """The first root that has the client; the first one where none has."""
    for root in roots:
        with suppress(unittest.SkipTest):
            driver.require(root)
            return root
    return roots[0]


def guides_of(client: str) -> list[str]:
    """Guides that have a check for a client."""
    return [guide for guide, about in guides().items() if any(c["client"] == client for c in about["checks"])]


@functools.cache
def guides() -> dict[str, dict]:
    """`options.json` of every guide of the content folder."""
    return {path.parent.name: load(Run.box, path.parent.name) for path in sorted(CONTENT.glob("*/*/help.zh.md"))}


def report(seconds: float) -> None:
    """How many combinations there are, and how many of them a real client accepted."""
    print(f"\n{'guide':18} {'client':10} {'root':8} {'version':10} {'exist':>6} {'run':>6} {'accepted':>9}")
    for (guide, client, root), t in sorted(Run.tally.items()):
        print(f"{guide:18} {client:10} {root:8} {t.version:10} {t.exist:6} {t.run:6} {t.accepted:9}")
    total = [sum(getattr(t, name) for t in Run.tally.values()) for name in ("exist", "run", "accepted")]
    print(f"{'sum':49} {total[0]:6} {total[1]:6} {total[2]:9}")
    every = sum(len(states(about, full=True)) for about in guides().values())
    print(
        f"\n{len(guides())} guides, {every} combinations in all; {len(covered())} of them have a check for a client,"
        f" {len(Run.accepted)} were accepted by one ({seconds:.0f} s)"
    )
    missing = {c["client"] for about in guides().values() for c in about["checks"]} - {driver.name for driver in drivers()}
    if missing:
        print(f"clients that cannot be had here: {', '.join(sorted(missing))}")


def covered() -> set[tuple[str, str]]:
    """Combinations of all guides, as guide and query, for which there is a check."""
    pages = (
        Page(Run.box, guide, chosen, about) for guide, about in guides().items() for chosen in states(about, full=True)
    )
    return {(page.guide, page.query) for page in pages if page.checks()}


def write_verified() -> None:
    """Puts what this run accepted into `verified.json`; what it did not run stays as it was."""
    known = json.loads(VERIFIED.read_text("utf-8")) if VERIFIED.exists() else {}
    today = datetime.date.today().isoformat()
    for (guide, client, _), tally in Run.tally.items():
        for block, count in tally.blocks.items():
            entries = known.setdefault(guide, {}).setdefault(block, [])
            entries[:] = [e for e in entries if (e["client"], e["version"]) != (client, tally.version)]
            entries.append({"client": client, "version": tally.version, "date": today, "combinations": count})
            entries.sort(key=lambda e: (e["client"], [int(n) for n in e["version"].split(".")]))
    VERIFIED.write_text(json.dumps(known, indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--client", action="append")
    parser.add_argument("--guide", action="append")
    parser.add_argument("--root")
    wanted = parser.parse_args()
    Run.full = wanted.full
    chosen = [driver for driver in drivers() if not wanted.client or driver.name in wanted.client]
    started = time.monotonic()
    with ExitStack() as stack:
        home = stack.enter_context(folder())
        Run.box = Box(home, stack, tuple(host for driver in drivers() for host in (*driver.hosts, *driver.elsewhere)))
        for kind in sorted({kind for driver in chosen for kind in driver.repos}):
            repos.make(kind, Run.box)
        result = unittest.TextTestRunner(verbosity=2, failfast=False).run(suite(chosen, wanted))
        report(time.monotonic() - started)
        if Run.full and result.wasSuccessful():
            write_verified()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
