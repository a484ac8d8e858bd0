"""The pages Task and Advice: the user's answer, the measurement on its scale, the four cases, and taking the advice."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from cnn_studio.app.jobs import JobList
from cnn_studio.app.project import Project
from cnn_studio.app.sources import OpenedSource
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.report import make_report
from cnn_studio.graph.starters import find_starter
from cnn_studio.transfer.advisor import advise
from cnn_studio.transfer.likeness import LayerDistance, Likeness
from cnn_studio.ui import theme
from cnn_studio.ui.wizard.advice_page import AdvicePage
from cnn_studio.ui.wizard.example_pictures import EXAMPLES, example_picture
from cnn_studio.ui.wizard.likeness_box import depth_words
from cnn_studio.ui.wizard.likeness_scale import END, REFERENCES, LikenessScale
from cnn_studio.ui.wizard.page import WizardPage
from cnn_studio.ui.wizard.state import WizardState
from cnn_studio.ui.wizard.task_page import TaskPage
from tests.helpers.images import write_classes
from tests.helpers.plots import has_color
from tests.helpers.ui import as_array, events, grab, texts


def measured(distance: float, slope: float = 0.0) -> Likeness:
    layers = tuple(LayerDistance(f"bn{at}", distance + slope * (at - 4), 8) for at in range(9))
    return Likeness(layers, distance, 0.004, 200, 1_340, "EfficientNet-Lite0")


def few(folder: Path) -> DataSource:
    return DataSource(kind="folder", folder=str(write_classes(folder, {"ants": 8, "bees": 7})))


def state_of(source: DataSource | None) -> WizardState:
    """Return a wizard's state whose images were looked at; those of the embedded digits are many."""
    state = WizardState(JobList())
    if source is not None:
        state.choose_data(source)
        state.set(report=make_report(source))
    return state


def with_network(state: WizardState) -> WizardState:
    state.take_source("resnet18", None, OpenedSource(Project(find_starter("resnet18").build()), "ResNet-18"))
    return state


def show(qtbot: QtBot, kind: Callable[[WizardState], WizardPage], state: WizardState) -> WizardPage:
    page = kind(state)
    state.setParent(page)
    qtbot.addWidget(page)
    page.resize(860, 900)
    page.show()
    page.enter()
    events()
    return page


# ----------------------------------------------------------------------------------------------------------------- task


def test_the_answer_is_kept_and_a_click_on_the_card_is_enough(qtbot: QtBot) -> None:
    page = show(qtbot, TaskPage, state_of(None))
    assert isinstance(page, TaskPage) and page.answers[None].button.isChecked()
    card = page.answers["different"]
    QTest.mouseClick(card, Qt.MouseButton.LeftButton, pos=QPoint(card.width() // 2, card.height() - 6))
    assert page.state.told == "different" and card.button.isChecked()
    QTest.keyClick(card.button, Qt.Key.Key_Left)
    assert page.state.told == "similar"
    assert "landscape" in page.answers["similar"].button.accessibleDescription()


def test_without_images_nothing_can_be_measured_and_it_is_said(qtbot: QtBot) -> None:
    page = show(qtbot, TaskPage, state_of(None))
    assert isinstance(page, TaskPage)
    assert not page.likeness.measure.isEnabled()
    assert any("Choose the images first" in text for text in texts(page))


def test_the_measurement_is_shown_and_the_answer_wins(qtbot: QtBot) -> None:
    page = show(qtbot, TaskPage, state_of(DataSource()))
    assert isinstance(page, TaskPage)
    page.state.set(similarity=measured(0.31, 0.02))
    assert "Distance 0.31 ± 0.01" in page.likeness.words.text() and not page.counts.isVisible()
    assert "earlier in the network" in page.likeness.depths.text()
    page.answers["similar"].button.click()
    assert page.counts.text() == "You say similar, and your answer counts."
    page.answers["different"].button.click()
    assert page.counts.text() == "Your answer agrees with it."
    grab(page, "wizard-task")


def test_the_scale_has_marks_and_a_needle_where_it_belongs(qtbot: QtBot) -> None:
    scale = LikenessScale()
    qtbot.addWidget(scale)
    scale.resize(600, scale.sizeHint().height())
    before = as_array(scale.grab())
    assert has_color(before, "ok_ground", 500) and has_color(before, "error_ground", 500)
    needles = []
    for distance in (0.1, 0.3):
        scale.show_likeness(measured(distance))
        changed = (as_array(scale.grab()) != before).any(axis=2)
        needles.append(changed.any(axis=0).nonzero()[0].mean() / 600)
    assert needles == pytest.approx([0.1 / END, 0.3 / END], abs=0.05)
    assert "Distance 0.30" in scale.accessibleDescription()
    for name, low, high in REFERENCES:
        assert f"{name} {low:.2f} to {high:.2f}" in scale.accessibleDescription()
        assert 0 < low <= high < END


def test_depths_are_explained() -> None:
    assert "Light, sharpness or noise" in depth_words(measured(0.3, -0.02))
    assert "earlier in the network" in depth_words(measured(0.3, 0.02))
    assert depth_words(measured(0.3)).endswith("late ones (things) 0.30.")


def test_an_earlier_cut_is_spoken_of_for_images_unlike_the_source_only() -> None:
    similar, unlike = measured(0.1, 0.02), measured(0.3, 0.02)
    assert "earlier" not in depth_words(similar)
    assert depth_words(similar).endswith("The later the layer, the less it fits.")
    assert "earlier" in depth_words(similar, "different")
    assert "earlier" not in depth_words(unlike, "similar")
    assert "earlier" in depth_words(measured(0.2, 0.02))


@pytest.mark.parametrize(("starter", "measures"), [("resnet18", True), ("vgg16", False), ("alexnet", False)])
def test_a_source_that_cannot_measure_is_replaced_and_it_is_said(
    qtbot: QtBot, tmp_path: Path, starter: str, measures: bool
) -> None:
    state = state_of(few(tmp_path))
    for name in (starter, "run:3"):
        state.take_source(name, None, OpenedSource(Project(find_starter(starter).build()), "My network"))
        page = show(qtbot, TaskPage, state)
        assert isinstance(page, TaskPage)
        box = page.likeness
        offered = [box.ruler.itemText(at) for at in range(box.ruler.count())]
        assert ("My network" in offered) == measures
        if not measures:
            assert offered == ["EfficientNet-Lite0"]
            assert box.ruler.currentData() == ("efficientnet_lite0", "")
            assert box.replaced.isVisible()
            assert "My network has no BatchNorm layers" in box.replaced.text()
            assert "EfficientNet-Lite0 measures in its place" in box.replaced.text()
        else:
            assert not box.replaced.isVisible()


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_example_pictures_have_content(qtbot: QtBot, name: str) -> None:
    pixels = as_array(example_picture(name, 48))  # type: ignore[arg-type]
    assert pixels.shape == (96, 96, 4) and len({tuple(p) for p in pixels.reshape(-1, 4)}) > 5


@pytest.mark.slow
def test_measuring_is_a_job_and_goes_when_other_images_are_chosen(qtbot: QtBot, tmp_path: Path) -> None:
    page = show(qtbot, TaskPage, state_of(few(tmp_path / "a")))
    assert isinstance(page, TaskPage)
    page.likeness.measure.click()
    assert page.likeness.measure.text() == "Measuring…" and page.state.work.busy
    page.state.choose_data(few(tmp_path / "b"))
    assert not page.state.work.busy
    page.likeness.measure.click()
    qtbot.waitUntil(lambda: page.state.similarity is not None, timeout=90_000)
    qtbot.waitUntil(lambda: not page.state.work.busy)
    assert page.state.similarity is not None and page.state.similarity.level == "very different"  # noise
    assert page.likeness.measure.text() == "Measure again"


# --------------------------------------------------------------------------------------------------------------- advice


def own_case(page: AdvicePage) -> list[str]:
    return [
        case
        for case, cell in page.table.cells.items()
        if any(label.isVisible() and "Your case" in label.text() for label in cell.findChildren(QLabel))
    ]


def test_without_images_the_four_cases_are_shown_and_none_is_reached(qtbot: QtBot) -> None:
    page = show(qtbot, AdvicePage, state_of(None))
    assert isinstance(page, AdvicePage)
    assert own_case(page) == [] and not page.use.isVisible() and page.state.advice is None
    assert any("page Data" in text for text in texts(page))


@pytest.mark.parametrize(
    ("is_large", "distance", "told", "case"),
    [
        (False, 0.10, None, "small_similar"),
        (False, 0.40, None, "small_different"),
        (True, 0.10, None, "large_similar"),
        (True, 0.10, "different", "large_different"),
        (True, None, None, "large_similar"),
    ],
)
def test_the_reached_case_stands_out_with_its_reasons(
    qtbot: QtBot, tmp_path: Path, is_large: bool, distance: float | None, told: str | None, case: str
) -> None:
    state = state_of(DataSource() if is_large else few(tmp_path))
    likeness = measured(distance) if distance is not None else None
    state.set(similarity=likeness, told=told)
    page = show(qtbot, AdvicePage, state)
    assert isinstance(page, AdvicePage)
    assert own_case(page) == [case]
    advice = advise(state.counts, likeness, state.told)
    assert state.advice == advice
    shown = texts(page)
    for text in (advice.headline, advice.why, advice.what, advice.when, advice.how, advice.limits):
        assert text in shown
    assert f"{sum(state.counts.values()):,} training images" in page.why.text()
    assert all(warning in page.warnings.text for warning in advice.warnings)
    visible = {name for name, button in page.others.items() if button.isVisible()}
    assert visible == set(advice.alternatives)
    theme.manager().set_mode("dark")
    grab(page, f"wizard-advice-{case}")


def test_few_different_images_lead_to_an_earlier_cut(qtbot: QtBot, tmp_path: Path) -> None:
    state = with_network(state_of(few(tmp_path)))
    state.set(told="different")
    page = show(qtbot, AdvicePage, state)
    assert isinstance(page, AdvicePage)
    page.use.click()
    cut = state.cut()
    assert cut is not None and state.recipe.cut == cut.path and state.recipe.strategy == "svm"
    assert 0.5 < cut.position < 0.8 and cut.path.endswith("relu_1")
    assert not page.use.isEnabled() and page.use.text() == "In use"
    assert f"cut behind {cut.path}" in page.now.text()
    state.set(told="similar")
    assert page.use.isEnabled() and "cut behind" in page.now.text()
    page.use.click()
    assert state.recipe.cut == ""


def test_many_images_let_the_whole_network_learn(qtbot: QtBot) -> None:
    state = with_network(state_of(DataSource()))
    state.set(told="different", compares=True)
    page = show(qtbot, AdvicePage, state)
    assert isinstance(page, AdvicePage) and "comparison of several ways" in page.now.text()
    assert not all(layer.trainable for layer in state.session.document.layers.values())
    page.use.click()
    layers = list(state.session.document.layers.values())
    assert state.recipe.strategy == "finetune" and not state.compares
    assert all(layer.trainable for layer in layers)
    assert not any(layer.keep_statistics for layer in layers if layer.type == "batch_norm")
    final = state.final_recipe()
    assert final.unfreeze == ("*",) and final.freeze == () and final.adapts_statistics
    assert page.use.text() == "In use"


def test_of_an_own_network_nothing_is_said_of_imagenet(qtbot: QtBot, tmp_path: Path) -> None:
    state = state_of(few(tmp_path))
    state.take_source("run:3", None, OpenedSource(Project(find_starter("resnet18").build()), "Run 3"))
    page = show(qtbot, AdvicePage, state)
    assert isinstance(page, AdvicePage)
    assert not any("ImageNet" in text for text in texts(page))
    assert page.likeness.ruler.currentText() == "Run 3"  # it knows best what it has seen


def test_one_is_free_to_take_another_way(qtbot: QtBot) -> None:
    state = with_network(state_of(DataSource()))
    state.update(head=state.recipe.head.model_copy(update={"hidden": 64}))
    page = show(qtbot, AdvicePage, state)
    assert isinstance(page, AdvicePage)
    page.others["svm"].click()
    assert state.recipe.strategy == "svm"
    assert state.recipe.head.hidden == 0  # a linear classifier on codes has no hidden layer
    assert page.use.isEnabled() and own_case(page) == ["large_similar"]


def test_images_of_one_class_get_a_sentence_in_place_of_advice(qtbot: QtBot, tmp_path: Path) -> None:
    folder = write_classes(tmp_path, {"ants": 6, "bees": 1})
    (folder / "bees" / "000.png").write_bytes(b"no image")
    source = DataSource(kind="folder", folder=str(folder))
    page = show(qtbot, AdvicePage, state_of(source))
    assert isinstance(page, AdvicePage)
    assert page.state.advice is None and "nothing to tell apart" in page.now.text()
