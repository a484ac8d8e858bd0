"""The self-test says what works, and what does not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cnn_studio.app import self_test
from cnn_studio.app.self_test import Check, WindowReport, run_self_test, trained_words
from cnn_studio.core.frozen import is_frozen, own_command


def test_the_program_starts_itself() -> None:
    assert not is_frozen()
    done = subprocess.run(own_command("--version"), capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("CNN Studio ") and done.stderr == ""


def test_a_packaged_program_is_its_own_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert own_command("train", "x") == [sys.executable, "train", "x"]


def test_what_the_window_found_is_read_back(tmp_path: Path) -> None:
    report = WindowReport(tmp_path)
    assert report.checks() == []
    checks = [Check("window", True, 0.5, "first paint – ä"), Check("PyTorch", False, 1.0, "is gone")]
    for check in checks:
        report.add(check)
    assert report.checks() == checks


def test_learning_too_little_is_said() -> None:
    assert trained_words(0.98, 1234.0) == "LeNet-5 on the digits: 98.00%, 1,234 images/s"
    with pytest.raises(ValueError, match=r"reached 96\.00% on the digits instead of 97% or more"):
        trained_words(0.96, 1.0)
    with pytest.raises(ValueError, match="reached nothing"):
        trained_words(None, 1.0)


def test_a_program_that_cannot_start_fails_every_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = "import sys; sys.stderr.write('a library is missing'); sys.exit(9)"
    monkeypatch.setattr(self_test, "own_command", lambda *arguments: [sys.executable, "-c", code, *arguments])
    monkeypatch.setattr(self_test, "display_problem", lambda: "")
    checks: list[Check] = []
    assert not run_self_test(tmp_path, checks.append)
    assert [check.name for check in checks if check.passed] == ["program files"]
    window = next(check for check in checks if check.name == "end of the window")
    assert "after its start" in window.text and "code 9. a library is missing" in window.text


def test_without_a_display_the_window_is_no_silent_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems always have a display")
    monkeypatch.setattr(self_test, "own_command", lambda *_: [sys.executable, "-c", "raise SystemExit(1)"])
    checks: list[Check] = []
    run_self_test(tmp_path, checks.append)
    window = next(check for check in checks if check.name == "window")
    assert not window.passed and "DISPLAY is not set" in window.text


@pytest.mark.slow
@pytest.mark.qt
def test_an_installation_in_order_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    command = own_command("self-test", "--json", "--keep", str(tmp_path / "kept"))
    done = subprocess.run(command, capture_output=True, text=True, timeout=280, check=False)
    record = json.loads(done.stdout)
    assert record["passed"] and done.returncode == 0, record
    assert len(record["checks"]) == 13
    assert (tmp_path / "kept" / "Netz ä 1.cnnstudio").is_file()
