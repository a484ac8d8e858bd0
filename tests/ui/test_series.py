"""Growing series, thinning and smoothing, without a window."""

import math

import numpy as np
import pytest

from cnn_studio.ui.plots import series as module
from cnn_studio.ui.plots.pyramid import Pyramid
from cnn_studio.ui.plots.series import Series, every
from cnn_studio.ui.plots.smoothing import recurrence, smoothed


def filled(y, beta=0.0, steps_per_epoch=1.0):
    series = Series(beta, steps_per_epoch)
    series.extend(np.arange(len(y), dtype=float), y)
    return series


def test_a_series_grows_past_its_first_arrays_and_keeps_every_point():
    series = Series(beta=0.5)
    for n in range(5000):
        series.append(n, 2 * n)
    assert len(series) == 5000
    np.testing.assert_array_equal(series.steps, np.arange(5000.0))
    np.testing.assert_array_equal(series.y, 2 * np.arange(5000.0))


def test_smoothing_is_the_bias_corrected_moving_average():
    values = np.random.default_rng(0).normal(size=40)
    beta = 0.9
    series = Series(beta)
    for n, value in enumerate(values):
        series.append(n, value)
    for n in range(len(values)):
        weights = (1 - beta) * beta ** np.arange(n, -1, -1)
        assert series.smooth[n] == pytest.approx((weights * values[: n + 1]).sum() / (1 - beta ** (n + 1)))
    assert series.smooth[0] == pytest.approx(values[0])  # no pull towards zero at the start
    assert series.last == pytest.approx(series.smooth[-1])


@pytest.mark.parametrize("beta", [0.0, 0.5, 0.98, 0.999])
@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 9000])
def test_many_points_at_once_are_smoothed_as_one_by_one_and_go_on_alike(beta, count):
    values = np.random.default_rng(count).normal(size=count) + 3
    values[5::50] = np.nan
    slow, fast = Series(beta), Series(beta)
    for n, value in enumerate(values):
        slow.append(n, value)
    fast.extend(np.arange(count), values)
    np.testing.assert_allclose(fast.smooth, slow.smooth, rtol=1e-9)
    for series in (slow, fast):
        series.append(count, 1.0)
    assert fast.last == pytest.approx(slow.last, rel=1e-9)


def test_the_fast_recurrence_is_the_loop():
    values = np.random.default_rng(3).normal(size=70_000)
    found, state = recurrence(values, 0.995), 0.0
    for n, value in enumerate(values):
        state = 0.995 * state + value
        assert math.isclose(found[n], state, rel_tol=1e-9, abs_tol=1e-9)
    assert np.isnan(smoothed(np.full(4, np.nan), 0.9)[0]).all()


def test_another_smoothing_counts_for_all_points_and_those_to_come():
    values = np.random.default_rng(4).normal(size=500)
    series = filled(values, 0.9)
    series.smooth_with(0.99)
    other = filled(values, 0.99)
    np.testing.assert_allclose(series.smooth, other.smooth)
    series.append(500, 2.0)
    other.append(500, 2.0)
    assert series.last == pytest.approx(other.last)
    series.smooth_with(0)
    np.testing.assert_array_equal(series.smooth, series.y)


def test_a_loss_that_is_no_number_leaves_a_gap_and_spares_the_smooth_line():
    series = Series(0.5)
    for n, value in enumerate((1.0, math.nan, math.inf, 1.0)):
        series.append(n, value)
    np.testing.assert_array_equal(series.smooth, [1, 1, 1, 1])
    assert math.isnan(series.y[1])
    assert series.smooth_range() == (1, 1, 1)


def test_nearest_point_on_every_axis():
    series = Series(steps_per_epoch=10)
    assert series.nearest(1) is None
    for step, seconds in ((10, 5.0), (20, 50.0), (40, 51.0)):
        series.append(step, 0, seconds)
    assert [series.nearest(x) for x in (-9, 1.4, 1.6, 2.9, 3.1, 99)] == [0, 0, 1, 1, 2, 2]
    assert [series.nearest(x, "step") for x in (14, 16, 99)] == [0, 1, 2]
    assert [series.nearest(x, "time") for x in (20, 40, 50.7)] == [0, 1, 2]
    assert [series.x_at(2, axis) for axis in ("epoch", "step", "time")] == [4.0, 40.0, 51.0]


def test_the_envelope_keeps_every_peak_in_few_points():
    y = np.random.default_rng(1).normal(size=1_000_003)
    y[777_777] = 50
    y[12_345] = -50
    y[-1] = 70
    series = filled(y)
    x, thin = series.envelope(slice(0, len(y)), 700)
    assert len(x) == len(thin) == 1400
    assert (thin.max(), thin.min()) == (70, -50)
    assert np.all(np.diff(x) >= 0)
    assert abs(x[thin.argmin()] - 12_345) < 2 * len(y) / 700


def test_a_part_of_the_envelope_is_that_part_alone():
    y = np.arange(200_000.0)
    series = filled(y)
    part = series.visible(50_000, 150_000)
    assert part == slice(49_999, 150_002)
    x, thin = series.envelope(part, 300)
    assert x[0] >= 49_999 - 256
    assert thin.max() == 150_001
    assert np.all(np.diff(thin) >= 0)


def test_the_envelope_leaves_short_lines_alone_and_gaps_empty():
    assert list(filled(np.arange(10.0)).envelope(slice(0, 10), 5)[1]) == list(range(10))
    y = np.full(1000, np.nan)
    y[500] = 3
    thin = filled(y).envelope(slice(0, 1000), 10)[1]
    assert np.nanmax(thin) == 3
    assert np.isnan(thin[:10]).all()


def test_blocks_grow_with_the_array_and_never_go_stale():
    rng = np.random.default_rng(2)
    series, pyramid = Series(), Pyramid()
    y = np.zeros(0)
    for count in (3, 500, 17, 40_000, 1, 90_000):
        y = np.concatenate([y, rng.normal(size=count)])
        pyramid.update(y)
        starts, (low, high, mean) = pyramid.columns(y, slice(0, len(y)), 50)
        edges = [*starts[1:], len(y)]
        for first, last, *found in zip(starts, edges, low, high, mean, strict=True):
            assert found[:2] == [y[first:last].min(), y[first:last].max()]
            assert found[2] == pytest.approx(y[first:last].mean(), abs=0.05)
    series.extend(np.arange(len(y)), y)
    before = series.envelope(slice(0, len(y)), 100)[1].max()
    series.append(len(y), 99.0)
    assert before < 99 == series.envelope(slice(0, len(y) + 1), 100)[1].max()


def test_the_smooth_line_is_thinned_to_its_means_and_ends_where_it_ends():
    y = 5 + np.random.default_rng(5).normal(size=300_000)
    series = filled(y, beta=0.5)
    x, line = series.line(slice(0, len(y)), 240)
    assert len(x) <= 240
    assert np.abs(line[:-1] - 5).max() < 0.3
    assert (x[-1], line[-1]) == (len(y) - 1, series.smooth[-1])
    assert np.all(np.diff(x) > 0)


def test_thinning_keeps_the_ends():
    x = np.arange(1000.0)
    thin, _ = every(x, x, 7)
    assert len(thin) == 7
    assert (thin[0], thin[-1]) == (0, 999)


def test_a_run_without_end_keeps_its_peaks_in_bounded_memory(monkeypatch):
    monkeypatch.setattr(module, "MOST_POINTS", 4096)
    series = Series(0.9)
    for n in range(30_000):
        series.append(n, 1000.0 if n == 7777 else n % 7)
    assert len(series) <= 4096
    assert series._data.shape[1] <= 2 * 4096
    assert series.y.max() == 1000
    assert series.y.min() == 0
    assert np.all(np.diff(series.steps) > 0)
    assert (series.steps[0] <= 4, series.steps[-1]) == (True, 29_999)
    series.smooth_with(0.99)
    assert 2 < series.last < 4
