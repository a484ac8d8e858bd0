import csv

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt
from PySide6.QtGui import QColor, QGuiApplication

from cnn_studio.app.project import starter_project
from cnn_studio.app.session import Session
from cnn_studio.graph.commands import Macro, MoveLayers, RemoveLayer, RemoveLink, SetParams, SetTraining
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.panels.analysis_panel import AnalysisPanel
from cnn_studio.ui.panels.layer_table import share_text
from tests.helpers.ui import as_array, events, grab


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def selection():
    return SelectionModel()


@pytest.fixture
def panel(qtbot, session, selection):
    made = AnalysisPanel(session, selection)
    qtbot.addWidget(made)
    made.resize(1100, 600)
    made.show()
    events()
    return made


def layer(session, path):
    return session.document.layer_at(path).id


def cells(panel, row):
    model = panel.table.model()
    return [model.index(row, column).data() for column in range(model.columnCount())]


def paths(panel):
    return [cells(panel, row)[1] for row in range(panel.table.model().rowCount())]


def click(panel, qtbot, row, column=1, keys=Qt.KeyboardModifier.NoModifier):
    at = panel.table.visualRect(panel.table.model().index(row, column)).center()
    qtbot.mouseClick(panel.table.viewport(), Qt.MouseButton.LeftButton, keys, at)
    return at


def test_the_numbers_of_lenet(panel):
    assert paths(panel) == ["input", "C1", "S2", "C3", "S4", "C5", "flatten", "F6", "OUT"]
    # 5 x 5 x 1 x 6 weights and 6 biases on 28 x 28 x 6 places of 25 operations each, at the starter's batch of 64;
    # fully connected: 1,024 inputs to each of 4,704 outputs, and their biases
    assert cells(panel, 1) == [
        "2", "C1", "Convolution", "6×28×28", "156", "0.3 %", "117,600", "5", "1", "1 MB", "4,704", "150", "6",
        "4,821,600",
    ]  # fmt: skip
    assert cells(panel, 2)[4:9] == ["12", "< 0.1 %", "5,880", "6", "2"]
    assert cells(panel, 5)[4:] == [
        "48,120", "77.9 %", "48,000", "32", "4", "31 kB", "120", "48,000", "120", "48,120",
    ]  # fmt: skip
    assert cells(panel, 6)[4:6] == ["0", ""]
    assert panel._totals.text().startswith(
        "61,750 parameters · 0.42 M MAC per image · 9,238 activations and 6,518 neurons per image · 9 layers · training "
        "at batch 64 takes about "
    )


def test_filter_by_name_or_type_leaves_the_rest_of_the_selection(panel, session, selection, qtbot):
    selection.select([layer(session, "C1"), layer(session, "F6")])
    qtbot.keyClicks(panel._filter, "subs")
    assert paths(panel) == ["S2", "S4"]
    assert selection.ids == {layer(session, "C1"), layer(session, "F6")}
    panel._filter.clear()
    qtbot.keyClicks(panel._filter, "c3")
    assert paths(panel) == ["C3"]
    panel._filter.clear()
    assert len(paths(panel)) == 9


def test_memory_is_for_the_batch_that_is_typed(panel, session, qtbot):
    field = panel._batch.focusProxy()
    field.selectAll()
    qtbot.keyClicks(field, "1000")
    panel._refresher.now()
    assert cells(panel, 1)[9] == "19 MB"  # 4,704 numbers of 4 bytes for each of 1,000 images
    assert "training at batch 1,000 takes about" in panel._totals.text()
    assert session.settings.batch_size == 64


def test_saved_table_is_read_back_by_a_csv_reader(panel, session, tmp_path, qtbot):
    panel.save_to(tmp_path / "größen")
    rows = list(csv.DictReader((tmp_path / "größen.csv").read_text("utf-8").splitlines()))
    assert [row["Layer"] for row in rows] == paths(panel)
    assert sum(int(row["Parameters"]) for row in rows) == 61_750
    assert rows[1]["Output"] == "6×28×28"
    with qtbot.waitSignal(panel.message, timeout=500) as caught:
        panel.save_to(tmp_path / "no" / "x.csv")
    assert "no such folder" in caught.args[0]


def test_bars_by_kind_add_up(panel, session):
    parts = panel._bars._layout()
    for title, total in (("Parameters", 61_750), ("Activations", 9_238)):
        counts = [
            int(p.text.split(": ")[1].split(" ")[0].replace(",", ""))
            for p in parts
            if p.text.startswith(title)
        ]
        assert sum(counts) == total
    wide = [part.box.width() for part in parts if part.text.startswith("Parameters")]
    assert sum(wide) == pytest.approx(panel._bars.width() - panel._bars._label_width())


def test_totals_count_what_is_frozen_and_what_is_unknown(panel, session):
    session.push(SetTraining(ids=(layer(session, "C5"),), trainable=False))
    panel._refresher.now()
    assert "48,120 of them frozen" in panel._totals.text()
    assert cells(panel, 5)[1] == "C5 ❄"
    session.push(SetParams(id=layer(session, "C3"), changes={"kernel_size": 20}))
    panel._refresher.now()
    assert cells(panel, 3)[3:] == ["has an error", "–", "–", "–", "–", "–", "–", "–", "–", "–", ""]
    assert cells(panel, 4)[3] == "waits for C3"
    assert "6 without a size yet, not counted" in panel._totals.text()


def test_headings_sort_and_the_first_brings_the_order_back(panel, qtbot):
    header = panel.table.horizontalHeader()

    def click_heading(column):
        at = header.sectionViewportPosition(column) + 10
        point = header.viewport().rect().center()
        point.setX(at)
        qtbot.mouseClick(header.viewport(), Qt.MouseButton.LeftButton, pos=point)

    order = paths(panel)
    click_heading(4)
    model = panel.table.model()
    assert model.headerData(4, Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole) == "Parameters ↓"
    assert paths(panel)[:3] == ["C5", "F6", "C3"]
    click_heading(1)
    assert paths(panel)[0] == "C1"
    click_heading(0)
    assert paths(panel) == order


def test_numbers_stand_right_and_have_thousands(panel):
    model = panel.table.model()
    align = model.index(5, 4).data(Qt.ItemDataRole.TextAlignmentRole)
    assert align & Qt.AlignmentFlag.AlignRight
    assert model.index(5, 1).data(Qt.ItemDataRole.TextAlignmentRole) & Qt.AlignmentFlag.AlignLeft
    assert all(
        model.headerData(c, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
        for c in range(model.columnCount())
    )


def test_the_selection_goes_both_ways(panel, session, selection, qtbot):
    click(panel, qtbot, 3)
    assert selection.ids == {layer(session, "C3")}
    click(panel, qtbot, 5, keys=Qt.KeyboardModifier.ShiftModifier)
    assert selection.ids == {layer(session, path) for path in ("C3", "S4", "C5")}
    assert selection.current == layer(session, "C5")
    selection.select([layer(session, "F6"), layer(session, "C1")])
    chosen = {cells(panel, index.row())[1] for index in panel.table.selectionModel().selectedRows()}
    assert chosen == {"F6", "C1"}
    selection.clear()
    assert not panel.table.selectionModel().hasSelection()


def test_a_selection_made_while_hidden_is_shown_later(panel, session, selection):
    panel.hide()
    selection.select([layer(session, "S4")])
    panel.show()
    chosen = [cells(panel, index.row())[1] for index in panel.table.selectionModel().selectedRows()]
    assert chosen == ["S4"]


def test_edits_keep_the_selection(panel, session, selection, qtbot):
    click(panel, qtbot, 3)
    session.push(SetParams(id=layer(session, "C1"), changes={"out_channels": 8}))
    panel._refresher.now()
    assert cells(panel, 1)[4] == "208"
    assert selection.ids == {layer(session, "C3")}
    spare = layer(session, "OUT")
    source = session.document.sources_of(spare)[0]
    session.push(Macro(text="", commands=(RemoveLink(source=source, target=spare), RemoveLayer(id=spare))))
    panel._refresher.now()
    assert "OUT" not in paths(panel)
    assert selection.ids == {layer(session, "C3")}
    assert [cells(panel, i.row())[1] for i in panel.table.selectionModel().selectedRows()] == ["C3"]


def test_double_click_and_enter_go_to_the_layer(panel, session, qtbot):
    with qtbot.waitSignal(panel.layer_chosen, timeout=500) as caught:
        at = click(panel, qtbot, 3)
        qtbot.mouseDClick(panel.table.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert caught.args == [layer(session, "C3")]
    with qtbot.waitSignal(panel.layer_chosen, timeout=500) as caught:
        qtbot.keyClick(panel.table, Qt.Key.Key_Down)
        qtbot.keyClick(panel.table, Qt.Key.Key_Return)
    assert caught.args == [layer(session, "S4")]


def test_copying_gives_plain_numbers_between_tabs(panel, qtbot):
    panel.table.setFocus()
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().strip().split("\n")
    assert len(lines) == 10
    assert lines[0].split("\t")[:5] == ["#", "Layer", "Type", "Output", "Parameters"]
    click(panel, qtbot, 5)
    qtbot.keyClick(panel.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QGuiApplication.clipboard().text().strip().split("\n")
    assert lines[1].split("\t")[:5] == ["6", "C5", "Convolution", "120×1×1", "48120"]
    assert len(lines) == 2


def test_only_a_visible_panel_works_and_moves_do_not_count(panel, session):
    session.push(MoveLayers(places={layer(session, "C1"): (9.0, 9.0)}))
    assert not panel._refresher._timer.isActive()
    panel.hide()
    session.push(SetParams(id=layer(session, "C1"), changes={"out_channels": 8}))
    assert not panel._refresher._timer.isActive()
    assert cells(panel, 1)[4] == "156"
    panel.show()
    assert cells(panel, 1)[4] == "208"


def test_another_project_and_an_empty_one(panel, session, qtbot):
    session.replace(starter_project(find_starter("mlp")))
    qtbot.waitUntil(lambda: paths(panel)[-1] == "fc2", timeout=2000)
    from cnn_studio.app.project import Project
    from cnn_studio.graph.document import NetworkDocument

    session.replace(Project(NetworkDocument()))
    panel._refresher.now()
    assert panel._empty.isVisible()
    assert "Drag a layer" in panel._empty.text()
    assert not panel._totals.isVisible()


def test_bars_are_as_long_as_the_shares(panel):
    events()
    pixels = as_array(panel.table.viewport().grab())[..., :3].astype(int)

    def length(row, family):
        color = QColor(theme.current().family(family))
        box = panel.table.visualRect(panel.table.model().index(row, 5))
        strip = pixels[box.center().y(), box.left() : box.right()]
        wanted = [color.red(), color.green(), color.blue()]
        return int((abs(strip - wanted).sum(axis=1) < 12).sum())

    assert length(5, "convolution") / length(7, "dense") == pytest.approx(48_120 / 10_164, rel=0.25)
    assert length(6, "dense") == 0


def test_small_shares_are_not_rounded_away():
    assert [share_text(s) for s in (0.0, 0.0001, 0.0005, 0.1234, 1.0)] == [
        "0.0 %", "< 0.1 %", "0.1 %", "12.3 %", "100.0 %",
    ]  # fmt: skip


def test_no_clear_when_the_selection_model_is_elsewhere(panel, session, selection):
    """Refreshing, which resets the table, must not clear what the canvas has selected."""
    selection.select([layer(session, "C1"), layer(session, "F6")])
    panel.table.selectionModel().setCurrentIndex(
        panel.table.model().index(0, 0), QItemSelectionModel.SelectionFlag.NoUpdate
    )
    panel.refresh()
    assert selection.ids == {layer(session, "C1"), layer(session, "F6")}


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_pictures(panel, session, selection, mode):
    theme.manager().set_mode(mode)
    selection.select([layer(session, "C3")])
    session.push(SetTraining(ids=(layer(session, "C1"),), trainable=False))
    panel._refresher.now()
    events()
    assert grab(panel, f"analysis-{mode}").std() > 1
    panel.resize(720, 300)
    session.push(SetParams(id=layer(session, "C3"), changes={"kernel_size": 20}))
    panel._refresher.now()
    events()
    grab(panel, f"analysis-narrow-{mode}")


def test_a_low_panel_gives_its_room_to_the_rows(panel, qtbot):
    panel.resize(570, 260)
    assert not panel._bars.isVisible()
    assert panel._filter.width() > panel._filter.fontMetrics().horizontalAdvance("Filter by name"), "readable"
    panel.refresh()
    assert not panel._bars.isVisible()
    panel.resize(570, 200)
    assert not panel._totals.isVisible()
    panel.resize(570, 500)
    assert panel._bars.isVisible() and panel._totals.isVisible()
