"""Every change of images against torchvision, one image at a time, or against plain NumPy."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2 import functional as vision

from cnn_studio.datasets.augment import augment, augmented_preview
from cnn_studio.datasets.augmentation import PRESETS, Augmentation
from cnn_studio.datasets.augmentation_colours import change_colours
from cnn_studio.datasets.augmentation_draws import _COLUMNS, Draws, _matrix, draw
from cnn_studio.datasets.augmentation_geometry import sample
from cnn_studio.datasets.augmentation_mixing import erase, mix

BILINEAR = InterpolationMode.BILINEAR
EVERYTHING = Augmentation(
    horizontal_flip=True,
    vertical_flip=True,
    crop_padding=3,
    resized_crop=0.4,
    rotation=40,
    shift=0.1,
    scale=0.2,
    shear=10,
    brightness=0.4,
    contrast=0.4,
    saturation=0.4,
    hue=0.3,
    erasing=0.5,
    mixup=0.4,
    cutmix=1,
)

shapes = st.tuples(st.integers(1, 5), st.sampled_from([1, 3]), st.integers(1, 17), st.integers(1, 19))


def pictures(shape, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def bilinear(image, matrix, *, repeat_border=False):
    """One image [C, H, W] sampled with plain loops over pixels."""
    height, width = image.shape[1:]
    out = np.zeros_like(image, dtype=np.float64)
    for row in range(height):
        for column in range(width):
            x, y = matrix @ [column - (width - 1) / 2, row - (height - 1) / 2, 1.0]
            x, y = x + (width - 1) / 2, y + (height - 1) / 2
            if repeat_border:
                x, y = min(max(x, 0), width - 1), min(max(y, 0), height - 1)
            left, top = math.floor(x), math.floor(y)
            for at_y, at_x in ((top, left), (top, left + 1), (top + 1, left), (top + 1, left + 1)):
                if 0 <= at_y < height and 0 <= at_x < width:
                    out[:, row, column] += image[:, at_y, at_x] * (1 - abs(x - at_x)) * (1 - abs(y - at_y))
    return out


# ------------------------------------------------------------------------------------------ where draws come from


def test_draws_differ_within_a_batch() -> None:
    drawn = draw(EVERYTHING, 64, 20, 20, 1, 2, 3)
    for name in ("matrix", "brightness", "contrast", "saturation", "hue", "offset"):
        values = getattr(drawn, name)
        assert len(torch.unique(values, dim=0)) > 30, name
    assert 10 < int(drawn.mirror.sum()) < 54
    assert 10 < int(drawn.upend.sum()) < 54
    assert len(torch.unique(drawn.mix.weight)) > 30


def test_the_same_position_gives_the_same_and_another_one_another() -> None:
    images = pictures((8, 3, 12, 12))
    first = augment(images, EVERYTHING, 1, 2, 3)
    torch.manual_seed(99)
    assert torch.equal(augment(images, EVERYTHING, 1, 2, 3), first)
    others = [augment(images, EVERYTHING, *key) for key in ((2, 2, 3), (1, 3, 3), (1, 2, 4))]
    assert not any(torch.equal(first, other) for other in others)


def test_the_process_wide_state_is_neither_read_nor_moved() -> None:
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    drawn = draw(EVERYTHING, 4, 9, 9, 0, 0, 0)
    mix(torch.rand(4, 3, 9, 9, generator=torch.Generator()), torch.arange(4), drawn.mix)
    assert torch.equal(torch.rand(4), expected)


def test_one_setting_leaves_what_the_others_draw() -> None:
    alone = draw(Augmentation(brightness=0.3), 6, 9, 9, 7)
    both = draw(Augmentation(brightness=0.3, crop_padding=2, hue=0.1), 6, 9, 9, 7)
    assert torch.equal(alone.brightness, both.brightness)


def test_what_is_off_draws_nothing_and_changes_nothing() -> None:
    images = pictures((4, 3, 7, 6))
    assert draw(Augmentation(), 4, 7, 6, 0) == Draws()
    result = augment(images, Augmentation(), 0, 0, 0)
    assert torch.equal(result, images)
    assert result.data_ptr() != images.data_ptr()


@given(shapes, st.integers(0, 1000))
@settings(max_examples=60)
def test_any_shape_goes_through_everything(shape, seed) -> None:
    images = pictures(shape, seed)
    before = images.clone()
    result = augment(images, EVERYTHING, seed, 0, 0, blank=7.0)
    assert torch.equal(images, before)
    assert result.shape == images.shape
    assert result.dtype == torch.float32
    assert float(result.min()) >= 0
    assert float(result.max()) <= 255
    fractions = augment(images.float() / 255, EVERYTHING, seed, 0, 0, blank=7 / 255)
    torch.testing.assert_close(fractions * 255, result, atol=2e-3, rtol=1e-4)


# -------------------------------------------------------------------------------------------------------- geometry


@given(shapes, st.integers(0, 1000), st.integers(0, 6))
@settings(max_examples=60)
def test_mirrors_and_crops_are_exact(shape, seed, padding) -> None:
    setting = Augmentation(horizontal_flip=True, vertical_flip=True, crop_padding=padding)
    images = pictures(shape, seed)
    drawn = draw(setting, *(shape[0], *shape[2:]), seed, 0, 0)
    result = augment(images, setting, seed, 0, 0)
    assert result.dtype == torch.uint8
    for at, image in enumerate(images.numpy()):
        if padding:
            top, left = (drawn.offset[at] + padding).tolist()
            padded = np.pad(image, ((0, 0), (padding, padding), (padding, padding)))
            image = padded[:, top : top + shape[2], left : left + shape[3]]
        image = image[:, :: -1 if drawn.upend[at] else 1, :: -1 if drawn.mirror[at] else 1]
        assert np.array_equal(result[at].numpy(), image)


def test_crops_reach_every_place() -> None:
    drawn = draw(Augmentation(crop_padding=2), 2000, 8, 8, 0)
    found, counts = torch.unique(drawn.offset, dim=0, return_counts=True)
    assert found.tolist() == [[down, right] for down in range(-2, 3) for right in range(-2, 3)]
    assert int(counts.min()) > 40


CHANCES = [0.0, 0.13, 0.5, 0.81, 1.0]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(12, 12), (9, 15)])
def test_rotation_shift_scale_and_shear_are_torchvisions_affine(channels, size) -> None:
    setting = Augmentation(rotation=60, shift=0.2, scale=0.3, shear=20)
    height, width = size
    order = ("rotation", "shift_x", "shift_y", "scale", "shear")
    rows = torch.tensor([CHANCES[turn:] + CHANCES[:turn] for turn in range(5)], dtype=torch.float64)
    chance = {name: torch.full((5,), 0.5, dtype=torch.float64) for name in _COLUMNS}
    chance.update(zip(order, rows.unbind(1), strict=True))
    matrix = _matrix(setting, chance, None, None, None, height, width)
    images = pictures((5, channels, height, width)).float()
    result = sample(images, matrix)
    for at, (rotation, shift_x, shift_y, scale, shear) in enumerate((rows * 2 - 1).tolist()):
        expected = vision.affine_image(
            images[at],
            angle=-60 * rotation,
            translate=[0.2 * shift_x * width, 0.2 * shift_y * height],
            scale=1 + 0.3 * scale,
            shear=[20 * shear, 0.0],
            interpolation=BILINEAR,
        )
        torch.testing.assert_close(result[at], expected, atol=0.02, rtol=1e-4)


def test_rotation_alone_turns_by_up_to_its_angle() -> None:
    images = pictures((40, 3, 11, 11))
    drawn = draw(Augmentation(rotation=30), 40, 11, 11, 3)
    angles = torch.rad2deg(torch.atan2(drawn.matrix[:, 1, 0], drawn.matrix[:, 0, 0]))
    assert float(angles.abs().max()) <= 30
    assert float(angles.min()) < -20
    assert float(angles.max()) > 20
    result = augment(images, Augmentation(rotation=30), 3)
    for at in range(40):
        expected = vision.rotate(images[at].float(), float(angles[at]), BILINEAR)
        torch.testing.assert_close(result[at], expected, atol=0.02, rtol=1e-4)


@given(shapes, st.integers(0, 1000))
@settings(max_examples=25)
def test_all_moves_together_are_one_bilinear_reading(shape, seed) -> None:
    moves = {"shift": 0.1, "scale": 0.2, "shear": 9, "rotation": 35, "resized_crop": 0.5}
    setting = Augmentation(horizontal_flip=True, vertical_flip=True, crop_padding=2, **moves)
    images = pictures(shape, seed)
    drawn = draw(setting, shape[0], *shape[2:], seed, 0, 0)
    result = augment(images, setting, seed, 0, 0)
    for at, image in enumerate(images.numpy()):
        expected = bilinear(image, drawn.matrix[at].double().numpy())
        np.testing.assert_allclose(result[at].numpy(), expected, atol=0.05)


def test_the_parts_of_a_move_come_in_torchvisions_order() -> None:
    """Piece, crop, mirrors, then the affine transform: with moves by whole pixels that is exact."""
    setting = Augmentation(horizontal_flip=True, crop_padding=2, shift=0.25)
    drawn = draw(setting, 32, 8, 8, 5)
    whole = draw(Augmentation(horizontal_flip=True, crop_padding=2), 32, 8, 8, 5)
    shift = drawn.matrix[:, :, 2].clone()
    sign = torch.where(whole.mirror, -1.0, 1.0)
    shift[:, 0] -= whole.offset[:, 1]
    shift[:, 1] -= whole.offset[:, 0]
    shift[:, 0] *= sign
    assert float(shift.abs().max()) <= 2.0001  # a quarter of 8 pixels
    assert torch.equal(drawn.matrix[:, 0, 0], sign)


@given(st.floats(0.05, 0.99), st.floats(1, 4), st.integers(0, 100))
def test_a_piece_lies_within_the_image_and_is_large_enough(least, ratio, seed) -> None:
    drawn = draw(Augmentation(resized_crop=least, crop_ratio=ratio), 50, 20, 30, seed)
    share = torch.stack([drawn.matrix[:, 0, 0], drawn.matrix[:, 1, 1]], 1).double()
    centre = drawn.matrix[:, :, 2].double() / torch.tensor([30.0, 20.0])
    assert bool((centre.abs() + share / 2 <= 0.5 + 1e-6).all())
    area, quotient = share.prod(1), share[:, 0] / share[:, 1]
    assert float(area.min()) >= least - 1e-6
    assert float(area.max()) <= 1 + 1e-6
    assert float(quotient.max()) <= ratio + 1e-5
    assert float(quotient.min()) >= 1 / ratio - 1e-5


def test_an_enlarged_piece_has_no_dark_frame() -> None:
    setting = Augmentation(resized_crop=0.3)
    images = pictures((6, 3, 13, 10))
    drawn = draw(setting, 6, 13, 10, 1)
    result = augment(images, setting, 1)
    for at in range(6):
        expected = bilinear(images[at].numpy(), drawn.matrix[at].double().numpy(), repeat_border=True)
        np.testing.assert_allclose(result[at].numpy(), expected, atol=0.02)
    white = torch.full((6, 1, 13, 10), 255, dtype=torch.uint8)
    assert float(augment(white, setting, 1).min()) > 254.9


# --------------------------------------------------------------------------------------------------------- colours


@given(shapes, st.integers(0, 1000))
@settings(max_examples=50)
def test_colours_are_torchvisions(shape, seed) -> None:
    setting = Augmentation(brightness=0.6, contrast=0.6, saturation=0.9, hue=0.5)
    images = pictures(shape, seed)
    drawn = draw(setting, shape[0], *shape[2:], seed, 0, 0)
    result = augment(images, setting, seed, 0, 0)
    for at, image in enumerate(images.float() / 255):
        image = vision.adjust_brightness(image, float(drawn.brightness[at]))
        image = vision.adjust_contrast(image, float(drawn.contrast[at]))
        if shape[1] == 3:
            image = vision.adjust_saturation(image, float(drawn.saturation[at]))
            image = vision.adjust_hue(image, float(drawn.hue[at]))
        # torchvision's formula divides by numbers near 0 where a pixel is nearly grey
        torch.testing.assert_close(result[at] / 255, image, atol=2e-4, rtol=0)


@pytest.mark.parametrize("turn", [-0.5, -1 / 3, -0.2, 0.0, 0.01, 1 / 3, 0.4, 0.5])
def test_hue_at_its_corners(turn) -> None:
    corners = torch.tensor([[r, g, b] for r in (0, 128, 255) for g in (0, 128, 255) for b in (0, 128, 255)])
    images = corners.T.reshape(1, 3, 1, 27).to(torch.uint8)
    result = change_colours(images.float(), Draws(hue=torch.tensor([turn])), 255.0)
    expected = vision.adjust_hue(images.float() / 255, turn) * 255
    torch.testing.assert_close(result, expected, atol=1e-3, rtol=0)


def test_each_colour_setting_is_within_its_range() -> None:
    drawn = draw(Augmentation(brightness=0.3, contrast=1, hue=0.1), 500, 4, 4, 0)
    assert 0.7 <= float(drawn.brightness.min()) < 0.72
    assert 1.28 < float(drawn.brightness.max()) <= 1.3
    assert 0 <= float(drawn.contrast.min()) < 0.05
    assert -0.1 <= float(drawn.hue.min()) < -0.095
    assert drawn.saturation is None


# ----------------------------------------------------------------------------------------------- erasing and mixing


@given(shapes, st.integers(0, 1000), st.floats(0.02, 1))
@settings(max_examples=50)
def test_erasing_blanks_the_drawn_rectangle(shape, seed, most) -> None:
    setting = Augmentation(erasing=0.7, erasing_share=most)
    images = pictures(shape, seed)
    boxes = draw(setting, shape[0], *shape[2:], seed, 0, 0).erased
    result = augment(images, setting, seed, 0, 0, blank=90)
    for at, (top, left, bottom, right) in enumerate(boxes.tolist()):
        assert 0 <= top <= bottom <= shape[2]
        assert 0 <= left <= right <= shape[3]
        filling = torch.full((shape[1], bottom - top, right - left), 90, dtype=torch.uint8)
        assert torch.equal(
            result[at], vision.erase(images[at], top, left, bottom - top, right - left, filling)
        )


def test_as_many_are_erased_as_asked() -> None:
    boxes = draw(Augmentation(erasing=0.25, erasing_share=0.3), 2000, 40, 40, 0).erased
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    assert 0.2 < float((area > 0).float().mean()) < 0.3
    shares = area[area > 0] / 1600
    assert 0.01 < float(shares.min()) < 0.04
    assert 0.27 < float(shares.max()) < 0.33
    assert torch.equal(
        erase(torch.ones(1, 1, 2, 2), torch.zeros(1, 4, dtype=torch.int64)), torch.ones(1, 1, 2, 2)
    )


def test_mixup_blends_images_and_labels_alike() -> None:
    images, labels = torch.rand(16, 3, 5, 4), torch.arange(16)
    drawn = draw(Augmentation(mixup=0.4), 16, 5, 4, 2).mix
    mixed, both = mix(images, labels, drawn)
    assert sorted(both.second.tolist()) == list(range(16))
    assert torch.equal(both.first, labels)
    weight = both.weight.numpy().reshape(-1, 1, 1, 1)
    expected = weight * images.numpy() + (1 - weight) * images.numpy()[both.second.numpy()]
    np.testing.assert_allclose(mixed.numpy(), expected, atol=1e-6)
    assert float(both.weight.min()) >= 0
    assert float(both.weight.max()) <= 1


@pytest.mark.parametrize("alpha", [0.2, 1.0, 5.0])
def test_shares_follow_the_beta_distribution(alpha) -> None:
    weight = draw(Augmentation(mixup=alpha), 4000, 2, 2, 0).mix.weight
    assert float(weight.mean()) == pytest.approx(0.5, abs=0.02)
    assert float(weight.var()) == pytest.approx(1 / (4 * (2 * alpha + 1)), rel=0.1)


@given(shapes, st.integers(0, 1000))
@settings(max_examples=40)
def test_cutmix_patches_and_weighs_by_area(shape, seed) -> None:
    images, labels = pictures(shape, seed).float(), torch.arange(shape[0])
    drawn = draw(Augmentation(cutmix=1), shape[0], *shape[2:], seed).mix
    mixed, both = mix(images, labels, drawn)
    for at, (top, left, bottom, right) in enumerate(drawn.boxes.tolist()):
        expected = images[at].clone()
        expected[:, top:bottom, left:right] = images[both.second[at], :, top:bottom, left:right]
        assert torch.equal(mixed[at], expected)
        share = 1 - (bottom - top) * (right - left) / (shape[2] * shape[3])
        assert float(both.weight[at]) == pytest.approx(share, abs=1e-6)


def test_with_both_each_batch_gets_one_of_the_two() -> None:
    both = Augmentation(mixup=0.5, cutmix=0.5)
    blended = sum(draw(both, 4, 8, 8, 0, 0, step).mix.boxes is None for step in range(200))
    assert 70 < blended < 130


# --------------------------------------------------------------------------------------------------------- preview


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize("channels", [1, 3])
def test_previews_show_what_training_could_show(name, channels) -> None:
    images = pictures((5, channels, 16, 16)).numpy()
    versions = augmented_preview(images, PRESETS[name], 3, 6)
    assert versions.shape == (6, channels, 16, 16)
    assert versions.dtype == np.uint8
    if name == "None":
        assert all(np.array_equal(version, images[0]) for version in versions)
    else:
        assert len({version.tobytes() for version in versions}) > 2
    assert np.array_equal(versions, augmented_preview(images, PRESETS[name], 3, 6))
    assert np.array_equal(images, pictures((5, channels, 16, 16)).numpy())


def test_previews_mix_the_first_image_with_the_others() -> None:
    images = np.zeros((3, 1, 10, 10), np.uint8)
    images[1], images[2] = 100, 200
    patched = augmented_preview(images, Augmentation(cutmix=1), 0, 12)
    assert {0, 100, 200} >= set(np.unique(patched))
    assert patched.max() > 0
    alone = augmented_preview(images[:1], Augmentation(cutmix=1, mixup=1, erasing=1), 0, 4)
    assert alone.shape == (4, 1, 10, 10)
    assert not alone.any()
