"""What the program consists of, as the installed packages state it."""

from __future__ import annotations

import importlib.metadata
import re

from cnn_studio.app.licences import own_licence, shipped_packages

NAMES = {re.sub(r"[-_.]+", "-", package.name).lower() for package in shipped_packages()}


def test_what_is_required_and_installed_is_listed() -> None:
    required = [
        re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement)[0]).lower()
        for requirement in importlib.metadata.requires("cnn-studio") or ()
        if "extra" not in requirement
    ]
    installed = {
        re.sub(r"[-_.]+", "-", str(one.metadata["Name"])).lower()
        for one in importlib.metadata.distributions()
    }
    assert set(required) & installed <= NAMES
    assert {"numpy", "pillow", "pydantic-core"} <= NAMES, "pydantic-core because pydantic needs it"


def test_tools_for_developers_are_not() -> None:
    assert not NAMES & {"pytest", "ruff", "mypy", "import-linter", "hypothesis", "cnn-studio"}


def test_each_has_a_version_and_most_a_licence() -> None:
    packages = shipped_packages()
    assert all(package.version == importlib.metadata.version(package.name) for package in packages)
    assert all(package.licence and "\n" not in package.licence for package in packages)
    numpy = next(package for package in packages if package.name == "numpy")
    assert "BSD-3-Clause" in numpy.licence and "Redistribution and use in source" in numpy.text
    assert [package.name for package in packages] == sorted((p.name for p in packages), key=str.lower)


def test_the_program_itself_is_under_the_mit_licence() -> None:
    assert own_licence().licence == "MIT" and "Permission is hereby granted" in own_licence().text
