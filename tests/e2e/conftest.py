"""A virtual screen for the tests of the real process; without Xvfb and xdotool they skip, but never in CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.helpers.desktop import Program, Screen

_HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.qt)


@pytest.fixture(scope="session")
def screen() -> Iterator[Screen]:
    missing = [tool for tool in ("Xvfb", "xdotool") if shutil.which(tool) is None]
    if missing:
        if os.environ.get("CI"):
            pytest.fail(f"{' and '.join(missing)} must be there in CI")
        pytest.skip(f"{' and '.join(missing)} is not installed (apt-get install xvfb xdotool)")
    with Screen() as screen:
        yield screen


@pytest.fixture
def program(screen: Screen, tmp_path: Path) -> Iterator[Program]:
    with Program(screen, tmp_path) as program:
        yield program
