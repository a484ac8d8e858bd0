"""The settings: every change holds at once, is saved, and shows wherever else it can be changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from cnn_studio.app.code_cache import codes_size, keep_codes
from cnn_studio.app.places import codes_folder, runs_folder
from cnn_studio.app.preferences import Preferences, load_preferences
from cnn_studio.app.session import Session
from cnn_studio.app.tuned import num_tunings, remember_tuning
from cnn_studio.datasets.cache import cache_folder, cache_size
from cnn_studio.engine.events import Tuning
from cnn_studio.transfer.code_set import Codes
from cnn_studio.ui import theme
from cnn_studio.ui.main_window import MainWindow
from cnn_studio.ui.settings.appearance_page import AppearancePage
from cnn_studio.ui.settings.computing_page import ComputingPage
from cnn_studio.ui.settings.dialog import PAGES, SettingsDialog
from cnn_studio.ui.settings.downloads_page import DownloadsPage
from cnn_studio.ui.settings.page import SettingsContext, SettingsPage
from cnn_studio.ui.settings.storage_page import StoragePage
from tests.helpers.ui import events, grab

SOME = Codes(np.ones((300, 20), np.float32), np.zeros((10, 20), np.float32), None)


@pytest.fixture
def context(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SettingsContext:
    # other tests leave codes and images in theirs
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    actions = {name: QAction(name) for name in ("minimap", "notify")}
    for action in actions.values():
        action.setCheckable(True)
    return SettingsContext(
        Preferences(), actions, theme.manager().set_mode, lambda on: None, lambda: "CPU · 2 threads"
    )


@pytest.fixture
def dialog(qtbot: QtBot, context: SettingsContext) -> SettingsDialog:
    made = SettingsDialog(context)
    qtbot.addWidget(made)
    made.show()
    return made


def page(dialog: SettingsDialog, kind: type[SettingsPage]) -> SettingsPage:
    dialog.show_page(kind.title)
    assert isinstance(dialog.page, kind)
    return dialog.page


def add_images(size: int) -> None:
    cache_folder().mkdir(parents=True, exist_ok=True)
    with (cache_folder() / f"{1:032x}.images").open("wb") as file:
        file.truncate(size)


def settled(qtbot: QtBot, found: StoragePage) -> None:
    qtbot.waitUntil(lambda: not any(box._reader.is_busy for box in found.boxes.values()), timeout=5_000)


def test_every_page_is_in_the_list_and_has_a_title(dialog: SettingsDialog) -> None:
    titles = [dialog.list.item(row).text() for row in range(dialog.list.count())]
    assert titles == ["Appearance", "Computing", "Storage", "Downloads"]
    assert not dialog.isModal()
    dialog.list.setFocus()
    dialog.list.setCurrentRow(2)
    assert isinstance(dialog.page, StoragePage)
    assert dialog.heading.text() == "Storage"


def test_another_page_is_one_entry(qtbot: QtBot, context: SettingsContext) -> None:
    class OwnPage(SettingsPage):
        title, icon = "Own", "info"

        def __init__(self, context: SettingsContext) -> None:
            super().__init__(context)
            self.section("Something", QLabel("of one's own"))

    made = SettingsDialog(context, pages=(*PAGES, OwnPage))
    qtbot.addWidget(made)
    made.show_page("Own")
    assert isinstance(made.page, OwnPage)


def test_theme_and_movement_hold_at_once(dialog: SettingsDialog, context: SettingsContext) -> None:
    found = page(dialog, AppearancePage)
    assert isinstance(found, AppearancePage)
    found.themes["dark"].click()
    assert theme.current().is_dark
    theme.manager().set_mode("light")
    assert found.themes["light"].isChecked()
    found.animate.click()
    assert not load_preferences().animate
    context.actions["minimap"].setChecked(True)
    assert found.map.isChecked()
    found.map.click()
    assert not context.actions["minimap"].isChecked()


def test_measured_speeds_can_be_forgotten(dialog: SettingsDialog) -> None:
    remember_tuning("a", Tuning())
    remember_tuning("b", Tuning())
    found = page(dialog, ComputingPage)
    assert isinstance(found, ComputingPage)
    assert found.known.text() == "2 networks"
    assert found.device.text() == "CPU · 2 threads"
    found.forget.click()
    assert num_tunings() == 0
    assert not found.forget.isEnabled()


def test_a_cache_says_what_it_takes_and_is_cleared(dialog: SettingsDialog, qtbot: QtBot) -> None:
    keep_codes("a", SOME)
    add_images(3 * 10**9)
    found = page(dialog, StoragePage)
    assert isinstance(found, StoragePage)
    settled(qtbot, found)
    codes, images = found.boxes["code_cache_gb"], found.boxes["image_cache_gb"]
    assert codes.place.path.text() == str(codes_folder())
    assert codes.taken.text() == "25 kB"
    assert images.taken.text() == "3.0 GB"
    codes.clear.click()
    settled(qtbot, found)
    assert codes_size() == 0
    assert codes.taken.text() == "nothing"
    assert not codes.clear.isEnabled()
    assert cache_size() == 3 * 10**9


def test_a_lower_limit_is_saved_and_frees_at_once(dialog: SettingsDialog, qtbot: QtBot) -> None:
    keep_codes("a", SOME)
    add_images(3 * 10**9)
    found = page(dialog, StoragePage)
    assert isinstance(found, StoragePage)
    found.boxes["image_cache_gb"].limit.setValue(2)
    settled(qtbot, found)
    assert load_preferences().image_cache_gb == 2
    assert cache_size() == 0
    assert codes_size() > 0
    found.boxes["code_cache_gb"].limit.setValue(0)
    settled(qtbot, found)
    assert found.boxes["code_cache_gb"].limit.text() == "Keep nothing"
    assert (load_preferences().code_cache_gb, codes_size()) == (0, 0)


def test_the_folder_of_runs_is_shown_and_opens_once_it_is_there(dialog: SettingsDialog) -> None:
    found = page(dialog, StoragePage)
    assert isinstance(found, StoragePage)
    assert found.runs.path.text() == str(runs_folder())
    assert not found.runs.open.isEnabled()
    assert "nothing was kept" in found.runs.open.toolTip()
    runs_folder().mkdir(parents=True)
    found.enter()
    assert found.runs.open.isEnabled()


def test_a_mirror_is_checked_before_it_is_used(dialog: SettingsDialog, qtbot: QtBot) -> None:
    found = page(dialog, DownloadsPage)
    assert isinstance(found, DownloadsPage)
    qtbot.keyClicks(found.mirror, "https://mirror.example.org/ai")
    assert load_preferences().weights_mirror == "https://mirror.example.org/ai"
    assert "https://mirror.example.org/ai/models/resnet18" in found.said.text()
    found.mirror.setText("mirror.example.org")
    assert "no web address" in found.said.text()
    assert "Still in use: https://mirror.example.org/ai" in found.said.text()
    assert found.said.property("role") == "error"
    assert load_preferences().weights_mirror == "https://mirror.example.org/ai"
    found.mirror.clear()
    assert load_preferences().weights_mirror == ""
    assert "download.pytorch.org" in found.said.text()


@pytest.fixture
def window(qtbot: QtBot, studio_home: Path) -> MainWindow:
    made = MainWindow(Session(), Preferences(welcomed=True, animate=False))
    qtbot.addWidget(made)
    return made


def test_the_window_opens_them_and_follows(window: MainWindow) -> None:
    assert not window.workspace.canvas.animated
    action = window.actions_.all["settings"]
    assert action.shortcut().toString() == "Ctrl+,"
    edit = next(menu for menu in window.menuBar().actions() if menu.text() == "&Edit").menu()
    assert action in edit.actions()
    action.trigger()
    dialog = window.settings.dialog
    assert dialog is not None
    assert dialog.isVisible()
    first = page(dialog, AppearancePage)
    assert isinstance(first, AppearancePage)
    first.themes["dark"].click()
    assert window.preferences.theme == "dark"
    assert window.actions_._themes["dark"].isChecked()
    first.animate.click()
    assert window.workspace.canvas.animated
    storage = page(dialog, StoragePage)
    assert isinstance(storage, StoragePage)
    storage.boxes["image_cache_gb"].limit.setValue(5)
    window.kept_images._show_limit()
    ticked = [act.data() for act in window.kept_images._group.actions() if act.isChecked()]
    assert ticked == [5]
    dialog.close()
    action.trigger()
    assert window.settings.dialog is dialog
    dialog.close()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_pictures(dialog: SettingsDialog, qtbot: QtBot, mode: theme.Mode) -> None:
    keep_codes("a", SOME)
    add_images(3 * 10**9)
    theme.manager().set_mode(mode)
    for kind in PAGES:
        found = page(dialog, kind)
        if isinstance(found, StoragePage):
            settled(qtbot, found)
        events()
        assert grab(dialog, f"settings-{kind.title.lower()}-{mode}").std() > 1
