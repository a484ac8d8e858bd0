from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from cnn_studio.datasets.geometry import place
from cnn_studio.datasets.resize import resize_images
from cnn_studio.graph.preprocessing import Preprocessing

sides = st.integers(1, 48)
FILTERS = ("nearest", "bilinear", "bicubic")


def with_pillow(image: np.ndarray, height: int, width: int, preprocessing: Preprocessing) -> np.ndarray:
    plan = place(*image.shape, height, width, preprocessing)
    filtering = Image.Resampling[preprocessing.interpolation.upper()]
    out = np.zeros((height, width), np.uint8)
    inner = Image.fromarray(image).resize((plan.width, plan.height), filtering, box=plan.box)
    out[plan.top : plan.top + plan.height, plan.left : plan.left + plan.width] = np.asarray(inner)
    return out


def test_a_crop_of_next_to_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="crop_fraction"):
        Preprocessing(resize="crop", crop_fraction=5e-324)


@settings(max_examples=300)
@given(
    data=st.tuples(sides, sides, sides, sides),
    resize=st.sampled_from(["stretch", "crop", "pad"]),
    interpolation=st.sampled_from(FILTERS),
    fraction=st.sampled_from([1.0, 0.875, 0.5]),
    seed=st.integers(0, 1000),
)
def test_whole_arrays_are_resized_as_pillow_does(
    data: tuple[int, int, int, int], resize: Any, interpolation: Any, fraction: float, seed: int
) -> None:
    source_height, source_width, height, width = data
    preprocessing = Preprocessing(resize=resize, interpolation=interpolation, crop_fraction=fraction)
    # Bicubic overshoots; where that is cut off at 0 and 255, the order of the axes shows, and it differs between
    # Pillow's versions.
    low, high = (48, 208) if interpolation == "bicubic" else (0, 256)
    images = np.random.default_rng(seed).integers(low, high, (3, source_height, source_width), dtype=np.uint8)
    out = np.zeros((3, 1, height, width), np.uint8)
    resize_images(images, out, preprocessing)
    for image, ours in zip(images, out, strict=True):
        theirs = with_pillow(image, height, width, preprocessing)
        # both round after each of the two passes, so each is within 1 of the exact value
        assert np.abs(theirs.astype(int) - ours[0]).max() <= (0 if interpolation == "nearest" else 2)


def test_three_channels_get_the_same_values() -> None:
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8), dtype=np.uint8)
    grey, colour = np.zeros((5, 1, 32, 32), np.uint8), np.zeros((5, 3, 32, 32), np.uint8)
    resize_images(images, grey, Preprocessing())
    resize_images(images, colour, Preprocessing())
    assert np.array_equal(colour, np.repeat(grey, 3, axis=1))


@pytest.mark.parametrize("interpolation", FILTERS)
def test_same_size_changes_nothing(interpolation: Any) -> None:
    images = np.random.default_rng(0).integers(0, 256, (3000, 28, 28), dtype=np.uint8)
    out = np.zeros((3000, 1, 28, 28), np.uint8)
    counts: list[int] = []
    resize_images(images, out, Preprocessing(interpolation=interpolation), counts.append)
    assert np.array_equal(out[:, 0], images)
    assert sum(counts) == 3000
    assert len(counts) > 1


@settings(max_examples=300)
@given(
    st.integers(1, 700), st.integers(1, 700), st.integers(1, 300), st.sampled_from([1.0, 0.875, 0.95, 0.9])
)
def test_crop_is_torchvisions_resize_and_centre_crop(
    source_height: int, source_width: int, side: int, fraction: float
) -> None:
    plan = place(
        source_height, source_width, side, side, Preprocessing(resize="crop", crop_fraction=fraction)
    )
    cover = int(side / fraction + 1e-6)
    if source_height <= source_width:
        full_height, full_width = cover, int(cover * source_width / source_height)
    else:
        full_height, full_width = int(cover * source_height / source_width), cover
    assert plan.box == pytest.approx(
        (
            round((full_width - side) / 2) * source_width / full_width,
            round((full_height - side) / 2) * source_height / full_height,
            (round((full_width - side) / 2) + side) * source_width / full_width,
            (round((full_height - side) / 2) + side) * source_height / full_height,
        )
    )


@given(sides, sides, sides, sides)
def test_pad_keeps_the_picture_whole_and_centred(h: int, w: int, height: int, width: int) -> None:
    plan = place(h, w, height, width, Preprocessing(resize="pad"))
    assert plan.box == (0, 0, w, h)
    assert plan.height == height or plan.width == width
    assert 0 <= (height - plan.height) - 2 * plan.top <= 1
    assert 0 <= (width - plan.width) - 2 * plan.left <= 1


@settings(max_examples=300)
@given(sides, sides, sides, sides, st.floats(0.01, 1))
def test_boxes_stay_inside_the_source(h: int, w: int, height: int, width: int, fraction: float) -> None:
    left, top, right, bottom = place(
        h, w, height, width, Preprocessing(resize="crop", crop_fraction=fraction)
    ).box
    assert 0 <= left < right <= w
    assert 0 <= top < bottom <= h
