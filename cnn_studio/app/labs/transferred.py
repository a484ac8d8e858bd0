"""What the laboratories on transfer share: a network that knows photographs, networks that begin anew, few images and many.

The embedded digits are far from photographs and small; images of one's own are read in the size that the network learnt on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from cnn_studio.app.labs.lab import Draw, Setup
from cnn_studio.app.labs.networks import NUM_DIGITS, add_stages, classifying, image_of
from cnn_studio.app.project import Project
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.cutting import LINEAR, find_cut, shapes_of
from cnn_studio.transfer.card import ALWAYS_HERE
from cnn_studio.transfer.recipe import TransferRecipe

if TYPE_CHECKING:
    from cnn_studio.app.labs.lab import ArmResult
    from cnn_studio.datasets.records import ImageData, ImagePart

FEW, SOME, ALL = 4, 20, 1_500
"""Training images per class of the small sets; and the most of all classes together, so that a run takes minutes."""
_MOST_VALIDATION = 600
_HELD_OUT = 0.5  # of the digits
_SMALL_SIDE, _PHOTO_SIDE = 16, 64

IMAGES_HINT = (
    "The network knows photographs, so photographs of your own show what digits cannot: choose a folder with one folder of "
    f"images per class. At most {ALL:,} of them are learnt from."
)


def is_on_digits(setup: Setup) -> bool:
    """Whether the images are the embedded digits."""
    return setup.data.kind == "digits"


def pretrained(setup: Setup, *, side: int) -> Project:
    """Return the network that knows photographs, to be transferred.

    Args:
        setup: what the user decided.
        side: of the digits in pixels; images of one's own are as large as those that it learnt on.
    """
    from cnn_studio.app.sources import open_source

    project = open_source(ALWAYS_HERE).project
    document, data = project.document.copy(), setup.data
    if is_on_digits(setup):
        entry = next(layer.id for layer in document.layers.values() if layer.type == "input")
        SetParams(id=entry, changes={"height": side, "width": side}).apply(document)
        data = data.model_copy(update={"val_fraction": _HELD_OUT, "split_seed": setup.seed})
    settings = project.settings.model_copy(update={"seed": setup.seed})
    return replace(project, document=document, data=data, settings=settings)


def codes_at(setup: Setup, *, cut: str) -> TransferRecipe:
    """Return how the codes behind a layer are told apart: by a linear classifier."""
    usual = TransferRecipe(cut=cut, strategy="softmax")
    settings = usual.training.model_copy(update={"seed": setup.seed})
    return usual.model_copy(update={"settings": settings, "data": setup.data})


def same_layers_anew(setup: Setup, *, side: int, cut: str, batch_size: int, epochs: int) -> Project:
    """Return the layers of the network up to a cut, to be trained from new weights, with a linear classifier behind."""
    from cnn_studio.app.transferring import with_new_head
    from cnn_studio.app.weights import WeightSet

    source = pretrained(setup, side=side)
    place = find_cut(shapes_of(source.document), cut)
    classes = tuple(str(digit) for digit in range(NUM_DIGITS))
    document = with_new_head(source.document, place, classes, LINEAR)
    settings = source.settings.model_copy(
        update={
            "optimizer": "adamw",
            "learning_rate": 0.003,
            "weight_decay": 0.01,
            "schedule": "one-cycle",
            "batch_size": batch_size,
            "epochs": epochs,
            "start": "new",
        }
    )
    return replace(source, document=document, settings=settings, weights=WeightSet())


def small_network(setup: Setup, *, batch_size: int, epochs: int) -> Project:
    """Return a small network of the usual kind, to be trained from new weights."""
    on_digits = is_on_digits(setup)
    net = image_of(_SMALL_SIDE) if on_digits else image_of(_PHOTO_SIDE, channels=3)
    filters = (16, 32, 64) if on_digits else (16, 32, 64, 64)
    varied = Augmentation() if on_digits else Augmentation(horizontal_flip=True, shift=0.1, scale=0.1)
    return classifying(
        add_stages(net, *filters, is_normed=True, ends_in_mean=True),
        setup,
        held_out=_HELD_OUT if on_digits else None,
        optimizer="adam",
        learning_rate=0.003,
        batch_size=batch_size,
        epochs=epochs,
        schedule="cosine",
        augmentation=varied,
    )


def drawing(per_class: int | None) -> Draw:
    """Return what takes as many training images of each class, or as many as there are; all arms get the same ones."""
    return partial(_draw, per_class=per_class)


def _draw(data: ImageData, setup: Setup, *, per_class: int | None) -> ImageData:
    from cnn_studio.datasets.measure import mean_and_std

    num_classes = len(data.classes)
    train = _first(data.train, per_class or max(SOME, ALL // num_classes), (setup.seed, 0))
    val = _first(data.val, max(1, _MOST_VALIDATION // num_classes), (setup.seed, 1))
    mean, std = mean_and_std(train.images)
    return replace(data, train=train, val=val, test=None, mean=mean, std=std)


def _first(part: ImagePart, per_class: int, key: tuple[int, ...]) -> ImagePart:
    """Return the first images of each class in an order of its own; fewer of a class are among more of it."""
    import numpy as np

    from cnn_studio.datasets.order import seeded_order
    from cnn_studio.datasets.records import ImagePart

    chosen = []
    for label in np.unique(part.labels):
        rows = np.flatnonzero(part.labels == label)
        chosen.append(rows[seeded_order(len(rows), *key, int(label))][:per_class])
    rows = np.sort(np.concatenate(chosen))
    return ImagePart(np.asarray(part.images[rows]), part.labels[rows])


def figures(results: Sequence[ArmResult]) -> dict[str, dict[str, float]]:
    """Return what tables show of arms that all came to a result."""
    return {
        one.name: {
            "validation accuracy": one.val_accuracy or 0.0,
            "training images": float(one.num_train),
            "parameters that learn": float(one.num_params),
        }
        for one in results
    }


def lead_of(one: ArmResult, other: ArmResult) -> float:
    """Return by how many points one arm is ahead of another."""
    return 100 * ((one.val_accuracy or 0.0) - (other.val_accuracy or 0.0))
