"""How the images are divided: shares of validation and test, and the seed that chooses them."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSpinBox, QWidget
from typing_extensions import override

from cnn_studio.datasets.records import MAX_HELD_OUT, DataSource
from cnn_studio.ui import theme

_MOST = round(100 * MAX_HELD_OUT)
_WIDTH = 76
_GIVEN, _NONE = "given", "none"
_MAX_SEED = 2**31 - 1


class _Number(QSpinBox):
    """A number that is told when it is finished, and that leaves the wheel to the panel unless it has the focus."""

    def __init__(self, low: int, high: int, suffix: str, tip: str, name: str) -> None:
        super().__init__()
        self.setRange(low, high)
        self.setSuffix(suffix)
        self.setKeyboardTracking(False)
        self.setToolTip(tip)
        self.setAccessibleName(name)
        self.setAccessibleDescription(tip)

    @override
    def minimumSizeHint(self) -> QSize:
        # the longest seed must not decide how wide the panel is
        return QSize(theme.px(_WIDTH), super().minimumSizeHint().height())

    @override
    def sizeHint(self) -> QSize:
        return self.minimumSizeHint()

    @override
    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class SplitForm(QWidget):
    """Three numbers; those that the source decides itself are shown as given.

    Attributes:
        changed: emitted with the `DataSource` of the new split.
    """

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._source = DataSource()
        self._given: tuple[str, ...] = ()
        self.val = _Number(
            1,
            _MOST,
            " %",
            "Share of the images that is kept from training to measure the network after each epoch. Every class gives "
            "its share; at most 10,000 images in all.",
            "Share of validation",
        )
        self.test = _Number(
            0,
            _MOST,
            " %",
            "Share of the images that no run trains or chooses by, for one honest measurement at the very end. 0 keeps "
            "nothing apart.",
            "Share of the test part",
        )
        self.seed = _Number(
            0,
            _MAX_SEED,
            "",
            "Which images are drawn. The same seed gives the same parts in every run, so that runs can be compared.",
            "Seed of the split",
        )
        self._note = QLabel()
        self._note.setWordWrap(True)
        theme.set_role(self._note, "small")
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme.px(theme.current().space.s))
        grid.setVerticalSpacing(theme.px(2))
        for column, (title, field) in enumerate(
            (("Validation", self.val), ("Test", self.test), ("Seed", self.seed))
        ):
            label = QLabel(title)
            label.setBuddy(field)
            label.setToolTip(field.toolTip())
            theme.set_role(label, "small")
            grid.addWidget(label, 0, column)
            grid.addWidget(field, 1, column)
            grid.setColumnStretch(column, 1)
            field.valueChanged.connect(self._edited)
        grid.addWidget(self._note, 2, 0, 1, 3)
        self.show_source(self._source, ())

    @property
    def note(self) -> str:
        """What is said of parts that the source gives itself."""
        return self._note.text()

    def show_source(self, source: DataSource, given: tuple[str, ...]) -> None:
        """Show how a source is divided.

        Args:
            source: with its shares and seed.
            given: the parts that it gives itself, as in `ImageData.given`.
        """
        self._source, self._given = source, given
        for field, number, least in (
            (self.val, round(100 * source.val_fraction), 1),
            (self.test, round(100 * source.test_fraction), 0),
            (self.seed, source.split_seed, 0),
        ):
            is_given = bool(given) if field is self.test else "val" in given
            field.blockSignals(True)
            field.setMinimum(0 if is_given else least)
            field.setSpecialValueText(
                _NONE if field is self.test and "test" not in given else _GIVEN if is_given else ""
            )
            field.setValue(0 if is_given else number)
            field.setEnabled(not is_given)
            field.blockSignals(False)
        names = {"val": "validation", "test": "test"}
        parts = " and ".join(names[part] for part in given)
        self._note.setText(
            f"This source brings its own {parts} part{'s' if len(given) > 1 else ''}." if given else ""
        )
        self._note.setVisible(bool(given))

    @Slot()
    def _edited(self) -> None:
        val = self.val.value() if self.val.isEnabled() else round(100 * self._source.val_fraction)
        test = self.test.value() if self.test.isEnabled() else round(100 * self._source.test_fraction)
        if val + test > _MOST:  # the one that was not touched gives way
            if self.sender() is self.val:
                test = _MOST - val
            else:
                val = _MOST - test
        shares = {"val_fraction": val / 100, "test_fraction": test / 100, "split_seed": self.seed.value()}
        if not self.seed.isEnabled():
            del shares["split_seed"]
        # a share that shows as before stays what it is to its last digit
        for key, shown in (("val_fraction", val), ("test_fraction", test)):
            if round(100 * getattr(self._source, key)) == shown:
                del shares[key]
        source = self._source.model_copy(update=shares)
        if source != self._source:
            self.show_source(source, self._given)
            self.changed.emit(source)
