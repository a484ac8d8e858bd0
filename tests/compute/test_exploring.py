"""Maps of codes and nearest neighbours: against NumPy, on groups that are known, and on real photographs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.app.exploring import (
    explore,
    make_map,
    map_codes,
    neighbours,
    predictions_of,
)
from cnn_studio.app.jobs import Progress
from cnn_studio.app.measuring import measure_likeness
from cnn_studio.app.transferring import prepare, run_transfer
from cnn_studio.core.errors import Cancelled, DataError, NetworkError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.control import RunControl
from cnn_studio.transfer.recipe import TransferRecipe
from tests.helpers.codes import exploration_of, grouped
from tests.helpers.images import write_classes

QUIET: Callable[[object], None] = lambda event: None  # noqa: E731


def separation(places: np.ndarray, labels: np.ndarray) -> float:
    """The share of points whose nearest point on the map is of their own group."""
    gaps = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(gaps, np.inf)
    return float(np.mean(labels[gaps.argmin(axis=1)] == labels))


def test_pca_is_the_projection_on_the_two_longest_axes() -> None:
    found = grouped(60, 12, 3, spread=1.0)
    made = map_codes(found, "pca")
    centred = found.codes - found.codes.mean(axis=0)
    _, sizes, axes = np.linalg.svd(centred.astype(np.float64), full_matrices=False)
    expected = centred @ axes[:2].T
    # the sign of an axis is arbitrary
    assert np.abs(made.places) == pytest.approx(np.abs(expected), abs=1e-3)
    assert made.kept == pytest.approx(tuple(sizes[:2] ** 2 / (sizes**2).sum()), abs=1e-4)
    assert made.left_out == 0 and (made.rows == np.arange(60)).all()


def test_tsne_keeps_groups_together_and_the_seed_its_map() -> None:
    found = grouped(90, 40, 3, spread=0.3)
    steps: list[tuple[int, int]] = []
    made = map_codes(found, "tsne", progress=lambda done, total: steps.append((done, total)))
    assert separation(made.places, found.labels) == 1.0
    assert made.kept is None and "means nothing" in made.note
    # all steps of scikit-learn are seen; if their name changes, this says so
    assert steps[-1] == (1_000, 1_000) and len(steps) > 50
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    again = map_codes(found, "tsne")
    assert np.array_equal(made.places, again.places)


def test_a_map_of_too_many_images_says_what_it_left_out() -> None:
    found = grouped(50, 8, 2)
    made = map_codes(found, "pca", most=20)
    assert len(made.rows) == len(made.places) == 20 and made.left_out == 30
    assert "30 are left out" in made.note
    assert (np.diff(made.rows) > 0).all() and made.rows.max() > 20
    assert not np.array_equal(made.rows, map_codes(found, "pca", most=20, seed=1).rows)


def test_tsne_ends_within_a_moment_of_being_asked() -> None:
    found, control, ended = grouped(900, 60, 3), RunControl(), threading.Event()
    seen: list[object] = []

    def work() -> None:
        with pytest.raises(Cancelled):
            make_map(found, "tsne", seen.append, control)
        ended.set()

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    deadline = time.monotonic() + 60
    while not seen and time.monotonic() < deadline:
        time.sleep(0.01)
    assert isinstance(seen[0], Progress) and "t-SNE" in seen[0].text
    control.stop("keep")
    assert ended.wait(5)
    assert len(seen) < 90  # of a hundred reports of a whole run
    thread.join()


@pytest.mark.parametrize(("count", "size"), [(5, 1), (6, 3), (8, 200)])
@pytest.mark.parametrize("kind", ["pca", "tsne"])
def test_few_images_and_short_codes_have_maps_too(count: int, size: int, kind: str) -> None:
    made = map_codes(grouped(count, size, 2), "pca" if kind == "pca" else "tsne")
    assert made.places.shape == (count, 2) and np.isfinite(made.places).all()


def test_codes_that_are_all_the_same_lie_on_one_place() -> None:
    found = exploration_of(np.zeros((12, 6), dtype=np.float32), np.arange(12) % 2, ("a", "b"))
    for kind in ("pca", "tsne"):
        made = map_codes(found, "pca" if kind == "pca" else "tsne")
        assert np.isfinite(made.places).all()
    assert all(np.isfinite(one.distance) for one in neighbours(found, 0))


@given(st.integers(2, 30), st.integers(1, 9), st.integers(0, 10), st.sampled_from(["cosine", "euclid"]))
def test_neighbours_are_those_of_a_plain_search(count: int, size: int, seed: int, metric: str) -> None:
    found = grouped(count, size, 2, seed=seed)
    at = seed % count
    near = neighbours(found, at, 5, "cosine" if metric == "cosine" else "euclid")
    codes = found.codes.astype(np.float64)
    if metric == "cosine":
        lengths = np.linalg.norm(codes, axis=1)
        expected = 1 - codes @ codes[at] / np.maximum(lengths * lengths[at], 1e-12)
    else:
        expected = np.linalg.norm(codes - codes[at], axis=1)
    others = [i for i in range(count) if i != at]
    best = sorted(expected[i] for i in others)[:5]
    assert len(near) == min(5, count - 1) and at not in [one.at for one in near]
    assert [one.distance for one in near] == pytest.approx(best, abs=3e-3)
    assert [one.distance for one in near] == sorted(one.distance for one in near)
    assert all(one.is_same == (found.labels[one.at] == found.labels[at]) for one in near)


def test_images_have_names_and_pixels_by_their_number() -> None:
    found = grouped(10, 4, 2, num_val=3)
    assert found.name_of(6) == "training image 7" and found.name_of(7) == "validation image 1"
    assert np.array_equal(found.image(8), found.val.images[1])
    assert found.is_val.tolist() == [False] * 7 + [True] * 3
    with pytest.raises(IndexError):
        neighbours(found, 10)


# ------------------------------------------------------------------------------------------------------ with a network


def test_four_images_are_too_few_for_a_map(tmp_path: Path) -> None:
    folder = write_classes(tmp_path, {"a": 2, "b": 2})
    recipe = TransferRecipe(data=DataSource(kind="folder", folder=str(folder), val_fraction=0.5))
    prepared = prepare(recipe, QUIET, RunControl())
    with pytest.raises(DataError, match="5 images"):
        explore(prepared, QUIET, RunControl())


def test_a_classifier_on_the_codes_says_the_same_as_its_network(tmp_path: Path) -> None:
    folder = write_classes(tmp_path, {"a": 5, "b": 6, "c": 5})
    recipe = TransferRecipe(
        data=DataSource(kind="folder", folder=str(folder), val_fraction=0.4), strategy="svm"
    )
    prepared = prepare(recipe, QUIET, RunControl())
    outcome = run_transfer(recipe, QUIET, RunControl(), prepared=prepared)
    found = explore(prepared, QUIET, RunControl())
    assert found.codes[: len(found.train)].mean(axis=0) == pytest.approx(0, abs=1e-4)
    assert outcome.project is not None
    said = predictions_of(found, outcome.project)
    right = said[found.is_val] == found.labels[found.is_val]
    assert right.mean() == pytest.approx(outcome.finished.val_accuracy)
    assert (said[~found.is_val] == found.labels[~found.is_val]).mean() > 0.9  # it was fitted to these
    with pytest.raises(NetworkError, match="no linear classifier"):
        predictions_of(found, prepared.source)


@pytest.mark.slow
def test_ants_and_bees_have_neighbours_of_their_kind(test_data: Callable[[str], Path]) -> None:
    source = DataSource(kind="folder", folder=str(test_data("hymenoptera")))
    prepared = prepare(TransferRecipe(data=source), QUIET, RunControl())
    found = explore(prepared, QUIET, RunControl())
    same = [one.is_same for at in range(len(found)) for one in neighbours(found, at, 5)]
    assert np.mean(same) > 0.85
    made = map_codes(found, "tsne")
    assert separation(made.places, found.labels[made.rows]) > 0.85
    likeness = measure_likeness(source, QUIET, RunControl())
    assert likeness.level == "similar" and likeness.of_images == len(found.train)
