"""Windows beside a run: finders of rate and batch size, augmentation, what is frozen, trying an image, transfer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QWidget

from cnn_studio.app.importing import OpenedNetwork
from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.app.session import Session
from cnn_studio.ui.training_controller import TrainingController
from cnn_studio.ui.widgets.windows import bring_forward, in_dialog

if TYPE_CHECKING:
    from cnn_studio.datasets.records import ImageData
    from cnn_studio.ui.batch_dialog import BatchDialog
    from cnn_studio.ui.labs.window import LabWindow
    from cnn_studio.ui.panels.augment_panel import AugmentPanel
    from cnn_studio.ui.panels.freeze_tree import FreezeTree
    from cnn_studio.ui.rate_dialog import RateDialog
    from cnn_studio.ui.try_dialog import TryDialog
    from cnn_studio.ui.wizard.window import TransferWizard


_HIGHEST_RATE = 10.0  # that the settings allow


def _unknown() -> float | None:
    return None


class RunTools(QObject):
    """Opens them, one of each.

    Attributes:
        message: something the user should know.
        settings_changed: the training settings of the session were changed here.
        layer_selected, block_selected: with a layer's id or a block's path that was chosen among what can be frozen.
        project_made: with the `OpenedNetwork` that a transfer made and that is to be opened.
        runs_changed: a transfer or an experiment kept a run.
        runs_requested: with the numbers of runs that are to be compared.
        wizard: the transfer wizard, once it was opened.
        labs: the laboratories, once they were opened.
        freezing: the tree of what is frozen, once it was opened.
        epoch_seconds: tells what an epoch of the network as it is now takes, or None.
    """

    message = Signal(str)
    settings_changed = Signal()
    layer_selected = Signal(int)
    block_selected = Signal(str)
    project_made = Signal(object)
    runs_changed = Signal()
    runs_requested = Signal(list)

    def __init__(
        self, session: Session, training: TrainingController, store: RunStore, window: QWidget
    ) -> None:
        super().__init__(window)
        self._session = session
        self._training = training
        self._store = store
        self._window = window
        self.augmentation: AugmentPanel | None = None
        self.freezing: FreezeTree | None = None
        self.epoch_seconds: Callable[[], float | None] = _unknown
        self.rates: RateDialog | None = None
        self.batches: BatchDialog | None = None
        self.trial: TryDialog | None = None
        self.wizard: TransferWizard | None = None
        self.labs: LabWindow | None = None
        training.data_loaded.connect(self._show_images)
        session.settings_changed.connect(self._follow)

    # ------------------------------------------------------------------------------------------------------- rates

    @Slot()
    def find_rate(self) -> None:
        """Begin a test of learning rates; the images must be there, and no run may go on."""
        data = self._images_for("a test of learning rates", "find a rate")
        if data is None:
            return
        from cnn_studio.ui.rate_dialog import RateDialog

        self.rates = RateDialog(self._session.snapshot(), data, self._training.start_test, self._window)
        self.rates.chosen.connect(self._take_rate)
        self.rates.finished.connect(self._forget_rates)
        self.rates.show()

    def _images_for(self, test: str, then: str) -> ImageData | None:
        """Return the images for a test that computes as a run does, or None, and say why; an earlier test ends."""
        if self._training.is_training:
            self.message.emit(
                f"A run goes on, and {test} beside it would disturb both. Stop the run or wait for its end, then {then}."
            )
            return None
        data = self._training.data
        if data is None:
            self.message.emit(
                "The images are not loaded yet. They are being read now; try again when they are there."
            )
            self._training.load()
            return None
        for dialog in (self.rates, self.batches):
            if dialog is not None:
                dialog.close()
        return data

    @Slot()
    def _forget_rates(self) -> None:
        self.rates = None  # it deletes itself, and its images with it

    @Slot(float)
    def _take_rate(self, rate: float) -> None:
        self._session.set_settings(self._session.settings.model_copy(update={"learning_rate": rate}))
        self.settings_changed.emit()

    # ----------------------------------------------------------------------------------------------------- batches

    @Slot()
    def find_batch(self) -> None:
        """Begin a search for the largest batch that fits; the images must be there, and no run may go on."""
        data = self._images_for("a test of batch sizes", "find a batch size")
        if data is None:
            return
        from cnn_studio.ui.batch_dialog import BatchDialog

        self.batches = BatchDialog(self._session.snapshot(), data, self._training.start_test, self._window)
        self.batches.chosen.connect(self._take_batch)
        self.batches.finished.connect(self._forget_batches)
        self.batches.show()

    @Slot()
    def _forget_batches(self) -> None:
        self.batches = None  # it deletes itself, and its images with it

    @Slot(int, bool)
    def _take_batch(self, size: int, scales_rate: bool) -> None:
        settings = self._session.settings
        changes: dict[str, object] = {"batch_size": size}
        if scales_rate:
            rate = min(settings.learning_rate * size / settings.batch_size, _HIGHEST_RATE)
            changes["learning_rate"] = float(f"{rate:.3g}")
        self._session.set_settings(settings.model_copy(update=changes))
        self.settings_changed.emit()

    # ---------------------------------------------------------------------------------------------------- freezing

    @Slot()
    def freeze_layers(self) -> None:
        """Show which layers learn, and which keep their weights."""
        if self.freezing is None:
            self.freezing = self._make_freezing()
        self.freezing.set_epoch_estimate(self.epoch_seconds)  # images may have come since
        bring_forward(self.freezing.window())

    def _make_freezing(self) -> FreezeTree:
        from cnn_studio.ui.panels.freeze_tree import FreezeTree

        tree = FreezeTree(self._session)
        in_dialog(tree, "Freeze layers", 860, 640, self._window)
        tree.message.connect(self.message)
        tree.layer_selected.connect(self.layer_selected)
        tree.block_selected.connect(self.block_selected)
        return tree

    # ------------------------------------------------------------------------------------------------ augmentation

    @Slot()
    def augment(self) -> None:
        """Show the augmentation with a preview."""
        if self.augmentation is None:
            self.augmentation = self._make_augmentation()
        self._follow()
        self._show_images(self._training.data)
        bring_forward(self.augmentation.window())

    def _make_augmentation(self) -> AugmentPanel:
        from cnn_studio.ui.panels.augment_panel import AugmentPanel

        panel = AugmentPanel()
        in_dialog(panel, "Augmentation", 980, 520, self._window)
        panel.changed.connect(self._augmented)
        return panel

    @Slot()
    def _augmented(self) -> None:
        if self.augmentation is None:
            return
        chosen = self.augmentation.augmentation()
        if chosen != self._session.settings.augmentation:
            self._session.set_settings(self._session.settings.model_copy(update={"augmentation": chosen}))
            self.settings_changed.emit()

    @Slot()
    def _follow(self) -> None:
        if self.augmentation is not None:
            self.augmentation.set_augmentation(self._session.settings.augmentation)

    @Slot(object)
    def _show_images(self, data: object) -> None:
        if self.augmentation is None:
            return
        train = getattr(data, "train", None)
        if train is None:
            self.augmentation.set_images(None)
        else:
            self.augmentation.set_images(train.images, train.labels, getattr(data, "classes", ()))

    # ---------------------------------------------------------------------------------------------------- trying it

    @Slot()
    def try_image(self) -> None:
        """Open the window in which an image can be tried."""
        if self.trial is None:
            from cnn_studio.ui.try_dialog import TryDialog

            self.trial = TryDialog(self._training.to_try, self._training.jobs, self._window)
        bring_forward(self.trial)

    # ----------------------------------------------------------------------------------------------------- transfer

    @Slot()
    def transfer(self) -> None:
        """Open the transfer wizard with the answers of before."""
        if self.wizard is None:
            self.wizard = self._make_wizard()
        bring_forward(self.wizard)

    def _make_wizard(self) -> TransferWizard:
        from cnn_studio.ui.wizard.state import WizardState
        from cnn_studio.ui.wizard.window import TransferWizard

        state = WizardState(self._training.jobs)
        state.trains_elsewhere = lambda: self._training.is_training
        wizard = TransferWizard(state, self._window)
        wizard.open_requested.connect(self._open_result)
        state.outcome_changed.connect(self.runs_changed)
        return wizard

    @Slot(object)
    def _open_result(self, project: Project) -> None:
        if self.wizard is not None:
            self.wizard.close()
        self.project_made.emit(OpenedNetwork(project, ()))

    # ------------------------------------------------------------------------------------------------- laboratories

    @Slot()
    def laboratories(self) -> None:
        """Open the prepared experiments."""
        if self.labs is None:
            from cnn_studio.ui.labs.window import LabWindow

            training = self._training
            self.labs = LabWindow(
                training.jobs,
                self._store,
                lambda: training.is_training,
                lambda: self._session.data,
                self._window,
            )
            self.labs.runs_changed.connect(self.runs_changed)
            self.labs.runs_requested.connect(self.runs_requested)
        bring_forward(self.labs)
