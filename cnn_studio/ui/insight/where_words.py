"""What is said about heat maps: sentences and the ends of the scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np

    from cnn_studio.insight.maps import LookInside
    from cnn_studio.insight.occlusion import Occlusion
    from cnn_studio.insight.where import GradCam

NO_IMAGE = "Open an image to see where the network looked."
ABOUT_LAYERS = (
    "Early layers see edges everywhere and in detail; late ones see objects, in coarse cells. The layer chosen at first is "
    "the last one with cells fine enough to tell places apart."
)
ABOUT_COVERING = (
    "A grey patch covers one place after the other. Where the score falls, the network needed what it covers."
)
NOT_COVERED = "Nothing is covered yet. Press “Cover the image”."

COVERING = "One place after the other is covered."


class HeatWords(NamedTuple):
    """What stands beside a heat map: the sentence, and title and ends of its scale."""

    sentence: str
    title: str
    low: str
    high: str


def words_of_cam(network: LookInside, cam: GradCam) -> HeatWords:
    """Return what is said about Grad-CAM's answer."""
    label, path = network.class_name(cam.class_index), network.document.layer(cam.layer_id).path
    if cam.is_empty:
        said = f"Nothing in these maps speaks for this class. Look at {label} in another layer."
    else:
        what = "score before softmax" if network.document.info.scores == "logits" else "margin"
        said = f"Brightest: what speaks for {label} in {path}. Its {what} is {cam.score:.2f}."
    return HeatWords(said, "Speaks for it", "nothing", "most")


def words_of_occlusion(network: LookInside, found: Occlusion) -> HeatWords:
    """Return what is said about what covering showed."""
    from cnn_studio.engine.predict import Guess

    label, scores = network.class_name(found.class_index), network.document.info.scores
    most = max(0.0, float(found.heat.max()))
    is_share = scores == "logits"
    high = f"{100 * most:.1f} points" if is_share else f"{most:.2f}"
    if most <= 0:
        said = f"Covering any place does not lower the score of {label}: no single place is needed for it."
    else:
        before, after = (
            Guess(found.class_index, label, score, scores).text
            for score in (found.score, float(found.scores.min()))
        )
        said = f"Covering the place that counts most takes {label} from {before} to {after}."
    said += f" Patch {found.patch[0]} × {found.patch[1]}, {found.scores.size:,} places."
    return HeatWords(said, "Covering it lowers the score by", "0", high)


def heat_of_occlusion(found: Occlusion) -> np.ndarray:
    """Return heat from 0 to 1, float32 [H, W]; 0 where covering helps or changes nothing."""
    import numpy as np

    heat: np.ndarray = np.clip(found.heat, 0, None)
    top = float(heat.max())
    return heat / top if top > 0 else heat


def num_places(size: tuple[int, int], patch: int, stride: int) -> int:
    """Return how many places a patch takes on an image; the last ones touch its edges."""
    rows, columns = (-(-(side - patch) // stride) + 1 for side in size)
    return rows * columns
