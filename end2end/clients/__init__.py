"""Package clients, one file each: whatever stands here as a subclass of `Driver` is driven."""

from __future__ import annotations

import importlib
import pkgutil

from clients.driver import Driver


def drivers() -> list[Driver]:
    """All of them, by name."""
    for module in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{module.name}")
    return sorted((kind() for kind in all_subclasses(Driver) if kind.name), key=lambda driver: driver.name)


def all_subclasses(kind: type) -> set[type]:
    return set(kind.__subclasses__()).union(*(all_subclasses(child) for child in kind.__subclasses__()))
