"""Plots of a run: the clock they share, the curves of a live plot, and the bars of the gradients."""

import math
import subprocess
import sys
import time

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QWidget

from cnn_studio.ui import theme
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.colors import run_color
from cnn_studio.ui.plots.gradient_bars import GradientBars, power_text, value_text
from cnn_studio.ui.plots.live_plot import ACCURACY, LOSS, LivePlot
from tests.helpers.plots import has_color, make_plot
from tests.helpers.ui import events, grab, hover

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


# --- live plots


def test_a_plot_without_a_run_says_what_to_do(qtbot):
    plot, _clock = make_plot(qtbot)
    assert not plot.is_active
    assert "Ctrl+T" in plot._empty.text()
    assert plot._empty.isVisible()
    assert plot.header_text == "Loss"


def test_loss_shows_line_points_and_values(qtbot):
    plot, clock = make_plot(qtbot)
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
    plot, clock = make_plot(qtbot, ACCURACY)
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
    plot, clock = make_plot(qtbot)
    plot.start(1000)
    rng = np.random.default_rng(0)
    for step, noise in enumerate(rng.normal(size=50_000), start=1):
        plot.append(step, 3 + noise)
    clock.tick()
    shown = plot._curves._raw.getData()[0]
    assert len(shown) <= 2 * plot.width()
    assert len(plot._curves._smooth.getData()[0]) <= plot.width()


def test_a_hidden_plot_draws_nothing_until_it_is_shown(qtbot):
    plot, clock = make_plot(qtbot)
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
    plot, clock = make_plot(qtbot)
    plot.start(10)
    plot.append(1, 5.0)
    plot.append_epoch(10, 1, 5.0, is_best=True)
    plot.start(10)
    clock.tick()
    assert plot.header_text == "Loss"
    assert plot._empty.isVisible()


def test_a_loss_that_is_no_number_is_said_and_does_not_break_the_plot(qtbot):
    plot, clock = make_plot(qtbot)
    plot.start(10)
    for step, loss in enumerate((2.0, 1.5, math.nan, math.inf), start=1):
        plot.append(step, loss)
    plot.append_epoch(4, 1, math.nan, is_best=True)
    clock.tick()
    grab(plot)
    assert "not a number train" in plot.header_text
    assert "not a number validation" in plot.header_text


def test_values_at_the_cursor(qtbot):
    plot, clock = make_plot(qtbot)
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
    plot, clock = make_plot(qtbot)
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


def test_plots_follow_the_theme(qtbot):
    plot, clock = make_plot(qtbot)
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


def test_no_run_has_a_colour_of_the_curves_it_is_laid_over(qtbot):
    runs = {theme.qcolor(run_color(number)).name() for number in range(40)}
    curves = {theme.qcolor(token).name() for token in (LOSS.line, ACCURACY.line, "validation")}
    assert len(runs) >= 5
    assert not runs & curves
