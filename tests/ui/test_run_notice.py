"""The word at the end of a run that nobody watches."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QSystemTrayIcon

from cnn_studio.app.preferences import Preferences, load_preferences
from cnn_studio.app.session import Session
from cnn_studio.engine.events import RunFinished
from cnn_studio.ui.main_window import MainWindow
from cnn_studio.ui.run_notice import notice_text


@pytest.mark.parametrize(
    ("end", "said"),
    [
        (
            RunFinished("done", 7, 0.98607, None, 9000.0),
            ("LeNet-5: training is done", "Best validation accuracy 98.6 %, in epoch 7"),
        ),
        (
            RunFinished("done", 0, None, None, 0.0),
            ("LeNet-5: training is done", "No epoch could be validated."),
        ),
        (
            RunFinished("failed", 2, 0.5, None, 0.0, message="The loss became NaN in C3."),
            ("LeNet-5: training failed", "The loss became NaN in C3."),
        ),
    ],
)
def test_the_message_says_how_it_went(end, said):
    assert notice_text("LeNet-5", end) == said


def test_the_menu_switches_the_message_off_for_good(qtbot):
    window = MainWindow(Session(), Preferences())
    qtbot.addWidget(window)
    action = window.actions_.all["notify"]
    assert action.isChecked()
    action.trigger()
    assert not window.preferences.notify
    assert not load_preferences().notify


def test_without_a_tray_nothing_is_shown_and_nothing_fails(qtbot):
    if QSystemTrayIcon.isSystemTrayAvailable():
        pytest.skip("this desktop has a tray")
    window = MainWindow(Session(), Preferences())
    qtbot.addWidget(window)
    assert not window.notice.show_message("LeNet-5: training is done", "Best validation accuracy 98.6 %")
    assert window.notice.tray is None
