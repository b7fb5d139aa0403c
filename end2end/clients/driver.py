"""What every client has in common: how a page is followed and what must hold on the way."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import unittest
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from pathlib import Path

from box import HOST, Box
from case import Case, Page, Snippet, load
from roots import Root
from roots import HOST as THIS_MACHINE


def then(first: Callable[[Snippet], str], second: Callable[[Snippet], str]) -> Callable[[Snippet], str]:
    """One change after the other."""
    return lambda snippet: second(replace(snippet, text=first(snippet)))


@dataclass(frozen=True)
class Fault:
    """A page with a mistake in it: the check must see it, or its silence means nothing."""

    name: str
    guide: str
    # What the complaint says, as a regular expression.
    says: str
    # The text of a block with the mistake in it.
    change: Callable[[Snippet], str] | None = None
    # Something that is wrong around the page while the case runs.
    spoil: Callable[[Case], AbstractContextManager] | None = None
    chosen: dict[str, str] = field(default_factory=dict)


def replaced(block: str, old: str, new: str) -> Callable[[Snippet], str]:
    """A change of one block; a mistake that cannot be made is one in the fault itself."""

    def change(snippet: Snippet) -> str:
        if snippet.id != block:
            return snippet.text
        if old not in snippet.text:
            raise LookupError(f"{block} has no {old!r}:\n{snippet.text}")
        return snippet.text.replace(old, new)

    return change


class Driver:
    """One client program. A subclass says how it is prepared, what it says of itself, and how it fetches a package."""

    # The `client` of a `[[check]]`.
    name = ""
    # The program, and how to get it.
    program = ""
    package = ""
    # Root file systems in which it is driven, in this order.
    roots: tuple[Root, ...] = (THIS_MACHINE,)
    # Other hosts that pages for this client name; in the box they are the mirror as well.
    hosts: tuple[str, ...] = ()
    # Hosts that are the mirror in the box, too, but may be asked only by checks that name them in `hosts`.
    elsewhere: tuple[str, ...] = ()
    # Kinds of repositories that it needs beyond the demo tree, by file name in `repos/`.
    repos: tuple[str, ...] = ()
    # Paths, as a regular expression, of which a 404 is part of the protocol.
    missing = r"(?!)"
    # What of the changed files is the client's own business, as regular expressions on paths.
    ignore: tuple[str, ...] = ()
    # Files that the client itself leaves empty where there was none, instead of removing them.
    leaves_empty: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    # Further tests: functions of the driver, the box and the root, whose first line of documentation is their name.
    also: tuple[Callable[[Driver, Box, Root], None], ...] = ()

    # For a subclass

    def tools(self) -> tuple[Path, ...]:
        """Folders that come first in PATH."""
        return ()

    def prepare(self, case: Case) -> None:
        """Puts the root into the state before a page is followed."""

    def version(self, case: Case) -> str:
        """Which version of the program this is."""
        said = case.must(f"{self.program} --version")
        match = re.search(r"\d+(\.\d+)+", said)
        if match is None:
            raise AssertionError(f"no version in {said!r}")
        return match[0]

    def promised(self, case: Case):
        """What the page says that it amounts to: by default the `effective` of the check."""
        return case.check.get("effective")

    def effective(self, case: Case):
        """What the client itself says, in the shape of `promised`."""
        raise NotImplementedError

    def fetch(self, case: Case) -> None:
        """Has the client fetch the package of the check, and looks at the bytes; nothing where there is none."""

    def applies(self, case: Case) -> str | None:
        """A reason why this client cannot judge this state (another operating system), or nothing."""
        return None

    # The same for all

    def require(self, root: Root) -> None:
        """Skips when the client is not there."""
        path = root.require()
        folders = [*map(str, self.tools()), "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
        # A link may point to a place of the root that is elsewhere out here.
        if not any(os.path.lexists(f"{path}/{folder.lstrip('/')}/{self.program}") for folder in folders):
            how = self.package or self.program
            raise unittest.SkipTest(f"{self.program} is not in {root.name}: apt-get install {how}")

    def expected_hosts(self, case: Case) -> set[str]:
        return {HOST, *self.hosts, *case.check.get("hosts", [])}

    @contextlib.contextmanager
    def quiet(self, case: Case) -> Iterator[None]:
        """Only expected hosts are asked, and nothing that is not there."""
        mark = case.box.mark()
        yield
        asked = case.box.since(mark)
        strange = {request.host for request in asked} - self.expected_hosts(case)
        if strange:
            raise AssertionError(f"asked {sorted(strange)}")
        lost = [request for request in asked if request.status >= 400 and not re.search(self.missing, request.path)]
        if lost:
            raise AssertionError(f"not found: {lost}")

    def follow(self, box: Box, root: Root, page: Page, check: dict, fault: Fault | None = None) -> str:
        """Follows a page from its first step to its undo; the version of the client.

        Raises `AssertionError` for whatever the page promises and the client does not find, `SkipTest` where this client
        cannot judge.
        """
        with Case(box, root, page, check, self.tools()) as case, contextlib.ExitStack() as stack:
            reason = self.applies(case)
            if reason:
                raise unittest.SkipTest(reason)
            self.prepare(case)
            if fault and fault.change:
                case.change = then(case.change, fault.change)
            if fault and fault.spoil:
                stack.enter_context(fault.spoil(case))
            case.begin()
            version = self.version(case)
            with self.quiet(case):
                self.apply(case)
                self.compare(case)
                self.fetch(case)
            once = case.changes(self.ignore)
            with self.quiet(case):
                self.apply(case)
                self.compare(case)
            twice = case.changes(self.ignore)
            if once != twice:
                raise AssertionError(f"the second time changes more: {difference(once, twice)}")
            self.undo(case)
            return version

    def apply(self, case: Case) -> None:
        applied = [block for block in case.check["blocks"] if case.apply(block)]
        if not applied:
            raise AssertionError(f"none of {case.check['blocks']} applies in {case.page.url}, though its check does")

    def compare(self, case: Case) -> None:
        """What the client says is what the page promises."""
        promised, effective = self.promised(case), self.effective(case)
        if effective != promised:
            raise AssertionError(f"the page promises {promised!r}, {self.name} has {effective!r}")

    def undo(self, case: Case) -> None:
        """Follows the blocks that take the check's blocks back, twice; then all is as it was."""
        names = set(case.check["blocks"])
        ways = [b["id"] for b in case.page.about["snippets"] if names & set(b["undo"] or [])]
        taken = [way for way in ways if case.apply(way)]
        left = self.left(case)
        if left:
            raise AssertionError(f"after {taken or 'no undo block at all'}, this is not as it was: {left}")
        for way in taken:
            # A client may complain that there is nothing to take back; it may not change anything.
            with contextlib.suppress(AssertionError):
                case.apply(way)
        left = self.left(case)
        if left:
            raise AssertionError(f"after {taken} for the second time, this is not as it was: {left}")

    def left(self, case: Case) -> list[str]:
        """What is not as it was at the start."""
        changes = case.changes(self.ignore).items()
        is_empty = lambda name, now: now and now[-1] == b"" and any(re.search(p, name) for p in self.leaves_empty)  # noqa: E731
        return sorted(name for name, now in changes if not is_empty(name, now))

    def prove(self, box: Box, root: Root, fault: Fault) -> None:
        """Follows a page with a fault in it, which has to be noticed."""
        about = load(box, fault.guide)
        page = Page(box, fault.guide, fault.chosen, about)
        check = next(check for check in page.checks() if check["client"] == self.name)
        self.follow(box, root, page, check)
        try:
            self.follow(box, root, page, check, fault)
        except AssertionError as error:
            if not re.search(fault.says, str(error)):
                raise AssertionError(f"{fault.name}: another complaint than /{fault.says}/: {error}") from error
        else:
            raise AssertionError(f"{fault.name}: nobody noticed")


def difference(one: dict, other: dict) -> list[str]:
    return sorted(name for name in {*one, *other} if one.get(name) != other.get(name))


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def same_bytes(fetched: Path, kept: Path) -> None:
    """What arrived is what the repository has."""
    if sha256(fetched) != sha256(kept):
        raise AssertionError(f"{fetched.name} is not the file {kept}")
