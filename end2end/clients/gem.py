"""gem and Bundler: a gem comes from the mirror, each by its own setting and its own index."""

from __future__ import annotations

import shutil

from case import Case
from clients.driver import Driver, Fault, replaced, same_bytes
from repos.gem import FILE, TEXT
from roots import HOST, LANGUAGES

PROJECT = "/home/reader/project"


class FromGems(Driver):
    """What clients of a gem server have in common."""

    roots = (HOST, LANGUAGES)
    hosts = ("mirrors.tuna.tsinghua.edu.cn",)
    # Where they would ask without the mirror.
    elsewhere = ("rubygems.org", "index.rubygems.org")
    repos = ("gem",)
    ignore = (r"/\.local/share/gem(/|$)", r"/\.local(/share)?$", r"/home/reader/project(/|$)", r"/\.bundle/cache(/|$)")


class Gem(FromGems):
    name = "gem"
    program = "gem"
    package = "ruby"

    def effective(self, case: Case) -> dict[str, str]:
        return {"sources": " ".join(line for line in case.must("gem sources").splitlines() if ":" in line)}

    def fetch(self, case: Case) -> None:
        gem = f"{case.check['fetch']}-1.0.0.gem"
        case.must(f"gem fetch {case.check['fetch']}")
        same_bytes(case.path(f"~/{gem}"), case.box.root / "rubygems/gems" / gem)
        case.must(f"gem install --user-install --no-document --local ./{gem}; rm {gem}")

    faults = (
        Fault("a key that gem does not know", "rubygems", "promises", replaced("gemrc", ":sources:", ":source:")),
        Fault("the mirror besides the registry", "rubygems", "promises",
              replaced("gemrc", ":sources:\n", ":sources:\n  - https://rubygems.org/\n")),
    )  # fmt: skip


class Bundler(FromGems):
    name = "bundler"
    program = "bundle"
    package = "bundler"
    # Bundler before 2.5 trusts an index only by an ETag that no file server gives, and then asks the way of old first.
    missing = r"/api/v1/dependencies$"

    def prepare(self, case: Case) -> None:
        # Bundler leaves its file when the last setting is taken out; here it is not the last.
        case.must("bundle config set --global jobs 2")
        case.write("~/project/Gemfile", f'source "https://rubygems.org"\ngem "{case.check["fetch"]}"\n')
        case.variables["BUNDLE_PATH"] = "vendor"

    def effective(self, case: Case) -> dict[str, str]:
        settings = dict(line.partition("=")[::2] for line in case.must("bundle config --parseable").splitlines())
        return {name: url for name, url in settings.items() if name.startswith("mirror.")}

    def fetch(self, case: Case) -> None:
        case.must("bundle install", cwd=PROJECT)
        (installed,) = case.path("~/project/vendor").glob(f"ruby/*/gems/{case.check['fetch']}-1.0.0/{FILE}")
        same_bytes(installed, case.box.file("gem.rb", TEXT))
        if "remote: https://rubygems.org/" not in case.read("~/project/Gemfile.lock"):
            raise AssertionError("Gemfile.lock names another registry")
        shutil.rmtree(case.path("~/project/vendor"))

    faults = (
        Fault("a registry without its scheme", "rubygems", "promises",
              replaced("bundler-set", "mirror.https://rubygems.org", "mirror.rubygems.org"), chosen={"tool": "bundler"}),
    )  # fmt: skip
