"""The experiments on transfer show what they are about, on real runs, whatever the seed; and on images of one's own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnn_studio.app.jobs import Progress
from cnn_studio.app.labs.lab import Findings, Setup
from cnn_studio.app.labs.registry import find_lab
from cnn_studio.app.labs.running import ArmFinished, run_lab
from cnn_studio.app.labs.transferred import drawing
from cnn_studio.app.runs import RunStore
from cnn_studio.datasets.records import DataSource, ImageData, ImagePart
from cnn_studio.engine.control import RunControl
from tests.helpers.images import real_data

seeds = pytest.mark.parametrize("seed", range(5))
pytestmark = pytest.mark.timeout(
    900
)  # a busy machine takes several times as long for codes of thousands of images


def seen(lab_id: str, setup: Setup, folder: Path) -> Findings:
    found = run_lab(
        find_lab(lab_id), setup, lambda event: None, RunControl(), store=RunStore(folder)
    ).findings
    assert found is not None
    print(f"\n{lab_id}, seed {setup.seed}:", *found.sentences, sep="\n  ")
    return found


def accuracies(found: Findings) -> list[float]:
    return [row["validation accuracy"] for row in found.numbers.values()]


@pytest.mark.slow
@seeds
def test_transfer_is_worth_most_where_images_are_few(seed: int, tmp_path: Path) -> None:
    found = seen("transfer-amount", Setup(seed), tmp_path)
    few_codes, few_anew, some_codes, some_anew, all_codes, all_anew = accuracies(found)
    assert found.came_true == "shrinks"
    few, some, many = few_codes - few_anew, some_codes - some_anew, all_codes - all_anew
    assert few > 0.12, "with 4 images per class transfer is far ahead"
    assert few > 2 * some, "20 per class make up for most of it"
    assert abs(many) < 0.03, "with all images there is nothing left to gain"
    assert all_anew > 0.94


@pytest.mark.slow
@seeds
def test_the_code_of_photographs_hurts_on_digits(seed: int, tmp_path: Path) -> None:
    found = seen("negative-transfer", Setup(seed), tmp_path)
    few_late, few_early, few_anew, late, early, anew = accuracies(found)
    assert found.came_true == "hurts"
    assert anew - late > 0.03
    assert few_anew - few_late > 0.08, "it hurts where images are few, too"
    assert early - late > 0.02, "cutting earlier is the remedy"
    assert few_early - few_late > 0.1


@pytest.mark.slow
def test_photographs_of_ones_own_gain_where_digits_lose(tmp_path: Path) -> None:
    insects = DataSource(kind="folder", folder=str(real_data("hymenoptera")))
    hurts = seen("negative-transfer", Setup(0, insects), tmp_path)
    assert hurts.came_true == "helps"
    late, _, anew = accuracies(hurts)[3:]
    assert late > 0.9 > anew
    amounts = seen("transfer-amount", Setup(0, insects), tmp_path)
    *_, all_codes, all_anew = accuracies(amounts)
    assert all_codes - all_anew > 0.1, "some hundred photographs are still few"


def stopped_at(event_type: type, lab_id: str, folder: Path) -> tuple[list[str], Findings | None]:
    control = RunControl()

    def stop(event: object) -> None:
        if isinstance(event, event_type) and "codes" in getattr(event, "text", "codes"):
            control.stop()

    outcome = run_lab(find_lab(lab_id), Setup(1), stop, control, store=RunStore(folder))
    return [one.finished.status for one in outcome.results], outcome.findings


def test_an_experiment_on_transfer_ends_when_it_is_stopped(tmp_path: Path) -> None:
    assert stopped_at(ArmFinished, "transfer-amount", tmp_path) == (["done"], None)
    assert stopped_at(Progress, "negative-transfer", tmp_path) == (["stopped"], None)
    assert len(RunStore(tmp_path).runs()) == 1


def numbered(labels: list[int]) -> ImagePart:
    """Images that are all of one value each: their number."""
    count = len(labels)
    images = np.repeat(np.arange(count, dtype=np.uint8), 4).reshape(count, 1, 2, 2)
    return ImagePart(images, np.array(labels, dtype=np.int64))


def test_fewer_images_are_among_more_and_validation_stays() -> None:
    train = numbered([0] * 30 + [1] * 3 + [2] * 50)
    data = ImageData("Made up", ("a", "b", "c"), train, numbered([0, 1, 2] * 20), None, (0.5,), (0.5,))
    few, some = (drawing(count)(data, Setup(3)) for count in (4, 20))
    assert np.bincount(few.train.labels).tolist() == [4, 3, 4], "a class has no more than it has"
    assert np.bincount(some.train.labels).tolist() == [20, 3, 20]
    assert set(few.train.images[:, 0, 0, 0]) < set(some.train.images[:, 0, 0, 0])
    assert np.array_equal(few.val.images, some.val.images)
    assert few.mean != some.mean, "what was not drawn is not measured"
    assert drawing(None)(data, Setup(3)).train.images.shape == train.images.shape
    other = drawing(4)(data, Setup(4))
    assert not np.array_equal(few.train.images, other.train.images)
    assert data.train is train
