"""The tour over the real window: every card beside the part it speaks of, left at any time."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QFrame
from pytestqt.qtbot import QtBot

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.session import Session
from cnn_studio.ui.main_window import MainWindow
from cnn_studio.ui.tour import Tour, stops_of
from tests.helpers.ui import grab


@pytest.fixture
def window(qtbot: QtBot) -> MainWindow:
    window = MainWindow(Session(), Preferences())
    qtbot.addWidget(window, before_close_func=leave)
    window.resize(1300, 850)
    window.show()
    qtbot.waitUntil(lambda: window.loader.is_ready, timeout=60_000)
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=20_000)
    return window


def leave(window: MainWindow) -> None:
    window.training.shut_down(20)


def tour_of(window: MainWindow) -> Tour:
    window.actions_.all["tour"].trigger()
    tour = window.findChild(Tour)
    assert tour is not None
    return tour


def card_of(tour: Tour) -> QRect:
    (card,) = [frame for frame in tour.findChildren(QFrame) if frame.parent() is tour]
    return card.geometry()


def test_six_cards_each_beside_its_part(window: MainWindow, qtbot: QtBot) -> None:
    tour = tour_of(window)
    stops = stops_of(window)
    assert len(stops) == 6
    for number, stop in enumerate(stops):
        assert tour.at == number and tour.title.text() == stop.title
        part, card = stop.part(), card_of(tour)
        assert part is not None and part.isVisible()
        assert tour.rect().contains(card), "nothing of the card lies outside the window"
        assert tour.text.height() >= tour.text.heightForWidth(tour.text.width()), "no line is cut off"
        place = QRect(part.mapTo(window, part.rect().topLeft()), part.size())
        if part is not window.workspace.canvas:
            assert not card.intersects(place)
        grab(window, f"tour-{number + 1}")
        qtbot.keyClick(tour, Qt.Key.Key_Right)
    assert tour.isHidden()
    assert window.session.stack.undo_label is None


def test_it_can_be_left_at_any_time_and_taken_again(window: MainWindow, qtbot: QtBot) -> None:
    focus = window.focusWidget()
    tour = tour_of(window)
    tour.next.click()
    tour.back.click()
    assert tour.at == 0 and not tour.back.isEnabled()
    window.actions_.all["tour"].trigger()
    assert len(window.findChildren(Tour)) == 1
    with qtbot.waitSignal(tour.ended):
        qtbot.keyClick(tour.next, Qt.Key.Key_Escape)
    assert window.focusWidget() is focus
    qtbot.waitUntil(lambda: window.findChild(Tour) is None)
    again = tour_of(window)
    assert again.at == 0
    again.leave.click()


def test_it_follows_the_window(window: MainWindow, qtbot: QtBot) -> None:
    tour = tour_of(window)
    window.resize(900, 640)
    qtbot.waitUntil(lambda: tour.size() == window.size())
    assert tour.rect().contains(card_of(tour))
    tour.end()


def test_the_first_start_offers_it(window: MainWindow) -> None:
    from PySide6.QtWidgets import QPushButton

    (button,) = [b for b in window.workspace.welcome.findChildren(QPushButton) if b.text() == "Tour"]
    button.click()
    tour = window.findChild(Tour)
    assert tour is not None
    tour.end()
