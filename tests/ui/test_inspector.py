"""The inspector and the list of problems, on real documents with real keys and clicks."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QLineEdit, QPushButton

from cnn_studio.app.session import Session
from cnn_studio.graph.commands import RenameLayer, SetParams, SetTraining
from cnn_studio.graph.edits import insert_on_link
from cnn_studio.graph.registry import all_specs
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.panels.inspector import Inspector
from cnn_studio.ui.panels.problems_panel import ProblemRow, ProblemsPanel
from tests.helpers.ui import events, grab


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def inspector(session, qtbot):
    canvas = CanvasView(session)
    qtbot.addWidget(canvas)
    widget = Inspector(session, canvas)
    widget.selection_for_test = canvas.selection
    widget.resize(310, 800)
    qtbot.addWidget(widget)
    widget.show()
    return widget


def select(inspector, path):
    layer = inspector._session.document.layer_at(path)
    inspector.selection_for_test.select([layer.id], layer.id)
    events()
    return layer.id


def edit_of(inspector, key):
    return inspector._fields[key].findChild(QLineEdit)


def retype(qtbot, edit, text):
    edit.setFocus()
    edit.selectAll()
    qtbot.keyClicks(edit, text)


def test_nothing_selected_shows_the_network(inspector):
    assert inspector._info.isVisible()
    assert inspector._info._values["Parameters"].text() == "61,750"
    assert inspector._info._values["Input"].text() == "1×32×32"


def test_tab_goes_through_the_fields_as_they_are_shown(inspector, session):
    session.push(SetParams(id=session.document.layer_at("C3").id, changes={"stride": (2, 2)}))
    select(inspector, "S2")
    select(inspector, "C3")
    inspector._name.setFocus()
    seen = [inspector.focusWidget()]
    while len(seen) < 20 and inspector.focusNextPrevChild(True):
        seen.append(inspector.focusWidget())
    wanted = [inspector._name]
    wanted += [edit_of(inspector, key) for key in ("out_channels", "kernel_size", "stride", "padding")]
    assert seen[:5] == wanted
    assert seen[5] is inspector._fold
    assert next(w.text() for w in seen if isinstance(w, QPushButton)).startswith("Stride 1"), (
        "the fix, in its place"
    )
    again = seen.index(inspector._name, 1)
    assert len(set(seen[:again])) == again, "Tab comes to nothing twice in a round"


def test_a_layer_shows_its_parameters_and_the_formula_in_numbers(inspector):
    select(inspector, "C3")
    assert edit_of(inspector, "out_channels").text() == "16"
    assert edit_of(inspector, "kernel_size").text() == "5 × 5"
    assert edit_of(inspector, "stride").text() == "1"
    assert "(14 − 5 + 2·0) / 1 + 1" in inspector._formula._text.text()
    assert inspector._help.text() == "16 filters of 5 × 5 × 6 slide over the 14 × 14 maps."
    assert inspector._picture.isVisible()
    grab(inspector, "inspector-c3")


def test_typing_edits_the_document_in_one_undo_step(inspector, session, qtbot):
    layer = select(inspector, "C1")
    edit = edit_of(inspector, "out_channels")
    retype(qtbot, edit, "12")
    assert session.document.layer(layer).params["out_channels"] == 12
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    session.stack.undo()
    assert session.document.layer(layer).params["out_channels"] == 6
    assert edit.text() == "6"
    assert session.stack.undo_label is None


def test_nonsense_is_refused_with_the_range_and_never_stays(inspector, session, qtbot):
    layer = select(inspector, "C1")
    edit = edit_of(inspector, "kernel_size")
    retype(qtbot, edit, "0")
    field = inspector._fields["kernel_size"]
    assert field._wrong.isVisible() and "from 1 to 1,000" in field._wrong.text()
    assert session.document.layer(layer).params["kernel_size"] == (5, 5)
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert edit.text() == "5 × 5" and not field._wrong.isVisible()


def test_a_problem_is_shown_at_its_layer_and_one_click_mends_it(inspector, session, qtbot):
    layer = select(inspector, "C3")
    session.push(SetParams(id=layer, changes={"stride": (2, 2)}))
    events()
    buttons = [b for b in inspector.findChildren(QPushButton) if b.isVisible() and "→" in b.text()]
    assert buttons[0].text() == "Stride 1 → 10 × 10"
    assert not any(b.text().startswith("Padding") for b in buttons), "no symmetric padding can tile here"
    grab(inspector, "inspector-problem")
    qtbot.mouseClick(buttons[0], Qt.MouseButton.LeftButton)
    assert not session.report().problems
    session.stack.undo()
    assert session.report().problems[0].code == "not_tiling"


def test_a_refused_name_is_said_and_the_old_one_stays(inspector, session, qtbot):
    layer = select(inspector, "C1")
    inspector._name.setFocus()
    inspector._name.selectAll()
    qtbot.keyClicks(inspector._name, "C3")
    with qtbot.waitSignal(inspector.message, timeout=1000) as said:
        qtbot.keyClick(inspector._name, Qt.Key.Key_Return)
    assert "C3" in said.args[0]
    assert session.document.layer(layer).path == "C1"
    assert inspector._name.text() == "C1"


def test_freezing_and_the_rate_factor(inspector, session, qtbot):
    layer = select(inspector, "C1")
    inspector._training.trainable.click()
    assert not session.document.layer(layer).trainable
    assert not inspector._training.rate.isVisible()
    inspector._training.trainable.click()
    inspector._training.rate.setFocus()
    inspector._training.rate.selectAll()
    qtbot.keyClicks(inspector._training.rate, "0.1")
    qtbot.keyClick(inspector._training.rate, Qt.Key.Key_Return)
    assert session.document.layer(layer).lr_factor == 0.1
    for _ in range(3):
        session.stack.undo()
    assert session.document.layer(layer).trainable and session.document.layer(layer).lr_factor == 1.0


@pytest.mark.parametrize("type_id", [spec.id for spec in all_specs() if spec.id != "input"])
@pytest.mark.parametrize("is_trainable", [True, False])
def test_nothing_of_a_layer_is_wider_than_the_panel(inspector, session, type_id, is_trainable):
    session.push(insert_on_link(session.document, next(session.document.links()), type_id))
    layer = max(session.document.layers)
    session.push(SetTraining(ids=(layer,), trainable=is_trainable))
    inspector.selection_for_test.select([layer], layer)
    inspector._fold.setChecked(True)
    events()
    assert inspector._content.minimumSizeHint().width() <= inspector.width()


def test_undoing_a_layer_whose_name_has_the_focus(inspector, session):
    edit = insert_on_link(session.document, next(session.document.links()), "relu")
    session.push(edit)
    select(inspector, "relu1")
    inspector._name.setFocus()
    inspector._name.selectAll()
    session.stack.undo()
    events()
    assert not inspector._name.isVisible()
    assert session.stack.undo_label is None


def test_a_name_typed_for_one_layer_never_goes_to_another(inspector, session, qtbot):
    select(inspector, "C1")
    inspector._name.setFocus()
    inspector._name.selectAll()
    qtbot.keyClicks(inspector._name, "first")
    other = select(inspector, "C3")
    qtbot.keyClick(inspector._name, Qt.Key.Key_Return)
    assert session.document.layer(other).path == "C3"


def test_another_document_leaves_no_fields_of_the_old_one(inspector, session):
    from cnn_studio.app.project import starter_project
    from cnn_studio.graph.starters import find_starter

    select(inspector, "C1")
    inspector.selection_for_test.clear()
    session.replace(starter_project(find_starter("mlp")))
    events()
    assert not inspector._fields
    assert inspector._info._values["Parameters"].text() == "101,770"


def test_the_list_of_problems_jumps_and_mends(session, qtbot):
    panel = ProblemsPanel(session)
    qtbot.addWidget(panel)
    panel.resize(900, 240)
    panel.show()
    assert not panel.findChildren(ProblemRow)
    layer = session.document.layer_at("C3").id
    session.push(RenameLayer(id=layer, path="a_rather_long_name"))
    session.push(SetParams(id=layer, changes={"stride": (2, 2)}))
    panel._refresher.now()
    events()
    rows = [row for row in panel.findChildren(ProblemRow) if row.isVisible()]
    assert rows[0]._problem.severity == "error", "errors come first"
    assert len(rows) > 1 and len({row.path.geometry().right() for row in rows}) == 1, (
        "sentences in one column"
    )
    row = next(row for row in rows if row._problem.layer_id == layer)
    with qtbot.waitSignal(panel.layer_chosen, timeout=1000) as chosen:
        qtbot.mouseClick(row, Qt.MouseButton.LeftButton)
    assert chosen.args == [layer]
    grab(panel, "problems")
    qtbot.mouseClick(row.findChild(QPushButton), Qt.MouseButton.LeftButton)
    events()
    assert not session.report().problems


def test_a_thousand_classes_take_a_few_lines(inspector, session):
    names = tuple(f"class number {n}, also called {n} by some" for n in range(1000))
    session.document.change_info(labels=names)
    events()
    (shown,) = [label for label in inspector.findChildren(QLabel) if "class number 0" in label.text()]
    first, _, count = shown.text().rpartition(" and ")
    listed = first.split(", ")
    assert listed == [name.partition(",")[0] for name in names[: len(listed)]]
    assert count == f"{1000 - len(listed):,} more" and len(shown.text()) < 120
    session.document.change_info(labels=("ant", "bee"))
    events()
    assert shown.text() == "ant, bee"
