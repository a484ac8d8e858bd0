"""The packages that the program consists of, with versions and licences as the packages themselves state them."""

from __future__ import annotations

import importlib.metadata
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import cnn_studio

_NAME = "cnn-studio"
_LICENCE_FILE = re.compile(r"(^|/)(licen[cs]e|copying|notice|copyright)[^/]*$", re.IGNORECASE)
_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[([^\]]*)\])?")
_EXTRA = re.compile(r"""extra\s*==\s*["']([^"']+)["']""")
_LONGEST = 60  # of a licence's name; some packages write the whole text there
_UNKNOWN = "not stated"


@dataclass(frozen=True, slots=True)
class ShippedPackage:
    """A package that the program needs.

    Attributes:
        name: as its makers write it.
        licence: its name.
        text: of all licence files that come with it; empty where none do.
    """

    name: str
    version: str
    licence: str
    text: str


@cache
def shipped_packages() -> tuple[ShippedPackage, ...]:
    """Return the program's packages that are installed, by name: what it requires, and what that requires in turn."""
    found: dict[str, importlib.metadata.Distribution] = {}
    waiting, seen = [(_NAME, "")], set[tuple[str, str]]()
    while waiting:
        asked = waiting.pop()
        if asked in seen:
            continue
        seen.add(asked)
        name, extra = asked
        try:
            distribution = found.setdefault(name, importlib.metadata.distribution(name))
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system or another version of Python
        waiting += _required(distribution.requires or (), extra)
    packages = (_package(distribution) for name, distribution in found.items() if name != _NAME)
    return tuple(sorted(packages, key=lambda package: package.name.lower()))


def own_licence() -> ShippedPackage:
    """Return the program itself."""
    try:
        text = _licence_text(importlib.metadata.distribution(_NAME))
    except importlib.metadata.PackageNotFoundError:
        text = ""
    return ShippedPackage("CNN Studio", cnn_studio.__version__, "MIT", text)


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _required(requirements: Iterable[str], extra: str) -> list[tuple[str, str]]:
    """Return names and extras of what is required, by the package itself or by an extra of it."""
    found = []
    for requirement in requirements:
        part = _REQUIREMENT.match(requirement)
        wanted = _EXTRA.search(requirement.partition(";")[2])
        if part is None or (wanted.group(1) if wanted else "") != extra:
            continue
        extras = [one.strip() for one in (part.group(2) or "").split(",") if one.strip()]
        found += [(_key(part.group(1)), one) for one in ("", *extras)]
    return found


def _package(distribution: importlib.metadata.Distribution) -> ShippedPackage:
    text = _licence_text(distribution)
    name = _stated_licence(distribution) or _first_line(text) or _UNKNOWN
    return ShippedPackage(str(distribution.metadata["Name"]), distribution.version, name, text)


def _first_line(text: str) -> str:
    """Return the first line of a licence where it is its name."""
    line = text.partition("\n")[0].strip()
    return line if "licen" in line.lower() and len(line) <= _LONGEST else ""


def _stated_licence(distribution: importlib.metadata.Distribution) -> str:
    metadata = distribution.metadata
    expressions = metadata.get_all("License-Expression")
    if expressions:
        return str(expressions[0])
    stated = "".join(metadata.get_all("License") or ()).strip().replace("UNKNOWN", "")
    if stated and "\n" not in stated and len(stated) <= _LONGEST:
        return stated
    classified = [
        value.rpartition(" :: ")[2]
        for value in metadata.get_all("Classifier") or ()
        if value.startswith("License ::")
    ]
    return ", ".join(classified) or stated.partition("\n")[0][:_LONGEST]


def _licence_text(distribution: importlib.metadata.Distribution) -> str:
    texts = []
    for file in distribution.files or ():
        if _LICENCE_FILE.search(file.as_posix()) and ".dist-info/" in file.as_posix():
            try:
                texts.append(Path(str(distribution.locate_file(file))).read_text("utf-8", "replace"))
            except OSError:
                continue
    return "\n\n".join(text.strip() for text in texts)
