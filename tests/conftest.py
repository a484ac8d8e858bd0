"""What holds for every test: the program's own files go to a temporary folder, torch uses one thread."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Times on a shared machine say nothing, and two runs of the same commit must try the same examples.
settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", settings.get_profile("default"), derandomize=False)
settings.load_profile(
    "default" if os.environ.get("CI") else os.environ.get("CNN_STUDIO_HYPOTHESIS", "default")
)


@pytest.fixture(scope="session", autouse=True)
def studio_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where settings and runs of all tests go, in this process and in those it starts."""
    home = tmp_path_factory.mktemp("home")
    before = os.environ.get("CNN_STUDIO_HOME")
    os.environ["CNN_STUDIO_HOME"] = str(home)
    yield home
    if before is None:
        del os.environ["CNN_STUDIO_HOME"]
    else:
        os.environ["CNN_STUDIO_HOME"] = before


@pytest.fixture(autouse=True)
def one_torch_thread() -> None:
    """Small tensors are slower on several threads; torch is not imported for this."""
    torch = sys.modules.get("torch")
    threads = getattr(torch, "get_num_threads", None)  # a window closed early may still be importing torch
    if torch is not None and threads is not None and threads() != 1:
        torch.set_num_threads(1)


@pytest.fixture
def test_data() -> Callable[[str], Path]:
    """Return a function that finds a folder of the real data and skips the test where there is none."""
    from tests.helpers.images import real_data

    return real_data
