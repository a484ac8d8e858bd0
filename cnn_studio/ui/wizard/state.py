"""All answers and findings of the transfer wizard, in one place; knows no widget and starts no work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from cnn_studio.app.jobs import JobList
from cnn_studio.app.project import Project
from cnn_studio.app.session import Session
from cnn_studio.core.errors import StudioError
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.commands import SetTraining
from cnn_studio.graph.cutting import CutPoint, find_classifier, find_cut, list_cuts, shapes_of
from cnn_studio.graph.document import DocumentChange, NetworkDocument
from cnn_studio.graph.freeze_tree import FreezeNode, freeze_tree
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.transfer.recipe import TransferRecipe
from cnn_studio.ui.wizard.speed import MachineSpeed
from cnn_studio.ui.wizard.work import Work

if TYPE_CHECKING:
    from cnn_studio.app.coding import CodesReady
    from cnn_studio.app.comparing import Comparison
    from cnn_studio.app.sources import OpenedSource
    from cnn_studio.app.transferring import TransferOutcome
    from cnn_studio.datasets.report import ImportReport
    from cnn_studio.transfer.advisor import Advice, Answer
    from cnn_studio.transfer.likeness import Likeness
    from cnn_studio.ui.wizard.running import Kept


@dataclass(frozen=True, slots=True)
class Answers:
    """All that a run depends on.

    Attributes:
        recipe: with what is frozen as patterns.
        compares: whether several ways are compared.
        marks: how each layer trains, where that counts.
    """

    recipe: TransferRecipe
    compares: bool
    marks: tuple[tuple[int, bool, float, bool], ...]


@dataclass(frozen=True, slots=True)
class _Built:
    """What the network in the session was made of."""

    source: NetworkDocument
    cut: int
    head: object
    classes: tuple[str, ...]


class WizardState(QObject):
    """What the user answered so far, and what was found out.

    Attributes:
        changed: emitted after anything changed.
        outcome_changed: emitted after a run came to a result.
        jobs: all jobs of the program.
        work: the wizard's own, by page.
        speed: of this machine, once a page asked for it.
        recipe: the answers; replaced by `update`.
        compares: several ways are tried and compared, whatever the recipe's strategy is.
        has_data, has_source: whether the user chose images and a source.
        report: what the images are, once they were looked at.
        opened: the source, once it is open.
        session: the source up to the cut with the new head; what is frozen there counts.
        told: what the user says of how similar the images are.
        similarity, advice: what was measured, and what follows; None until then.
        outcome, comparison: of the last run.
        ran: what the last run was of, see `answers`.
        kept: source and images in memory, once they were read.
        codes: the CNN codes of the last linear classifier, with the layer behind which they were taken.
        trains_elsewhere: tells whether another run goes on in the program.
    """

    changed = Signal()
    outcome_changed = Signal()

    def __init__(
        self, jobs: JobList, recipe: TransferRecipe | None = None, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self.jobs = jobs
        self.work = Work(jobs, self)
        self.speed = MachineSpeed(self.work, self)
        self.recipe = recipe or TransferRecipe(strategy="svm")
        self.compares = False
        self.has_data = False
        self.has_source = False
        self.report: ImportReport | None = None
        self.opened: OpenedSource | None = None
        self.session = Session(Project(NetworkDocument()))
        self.told: Answer | None = None
        self.similarity: Likeness | None = None
        self.advice: Advice | None = None
        self.outcome: TransferOutcome | None = None
        self.comparison: Comparison | None = None
        self.ran: Answers | None = None
        self.kept: Kept | None = None
        self.codes: CodesReady | None = None
        self.trains_elsewhere: Callable[[], bool] = lambda: False
        self._built: _Built | None = None
        self._shapes: ShapeReport | None = None
        self.session.changed.connect(self._network_edited)

    # ----------------------------------------------------------------------------------------------------- answers

    def update(self, **changes: Any) -> None:
        """Change answers of the recipe.

        Raises:
            pydantic.ValidationError: an answer makes no sense.
        """
        recipe = TransferRecipe.model_validate({**dict(self.recipe), **changes})
        if recipe != self.recipe:
            self.recipe = recipe
            self.refresh()

    def set(self, **found: Any) -> None:
        """Set attributes of this state, and tell of it."""
        for name, value in found.items():
            if name not in self.__dict__:
                raise AttributeError(f"the wizard's state has no {name}")
            setattr(self, name, value)
        self.refresh()
        if "outcome" in found:
            self.outcome_changed.emit()

    def choose_data(self, source: DataSource) -> None:
        """Take other images; what was found out about those before goes."""
        if self.has_data and source == self.recipe.data:
            return
        self.has_data = True
        self.report = None
        self.similarity = self.advice = None
        self.recipe = self.recipe.model_copy(update={"data": source})
        self.refresh()

    def take_source(self, name: str, weights: Path | None, opened: OpenedSource) -> None:
        """Take a source that is open now; the cut goes back to the usual one where the network is another one."""
        is_other = name != self.recipe.source
        changes: dict[str, object] = {"source": name, "weights": str(weights or "")}
        if is_other:
            changes |= {"cut": "", "freeze": (), "unfreeze": ()}
            self._built = None
        self.recipe = self.recipe.model_copy(update=changes)
        self.opened, self.has_source = opened, True
        self._shapes = None
        self.similarity = self.advice = None
        self.refresh()

    def take_recipe(self, recipe: TransferRecipe) -> None:
        """Take all answers from a recipe; images and source must be read anew."""
        self.recipe = recipe
        self.report = self.opened = None
        self.similarity = self.advice = None
        self.has_data = self.has_source = True
        self._built = self._shapes = None
        self.refresh()

    # -------------------------------------------------------------------------------------------------- the network

    @property
    def classes(self) -> tuple[str, ...]:
        """The classes of the images, once these were looked at."""
        return self.report.classes if self.report is not None else ()

    @property
    def counts(self) -> Mapping[str, int]:
        """Training images of each class."""
        if self.report is None:
            return {}
        return dict(zip(self.report.classes, self.report.counts.get("train", ()), strict=False))

    @property
    def source_shapes(self) -> ShapeReport | None:
        """Shapes of the source's network; None until it is open."""
        if self._shapes is None and self.opened is not None:
            self._shapes = shapes_of(self.opened.project.document)
        return self._shapes

    def cuts(self) -> tuple[CutPoint, ...]:
        """Return where the source can be cut, from the image to the classifier."""
        shapes = self.source_shapes
        return list_cuts(shapes) if shapes is not None else ()

    def cut(self) -> CutPoint | None:
        """Return where the source is cut; None until it is open."""
        shapes = self.source_shapes
        return find_cut(shapes, self.recipe.cut) if shapes is not None else None

    @property
    def has_network(self) -> bool:
        """Whether the session holds the network of the present answers."""
        return self._built is not None and bool(self.session.document.layers)

    def refresh(self) -> None:
        """Bring the network in step with the answers, and tell of changes."""
        self._build()
        self.changed.emit()

    def _build(self) -> None:
        """Make the network with its new head anew if an answer calls for it; marks of layers that stay are kept."""
        if self.opened is None or len(self.classes) < 2:
            return
        from cnn_studio.app.transferring import frozen_as, with_new_head

        try:
            cut = self.cut()
        except StudioError:
            return  # the page of the cut says why
        if cut is None:
            return
        source = self.opened.project.document
        wanted = _Built(source, cut.id, self.recipe.head, self.classes)
        if wanted == self._built:
            return
        document = with_new_head(source, cut, self.classes, self.recipe.head)
        if self._built is not None and self._built.source is source:
            copy_marks(self.session.document, document)
        else:
            try:
                document = frozen_as(document, self.recipe)
            except StudioError:  # patterns of a recipe for another network
                document = frozen_as(document, self.recipe.model_copy(update={"freeze": (), "unfreeze": ()}))
        self._built = wanted
        settings = self.recipe.model_copy(update={"strategy": "finetune"}).training
        project = Project(document, self.recipe.data, settings, self.opened.project.weights)
        self.session.replace(project)

    def _network_edited(self, change: DocumentChange) -> None:
        if change.edited:
            self.changed.emit()

    @property
    def head_ids(self) -> tuple[int, ...]:
        """The layers with weights of the new head."""
        known = self.opened.project.document.layers if self.opened is not None else {}
        return tuple(i for i in self.session.document.layers if i not in known)

    def answers(self) -> Answers:
        """Return all that a run of now would depend on."""
        fine_tunes = self.recipe.strategy == "finetune" and not self.compares
        layers = self.session.document.layers.values() if fine_tunes else ()
        marks = tuple((one.id, one.trainable, one.lr_factor, one.keep_statistics) for one in layers)
        return Answers(self.final_recipe(), self.compares, marks)

    @property
    def training(self) -> TrainSettings:
        """The settings of training; computed as is fastest on this machine unless the user said otherwise."""
        if self.recipe.settings is not None:
            return self.recipe.training
        return self.recipe.training.model_copy(update={"speed": "auto"})

    def final_recipe(self) -> TransferRecipe:
        """Return the recipe with what is frozen in the network written down as patterns."""
        if not self.has_network or self.recipe.strategy != "finetune" or self.compares:
            return self.recipe.model_copy(update={"freeze": (), "unfreeze": (), "settings": self.training})
        freeze = tuple(frozen_paths(freeze_tree(self.session.report())))
        adapts = any(
            layer.type == "batch_norm" and layer.trainable and not layer.keep_statistics
            for layer in self.session.document.layers.values()
        )
        return self.recipe.model_copy(
            update={
                "freeze": freeze,
                "unfreeze": () if freeze else ("*",),
                "adapts_statistics": adapts,
                "settings": self.training,
            }
        )


def copy_marks(before: NetworkDocument, after: NetworkDocument) -> None:
    """Let layers of a network train as those with the same ids do in another one."""
    for layer_id, layer in before.layers.items():
        if layer_id in after.layers and after.layer(layer_id).path == layer.path:
            SetTraining(
                ids=(layer_id,),
                trainable=layer.trainable,
                lr_factor=layer.lr_factor,
                keep_statistics=layer.keep_statistics,
            ).apply(after)


def frozen_paths(node: FreezeNode) -> list[str]:
    """Return the fewest paths that name all that is frozen in a tree."""
    if node.state == "frozen" and node.path:
        return [node.path]
    return [path for child in node.children for path in frozen_paths(child)]


def classifier_path(state: WizardState) -> str:
    """Return the path of the old classifier of the source, which stays behind."""
    shapes = state.source_shapes
    return shapes.document.layer(find_classifier(shapes)).path if shapes is not None else ""
