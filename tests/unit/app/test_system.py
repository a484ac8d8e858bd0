"""Why no window can open, said before Qt ends the process."""

from __future__ import annotations

import sys

import pytest

from cnn_studio.app import system

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can lack a display")


def test_no_display_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert "There is no display" in system.display_problem()
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    assert system.display_problem() == ""


def test_missing_libraries_are_named_with_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setitem(system._XCB_LIBRARIES, "libno-such-library.so.7", "libno-such-library7")
    assert "apt-get install" in system.display_problem()
    assert "libno-such-library7" in system.missing_libraries()


def test_a_display_that_does_not_answer_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.setenv("DISPLAY", ":9999")
    monkeypatch.setattr(system, "_XCB_LIBRARIES", {})
    if system._display_answers():
        pytest.skip("libxcb is not installed here")
    assert ":9999" in system.display_problem() and "does not answer" in system.display_problem()
