"""The manual: every page opens and is readable, the search finds pages, layers lead to theirs, laboratories exist."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from cnn_studio.app.labs.registry import LABS
from cnn_studio.app.preferences import Preferences
from cnn_studio.app.session import Session
from cnn_studio.graph.registry import all_specs, get_spec
from cnn_studio.ui.concepts.picture import ConceptPicture
from cnn_studio.ui.main_window import MainWindow
from cnn_studio.ui.manual.ideas import IDEAS
from cnn_studio.ui.manual.pages import LayerPage, params_of
from cnn_studio.ui.manual.window import ManualWindow
from tests.helpers.ui import grab


@pytest.fixture
def manual(qtbot: QtBot) -> ManualWindow:
    window = ManualWindow()
    qtbot.addWidget(window)
    window.show()
    return window


def texts(manual: ManualWindow) -> str:
    return "\n".join(label.text() for label in manual.page.findChildren(QLabel))


@pytest.mark.parametrize("idea", IDEAS, ids=lambda idea: idea.id)
def test_every_idea_opens_with_its_pictures(manual: ManualWindow, qtbot: QtBot, idea) -> None:
    manual.open_page(idea.id)
    qtbot.waitUntil(manual.page.isVisible)
    said = texts(manual)
    assert idea.title in said and all(paragraph in said for paragraph in idea.text)
    pictures = manual.page.findChildren(ConceptPicture)
    assert [picture.isHidden() for picture in pictures] == [False] * len(idea.shown)
    for label in manual.page.findChildren(QLabel):
        assert label.height() >= label.heightForWidth(label.width()), "no line is cut off"
    assert not manual._area.horizontalScrollBar().isVisible()
    grab(manual, f"manual-{idea.id}")


@pytest.mark.parametrize("spec", tuple(all_specs()), ids=lambda spec: spec.id)
def test_every_layer_has_a_page(qtbot: QtBot, spec) -> None:
    page = LayerPage(spec)
    qtbot.addWidget(page)
    page.show()
    said = "\n".join(label.text() for label in page.findChildren(QLabel))
    assert spec.title in said and spec.help in said
    assert all(param.title in said and param.help in said for param in spec.params)
    assert page.findChildren(ConceptPicture)


def test_captions_are_true_of_the_pictures() -> None:
    """Where a caption speaks of the size, the shape rule says the same."""
    same, halved = (idea for idea in IDEAS if idea.id == "convolution").__next__().shown
    spec = get_spec("conv2d")
    for shown, size in ((same, 8), (halved, 4)):
        found = spec.infer({**params_of(spec), **shown.params}, ((3, 8, 8),))
        assert found.shape is not None and found.shape[1:] == (size, size)
    (odd,) = (idea for idea in IDEAS if idea.id == "tiling").__next__().shown
    report = spec.infer({**params_of(spec), **odd.params}, ((1, 8, 8),))
    assert [finding.code for finding in report.findings] == ["not_tiling"]


def test_the_search_finds_pages_and_shows_them_all_again(manual: ManualWindow) -> None:
    manual.search.setText("overlap")
    shown = {page for page, item in manual._items.items() if not item.isHidden()}
    assert "pooling" in shown and "tiling" not in shown and "relu" not in shown
    manual.search.setText("no such word anywhere")
    assert all(item.isHidden() for item in manual._items.values())
    manual.search.setText("")
    assert not any(item.isHidden() for item in manual._items.values())


def test_laboratories_that_pages_name_exist(manual: ManualWindow, qtbot: QtBot) -> None:
    assert {idea.lab for idea in IDEAS if idea.lab} <= {lab.id for lab in LABS}
    manual.open_page("vanishing")
    (button,) = manual.page.findChildren(QPushButton)
    with qtbot.waitSignal(manual.lab_wanted) as wanted:
        button.click()
    assert wanted.args == ["vanishing-gradients"]


def test_it_opens_at_the_selected_layer_and_leads_to_the_laboratory(qtbot: QtBot) -> None:
    window = MainWindow(Session(), Preferences())
    qtbot.addWidget(window, before_close_func=lambda w: w.training.shut_down(20))
    window.show()
    qtbot.waitUntil(
        lambda: window.loader.is_ready, timeout=60_000
    )  # a process must not end while torch is loading
    window.selection.select([window.session.document.paths["S2"]])
    window.actions_.all["manual"].trigger()
    manual = window.findChild(ManualWindow)
    assert manual is not None and get_spec("subsampling").title in texts(manual)
    manual.lab_wanted.emit("momentum")
    assert window.tools.labs is not None
    page = window.tools.labs.pages[window.tools.labs.list.currentRow()]
    assert page.lab.id == "momentum" and window.tools.labs.isVisible()
    window.tools.labs.close()
