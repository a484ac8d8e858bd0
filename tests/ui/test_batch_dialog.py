"""The search for a batch size in the window: its button, its result, and what is taken from it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt

from tests.ui.test_main_window import settings
from tests.ui.test_main_window import window as window  # noqa: PLC0414 - a fixture is found by its name
from tests.ui.test_run_tools import idle, trigger


def searched(window, qtbot):
    window.workspace.training.side.find_batch.click()
    dialog = window.tools.batches
    qtbot.waitUntil(lambda: not dialog._bridge.is_watching, timeout=60_000)
    return dialog


def test_a_batch_is_found_and_taken(window, qtbot):
    settings(window, batch_size=16, learning_rate=0.01)
    dialog = searched(window, qtbot)
    found = dialog.found
    train = len(window.training.data.train)
    assert train * 2 / 3 <= found.largest <= train, "LeNet fits into any memory"
    assert dialog.curve.num_points == len(found.tried) >= 8
    assert dialog.use.text() == f"Use {found.suggested:,}"
    assert dialog.use_largest.text() == f"Use largest, {found.largest:,}"
    assert "learning rate suits the present batch of 16" in dialog.text.text()
    assert window.session.settings.batch_size == 16, "nothing is taken unasked"
    with qtbot.waitSignal(dialog.destroyed):
        dialog.use.click()
    changed = window.session.settings
    assert (changed.batch_size, changed.learning_rate) == (found.suggested, 0.01)
    assert window.workspace.training.settings() == changed
    assert window.tools.batches is None


def test_the_largest_is_taken_and_the_rate_follows_only_if_wished(window, qtbot):
    settings(window, batch_size=64, learning_rate=0.01)
    dialog = searched(window, qtbot)
    largest = dialog.found.largest
    dialog.scale.click()
    dialog.use_largest.click()
    assert window.session.settings.batch_size == largest
    assert window.session.settings.learning_rate == pytest.approx(0.01 * largest / 64, rel=0.01)


def test_a_rate_stays_within_what_the_settings_allow(window, qtbot):
    settings(window, batch_size=1, learning_rate=5.0)
    window.tools._take_batch(512, True)
    assert window.session.settings.learning_rate == 10.0
    assert window.workspace.training.settings() == window.session.settings


def test_the_button_stands_above_the_input_and_takes_no_room(window, qtbot):
    side = window.workspace.training.side
    field, button = side.form.field("batch_size"), side.find_batch
    window.workspace.tabs.setCurrentWidget(window.workspace.training)
    qtbot.waitUntil(button.isVisible)
    edit = field.focusProxy()
    assert field.rect().contains(button.geometry())
    assert button.geometry().right() >= field.width() - 2
    assert button.geometry().bottom() <= edit.mapTo(field, QPoint(0, 0)).y() + 1
    assert not button.geometry().intersects(
        field._label.geometry().adjusted(0, 0, field._label.sizeHint().width() - field._label.width(), 0)
    )
    other = side.form.field("epochs").focusProxy()
    assert edit.mapTo(field, QPoint(0, 0)).y() == other.mapTo(side.form.field("epochs"), QPoint(0, 0)).y()


@pytest.mark.parametrize("way", ["close", "escape"])
def test_closing_ends_the_job(window, qtbot, way):
    window.tools.find_batch()
    dialog = window.tools.batches
    job = dialog._job
    with qtbot.waitSignal(dialog.destroyed):
        if way == "close":
            dialog.close()
        else:
            qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert job.is_cancelled
    assert window.tools.batches is None
    qtbot.waitUntil(lambda: not window.training.jobs.busy, timeout=10_000)


def test_a_run_ends_the_search_and_keeps_another_from_beginning(window, qtbot):
    settings(window, epochs=40)
    window.tools.find_batch()
    dialog = window.tools.batches
    qtbot.waitUntil(lambda: bool(dialog._tried), timeout=20_000)
    trigger(window, "train")
    qtbot.waitUntil(lambda: "because a run began" in dialog.text.text(), timeout=20_000)
    assert not dialog.use.isVisible()
    dialog.close()
    assert not window.workspace.training.side.find_batch.isEnabled()
    with qtbot.waitSignal(window.tools.message) as said:
        window.tools.find_batch()
    assert "A run goes on" in said.args[0]
    trigger(window, "stop")
    idle(window, qtbot)


def test_one_test_at_a_time(window, qtbot):
    window.tools.find_batch()
    search = window.tools.batches._job
    window.tools.find_rate()
    assert search.is_cancelled
    assert window.tools.batches is None
    window.tools.rates.close()
    qtbot.waitUntil(lambda: not window.training.jobs.busy, timeout=10_000)


def test_what_cannot_be_trained_is_told(window, qtbot):
    settings(window, device="mps")
    dialog = searched(window, qtbot)
    assert "M-series" in dialog.text.text()
    assert not dialog.use.isVisible()
