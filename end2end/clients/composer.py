"""Composer: a package comes from the repository that the page sets."""

from __future__ import annotations

import json
import shutil

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from repos.packagist import FILE, TEXT
from roots import HOST, LANGUAGES

PROJECT = "/home/reader/project"


class Composer(Driver):
    name = "composer"
    program = "composer"
    roots = (HOST, LANGUAGES)
    hosts = ("mirrors.aliyun.com",)
    # Where it would ask without the mirror.
    elsewhere = ("repo.packagist.org", "packagist.org")
    repos = ("packagist",)
    ignore = (r"/\.composer/cache(/|$)", r"/home/reader/project(/|$)")

    def prepare(self, case: Case) -> None:
        # What an earlier use leaves behind: its files, and an empty list of repositories.
        case.must("composer config -g repos.packagist composer https://example.org/")
        case.must("composer config -g --unset repos.packagist")
        case.write("~/project/composer.json", '{"name": "test/project", "require": {}}\n')

    def effective(self, case: Case) -> dict[str, str]:
        said = json.loads(case.must("composer config -g repositories").splitlines()[-1])
        return {name: repository["url"] for name, repository in said.items() if repository["type"] == "composer"}

    def fetch(self, case: Case) -> None:
        package = case.check["fetch"]
        case.must(f"composer require --no-interaction --no-audit {package}:1.0.0", cwd=PROJECT)
        same_bytes(case.path(f"~/project/vendor/{package}/{FILE}"), case.box.file("Hello.php", TEXT))
        shutil.rmtree(case.path("~/project/vendor"))
        # What is in the cache is not fetched.
        case.must("composer clear-cache")

    faults = (
        Fault("a repository of another name", "packagist", "promises", replaced("set", "repos.packagist", "repos.packages")),
        Fault("a repository of another kind", "packagist", "promises", replaced("set", "packagist composer", "packagist vcs")),
        Fault("an address that is not encrypted", "packagist", "promises", replaced("set", "https:", "http:")),
    )
