"""A form made from a settings record: every field of the record, checked as it is typed."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QToolButton, QVBoxLayout, QWidget

from cnn_studio.core.errors import ParameterError
from cnn_studio.ui import theme
from cnn_studio.ui.widgets.fields import Field, make_field
from cnn_studio.ui.widgets.flow_grid import FlowGrid

_COLUMN = 132


class SettingsForm(QWidget):
    """The fields of a record: the basic ones in view, the others under "More".

    Records inside the record are shown elsewhere; they come back as they went in.

    Attributes:
        changed: emitted after every edit, right or wrong.
    """

    changed = Signal()

    def __init__(self, record: BaseModel, basic: Sequence[str], parent: QWidget | None = None) -> None:
        """Make the form.

        Args:
            record: its type says which fields there are; its values are shown.
            basic: names of the fields in view, in order.
            parent: the widget it belongs to.
        """
        super().__init__(parent)
        self._record = record
        self._silent = False
        self._fields: dict[str, Field] = {}
        for name, info in type(record).model_fields.items():
            if isinstance(getattr(record, name), BaseModel):
                continue  # a record of its own has a form of its own
            field = make_field(name, info, self)
            field.changed.connect(self._edited)
            self._fields[name] = field
        self._basic = FlowGrid(_COLUMN, self)
        self._basic.set_items([self._fields[name] for name in basic])
        self._more = FlowGrid(_COLUMN, self)
        self._more_fields = [field for name, field in self._fields.items() if name not in basic]
        self._more.set_items(self._more_fields)
        self._fold = QToolButton(self)
        self._fold.setText("More")
        self._fold.setCheckable(True)
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setToolTip("Show the settings that seldom need a change")
        theme.set_role(self._fold, "fold")
        self._fold.toggled.connect(self._folded)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, theme.px(theme.current().space.s), 0)  # room for the scroll bar
        layout.setSpacing(theme.px(4))
        layout.addWidget(self._basic)
        layout.addWidget(self._fold)
        layout.addWidget(self._more)
        layout.addStretch(1)
        self._folded(False)
        self.set_value(record)

    def field(self, name: str) -> Field:
        """Return one field.

        Raises:
            KeyError: the record has no such field.
        """
        return self._fields[name]

    def value(self) -> BaseModel | None:
        """Return the record as typed, or None while a field is wrong (`error` says which)."""
        values = {
            name: getattr(self._record, name)
            for name in type(self._record).model_fields
            if name not in self._fields
        }
        try:
            for name, field in self._fields.items():
                values[name] = field.value()
        except ParameterError:
            return None
        return type(self._record).model_validate(values)

    def error(self) -> str:
        """Return the sentence about the first wrong field, or nothing."""
        for field in self._fields.values():
            try:
                field.value()
            except ParameterError as error:
                return str(error)
        return ""

    def set_value(self, record: BaseModel) -> None:
        """Show a record; `changed` is emitted once, and only if something differs."""
        before = self.value()
        self._record = record
        self._silent = True
        try:
            for name, field in self._fields.items():
                field.set_value(getattr(record, name))
        finally:
            self._silent = False
        self._mark()
        if before != record:
            self.changed.emit()

    def set_enabled(self, enabled: bool) -> None:
        """Let the fields be edited or not; folding always works."""
        self._basic.setEnabled(enabled)
        self._more.setEnabled(enabled)

    def set_unfolded(self, unfolded: bool) -> None:
        """Show or hide the fields under "More"."""
        self._fold.setChecked(unfolded)

    @Slot(bool)
    def _folded(self, unfolded: bool) -> None:
        self._more.setVisible(unfolded)
        self._fold.setText("Less" if unfolded else "More")
        theme.bind_icon(self._fold, "chevron-up" if unfolded else "chevron-down", "muted")

    def _mark(self) -> None:
        for field in self._fields.values():
            try:
                field.value()
                field.mark(False)
            except ParameterError:
                field.mark(True)

    @Slot()
    def _edited(self) -> None:
        if self._silent:
            return
        self._mark()
        self._unfold_wrong()
        self.changed.emit()

    def _unfold_wrong(self) -> None:
        """Unfold if the wrong field is under the fold: the message would point at nothing."""
        for field in self._more_fields:
            try:
                field.value()
            except ParameterError:
                self._fold.setChecked(True)
                return
