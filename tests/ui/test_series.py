"""Growing series, thinning and smoothing, without a window."""

import math

import numpy as np
import pytest

from cnn_studio.ui.plots.series import Series, envelope, every, visible


def test_a_series_grows_past_its_first_arrays_and_keeps_every_point():
    series = Series(beta=0.5)
    for n in range(5000):
        series.append(n, 2 * n)
    assert len(series) == 5000
    np.testing.assert_array_equal(series.x, np.arange(5000.0))
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


def test_a_loss_that_is_no_number_leaves_a_gap_and_spares_the_smooth_line():
    series = Series(0.5)
    for n, value in enumerate((1.0, math.nan, math.inf, 1.0)):
        series.append(n, value)
    np.testing.assert_array_equal(series.smooth, [1, 1, 1, 1])
    assert math.isnan(series.y[1])


def test_nearest_point():
    series = Series()
    assert series.nearest(1) is None
    for x in (1, 2, 4):
        series.append(x, 0)
    assert [series.nearest(x) for x in (-9, 1.4, 1.6, 2.9, 3.1, 99)] == [0, 0, 1, 1, 2, 2]


def test_the_envelope_keeps_every_peak_in_few_points():
    rng = np.random.default_rng(1)
    x = np.arange(100_003.0)
    y = rng.normal(size=len(x))
    y[77_777] = 50
    y[12_345] = -50
    thin_x, thin_y = envelope(x, y, 700)
    assert len(thin_x) == len(thin_y) == 1400
    assert thin_y.max() == 50
    assert thin_y.min() == -50
    assert np.all(np.diff(thin_x) >= 0)
    assert abs(thin_x[thin_y.argmax()] - 77_777) < len(x) / 700


def test_the_envelope_leaves_short_lines_alone_and_gaps_empty():
    x, y = np.arange(10.0), np.arange(10.0)
    assert envelope(x, y, 5)[1] is y
    y = np.full(1000, np.nan)
    y[500] = 3
    thin = envelope(np.arange(1000.0), y, 10)[1]
    assert np.nanmax(thin) == 3
    assert np.isnan(thin[:10]).all()


def test_thinning_keeps_the_ends():
    x = np.arange(1000.0)
    thin, _ = every(x, x, 7)
    assert len(thin) == 7
    assert (thin[0], thin[-1]) == (0, 999)


def test_the_visible_part_reaches_one_point_past_both_edges():
    assert visible(np.arange(10.0), 2.5, 5.5) == slice(2, 7)
    assert visible(np.arange(3.0), -5, 50) == slice(0, 4)
