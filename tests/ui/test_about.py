"""What the program says of itself, and what it offers after a crash."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QPlainTextEdit, QPushButton, QWidget
from pytestqt.qtbot import QtBot

import cnn_studio
from cnn_studio.app.logbook import find_crashes
from cnn_studio.ui.about_dialog import AboutDialog
from cnn_studio.ui.crash_notice import CrashNotice
from cnn_studio.ui.widgets.strip import Strip

CRASH = """
from cnn_studio.app.logbook import Logbook
book = Logbook()
def where_it_happened():
    import faulthandler
    faulthandler._sigsegv()
where_it_happened()
"""


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("PYTHONFAULTHANDLER", raising=False)


def test_every_package_shows_its_licence(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    assert dialog.packages.topLevelItem(0).text(0) == "CNN Studio"
    assert "Permission is hereby granted" in dialog.licence.toPlainText()
    rows = {
        dialog.packages.topLevelItem(row).text(0): row for row in range(dialog.packages.topLevelItemCount())
    }
    dialog.packages.setCurrentItem(dialog.packages.topLevelItem(rows["pillow"]))
    assert "Secret Labs" in dialog.licence.toPlainText()
    dialog.packages.setCurrentItem(dialog.packages.topLevelItem(rows["shiboken6"]))
    assert "No text of the licence comes with this package" in dialog.licence.toPlainText()


def test_diagnostics_go_to_the_clipboard(qtbot: QtBot) -> None:
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    dialog.copy.click()
    said = QGuiApplication.clipboard().text()
    assert f"cnn-studio {cnn_studio.__version__}" in said
    assert "Qt 6" in said and "offscreen" in said and "processors" in said


def test_without_a_crash_nothing_is_offered(qtbot: QtBot) -> None:
    parent = QWidget()
    qtbot.addWidget(parent)
    strip = Strip("notice", parent)
    CrashNotice(strip, parent).look()
    assert strip.isHidden()


def test_a_crash_is_offered_shown_copied_and_forgotten(qtbot: QtBot) -> None:
    done = subprocess.run([sys.executable, "-c", CRASH], check=False, timeout=60)
    assert done.returncode != 0
    parent = QWidget()
    qtbot.addWidget(parent)
    strip = Strip("notice", parent)
    notice = CrashNotice(strip, parent)
    notice.look()
    assert not strip.isHidden() and "ended by a fault" in strip.label.text()
    buttons = {button.text(): button for button in strip.findChildren(QPushButton)}
    buttons["Show report"].click()
    (dialog,) = parent.findChildren(QDialog)
    (text,) = dialog.findChildren(QPlainTextEdit)
    assert "where_it_happened" in text.toPlainText()
    dialog.close()
    buttons["Copy report"].click()
    assert "where_it_happened" in QGuiApplication.clipboard().text()
    assert len(find_crashes()) == 1
    strip.closed.emit()
    assert find_crashes() == []
