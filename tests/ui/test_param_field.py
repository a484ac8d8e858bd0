"""Fields for lists: tables and orders are typed as text and refused while they make no sense."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit

from cnn_studio.graph.registry import get_spec
from cnn_studio.ui.panels.param_field import ParamField


def field_of(qtbot, type_id, key):
    (param,) = [param for param in get_spec(type_id).params if param.key == key]
    field = ParamField(param)
    qtbot.addWidget(field)
    field.show_value(param.default)
    field.show()
    return field, field.findChild(QLineEdit)


def complaint(field):
    return field._wrong.text() if not field._wrong.isHidden() else ""


@pytest.mark.parametrize(
    ("type_id", "key", "shown", "typed", "value"),
    [
        ("connection_conv2d", "table", "0 1 2; 1 2 3; ", "0 1; 2", ((0, 1), (2,))),
        ("permute", "order", "1, 2, 0", "2,0,1", (2, 0, 1)),
        ("reshape", "shape", "-1", "16, 4, -1", (16, 4, -1)),
    ],
)
def test_a_list_is_shown_and_typed_as_text(qtbot, type_id, key, shown, typed, value):
    field, edit = field_of(qtbot, type_id, key)
    assert edit.text().startswith(shown)
    given = []
    field.edited.connect(given.append)
    edit.selectAll()
    qtbot.keyClicks(edit, typed)
    assert given[-1] == value
    assert complaint(field) == ""
    field.show_value(value)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert field.param.parse(edit.text()) == value


@pytest.mark.parametrize(
    ("type_id", "key", "typed", "says"),
    [
        ("connection_conv2d", "table", "0 1; x", "such as 0 1 2; 1 2 3"),
        ("connection_conv2d", "table", "1 1", "no map twice"),
        ("permute", "order", "0, 9", "from 0 to 5"),
        ("reshape", "shape", "4, 0.5", "separated by commas"),
    ],
)
def test_nonsense_is_refused_as_it_is_typed(qtbot, type_id, key, typed, says):
    field, edit = field_of(qtbot, type_id, key)
    before = edit.text()
    edit.selectAll()
    qtbot.keyClicks(edit, typed)
    assert says in complaint(field)
    edit.editingFinished.emit()
    assert edit.text() == before
    assert complaint(field) == ""
