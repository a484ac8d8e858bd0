import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.datasets.batches import Batches, batch_bounds, normalise
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
