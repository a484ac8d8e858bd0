import csv
import math
import subprocess
import sys
import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtWidgets import QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.gradient_bars import GradientBars, power_text, value_text
from cnn_studio.ui.plots.live_plot import ACCURACY, LOSS, LivePlot, Overlay
from tests.helpers.ui import as_array, events, grab, hover

# --- the clock


class Canvas(QWidget):
    def __init__(self):
        super().__init__()
        self.repaints = []

    def repaint_now(self):
        self.repaints.append(time.monotonic())


def test_many_requests_are_one_repaint_and_repaints_keep_their_distance(qtbot):
    clock = RepaintClock(interval_ms=60)
    canvas = Canvas()
    qtbot.addWidget(canvas)
    canvas.show()
    for _ in range(1000):
        clock.request(canvas)
    assert canvas.repaints == []  # asking costs nothing
    qtbot.waitUntil(lambda: len(canvas.repaints) == 1)
    for wanted in (2, 3):
        clock.request(canvas)
        qtbot.waitUntil(lambda wanted=wanted: len(canvas.repaints) == wanted)
    gaps = np.diff(canvas.repaints)
    assert gaps.min() >= 0.055


def test_hidden_plots_are_passed_over_and_the_clock_rests(qtbot):
    clock = RepaintClock(interval_ms=10)
    canvas = Canvas()
    qtbot.addWidget(canvas)
    clock.request(canvas)
    qtbot.wait(40)
    assert canvas.repaints == []
    assert not clock._timer.isActive()


# --- live plots


def make(qtbot, spec=LOSS, size=(500, 220)):
    clock = RepaintClock()
    plot = LivePlot(spec, clock)
    clock.setParent(plot)
    qtbot.addWidget(plot)
    plot.resize(*size)
    plot.show()
    events()
    return plot, clock


def has_color(pixels, name, least=4):
    color = QColor(theme.current().color(name))
    near = np.abs(pixels[..., :3].astype(int) - [color.red(), color.green(), color.blue()]).sum(axis=2) < 30
    return int(near.sum()) >= least


def test_a_plot_without_a_run_says_what_to_do(qtbot):
    plot, _clock = make(qtbot)
    assert not plot.is_active
    assert "Ctrl+T" in plot._empty.text()
    assert plot._empty.isVisible()
    assert plot.header_text == "Loss"


def test_loss_shows_line_points_and_values(qtbot):
    plot, clock = make(qtbot)
    plot.start(10)
    for step in range(1, 101):
        plot.append(step, 2.0 / step)
        if step % 10 == 0:
            plot.append_epoch(step, step // 10, 0.104, is_best=step == 10)
    before = grab(plot)
    assert not has_color(before, "loss")  # nothing is drawn until the clock ticks
    clock.tick()
    events()
    after = grab(plot, "loss")
    assert has_color(after, "loss", 100)
    assert has_color(after, "validation", 50)
    assert "train" in plot.header_text
    assert "0.104 validation" in plot.header_text


def test_accuracy_is_in_per_cent_and_names_the_best_epoch(qtbot):
    plot, clock = make(qtbot, ACCURACY)
    plot.start(4)
    for epoch, accuracy in enumerate((0.5, 0.979, 0.97), start=1):
        for step in range(4 * epoch - 3, 4 * epoch + 1):
            plot.append(step, 0.5)
        plot.append_epoch(4 * epoch, epoch, accuracy, is_best=epoch < 3)
    clock.tick()
    assert plot.header_text.startswith("Accuracy 97.0 % validation · best 97.9 % at epoch 2")
    mark = plot.data.best
    assert (mark.x, mark.y, mark.label) == (2, 0.979, "epoch 2")


def test_no_more_points_than_pixels_reach_the_screen(qtbot):
    plot, clock = make(qtbot)
    plot.start(1000)
    rng = np.random.default_rng(0)
    for step, noise in enumerate(rng.normal(size=50_000), start=1):
        plot.append(step, 3 + noise)
    clock.tick()
    shown = plot._curves._raw.getData()[0]
    assert len(shown) <= 2 * plot.width()
    assert len(plot._curves._smooth.getData()[0]) <= plot.width()


def test_a_hidden_plot_draws_nothing_until_it_is_shown(qtbot):
    plot, clock = make(qtbot)
    plot.start(10)
    plot.hide()
    clock.tick()
    for step in range(1, 30):
        plot.append(step, 1.0)
    assert not clock._timer.isActive()
    clock.tick()
    assert "train" not in plot.header_text
    plot.show()
    clock.tick()
    assert "1.000 train" in plot.header_text


def test_a_new_run_starts_empty(qtbot):
    plot, clock = make(qtbot)
    plot.start(10)
    plot.append(1, 5.0)
    plot.append_epoch(10, 1, 5.0, is_best=True)
    plot.start(10)
    clock.tick()
    assert plot.header_text == "Loss"
    assert plot._empty.isVisible()


def test_a_loss_that_is_no_number_is_said_and_does_not_break_the_plot(qtbot):
    plot, clock = make(qtbot)
    plot.start(10)
    for step, loss in enumerate((2.0, 1.5, math.nan, math.inf), start=1):
        plot.append(step, loss)
    plot.append_epoch(4, 1, math.nan, is_best=True)
    clock.tick()
    grab(plot)
    assert "not a number train" in plot.header_text
    assert "not a number validation" in plot.header_text


def test_values_at_the_cursor(qtbot):
    plot, clock = make(qtbot)
    plot.start(10)
    for step in range(1, 41):
        plot.append(step, step / 10)
        if step % 10 == 0:
            plot.append_epoch(step, step // 10, step, is_best=False)
    clock.tick()
    events()
    curves = plot._curves
    place = curves._plot.mapFromScene(curves._box.mapViewToScene(QPointF(2.1, 1.0)))
    hover(curves._plot, QPoint(5, 5))
    assert "at epoch" not in plot.header_text  # on the axis, not over the curve
    qtbot.wait(20)  # pyqtgraph takes 100 mouse moves a second
    hover(curves._plot, place)
    assert plot.header_text.startswith("Loss at epoch 2.1")
    assert "20.000 validation (epoch 2)" in plot.header_text
    curves.leave()
    assert "at epoch" not in plot.header_text


def test_zooming_ends_following_and_a_double_click_starts_it_again(qtbot):
    plot, clock = make(qtbot)
    plot.start(10)
    for step in range(1, 41):
        plot.append(step, 1.0)
    clock.tick()
    box = plot._curves._box
    box.scaleBy((0.5, 0.5))
    box.sigRangeChangedManually.emit(box.state["mouseEnabled"])
    assert not plot._curves.follows
    zoomed = box.viewRange()
    plot.append(41, 1.0)
    clock.tick()
    assert box.viewRange() == zoomed
    plot._curves.show_all()
    assert box.viewRange()[0][0] == 0


def test_plots_follow_the_theme(qtbot):
    plot, clock = make(qtbot)
    plot.start(10)
    for step in range(1, 30):
        plot.append(step, 1.0 / step)
    clock.tick()
    theme.manager().set_mode("dark")
    clock.tick()
    events()
    pixels = grab(plot)
    panel = QColor(theme.DARK.panel)
    assert tuple(pixels[40, 60, :3]) == (panel.red(), panel.green(), panel.blue())


def test_nothing_heavy_is_loaded_before_a_run_starts():
    code = (
        "import sys; from PySide6.QtWidgets import QApplication; app = QApplication([]);"
        "from cnn_studio.ui import theme; theme.apply(app);"
        "from cnn_studio.ui.panels.training_panel import TrainingPanel;"
        "panel = TrainingPanel(); panel.show(); app.processEvents();"
        "print(sorted({'numpy', 'pyqtgraph', 'torch', 'PIL', 'qtawesome'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "[]"


# --- gradients


def bars(qtbot, norms, size=(320, 220)):
    widget = GradientBars(RepaintClock())
    widget._clock.setParent(widget)
    widget.menu.hide()  # its focus ring has the accent's colour too
    qtbot.addWidget(widget)
    widget.resize(*size)
    widget.show()
    widget.set_norms(norms)
    widget._clock.tick()
    events()
    return widget


def test_bars_are_on_a_scale_of_decades(qtbot):
    widget = bars(qtbot, [("C1", 0.02), ("out", 1.4)])
    assert widget.scale() == (-2, 1)
    assert widget.fraction(0.01) == 0
    assert widget.fraction(0.1) == pytest.approx(1 / 3)
    assert widget.fraction(10) == 1
    assert widget.fraction(0) == 0
    assert widget.fraction(math.inf) == 1


def test_vanished_gradients_do_not_stretch_the_scale_without_end(qtbot):
    widget = bars(qtbot, [("a", 1e-30), ("b", 1.0), ("c", 0.0), ("d", math.nan)])
    low, high = widget.scale()
    assert high - low == 8
    assert widget.fraction(1e-30) == 0
    grab(widget)


def test_bars_have_the_colour_of_their_family(qtbot):
    widget = bars(qtbot, [("C1", 1.0), ("S2", 1.0)])
    assert has_color(grab(widget), "accent", 100)
    widget.set_families({"C1": "convolution", "S2": "pooling"})
    pixels = grab(widget, "gradients")
    assert has_color(pixels, "convolution", 100)
    assert has_color(pixels, "pooling", 100)
    assert not has_color(pixels, "accent", 100)


def test_a_hundred_and_fifty_layers_stay_in_view_and_are_named_by_the_mouse(qtbot):
    norms = [(f"layer{n}.conv", 10 ** (-n / 30)) for n in range(150)]
    widget = bars(qtbot, norms)
    _, area = widget._areas()
    assert widget.layer_at(area.top() - 1) is None
    assert widget.layer_at(area.top() + 0.1) == norms[0]
    assert widget.layer_at(area.bottom() - 0.1) == norms[-1]
    assert has_color(grab(widget), "accent", 500)


def test_bars_without_a_run_draw_their_hint(qtbot):
    empty = grab(bars(qtbot, []))
    assert has_color(empty, "muted", 10)
    assert not has_color(empty, "accent")


def test_numbers_as_people_read_them():
    assert [value_text(v) for v in (0.0, 0.034, 1.4, 2.13e-6, 12345678.0, math.inf)] == [
        "0",
        "0.034",
        "1.4",
        "2.1e−6",
        "1.2e7",
        "infinite",
    ]
    assert [power_text(p) for p in (-8, -3, 0, 1)] == ["1e−8", "0.001", "1", "10"]
    assert LOSS.text(0.0811) == "0.081"
    assert LOSS.text(0.00004) == "4e-05"
    assert ACCURACY.text(0.979) == "97.9 %"


# --- axes and turns


def test_the_x_axis_grows_in_few_steps_and_ends_where_the_run_ends(qtbot):
    plot = LivePlot(LOSS, RepaintClock())
    qtbot.addWidget(plot)
    plot.resize(480, 220)
    plot.show()
    plot.start(10, 20)
    ends = []
    for step in range(1, 201):
        plot.append(step, 2.0 / step)
        plot.repaint_now()
        (first, last), _ = plot._curves._box.viewRange()
        assert first == 0 and last >= step / 10
        ends.append(round(last, 6))
    assert ends[-1] == pytest.approx(20 * 1.015)
    assert len(set(ends)) <= 12, "each new range lays the axis out anew"


def test_the_plot_that_waits_longest_is_next(qtbot):
    class Plot:
        def __init__(self, name):
            self.name = name

        def isVisible(self):
            return True

        def repaint_now(self):
            turns.append(self.name)
            clock.request(self)

    turns: list[str] = []
    clock = RepaintClock(interval_ms=10)
    plots = [Plot("a"), Plot("b"), Plot("c")]
    for plot in plots:
        clock.request(plot)
    qtbot.waitUntil(lambda: len(turns) >= 9, timeout=5000)
    clock._timer.stop()
    assert {turns[:9].count(name) for name in "abc"} == {3}


# --- other runs, scales, marks, and what can be taken away


def two_runs(qtbot, spec=LOSS):
    plot, clock = make(qtbot, spec)
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
    plot, clock = make(qtbot)
    steps = np.arange(1, 101)
    plot.set_overlays([Overlay("A", "merge", steps, 1.0 / steps, steps * 0.1, 10)])
    clock.tick()
    assert plot._stack.currentWidget() is plot._curves.widget
    plot.start(10)
    plot.clear()
    clock.tick()
    assert has_color(grab(plot), "merge", 100)


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
    plot, clock = make(qtbot)
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
    plot, clock = make(qtbot)
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
    plot, clock = make(qtbot)
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
    accuracy, _ = make(qtbot, ACCURACY)
    accuracy.start(10)
    for epoch in range(1, 13):
        accuracy.append_epoch(10 * epoch, epoch, 0.9 - 0.01 * epoch, is_best=False, train=0.9)
    assert accuracy.data.gap_epoch is None  # said once, where it is measured


def test_thousands_of_epochs_are_looked_at_in_groups(qtbot):
    plot, clock = make(qtbot)
    plot.start(1)
    for epoch in range(1, 10_001):
        val = max(1 - epoch / 5000, 0.2) + max(0, epoch - 4000) / 4000
        plot.append_epoch(epoch, epoch, val, is_best=False, train=1 - epoch / 12_000)
    clock.tick()
    assert abs(plot.data.gap_epoch - 4000) <= 100


def test_a_million_points_are_drawn_with_no_more_than_the_pixels(qtbot):
    plot, clock = make(qtbot)
    steps = np.arange(1, 1_000_001)
    plot.start(1000)
    plot.extend(steps, 1 + np.sin(steps / 1000.0), steps * 0.01)
    plot.append(1_000_001, 99.0)
    plot.set_smoothing(20)
    clock.tick()
    x, y = plot._curves._raw.getData()
    assert len(x) <= 2 * plot.width()
    assert np.nanmax(y) == 99  # the peak that came last is there


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
