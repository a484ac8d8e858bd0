import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from cnn_studio.datasets.augment import augment
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.datasets.augmentation_mixing import MixedLabels
from cnn_studio.datasets.batches import Batches, batch_bounds, normalise
from cnn_studio.datasets.cache_mapped import MappedImages
from cnn_studio.datasets.records import ImagePart


def make_part(count: int, channels: int = 3) -> ImagePart:
    images = np.random.default_rng(count).integers(0, 256, (count, channels, 4, 5), dtype=np.uint8)
    return ImagePart(images, np.arange(count, dtype=np.int64))  # the label tells which image it is


MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)


def by_hand(images: np.ndarray) -> np.ndarray:
    column = (1, 3, 1, 1)
    return (images / 255 - np.reshape(MEAN, column)) / np.reshape(STD, column)


def test_normalise() -> None:
    part = make_part(7)
    values = normalise(torch.from_numpy(part.images), MEAN, STD)
    assert values.dtype == torch.float32
    np.testing.assert_allclose(values.numpy(), by_hand(part.images), atol=2e-6)


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 2**31 - 1), st.integers(0, 50))
def test_an_epoch_shows_each_image_once(count: int, batch_size: int, seed: int, epoch: int) -> None:
    part = make_part(count)
    batches = Batches(part, MEAN, STD, batch_size)
    seen: list[int] = []
    steps = 0
    for images, labels in batches.epoch(seed, epoch):
        assert images.dtype == torch.float32
        assert labels.dtype == torch.int64
        assert images.shape == (len(labels), 3, 4, 5)
        np.testing.assert_allclose(images.numpy(), by_hand(part.images[labels.numpy()]), atol=2e-6)
        seen.extend(labels.tolist())
        steps += 1
    assert sorted(seen) == list(range(count))
    assert steps == batches.steps_per_epoch


@given(st.integers(0, 500), st.integers(1, 40))
def test_a_single_last_image_joins_the_batch_before(count: int, batch_size: int) -> None:
    bounds = batch_bounds(count, batch_size)
    assert [index for start, stop in bounds for index in range(start, stop)] == list(range(count))
    sizes = [stop - start for start, stop in bounds]
    assert all(size == batch_size for size in sizes[:-1])
    if batch_size > 1 and count > 1:
        assert min(sizes) > 1
    if sizes:
        assert sizes[-1] <= batch_size + (batch_size > 1)


def order(batches: Batches, seed: int, epoch: int) -> list[int]:
    return [label for _, labels in batches.epoch(seed, epoch) for label in labels.tolist()]


def test_order_depends_on_seed_and_epoch_alone() -> None:
    batches = Batches(make_part(50), MEAN, STD, 8)
    first = order(batches, 1, 2)
    torch.manual_seed(99)
    torch.rand(3)
    assert order(batches, 1, 2) == first
    assert order(Batches(make_part(50), MEAN, STD, 16), 1, 2) == first
    orders = {tuple(order(batches, seed, epoch)) for seed in range(5) for epoch in range(5)}
    assert len(orders) == 25
    assert tuple(range(50)) not in orders


def test_the_process_wide_generator_is_not_touched() -> None:
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    order(Batches(make_part(50), MEAN, STD, 8), 0, 0)
    assert torch.equal(torch.rand(4), expected)


@pytest.mark.parametrize(("batch_size", "sizes"), [(None, [4, 4, 1]), (100, [9]), (5, [5, 4])])
def test_in_order(batch_size: int | None, sizes: list[int]) -> None:
    part = make_part(9)
    found = list(Batches(part, MEAN, STD, 4).in_order(batch_size))
    assert [len(labels) for _, labels in found] == sizes
    assert torch.cat([labels for _, labels in found]).tolist() == list(range(9))
    images = torch.cat([images for images, _ in found])
    np.testing.assert_allclose(images.numpy(), by_hand(part.images), atol=2e-6)


def test_normalising_leaves_the_stored_images_alone() -> None:
    part = make_part(10)
    before = part.images.copy()
    batches = Batches(part, MEAN, STD, 4)
    for images, _ in (*batches.epoch(0, 0), *batches.in_order()):
        images.zero_()
    assert np.array_equal(part.images, before)


def test_images_that_cannot_be_shared_are_copied() -> None:
    part = make_part(6)
    frozen = part.images.copy()
    frozen.flags.writeable = False  # torch warns about such memory, and a warning is an error here
    same = Batches(ImagePart(frozen, part.labels), MEAN, STD, 3)
    assert order(same, 0, 0) == order(Batches(part, MEAN, STD, 3), 0, 0)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
@pytest.mark.parametrize("share", [0.5, 0.0])
def test_a_gpu_serves_the_same_batches(share: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cnn_studio.datasets.batches._DEVICE_SHARE", share)  # 0: the images stay on the CPU
    part = make_part(40)
    here, there = Batches(part, MEAN, STD, 8), Batches(part, MEAN, STD, 8, "cuda")
    for (images, labels), (gpu_images, gpu_labels) in zip(here.epoch(3, 1), there.epoch(3, 1), strict=True):
        assert gpu_images.is_cuda
        assert torch.equal(labels, gpu_labels.cpu())
        torch.testing.assert_close(images, gpu_images.cpu())


LIGHT = Augmentation(horizontal_flip=True, crop_padding=1)
STRONG = Augmentation(rotation=20, resized_crop=0.5, brightness=0.3, hue=0.1, erasing=0.5)
MIXING = Augmentation(mixup=0.5, cutmix=1, horizontal_flip=True)
SETTINGS = [None, LIGHT, STRONG, MIXING]


def both_labels(labels: Tensor | MixedLabels) -> list[Tensor]:
    return [labels] if isinstance(labels, Tensor) else [labels.first, labels.second, labels.weight]


@pytest.mark.parametrize("augmentation", SETTINGS)
@given(count=st.integers(1, 30), batch_size=st.integers(1, 9), begin=st.integers(0, 40))
@settings(max_examples=15)
def test_an_epoch_can_begin_in_its_middle(augmentation, count: int, batch_size: int, begin: int) -> None:
    whole = list(Batches(make_part(count), MEAN, STD, batch_size, augmentation=augmentation).epoch(3, 4))
    batches = Batches(make_part(count), MEAN, STD, batch_size, augmentation=augmentation)
    rest = list(batches.epoch(3, 4, begin))
    assert len(rest) == max(0, batches.steps_per_epoch - begin)
    for (images, labels), (same, same_labels) in zip(whole[begin:], rest, strict=True):
        assert torch.equal(images, same)
        assert all(map(torch.equal, both_labels(labels), both_labels(same_labels)))


def test_augmented_batches_are_normalised_varied_images() -> None:
    part = make_part(10)
    batches = Batches(part, MEAN, STD, 4, augmentation=LIGHT)
    for at, (images, labels) in enumerate(batches.epoch(1, 2)):
        raw = torch.from_numpy(part.images[labels.numpy()])
        expected = by_hand(augment(raw, LIGHT, 1, 2, at).numpy())
        np.testing.assert_allclose(images.numpy(), expected, atol=2e-6)


def test_erased_rectangles_show_the_mean() -> None:
    part = ImagePart(np.full((40, 3, 9, 9), 200, np.uint8), np.zeros(40, np.int64))
    ((images, _),) = Batches(part, MEAN, STD, 40, augmentation=Augmentation(erasing=1)).epoch(0, 0)
    plain = torch.from_numpy(by_hand(part.images)).float()
    blank = images == 0
    assert 0.1 < float(blank.float().mean()) < 0.3
    torch.testing.assert_close(images[~blank], plain[~blank])
    assert torch.equal(blank[:, 0], blank[:, 2])


def test_mixing_keeps_every_image_once_as_the_first_and_once_as_the_second() -> None:
    batches = Batches(make_part(12), MEAN, STD, 5, augmentation=MIXING)
    first, second = [], []
    for images, labels in batches.epoch(0, 0):
        assert isinstance(labels, MixedLabels)
        assert images.shape[0] == len(labels.weight)
        assert labels.first.dtype == labels.second.dtype == torch.int64
        first += labels.first.tolist()
        second += labels.second.tolist()
    assert sorted(first) == sorted(second) == list(range(12))


@pytest.mark.parametrize("augmentation", SETTINGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_other_layouts_and_types_hold_the_same_values(augmentation, dtype: torch.dtype) -> None:
    part = make_part(11)
    plain = Batches(part, MEAN, STD, 4, augmentation=augmentation)
    other = Batches(part, MEAN, STD, 4, augmentation=augmentation, channels_last=True, dtype=dtype)
    for (images, labels), (same, same_labels) in (
        *zip(plain.epoch(0, 1), other.epoch(0, 1), strict=True),
        *zip(plain.in_order(), other.in_order(), strict=True),
    ):
        assert same.dtype == dtype
        assert same.is_contiguous(memory_format=torch.channels_last)
        tolerance = 1e-6 if dtype == torch.float32 else 0.03
        torch.testing.assert_close(same.float(), images, atol=tolerance, rtol=0)
        assert all(map(torch.equal, both_labels(labels), both_labels(same_labels)))


def test_validation_is_never_varied() -> None:
    part = make_part(7)
    plain = Batches(part, MEAN, STD, 3)
    varied = Batches(part, MEAN, STD, 3, augmentation=STRONG)
    for (images, _), (same, _) in zip(plain.in_order(), varied.in_order(), strict=True):
        assert torch.equal(images, same)


def test_varying_leaves_the_stored_images_alone() -> None:
    part = make_part(10)
    before = part.images.copy()
    for augmentation in SETTINGS:
        for images, _ in Batches(part, MEAN, STD, 10, augmentation=augmentation).epoch(0, 0):
            images.zero_()
    assert np.array_equal(part.images, before)


def on_disk(part: ImagePart, folder: Path) -> ImagePart:
    """The same part in a file among other images, in another order."""
    shuffled = np.random.default_rng(1).permutation(len(part) + 3)
    base = np.zeros((len(shuffled), *part.images.shape[1:]), np.uint8)
    base[shuffled[: len(part)]] = part.images
    (folder / "rows").write_bytes(base.tobytes())
    images = MappedImages.open(folder / "rows", base.shape)[shuffled[: len(part)]]
    return ImagePart(images, part.labels)


@pytest.mark.parametrize("augmentation", SETTINGS)
def test_images_on_disk_come_as_those_in_memory(augmentation, tmp_path: Path) -> None:
    part = make_part(23)
    here = Batches(part, MEAN, STD, 5, augmentation=augmentation)
    there = Batches(on_disk(part, tmp_path), MEAN, STD, 5, augmentation=augmentation)
    for (images, labels), (same, same_labels) in (
        *zip(here.epoch(2, 1, 1), there.epoch(2, 1, 1), strict=True),
        *zip(here.in_order(4), there.in_order(4), strict=True),
    ):
        assert torch.equal(images, same)
        assert all(map(torch.equal, both_labels(labels), both_labels(same_labels)))


def test_no_thread_is_left_when_an_epoch_ends_early(tmp_path: Path) -> None:
    batches = Batches(on_disk(make_part(30), tmp_path), MEAN, STD, 4).epoch(0, 0)
    next(batches)
    assert any(thread.name.startswith("next-batch") for thread in threading.enumerate())
    batches.close()  # type: ignore[attr-defined]
    assert not any(thread.name.startswith("next-batch") for thread in threading.enumerate())


def test_a_set_in_memory_needs_no_thread() -> None:
    batches = Batches(make_part(30), MEAN, STD, 4).epoch(0, 0)
    next(batches)
    assert not any(thread.name.startswith("next-batch") for thread in threading.enumerate())
