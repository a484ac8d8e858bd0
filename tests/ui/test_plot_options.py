"""What a live plot can be given and asked: other runs, axes, smoothing, marks, pictures and numbers in files."""

import csv
import math

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QImage

from cnn_studio.ui import theme
from cnn_studio.ui.plots.live_plot import ACCURACY, LOSS, Overlay
from cnn_studio.ui.plots.spec import MEMORY, SPEED
from tests.helpers.plots import has_color, make_plot
from tests.helpers.ui import as_array, events, grab


def two_runs(qtbot, spec=LOSS):
    plot, clock = make_plot(qtbot, spec)
    plot.start(10, 5)
    for step in range(1, 51):
        plot.append(step, 2.0 / step, step * 0.5)
        if step % 10 == 0:
            plot.append_epoch(step, step // 10, 0.2 + 0.01 * step, is_best=step == 10, train=2 / step)
    steps = np.arange(1, 101)
    other = Overlay("LeNet-5", "activation", steps, 3.0 / steps, steps * 0.1, 20, [(20, 0.5), (40, 0.25)])
    plot.set_overlays([other])
    clock.tick()
    events()
    return plot, clock


# --- other runs


def test_another_run_lies_over_the_present_one_in_its_colour_and_the_legend_names_it(qtbot):
    plot, clock = two_runs(qtbot)
    assert has_color(grab(plot, "overlaid"), "activation", 100)
    assert "LeNet-5 0.0" in plot.header_text
    x, y = plot._curves._other_points[0].getData()
    np.testing.assert_allclose(x, [1, 2])  # 20 of its steps are an epoch, 10 of the present run's
    np.testing.assert_allclose(y, [0.5, 0.25])
    plot.set_overlays([])
    clock.tick()
    assert not has_color(grab(plot), "activation")
    assert "LeNet-5" not in plot.header_text


def test_other_runs_alone_are_shown_and_outlive_a_new_run(qtbot):
    plot, clock = make_plot(qtbot)
    steps = np.arange(1, 101)
    plot.set_overlays([Overlay("A", "merge", steps, 1.0 / steps, steps * 0.1, 10)])
    clock.tick()
    assert plot._stack.currentWidget() is plot._curves.widget
    plot.start(10)
    plot.clear()
    clock.tick()
    assert has_color(grab(plot), "merge", 100)


# --- axes, smoothing and marks


@pytest.mark.parametrize(("spec", "value"), [(SPEED, 12_227.0), (MEMORY, 850e6)])
def test_speed_and_memory_begin_at_nothing_and_one_value_is_seen(qtbot, spec, value):
    plot, clock = make_plot(qtbot, spec)
    plot.start(10, 5)
    plot.append(20, value, 1.0)
    clock.tick()
    events()
    _, (bottom, top) = plot._curves._box.viewRange()
    assert bottom == 0.0
    assert value < top < 1.3 * value
    assert has_color(grab(plot), spec.line, 60), "a line from the start to where it was measured"


@pytest.mark.parametrize(("axis", "last"), [("epoch", 5.0), ("step", 50.0), ("time", 25.0)])
def test_x_is_epochs_steps_or_time(qtbot, axis, last):
    plot, clock = two_runs(qtbot)
    plot.set_overlays([])
    plot.x_actions[axis].trigger()
    assert plot.x_actions[axis].isChecked()
    clock.tick()
    events()
    assert plot._curves._smooth.getData()[0][-1] == pytest.approx(last)
    assert plot._curves._points.getData()[0][-1] == pytest.approx(last)
    (_, end), _ = plot._curves._box.viewRange()
    assert last <= end <= 1.7 * last
    plot._hovered(last)
    words = {"epoch": "at epoch 5.00", "step": "at step 50", "time": "at 0:25"}
    assert words[axis] in plot.header_text
    assert "(epoch 5)" in plot.header_text


def test_a_logarithmic_scale_shows_logarithms_and_leaves_out_what_has_none(qtbot):
    plot, clock = make_plot(qtbot)
    plot.start(10)
    for step, loss in enumerate((10.0, 1.0, 0.0, -1.0, 0.01), start=1):
        plot.append(step, loss)
    plot.set_smoothing(0)
    plot.set_log(True)
    clock.tick()
    events()
    assert plot.log_action.isChecked()
    _, y = plot._curves._raw.getData()
    np.testing.assert_allclose(y, [1, 0, np.nan, np.nan, -2])
    axis = plot._curves._axes["left"]
    (_, levels), *_ = axis.tickValues(-2.1, 1.1, 200)
    assert axis.tickStrings(levels, 1, 1) == ["0.01", "0.1", "1", "10"]
    grab(plot, "log")
    plot.set_log(False)
    clock.tick()
    assert plot._curves._raw.getData()[1][0] == 10


def test_smoothing_can_be_set_and_turned_off(qtbot):
    plot, clock = make_plot(qtbot)
    plot.start(30)
    for step in range(1, 200):
        plot.append(step, step % 2)
    assert plot.smoothing_window == pytest.approx(10)
    plot.set_smoothing(100)
    clock.tick()
    assert plot.data.train.last == pytest.approx(0.5, abs=0.02)
    assert len(plot._curves._smooth.getData()[0]) > 10
    plot.set_smoothing(0)
    clock.tick()
    assert len(plot._curves._smooth.getData()[0]) == 0
    assert "1.000 train" in plot.header_text
    assert plot.smoothing_actions[0.0].isChecked()
    plot.smoothing_actions[None].trigger()
    assert plot.smoothing_window == pytest.approx(10)


def test_a_changed_rate_and_the_epoch_where_the_gap_opens_are_marked(qtbot):
    plot, clock = make_plot(qtbot)
    plot.start(10, 12)
    plot.append(1, 2.0)
    plot.mark(15, "rate 0.001")
    for epoch in range(1, 13):
        val = 1 / epoch if epoch < 6 else 0.2 + 0.06 * (epoch - 5)
        plot.append_epoch(10 * epoch, epoch, val, is_best=epoch < 6, train=1 / epoch)
    assert plot.data.gap_epoch == 5
    clock.tick()
    events()
    marks = [(mark.x, mark.text) for mark in plot.data.drawing().marks]
    assert marks == [(1.5, "rate 0.001"), (5.0, "overfits from here")]
    assert has_color(grab(plot, "overfits"), "warning", 20)
    accuracy, _ = make_plot(qtbot, ACCURACY)
    accuracy.start(10)
    for epoch in range(1, 13):
        accuracy.append_epoch(10 * epoch, epoch, 0.9 - 0.01 * epoch, is_best=False, train=0.9)
    assert accuracy.data.gap_epoch is None  # said once, where it is measured


def test_thousands_of_epochs_are_looked_at_in_groups(qtbot):
    plot, clock = make_plot(qtbot)
    plot.start(1)
    for epoch in range(1, 10_001):
        val = max(1 - epoch / 5000, 0.2) + max(0, epoch - 4000) / 4000
        plot.append_epoch(epoch, epoch, val, is_best=False, train=1 - epoch / 12_000)
    clock.tick()
    assert abs(plot.data.gap_epoch - 4000) <= 100


def test_a_million_points_are_drawn_with_no_more_than_the_pixels(qtbot):
    plot, clock = make_plot(qtbot)
    steps = np.arange(1, 1_000_001)
    plot.start(1000)
    plot.extend(steps, 1 + np.sin(steps / 1000.0), steps * 0.01)
    plot.append(1_000_001, 99.0)
    plot.set_smoothing(20)
    clock.tick()
    x, y = plot._curves._raw.getData()
    assert len(x) <= 2 * plot.width()
    assert np.nanmax(y) == 99  # the peak that came last is there


# --- pictures and numbers


def test_the_picture_is_on_white_in_any_theme_and_the_window_stays_as_it_is(qtbot, tmp_path):
    theme.manager().set_mode("dark")
    plot, _ = two_runs(qtbot)
    before = grab(plot)
    said = []
    plot.message.connect(said.append)
    png, svg = tmp_path / "loss with ü.png", tmp_path / "loss.svg"
    assert plot.menu.save_picture(png)
    assert plot.menu.save_picture(svg)
    pixels = as_array(QImage(str(png)))
    assert tuple(pixels[2, 2, :3]) == (255, 255, 255)
    assert (pixels[..., :3].min(axis=2) < 100).sum() > 500, "the curves are in it"
    text = svg.read_text()
    assert "<svg" in text
    assert text.count("<path") + text.count("<polyline") > 20
    assert "cross-entropy" in text, "text is text"
    plot.menu.copy()
    assert not QGuiApplication.clipboard().image().isNull()
    assert [str(png) in said[0], str(svg) in said[1], "clipboard" in said[2]] == [True] * 3
    np.testing.assert_array_equal(grab(plot), before)


def test_the_keys_reach_the_menu_and_copy(qtbot):
    plot, _ = two_runs(qtbot)
    QGuiApplication.clipboard().clear()
    plot.menu.setFocus()
    qtbot.keyClick(plot.menu, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert not QGuiApplication.clipboard().image().isNull()
    qtbot.keyClick(plot.menu, Qt.Key.Key_Space)
    events()
    assert plot.menu.menu_.isVisible()
    plot.menu.menu_.close()


def test_a_picture_that_cannot_be_written_says_why(qtbot, tmp_path):
    plot, _ = two_runs(qtbot)
    said = []
    plot.message.connect(said.append)
    assert not plot.menu.save_picture(tmp_path / "missing" / "loss.png")
    assert not plot.menu.save_picture(tmp_path / "loss.bmp")
    assert "no such folder" in said[0]
    assert ".png or .svg" in said[1]
    folder = tmp_path / "a.csv"
    folder.mkdir()
    assert not plot.menu.save_csv(folder)
    assert "it is a folder" in said[2]


def test_the_numbers_of_all_curves_are_saved(qtbot, tmp_path):
    plot, _ = two_runs(qtbot)
    plot.append(51, math.nan)
    assert plot.menu.save_csv(tmp_path / "loss")
    with (tmp_path / "loss.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    by_curve = {row["curve"]: [r for r in rows if r["curve"] == row["curve"]] for row in rows}
    assert {name: len(part) for name, part in by_curve.items()} == {
        "train": 51,
        "validation": 5,
        "LeNet-5": 100,
        "LeNet-5, validation": 2,
    }
    assert float(by_curve["train"][3]["loss"]) == 0.5
    assert float(by_curve["train"][3]["epoch"]) == 0.4
    assert by_curve["train"][50]["loss"] == ""
    assert float(by_curve["LeNet-5"][99]["seconds"]) == 10
