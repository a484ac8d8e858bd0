"""The views of a run beside its curves: layers over time, weights, rate and speed, and the deck that holds them."""

import csv
import math

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor

from cnn_studio.engine.events import (
    BatchDone,
    EpochDone,
    GradientsMeasured,
    Histogram,
    RateChanged,
    ResourcesMeasured,
    RunFinished,
    RunStarted,
    WeightsMeasured,
)
from cnn_studio.ui import theme
from cnn_studio.ui.plots import layer_history
from cnn_studio.ui.plots.clock import RepaintClock
from cnn_studio.ui.plots.colors import layer_color, run_color, value_ramp
from cnn_studio.ui.plots.deck import PlotDeck
from cnn_studio.ui.plots.layer_history import LayerHistory
from cnn_studio.ui.plots.layer_plot import LayerHistoryPlot
from cnn_studio.ui.plots.weight_plot import WeightHistograms
from tests.helpers.ui import as_array, events, grab

NOTHING = np.zeros(0)


def clock_for(widget, qtbot, size=(760, 260)):
    widget._clock.setParent(widget)
    qtbot.addWidget(widget)
    widget.resize(*size)
    widget.show()
    events()
    return widget._clock


def measured(step, values, ratio=1e-3):
    names = [f"layer{n}.conv" for n in range(len(values))]
    return GradientsMeasured(
        step,
        tuple(zip(names, values, strict=True)),
        tuple((name, ratio * (n + 1)) for n, name in enumerate(names)),
    )


def histogram(path, spread=1.0, bins=20):
    x = np.linspace(-2, 2, bins)
    return Histogram(path, -spread, spread, tuple(int(v) for v in 1000 * np.exp(-x * x)))


def run_events(epochs=3, steps=10, layers=4):
    yield RunStarted("cpu", 2, "float32", epochs, steps, 640, 100, 0, 1000, 1000)
    for epoch in range(1, epochs + 1):
        for step in range((epoch - 1) * steps + 1, epoch * steps + 1):
            yield BatchDone(step, epoch, 2.0 / step, 1 - 1 / step, 0.1 / epoch, step * 0.1)
            yield measured(step, [10.0**-n for n in range(layers)])
        yield ResourcesMeasured(epoch * steps, epoch * 1.0, 5000.0 * epoch, 700_000_000)
        yield EpochDone(epoch, epoch * steps, 0.5, 0.8, 0.6, 0.7, True, 1.0, NOTHING, NOTHING)
        yield WeightsMeasured(
            epoch * steps, epoch, tuple(histogram(f"layer{n}.conv", epoch) for n in range(layers))
        )


@pytest.fixture
def deck(qtbot):
    made = PlotDeck(RepaintClock())
    clock_for(made, qtbot, (1180, 250))
    return made


def close_to(pixels, color, within=40):
    return (
        np.abs(pixels[..., :3].astype(int) - [color.red(), color.green(), color.blue()]).sum(axis=2) < within
    )


# --- the deck


def test_events_reach_every_plot_and_each_view_shows_its_own(deck, qtbot):
    deck.handle(list(run_events()))
    deck.handle([RateChanged(15, 0.001)])
    assert len(deck.loss.data.train) == len(deck.accuracy.data.train) == len(deck.rate.data.train) == 30
    assert len(deck.loss.data.validation) == 3
    assert deck.gradients.norms[0] == ("layer0.conv", 1.0)
    assert deck.weights.epochs == [1, 2, 3]
    assert [mark.text for mark in deck.loss.data.drawing().marks] == ["rate 0.001"]
    visible = []
    for view in range(4):
        deck.show_view(view)
        deck._clock.tick()
        events()
        grab(deck, f"deck-{view}")
        visible.append(
            [name for name in ("loss", "layers", "weights", "speed") if getattr(deck, name).isVisible()]
        )
    assert visible == [["loss"], ["layers"], ["weights"], ["speed"]]
    assert deck.speed.header_text == "Speed 15,000"
    assert deck.memory.header_text == "Memory 700 MB"
    assert deck.rate.header_text == "Learning rate 0.0333"


def test_hidden_views_are_not_repainted(deck, monkeypatch):
    repainted = []
    for name in ("loss", "layers", "weights", "rate", "speed"):
        plot = getattr(deck, name)
        monkeypatch.setattr(plot, "repaint_now", lambda name=name: repainted.append(name))
    deck.handle(list(run_events()))
    deck._clock.tick()
    assert repainted == ["loss"]


def test_a_view_that_was_hidden_shows_all_when_it_is_shown(deck):
    deck.handle([*run_events(), RunFinished("done", 3, 0.7, None, 5000.0)])
    deck.show_view(1)
    events()
    assert "layer0.conv" in deck.layers.header_text
    deck.show_view(2)
    events()
    assert "epoch 3 in front" in deck.weights.header_text


def test_the_controls_reach_the_curves(deck, qtbot):
    deck.handle(list(run_events()))
    assert not deck.controls._label.text().endswith("off")
    deck.controls.slider.setValue(0)
    assert deck.loss.smoothing_window == deck.accuracy.smoothing_window == 1
    assert deck.controls._label.text() == "smooth off"
    deck.controls.slider.setValue(deck.controls.slider.maximum())
    assert deck.loss.smoothing_window == pytest.approx(1000)
    qtbot.mouseClick(deck.controls.axis_buttons["time"], Qt.MouseButton.LeftButton)
    assert {plot.data.axis for plot in (deck.loss, deck.accuracy, deck.rate, deck.speed)} == {"time"}
    qtbot.mouseClick(deck.controls.log, Qt.MouseButton.LeftButton)
    assert deck.loss.is_log and not deck.accuracy.is_log
    deck._clock.tick()
    events()
    grab(deck, "deck-log-time")
    deck.handle(list(run_events()))  # another run keeps what was chosen
    assert deck.loss.smoothing_window == pytest.approx(1000)


def test_a_new_run_and_clear_forget_everything(deck):
    deck.handle(list(run_events()))
    deck.clear()
    assert deck.layers.is_empty and deck.weights.is_empty
    assert deck.gradients.norms == ()
    assert deck.loss.data.is_empty and deck.speed.data.is_empty


def test_what_a_run_reported_before_an_interruption_comes_back(deck):
    whole = list(run_events())
    deck.handle(whole)
    wanted = deck.loss.data.train.smooth.copy()
    deck.handle(whole[:1])
    deck.restore(whole[1:])
    np.testing.assert_allclose(deck.loss.data.train.smooth, wanted)
    assert len(deck.layers._history) == 30
    assert len(deck.loss.data.validation) == 3


def test_a_narrow_deck_hides_its_controls_and_the_plots_menus_have_them(deck):
    assert deck.controls.isVisible()
    deck.setMinimumWidth(1)
    deck.resize(560, 250)
    events()
    assert deck.width() == 560
    assert not deck.controls.isVisible()
    grab(deck, "deck-narrow")
    deck.loss.x_actions["time"].trigger()
    assert deck.loss.data.axis == "time"
    deck.resize(1180, 250)
    events()
    assert deck.controls.isVisible()


def test_messages_of_plots_are_passed_on(deck, qtbot, tmp_path):
    deck.handle(list(run_events()))
    for plot in (deck.loss, deck.gradients, deck.layers, deck.weights):
        assert plot.menu.save_picture(tmp_path / "picture.svg")
        with qtbot.waitSignal(deck.message, timeout=2000) as said:
            assert plot.menu.save_csv(tmp_path / "numbers.csv")
        assert "numbers.csv" in said.args[0]


# --- layers over time


def test_layers_are_lines_from_blue_to_amber(qtbot):
    plot = LayerHistoryPlot(RepaintClock())
    clock = clock_for(plot, qtbot)
    plot.start(10)
    for step in range(1, 40):
        plot.add(measured(step, [1.0, 0.1, 0.01]))
    clock.tick()
    events()
    assert plot.view == "lines"
    pixels = grab(plot, "layers-lines")
    for at in range(3):
        assert close_to(pixels, layer_color(at, 3), 120).sum() > 100
    assert (
        plot.header_text == "Layers over time layer0.conv · layer2.conv" or "layer2.conv" in plot.header_text
    )


def test_the_mouse_names_a_layer(qtbot):
    plot = LayerHistoryPlot(RepaintClock())
    clock = clock_for(plot, qtbot)
    plot.start(10)
    for step in range(1, 41):
        plot.add(measured(step, [1.0, 0.1, 0.01]))
    clock.tick()
    area = QRectF(plot.body.rect())
    inside = plot._area(area)
    plot.hover(QPointF(inside.center().x(), inside.top() + 1), area)
    assert "layer0.conv: 1 at epoch 2" in plot.header_text
    plot.hover(QPointF(inside.center().x(), inside.bottom() - 1), area)
    assert "layer2.conv: 0.01" in plot.header_text
    grab(plot, "layers-hover")
    plot.hover(QPointF(inside.center().x(), inside.top() + inside.height() * 0.25), area)
    assert ": " not in plot.header_text  # between two lines
    plot.hover(None, area)
    assert ": " not in plot.header_text


def test_a_hundred_and_fifty_two_layers_are_a_map_unless_asked_otherwise(qtbot):
    plot = LayerHistoryPlot(RepaintClock())
    clock = clock_for(plot, qtbot)
    plot.start(10)
    for step in range(1, 30):
        plot.add(measured(step, [10 ** (-n / 30) for n in range(152)]))
    clock.tick()
    events()
    assert plot.view == "map"
    area = QRectF(plot.body.rect())
    inside = plot._area(area)
    plot.hover(QPointF(inside.center().x(), inside.bottom() - 0.1), area)
    assert "layer151.conv: 9.3e−6" in plot.header_text
    plot.hover(None, area)
    pixels = as_array(plot.body.grab())
    top = pixels[int(inside.top()) + 2, int(inside.center().x()), :3].astype(int)
    bottom = pixels[int(inside.bottom()) - 2, int(inside.center().x()), :3].astype(int)
    panel = np.array(QColor(theme.current().panel).getRgb()[:3])
    assert np.abs(top - panel).sum() > np.abs(bottom - panel).sum() + 200, "large stands out from the ground"
    qtbot.mouseClick(plot._views["lines"], Qt.MouseButton.LeftButton)
    assert plot.view == "lines"
    grab(plot, "layers-152-lines")


def test_normalisation_layers_hide_no_trend_unless_they_are_wanted(qtbot, tmp_path):
    plot = LayerHistoryPlot(RepaintClock())
    clock_for(plot, qtbot)
    plot.start(10)
    for step in range(1, 30):
        plot.add(measured(step, [1.0, 1e-6, 0.5, 1e-7, 0.25]))
    plot.set_families({"layer1.conv": "normalisation", "layer3.conv": "normalisation"})
    assert plot._paths == ("layer0.conv", "layer2.conv", "layer4.conv")
    area = QRectF(plot.body.rect())
    inside = plot._area(area)
    plot.hover(QPointF(inside.center().x(), inside.bottom() - 1), area)
    assert "layer4.conv: 0.25" in plot.header_text
    grab(plot)
    plot.norms_action.trigger()
    plot.hover(QPointF(inside.center().x(), inside.bottom() - 1), area)
    assert "layer3.conv: 1.0e−7" in plot.header_text
    plot.set_with_norms(False)
    assert plot.csv_writer()().startswith("step,layer0.conv,layer1.conv,"), "the numbers are complete"
    plot.set_families({f"layer{n}.conv": "normalisation" for n in range(5)})
    assert len(plot._paths) == 5
    grab(plot)


def test_update_ratios_have_their_healthy_level(qtbot):
    plot = LayerHistoryPlot(RepaintClock())
    clock_for(plot, qtbot)
    plot.start(10)
    for step in range(1, 30):
        plot.add(measured(step, [1.0, 0.5], ratio=2e-3))
    qtbot.mouseClick(plot._quantities["ratio"], Qt.MouseButton.LeftButton)
    assert plot.quantity == "ratio"
    assert close_to(grab(plot, "layers-ratio"), QColor(theme.current().ok), 150).sum() > 60


def test_numbers_without_a_logarithm_do_no_harm(qtbot):
    plot = LayerHistoryPlot(RepaintClock())
    clock_for(plot, qtbot)
    for step, value in enumerate((0.0, math.nan, math.inf, 1.0), start=1):
        plot.add(measured(step, [value, 0.0]))
    for view in ("lines", "map"):
        plot.set_view(view)
        grab(plot)


def test_the_numbers_of_layers_are_saved(qtbot, tmp_path):
    plot = LayerHistoryPlot(RepaintClock())
    clock_for(plot, qtbot)
    for step in range(1, 4):
        plot.add(measured(step, [1.0, 0.25]))
    assert plot.menu.save_csv(tmp_path / "layers.csv")
    with (tmp_path / "layers.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["step", "layer0.conv", "layer1.conv"]
    assert rows[3] == ["3", "1", "0.25"]
    assert plot.menu.save_picture(tmp_path / "layers.svg")
    assert "layer1.conv" in (tmp_path / "layers.svg").read_text()


def test_a_history_without_end_stays_bounded_and_even(monkeypatch):
    monkeypatch.setattr(layer_history, "MOST_ROWS", 64)
    history = LayerHistory()
    for step in range(1, 2001):
        history.add(step, [("a", float(step))])
    assert 32 <= len(history) <= 64
    gaps = np.diff(history.steps)
    assert gaps.max() <= 2 * gaps.min()
    assert history.steps[-1] > 1900
    np.testing.assert_array_equal(history.values[:, 0], history.steps)
    history.add(1, [("b", 1.0)])
    assert history.paths == ("b",) and len(history) == 1


# --- weights


def test_weights_are_ridges_of_every_layer(qtbot):
    plot = WeightHistograms(RepaintClock())
    clock = clock_for(plot, qtbot)
    assert "after each epoch" in plot._empty
    for epoch in range(1, 30):
        plot.add(
            WeightsMeasured(
                epoch * 10, epoch, tuple(histogram(f"layer{n}.conv", epoch / 30) for n in range(40))
            )
        )
    clock.tick()
    events()
    assert plot.body.height() > plot.height(), "forty cells are scrolled"
    assert close_to(grab(plot, "weights"), QColor(theme.current().accent)).sum() > 200
    assert plot.figure_size().height() > 1000


def test_epochs_without_end_are_thinned_and_the_latest_is_there(qtbot):
    plot = WeightHistograms(RepaintClock())
    clock_for(plot, qtbot)
    for epoch in range(1, 1001):
        plot.add(WeightsMeasured(epoch, epoch, (histogram("a"),)))
        assert plot.epochs[-1] == epoch
    assert len(plot.epochs) <= 65
    assert plot.epochs[0] == 1
    gaps = np.diff(plot.epochs[:-1])
    assert gaps.max() <= 2 * gaps.min()


@pytest.mark.parametrize("odd", [
    Histogram("a", 0.5, 0.5, (10,)), Histogram("a", 0.0, 1.0, ()), Histogram("a", 0.0, 1.0, (0, 0)),
    Histogram("a", math.nan, math.nan, (1, 2)), Histogram("a", -math.inf, math.inf, (1, 2)),
])  # fmt: skip
def test_odd_weights_do_no_harm(qtbot, odd):
    plot = WeightHistograms(RepaintClock())
    clock_for(plot, qtbot)
    plot.add(WeightsMeasured(1, 1, (odd, histogram("b"))))
    grab(plot)
    assert plot.csv_writer()().startswith("epoch,layer")


# --- colours


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_colours_stand_out_in_both_themes(mode):
    theme.manager().set_mode(mode)
    panel = theme.current().panel
    assert min(theme.contrast(layer_color(at, 9).name(), panel) for at in range(9)) > 1.9
    distance = np.abs(value_ramp().astype(int) - QColor(panel).getRgb()[:3]).sum(axis=1)
    assert np.all(np.diff(distance[::16]) > 0), "the larger, the further from the ground"
    assert run_color(3, "#123456") == "#123456"
    assert run_color(3, "nonsense") == run_color(3)
    theme.qcolor(run_color(11))
