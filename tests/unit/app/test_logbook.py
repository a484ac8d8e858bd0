"""The log and the reports of crashes, kept by real processes that end well or badly."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cnn_studio.app.logbook import Logbook, diagnostics, find_crashes
from cnn_studio.app.places import logs_folder

BEGIN = "from cnn_studio.app.logbook import Logbook\nbook = Logbook()\nbook.begin()\n"


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PYTHONFAULTHANDLER", raising=False)


def run(code: str) -> int:
    return subprocess.run([sys.executable, "-c", BEGIN + code], check=False, timeout=60).returncode


def test_a_program_that_ends_well_leaves_a_log_and_no_report() -> None:
    assert (
        run("import logging\nlogging.getLogger('cnn_studio.x').info('something happened')\nbook.close()") == 0
    )
    assert find_crashes() == []
    said = (logs_folder() / "cnn-studio.log").read_text("utf-8")
    assert (
        "CNN Studio begins: cnn-studio" in said and "something happened" in said and "CNN Studio ends" in said
    )
    assert "something happened" in diagnostics()
    assert [file.name for file in logs_folder().iterdir()] == ["cnn-studio.log"]


def test_a_crash_says_what_the_program_was_doing() -> None:
    code = "import faulthandler\ndef deep_inside():\n    faulthandler._sigsegv()\ndeep_inside()"
    assert run(code) != 0
    (report,) = find_crashes()
    assert "deep_inside" in report.text()
    assert find_crashes() == [report], "looking at it does not delete it"
    report.forget()
    assert find_crashes() == []


def test_a_program_that_was_killed_has_nothing_to_say() -> None:
    assert run("import os, signal\nos.kill(os.getpid(), signal.SIGTERM)") != 0
    assert find_crashes() == []
    assert [file.name for file in logs_folder().iterdir()] == ["cnn-studio.log"], (
        "its empty report is tidied away"
    )


def test_a_program_that_still_runs_has_not_crashed() -> None:
    book = Logbook()
    try:
        assert find_crashes() == []
        assert any(file.suffix == ".crash" for file in logs_folder().iterdir())
    finally:
        book.close()


def test_errors_that_nobody_caught_are_in_the_log() -> None:
    book = Logbook()
    try:
        error = ValueError("a strange value")
        book.record(ValueError, error, None)
    finally:
        book.close()
    assert "ValueError: a strange value" in diagnostics()
    assert not [handler for handler in logging.getLogger().handlers if "cnn-studio.log" in str(handler)]


@pytest.mark.skipif(
    os.name != "posix", reason="a file in the place of a folder is an error of its own elsewhere"
)
def test_a_home_that_cannot_be_written_is_no_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "file" / "below"))
    book = Logbook()
    book.begin()
    book.close()
    assert find_crashes() == []
    assert "There is no log" in diagnostics()


def test_the_log_does_not_grow_for_ever() -> None:
    book = Logbook()
    try:
        for _ in range(40):
            logging.getLogger("cnn_studio.test").info("x" * 100_000)
    finally:
        book.close()
    sizes = [file.stat().st_size for file in logs_folder().iterdir()]
    assert len(sizes) == 3 and max(sizes) <= 1_000_000 and sum(sizes) > 1_500_000
