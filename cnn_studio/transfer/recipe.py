"""All answers to what, when and how to transfer, as one value: what the wizard fills in and the command line reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cnn_studio.core.errors import FileFormatError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.cutting import Head
from cnn_studio.graph.records import explain
from cnn_studio.transfer.card import ALWAYS_HERE

Strategy = Literal["svm", "softmax", "finetune", "gradual", "scratch"]

STRATEGIES: dict[Strategy, str] = {
    "svm": "CNN codes + linear SVM",
    "softmax": "CNN codes + softmax",
    "finetune": "Fine-tuning",
    "gradual": "Gradual unfreezing",
    "scratch": "From scratch",
}
"""The strategies in words."""

FINE_TUNING = TrainSettings(
    optimizer="adamw",
    learning_rate=0.001,
    weight_decay=0.01,
    batch_size=32,
    epochs=8,
    schedule="cosine",
    warmup_epochs=1.0,
    start="trained",
)
"""Settings for going on from pre-trained weights: small steps, and a head that is warmed up before they grow."""

FROM_SCRATCH = FINE_TUNING.model_copy(update={"start": "new"})


class TransferRecipe(BaseModel):
    """What to transfer, to which images, and how.

    Attributes:
        source: name of the pre-trained network, such as ``efficientnet_lite0`` or ``torchvision:resnet18``.
        weights: a file with its weights, instead of the published ones; empty for those.
        data: the new images.
        strategy: ``svm`` and ``softmax`` fit a linear classifier on CNN codes; ``finetune`` goes on training the network;
            ``gradual`` does so from the head backwards; ``scratch`` trains it with new weights, for comparison.
        cut: path of the layer or block behind which the code is taken; empty for the code before the classifier.
        head: what is put there.
        freeze, unfreeze: patterns of paths, in this order, that do not learn, or do; without any, fine-tuning trains the
            last stage and the head.
        adapts_statistics: batch norms that learn also adapt their running statistics; otherwise they keep them.
        rate_decay: in fine-tuning each stage before the head learns at this share of the rate of the one behind it: early
            layers are generic, and large steps would spoil what they know. 1 for the same rate everywhere.
        balanced: rare classes count as much as common ones.
        stages: steps of ``gradual``, the head's own included.
        settings: of training; None for the usual ones.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    source: str = Field(ALWAYS_HERE, min_length=1, max_length=500)
    weights: str = ""
    data: DataSource = Field(default_factory=DataSource)
    strategy: Strategy = "softmax"
    cut: str = ""
    head: Head = Field(default_factory=Head)
    freeze: tuple[str, ...] = ()
    unfreeze: tuple[str, ...] = ()
    adapts_statistics: bool = False
    rate_decay: float = Field(0.5, gt=0, le=1)
    balanced: bool = False
    stages: int = Field(3, ge=2, le=20)
    settings: TrainSettings | None = None

    @property
    def training(self) -> TrainSettings:
        """The settings that a run of this recipe takes; where it starts from is the strategy's matter."""
        usual = FROM_SCRATCH if self.strategy == "scratch" else FINE_TUNING
        found = self.settings or usual
        update: dict[str, object] = {"start": usual.start}
        if self.balanced:
            update["class_weights"] = "balanced"
        return found.model_copy(update=update)


def save_recipe(recipe: TransferRecipe, path: Path) -> None:
    """Write a recipe as JSON, with all of its answers.

    Raises:
        OSError: the file cannot be written.
    """
    path.write_text(recipe.model_dump_json(indent=1) + "\n", "utf-8")


def load_recipe(path: Path) -> TransferRecipe:
    """Read a recipe; answers that are left out are the usual ones.

    Raises:
        FileFormatError: it cannot be read, or an answer makes no sense.
    """
    try:
        record = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise FileFormatError(f"{path} cannot be opened: {error.strerror or error}.") from None
    except ValueError as error:
        raise FileFormatError(f"{path} is no recipe: {error}. A recipe is a JSON object.") from None
    try:
        return TransferRecipe.model_validate(record)
    except ValidationError as error:
        raise FileFormatError(f"{path} is no recipe that can be used: {explain(error)}.") from None
