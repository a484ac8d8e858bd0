"""A folder of images in the whole window: loaded, looked at, one file left out with a click, and found again."""

import pytest
from PySide6.QtCore import Qt

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.project import load_project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.datasets.records import DataSource
from cnn_studio.ui.main_window import MainWindow
from tests.helpers.images import write_classes, write_picture
from tests.helpers.ui import events


@pytest.fixture
def window(qtbot, tmp_path):
    window = MainWindow(Session(), Preferences(), RunStore(tmp_path / "runs"))
    qtbot.addWidget(window, before_close_func=leave)
    window.show()
    qtbot.waitUntil(lambda: window.loader.is_ready, timeout=60_000)
    qtbot.waitUntil(lambda: window.training.data is not None, timeout=20_000)
    return window


def leave(window):
    window.workspace.data.jobs.shut_down(10)
    window.training.shut_down(20)
    window._refresh_timer.stop()
    window.session.stack.mark_clean()
    window.session._extras_modified = False


def test_a_stray_is_left_out_with_a_click_and_the_project_remembers_it(window, qtbot, tmp_path):
    root = write_classes(tmp_path / "bilder", {"ant": 20, "bee": 20})
    write_picture(root / "ant" / "stray.gif", seed=5)
    panel = window.workspace.data

    def there(count):
        data = window.training.data
        return data is not None and len(data.train) + len(data.val) == count and not panel.jobs.is_reporting

    window.workspace.source_chosen.emit(DataSource(kind="folder", folder=str(root)))
    qtbot.waitUntil(lambda: there(41) and bool(panel.view.report.cards), timeout=30_000)
    panel.view.show_report_page()
    card = next(found for found in panel.view.report.cards if found.finding.code == "outliers")
    qtbot.mouseClick(card.buttons[1], Qt.MouseButton.LeftButton)
    assert window.session.data.excluded == ("ant/stray.gif",)
    qtbot.waitUntil(lambda: there(40), timeout=30_000)
    panel.split.test.setValue(10)
    qtbot.waitUntil(lambda: there(36), timeout=30_000)
    assert len(window.training.data.test) == 4
    window.session.save(tmp_path / "p.cnnstudio")
    saved = load_project(tmp_path / "p.cnnstudio").data
    assert (saved.excluded, saved.test_fraction) == (("ant/stray.gif",), 0.1)
    events()
