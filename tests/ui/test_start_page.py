"""The start page on real projects, and in the window."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, Qt
from PySide6.QtGui import QColor, QPixmap
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from cnn_studio.app.jobs import JobList
from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import save_project, starter_project
from cnn_studio.app.session import Session
from cnn_studio.graph.starters import STARTERS, find_starter
from cnn_studio.ui.main_window import MainWindow
from cnn_studio.ui.start_page import StartPage, Way
from tests.helpers.ui import grab


def png(colour: str) -> bytes:
    picture = QPixmap(32, 20)
    picture.fill(QColor(colour))
    content = QByteArray()
    buffer = QBuffer(content)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.save(buffer, "PNG")
    return bytes(content.data())


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path) -> StartPage:
    recent = []
    for name, colour in (("digits", "#ff0000"), ("bees and ants", "#00ff00")):
        path = tmp_path / f"{name}.cnnstudio"
        save_project(path, replace(starter_project(find_starter("lenet5")), thumbnail=png(colour)))
        recent.append(str(path))
    recent.append(str(tmp_path / "gone.cnnstudio"))
    begun: list[str] = []
    page = StartPage(recent, [Way("Tour", "Six cards", lambda: begun.append("tour"))], JobList())
    page.begun = begun  # type: ignore[attr-defined]  # what the buttons did
    qtbot.addWidget(page)
    page.show()
    qtbot.waitUntil(lambda: not page._line.is_busy)
    return page


def colour_of(page: StartPage, row: int) -> str:
    icon = page.projects.item(row).icon()
    return (
        icon.pixmap(page.projects.iconSize())
        .toImage()
        .pixelColor(page.projects.iconSize().width() // 2, 60)
        .name()
    )


def test_projects_have_pictures_and_those_that_are_gone_cannot_be_chosen(
    page: StartPage, qtbot: QtBot
) -> None:
    assert [page.projects.item(row).text() for row in range(3)] == ["digits", "bees and ants", "gone (gone)"]
    assert colour_of(page, 0) == "#ff0000" and colour_of(page, 1) == "#00ff00"
    gone = page.projects.item(2)
    assert not gone.flags() & Qt.ItemFlag.ItemIsEnabled and "not there any more" in gone.toolTip()
    with qtbot.assertNotEmitted(page.project_chosen):
        page.projects.itemClicked.emit(gone)
    grab(page, "start-page")


def test_a_project_opens_by_key_and_by_click_once(page: StartPage, qtbot: QtBot) -> None:
    chosen: list[Path] = []
    page.project_chosen.connect(chosen.append)
    qtbot.keyClick(page.projects, Qt.Key.Key_Right)
    box = page.projects.visualItemRect(page.projects.item(1)).center()
    qtbot.mouseClick(page.projects.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert [path.stem for path in chosen] == ["bees and ants"]
    assert page.isHidden()
    qtbot.mouseDClick(page.projects.viewport(), Qt.MouseButton.LeftButton, pos=box)
    assert len(chosen) == 1


def test_a_starter_opens_with_the_enter_key(page: StartPage, qtbot: QtBot) -> None:
    assert page.starters.count() == len(STARTERS)
    page.starters.setFocus()
    with qtbot.waitSignal(page.starter_chosen) as chosen:
        qtbot.keyClick(page.starters, Qt.Key.Key_Return)
    assert chosen.args == [STARTERS[0].name] and page.isHidden()


def test_a_way_begins_after_the_page_is_gone(page: StartPage) -> None:
    (button,) = [button for button in page.findChildren(QPushButton) if button.text() == "Tour"]
    button.click()
    assert page.isHidden() and page.begun == ["tour"]  # type: ignore[attr-defined]


def test_without_projects_it_says_what_will_be_there(qtbot: QtBot) -> None:
    page = StartPage([], [], JobList())
    qtbot.addWidget(page)
    page.show()
    assert page.projects.isHidden() and "listed here" in page._none.text()
    grab(page, "start-page-empty")


def test_in_the_window_a_project_takes_the_place_of_the_present_one(qtbot: QtBot, tmp_path: Path) -> None:
    path = tmp_path / "other.cnnstudio"
    save_project(path, starter_project(find_starter("small-cnn")))
    window = MainWindow(Session(), Preferences(recent=[str(path)]))
    qtbot.addWidget(window, before_close_func=lambda w: w.training.shut_down(20))
    window.show()
    qtbot.waitUntil(
        lambda: window.loader.is_ready, timeout=60_000
    )  # a process must not end while torch is loading
    window.actions_.all["start_page"].trigger()
    page = window.findChild(StartPage)
    assert page is not None
    texts = [button.text() for button in page.findChildren(QPushButton)]
    assert {"Transfer wizard…", "Open a folder of images…", "Open…", "Tour"} <= set(texts)
    grab(page, "start-page-window")
    page.projects.itemActivated.emit(page.projects.item(0))
    qtbot.waitUntil(lambda: window.windowTitle().startswith("Small CNN") or "other" in window.windowTitle())
    assert window.session.path == path
