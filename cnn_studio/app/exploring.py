"""Looking at CNN codes: where a data set's images lie in a plane, and which of them are nearest to one another.

Training and validation images alone; the test part is kept for the end.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, Literal

import numpy as np

from cnn_studio.app.coding import codes_of
from cnn_studio.app.jobs import Progress
from cnn_studio.app.project import Project
from cnn_studio.app.training import Report
from cnn_studio.app.transferring import Prepared
from cnn_studio.core.errors import DataError, NetworkError
from cnn_studio.datasets.order import seeded_order
from cnn_studio.datasets.records import ImagePart
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.settings import Speed
from cnn_studio.graph.cutting import Pooling

MapKind = Literal["pca", "tsne"]
Metric = Literal["cosine", "euclid"]

MAP_NAMES: dict[MapKind, str] = {"pca": "PCA", "tsne": "t-SNE"}

MOST_POINTS: dict[MapKind, int] = {"pca": 10_000, "tsne": 2_000}
"""Images on a map; t-SNE takes some ten seconds for so many on two cores, and PCA's plot stays quick."""

_FEWEST = 5
_BEFORE_TSNE = 50  # dimensions; more of them are mostly noise, and slow
_PERPLEXITY = 30.0
_STEPS = 1_000  # of t-SNE, as scikit-learn takes them
_CHECK_EVERY = 50
_LEAST_DEVIATION = 1e-6


@dataclass(frozen=True, slots=True)
class Exploration:
    """The codes of all training and validation images, in this order.

    Attributes:
        title: of the pre-trained network.
        cut: path of the layer behind which the codes were taken.
        classes: names, in the order of the labels.
        train, val: the images themselves.
        codes: float32 [N, D], standardised: each number has mean 0 and deviation 1 over the training images.
        labels: int64 [N].
        mean, deviation: float32 [D], by which the codes were standardised.
    """

    title: str
    cut: str
    classes: tuple[str, ...]
    train: ImagePart = field(repr=False)
    val: ImagePart = field(repr=False)
    codes: np.ndarray = field(repr=False)
    labels: np.ndarray = field(repr=False)
    mean: np.ndarray = field(repr=False)
    deviation: np.ndarray = field(repr=False)

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def is_val(self) -> np.ndarray:
        """Which images are validation images, bool [N]."""
        return np.arange(len(self)) >= len(self.train)

    def image(self, at: int) -> np.ndarray:
        """Return an image, uint8 [C, H, W]."""
        part, row = (self.train, at) if at < len(self.train) else (self.val, at - len(self.train))
        return np.asarray(part.images[row])

    def class_of(self, at: int) -> str:
        """Return the name of an image's class."""
        return self.classes[int(self.labels[at])]

    def name_of(self, at: int) -> str:
        """Return what an image is called."""
        if at < len(self.train):
            return f"training image {at + 1:,}"
        return f"validation image {at - len(self.train) + 1:,}"


@dataclass(frozen=True, slots=True)
class ExplorationReady:
    """The codes are there."""

    exploration: Exploration


@dataclass(frozen=True, slots=True)
class CodeMap:
    """Places of images in a plane.

    Attributes:
        kind: how they were found.
        rows: int64 [M], which images; those of an `Exploration`.
        places: float32 [M, 2].
        left_out: images that are not on the map.
        kept: share of the variance that the two axes keep; None for t-SNE, whose axes mean nothing.
        note: what to know of the map, in words.
    """

    kind: MapKind
    rows: np.ndarray = field(repr=False)
    places: np.ndarray = field(repr=False)
    left_out: int
    kept: tuple[float, float] | None
    note: str


@dataclass(frozen=True, slots=True)
class Neighbour:
    """An image near another one.

    Attributes:
        at: which image, of an `Exploration`.
        distance: cosine distance (0 the same direction, 1 none in common, 2 opposite), or Euclid's.
        is_same: it is of the same class.
    """

    at: int
    distance: float
    is_same: bool


def explore(
    prepared: Prepared,
    report: Report,
    control: RunControl,
    *,
    pooling: Pooling = "average",
    speed: Speed = "exact",
) -> Exploration:
    """Return the codes of a source's new images, standardised as the linear classifiers take them.

    `report` gets what `cnn_studio.app.coding.codes_of` says.

    Raises:
        NetworkError: the source gives no codes.
        DataError: there are too few images for a map.
        Cancelled: the control asked to stop.
    """
    data = prepared.data
    if len(data.train) + len(data.val) < _FEWEST:
        raise DataError(f"A map needs {_FEWEST} images or more, and there are fewer. Add some.")
    check = control.check
    codes = codes_of(prepared.source, data, prepared.cut, report, check, pooling=pooling, speed=speed)
    check()
    mean = codes.train.mean(axis=0, dtype=np.float64).astype(np.float32)
    deviation = codes.train.std(axis=0, dtype=np.float64).astype(np.float32)
    deviation[deviation < _LEAST_DEVIATION] = 1.0  # what never varies tells nothing apart
    standard = np.concatenate([codes.train, codes.val]).astype(np.float32, copy=False)
    standard -= mean
    standard /= deviation
    labels = np.concatenate([data.train.labels, data.val.labels]).astype(np.int64, copy=False)
    return Exploration(
        prepared.title,
        prepared.cut.path,
        data.classes,
        data.train,
        data.val,
        standard,
        labels,
        mean,
        deviation,
    )


# ----------------------------------------------------------------------------------------------------------------- maps


def map_codes(
    exploration: Exploration,
    kind: MapKind,
    *,
    seed: int = 0,
    most: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
    check: Callable[[], None] = lambda: None,
) -> CodeMap:
    """Return where the images lie in a plane.

    PCA keeps what varies most and can be read along its axes. t-SNE keeps who is near whom; how far groups lie from each
    other, and how large they are, means nothing there.

    Args:
        exploration: the codes.
        kind: which map.
        seed: of the choice of images and of the methods; the same seed gives the same map.
        most: images on the map, `MOST_POINTS` if None.
        progress: called with the steps done and all steps.
        check: called between steps; may raise to stop.
    """
    most = MOST_POINTS[kind] if most is None else max(most, _FEWEST)
    rows = np.sort(seeded_order(len(exploration), seed)[:most])
    codes = exploration.codes if len(rows) == len(exploration) else exploration.codes[rows]
    left_out = len(exploration) - len(rows)
    check()
    if (codes == codes[0]).all():  # nothing varies, and there is no direction in which to look
        note = _with_left_out("All codes are the same, so all images lie on one place.", left_out, len(rows))
        return CodeMap(kind, rows, np.zeros((len(rows), 2), np.float32), left_out, None, note)
    if kind == "pca":
        places, shares = _pca(codes, 2, seed)
        kept = float(shares[0]), float(shares[1])
        note = f"These two directions hold {100 * sum(kept):.0f} % of what varies in the codes."
        progress(1, 1)
        return CodeMap(kind, rows, places, left_out, kept, _with_left_out(note, left_out, len(rows)))
    few, _ = _pca(codes, _BEFORE_TSNE, seed)
    check()
    places = _tsne(few, seed, progress, check)
    note = "Near images have similar codes; how far apart groups lie and how large they are means nothing."
    return CodeMap(kind, rows, places, left_out, None, _with_left_out(note, left_out, len(rows)))


def _with_left_out(note: str, left_out: int, count: int) -> str:
    if not left_out:
        return note
    return f"{note} {count:,} images, drawn at random, are shown; {left_out:,} are left out."


def _pca(codes: np.ndarray, dimensions: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return places [M, d] and the share of the variance of each dimension, d as many as there can be."""
    from sklearn.decomposition import PCA

    model = PCA(n_components=min(dimensions, *codes.shape), svd_solver="randomized", random_state=seed)
    places = model.fit_transform(codes).astype(np.float32)
    shares = model.explained_variance_ratio_
    if places.shape[1] < 2:  # a code of one number
        places, shares = np.pad(places, ((0, 0), (0, 1))), np.pad(shares, (0, 1))
    return places, shares


def _tsne(
    codes: np.ndarray, seed: int, progress: Callable[[int, int], None], check: Callable[[], None]
) -> np.ndarray:
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # scikit-learn's own, without types

    model = TSNE(
        n_components=2,
        perplexity=min(_PERPLEXITY, (len(codes) - 1) / 3),
        init="pca",
        learning_rate="auto",
        random_state=seed,
    )
    # OpenMP's threads wait for each other in every step by spinning: with one core busy elsewhere, 400 images take 34 s on
    # two threads and 1.5 s on one, and 2,000 images 46 s and 8.5 s
    with threadpool_limits(1, user_api="openmp"), _heard(progress, check):
        places = model.fit_transform(codes)
    check()
    progress(_STEPS, _STEPS)
    found: np.ndarray = places.astype(np.float32)
    return found


@contextmanager
def _heard(progress: Callable[[int, int], None], check: Callable[[], None]) -> Iterator[None]:
    """Let scikit-learn's t-SNE be stopped, and count its steps, inside the block.

    It has neither a callback nor a way to end it. Python tells a profiler of each call in this thread, and what the
    profiler raises ends the call. The steps are calls of functions whose names begin with ``_kl_divergence``; under other
    names they would not be counted, but could still be stopped.
    """
    calls = steps = 0

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal calls, steps
        del argument
        if event != "call":
            return
        calls += 1
        if (
            not steps and calls % _CHECK_EVERY == 0
        ):  # afterwards at steps alone, which nothing catches errors of
            check()
        if frame.f_code.co_name.startswith("_kl_divergence"):
            steps += 1
            check()
            if steps % 10 == 0:
                progress(min(steps, _STEPS), _STEPS)

    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        yield
    finally:
        sys.setprofile(before)


def make_map(
    exploration: Exploration, kind: MapKind, report: Report, control: RunControl, *, seed: int = 0
) -> CodeMap:
    """Return a map, telling `report` of `Progress`.

    Raises:
        Cancelled: the control asked to stop.
    """
    return map_codes(
        exploration,
        kind,
        seed=seed,
        progress=lambda done, total: report(Progress(f"Computing the {MAP_NAMES[kind]} map", done, total)),
        check=control.check,
    )


# ----------------------------------------------------------------------------------------------------------- neighbours


def neighbours(
    exploration: Exploration, at: int, count: int = 12, metric: Metric = "cosine"
) -> tuple[Neighbour, ...]:
    """Return the images whose codes are nearest to that of one image, the nearest first; the image itself is none.

    Raises:
        IndexError: there is no such image.
    """
    if not 0 <= at < len(exploration):
        raise IndexError(f"there is no image {at}")
    codes = exploration.codes
    own = codes[at]
    if metric == "cosine":
        norms = np.sqrt(np.einsum("ij,ij->i", codes, codes))
        distances = 1 - codes @ own / np.maximum(norms * norms[at], 1e-12)
        distances = np.clip(distances, 0, 2)
    else:
        squares = np.einsum("ij,ij->i", codes, codes)
        distances = np.sqrt(np.maximum(squares + squares[at] - 2 * (codes @ own), 0))
    distances[at] = np.inf
    count = min(count, len(codes) - 1)
    # a partition first: sorting all of them for a dozen takes longer than the distances
    nearest = np.argpartition(distances, count - 1)[:count]
    nearest = nearest[np.lexsort((nearest, distances[nearest]))]
    return tuple(
        Neighbour(int(i), float(distances[i]), bool(exploration.labels[i] == exploration.labels[at]))
        for i in nearest
    )


def predictions_of(exploration: Exploration, project: Project) -> np.ndarray:
    """Return the classes that a linear classifier on these codes says, int64 [N].

    Args:
        exploration: the codes.
        project: the outcome of a transfer by a linear classifier at the same cut.

    Raises:
        NetworkError: the project ends in no linear layer for these codes.
    """
    document = project.document
    output = document.info.output
    state = project.weights.to_state(document)
    path = document.layer(output).path if output is not None else ""
    weight, bias = state.get(f"{path}.weight"), state.get(f"{path}.bias")
    wanted = (len(exploration.classes), exploration.codes.shape[1])
    if weight is None or bias is None or tuple(weight.shape) != wanted:
        raise NetworkError(
            "This network has no linear classifier on these codes. Compute the codes at its own cut."
        )
    # the standardisation is folded into the weights that the classifier has: it is taken out again here
    scores = exploration.codes @ (weight * exploration.deviation).T + (weight @ exploration.mean + bias)
    found: np.ndarray = scores.argmax(axis=1).astype(np.int64)
    return found
