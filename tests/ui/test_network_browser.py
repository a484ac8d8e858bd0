"""The dialog that opens a library's network, with the real libraries."""

import numpy as np
import pytest
from PySide6.QtCore import Qt

from cnn_studio.app.jobs import JobList
from cnn_studio.app.preferences import Preferences
from cnn_studio.app.session import Session
from cnn_studio.ui.file_controller import FileController
from cnn_studio.ui.network_browser import NetworkBrowser
from tests.helpers.ui import grab

SECONDS = 60_000


@pytest.fixture
def browser(qtbot):
    jobs = JobList()
    made = NetworkBrowser(jobs)
    qtbot.addWidget(made)
    made.show()
    yield made
    made.reject()
    assert jobs.shut_down(30)


def names(browser):
    model = browser.table.model()
    return [model.index(row, 0).data() for row in range(model.rowCount())]


def test_a_network_is_found_sorted_and_opened(browser, qtbot):
    assert not browser._ok.isEnabled()
    assert browser.focusWidget() is browser._filter, "a name can be typed at once"
    assert "Reading the list" in browser._status.text()
    qtbot.waitUntil(lambda: len(names(browser)) == 68, timeout=SECONDS)
    browser.table.sort_by(4)
    assert names(browser)[0] == "regnet_y_128gf", "the most accurate weights first"
    qtbot.keyClicks(browser._filter, "SqueezeNet")
    browser.table.sort_by(0)
    assert sorted(names(browser)) == ["squeezenet1_0", "squeezenet1_1"]
    assert "2 of 68 networks" in browser._status.text()
    assert grab(browser, "network-browser").std() > 1
    browser.table.selectRow(names(browser).index("squeezenet1_1"))
    with qtbot.waitSignal(browser.opened, timeout=SECONDS) as caught:
        qtbot.mouseClick(browser._ok, Qt.MouseButton.LeftButton)
        assert not browser._ok.isEnabled(), "one at a time"
    document = caught.args[0].project.document
    assert "features.12.expand3x3" in document.paths
    assert len(document.info.labels) == 1000
    assert not browser.isVisible()


def test_nothing_found_and_closed_while_reading(browser, qtbot):
    qtbot.waitUntil(lambda: len(names(browser)) == 68, timeout=SECONDS)
    browser._filter.setText("no such thing")
    assert names(browser) == []
    assert not browser._ok.isEnabled()
    browser.open_selected()
    browser._source.setCurrentIndex(1)
    browser.close()
    assert not browser._line.is_busy


def test_weights_go_to_a_file(qtbot, tmp_path):
    from PySide6.QtWidgets import QWidget

    window = QWidget()
    qtbot.addWidget(window)
    files = FileController(Session(), Preferences(), window)
    with qtbot.waitSignal(files.message, timeout=SECONDS) as caught:
        files.export_weights_to(tmp_path / "w.npz")
    assert "14 tensors; 14 of them are first weights" in caught.args[0]
    with np.load(tmp_path / "w.npz") as archive:
        assert archive["C1.weight"].shape == (6, 1, 5, 5)
    with qtbot.waitSignal(files.message, timeout=SECONDS) as caught:
        files.export_weights_to(tmp_path / "no" / "w.npz")
    assert "no such folder" in caught.args[0]
