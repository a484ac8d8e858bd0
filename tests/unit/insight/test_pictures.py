"""Pictures for files, and the names of these."""

from __future__ import annotations

import numpy as np
import torch

from cnn_studio.app.inspecting import safe_names
from cnn_studio.insight.filters import filter_pictures
from cnn_studio.insight.layer_look import LayerLook
from cnn_studio.insight.pictures import (
    as_rgb,
    filter_grid,
    grid,
    heat_colours,
    map_grid,
    overlay,
    vector_bars,
)


def layer(values: np.ndarray) -> LayerLook:
    layout = "maps" if values.ndim == 3 else "vector"
    return LayerLook(1, "a", "relu", layout, torch.from_numpy(values.astype(np.float32)))  # type: ignore[arg-type]


def test_a_grid_holds_every_tile_in_order() -> None:
    tiles = np.zeros((5, 30, 40, 3), np.uint8)
    tiles[:] = np.arange(5).reshape(-1, 1, 1, 1) * 10 + 100
    picture = grid(tiles)
    assert picture.shape == (2 * 32 + 2, 3 * 42 + 2, 3)
    corners = [picture[2 + 32 * (at // 3), 2 + 42 * (at % 3), 0] for at in range(5)]
    assert corners == [100, 110, 120, 130, 140]
    assert grid(tiles[:, :3, :2]).shape[0] == 2 * (3 * 8 + 2) + 2, "tiny tiles are enlarged by a whole factor"


def test_dead_maps_can_be_told_from_dark_ones() -> None:
    values = np.zeros((2, 30, 30))
    values[1, 0, 0] = 1.0
    picture = map_grid(layer(values))
    dead, alive = picture[10, 10], picture[10, 32 + 10]
    assert dead[0] > 2 * dead[1] and alive.tolist() == [0, 0, 0]


def test_bars_go_up_and_down_from_zero() -> None:
    picture = vector_bars(layer(np.array([1.0, -1.0, 0.0])))
    filled = (picture != picture[0, -1]).any(axis=2)
    width = picture.shape[1] // 3
    assert filled[: picture.shape[0] // 2 - 1, 1].all() and not filled[-1, 1]
    assert filled[-1, width + 1] and not filled[0, width + 1]
    assert vector_bars(layer(np.zeros(100_000))).shape[1] <= 2_048
    spike = np.zeros(100_000)
    spike[777] = -5.0
    assert (vector_bars(layer(spike)) == (248, 144, 100)).all(axis=2).any(), "a peak is not lost among many"
    assert vector_bars(layer(np.full(3, np.nan))).shape[0] > 0


def test_heat_is_laid_over_grey() -> None:
    image = np.zeros((3, 8, 8), np.uint8)
    image[0] = 240
    heat = np.zeros((8, 8), np.float32)
    heat[0, 0] = 1.0
    picture = overlay(image, heat, least_side=8)
    assert picture.shape == (8, 8, 3)
    assert picture[7, 7].tolist() == [80, 80, 80]
    assert picture[0, 0, 0] > 150
    assert overlay(image, heat).shape == (224, 224, 3)
    assert overlay(image[:1], heat, 8)[7, 7].tolist() == [240, 240, 240]
    ramp = heat_colours(np.linspace(0, 1, 50)).astype(int).sum(axis=1)
    assert (np.diff(ramp) >= 0).all(), "hotter is brighter"
    assert heat_colours(np.array([np.nan, 2.0, -1.0])).tolist() == [[0, 0, 4], [252, 255, 164], [0, 0, 4]]


def test_images_and_filters_of_any_number_of_channels_have_pictures() -> None:
    assert (
        as_rgb(np.zeros((1, 4, 5), np.uint8)).shape
        == as_rgb(np.zeros((4, 4, 5), np.uint8)).shape
        == (4, 5, 3)
    )
    rng = np.random.default_rng(0)
    assert filter_grid(filter_pictures(rng.normal(size=(6, 3, 5, 5)), colour=True)).ndim == 3
    assert filter_grid(filter_pictures(rng.normal(size=(6, 1, 5, 5)))).ndim == 3
    deep = filter_grid(filter_pictures(rng.normal(size=(512, 512, 3, 3))))
    assert deep.shape[0] * deep.shape[1] < 8_000_000


def test_file_names_differ_on_every_system() -> None:
    names = safe_names(["C1", "c1", "con.conv", "layer1.0.conv1", "c1_2"])
    assert names["C1"] == "C1" and names["c1"] == "c1_2" and names["c1_2"] == "c1_2_2"
    assert names["con.conv"] == "_con.conv"
    assert len({name.lower() for name in names.values()}) == 5
