import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QTextCursor

from cnn_studio.app.project import starter_project
from cnn_studio.app.session import Session
from cnn_studio.compiler.source import source_text
from cnn_studio.graph.commands import MoveLayers, RenameLayer, SetParams
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.panels.code_highlighter import COLORS
from cnn_studio.ui.panels.code_panel import CodePanel
from cnn_studio.ui.theme.tokens import TEXT_PAIRS
from tests.helpers.ui import as_array, events, grab


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def selection():
    return SelectionModel()


@pytest.fixture
def panel(qtbot, session, selection):
    made = CodePanel(session, selection)
    qtbot.addWidget(made)
    made.resize(1100, 600)
    made.show()
    events()
    return made


def layer(session, path):
    return session.document.layer_at(path).id


def line_number(panel, words):
    return next(n for n, line in enumerate(panel.view.toPlainText().split("\n")) if words in line)


def click(qtbot, panel, line, across=60):
    block = panel.view.document().findBlockByNumber(line)
    box = panel.view.cursorRect(QTextCursor(block))
    qtbot.mouseClick(panel.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(across, box.center().y()))


def test_it_shows_the_code_of_the_network(panel, session):
    assert panel.view.toPlainText() == source_text(session.document)
    assert panel._line.text().startswith("LeNet5 · ")
    assert panel.view.isReadOnly()


def test_edits_arrive_after_the_interval_and_once(panel, session, qtbot):
    calls = []
    whole = panel._refresher._refresh
    panel._refresher._refresh = lambda: (calls.append(1), whole())
    third = layer(session, "C3")
    for filters in (17, 18, 19):
        session.push(SetParams(id=third, changes={"out_channels": filters}))
    assert calls == []
    qtbot.waitUntil(lambda: "nn.Conv2d(6, 19, kernel_size=5)" in panel.view.toPlainText(), timeout=2000)
    assert calls == [1]
    session.push(MoveLayers(places={third: (5.0, 5.0)}))
    assert not panel._refresher._timer.isActive()


def test_any_sequence_of_edits_ends_in_the_same_text(panel, session):
    third = layer(session, "C3")
    for command in (
        SetParams(id=third, changes={"out_channels": 20}),
        SetParams(id=third, changes={"kernel_size": 20}),
        RenameLayer(id=third, path="block.0.C3"),
        SetParams(id=third, changes={"kernel_size": 5, "padding": (0, 1, 0, 1)}),
        RenameLayer(id=third, path="C3"),
    ):
        session.push(command)
        panel._refresher.now()
        assert panel.view.toPlainText() == source_text(session.document)
    while session.stack.undo_label is not None:
        session.stack.undo()
        panel._refresher.now()
        assert panel.view.toPlainText() == source_text(session.document)


def test_a_hidden_panel_waits_until_it_is_shown(panel, session):
    panel.hide()
    session.push(RenameLayer(id=layer(session, "F6"), path="hidden"))
    assert not panel._refresher._timer.isActive()
    assert "self.F6" in panel.view.toPlainText()
    panel.show()
    assert "self.hidden" in panel.view.toPlainText()


def test_another_project_is_shown(panel, session, qtbot):
    session.replace(starter_project(find_starter("mlp")))
    qtbot.waitUntil(lambda: "class MultilayerPerceptron" in panel.view.toPlainText(), timeout=2000)


def test_selected_layers_are_marked(panel, session, selection):
    selection.select([layer(session, "C3")])
    lines = panel.view.toPlainText().split("\n")
    marked = [lines[n] for n in panel.view.marked_lines]
    assert len(marked) == 2
    assert all("self.C3" in line for line in marked)
    assert len(panel.view.extraSelections()) == 2
    accent = QColor(theme.current().accent_ground)
    pixels = as_array(panel.view.viewport().grab())[..., :3]
    assert (pixels == [accent.red(), accent.green(), accent.blue()]).all(axis=2).sum() > 5_000
    selection.clear()
    assert panel.view.extraSelections() == []


def test_a_click_selects_the_lines_layer(panel, session, selection, qtbot):
    click(qtbot, panel, line_number(panel, "x = torch.tanh(self.F6"))
    assert selection.current == layer(session, "F6")
    click(qtbot, panel, line_number(panel, "self.C1 = "))
    assert selection.ids == {layer(session, "C1")}
    click(qtbot, panel, line_number(panel, "def __init__(self):"))
    assert selection.ids == {layer(session, "C1")}, "a line of no layer changes nothing"


def test_enter_selects_the_layer_of_the_line(panel, session, selection, qtbot):
    block = panel.view.document().findBlockByNumber(line_number(panel, "self.S4 = "))
    panel.view.setTextCursor(QTextCursor(block))
    qtbot.keyClick(panel.view, Qt.Key.Key_Return)
    assert selection.current == layer(session, "S4")


def test_a_selection_from_outside_scrolls_to_the_line(panel, session, selection):
    panel.resize(1100, 220)
    events()
    bar = panel.view.verticalScrollBar()
    bar.setValue(0)
    selection.select([layer(session, "OUT")])
    first = bar.value()
    assert first > 0
    rows = panel.view.viewport().height() // panel.view.fontMetrics().height()
    assert first <= panel.view.marked_lines[0] < first + rows


def test_the_view_keeps_its_place_when_the_code_changes(panel, session):
    panel.resize(1100, 220)
    events()
    bar = panel.view.verticalScrollBar()
    bar.setValue(12)
    session.push(SetParams(id=layer(session, "C1"), changes={"out_channels": 7}))
    panel._refresher.now()
    assert panel.view.toPlainText() == source_text(session.document)
    assert "nn.Conv2d(1, 7" in panel.view.toPlainText()
    assert bar.value() == 12


def test_words_have_the_colours_of_the_theme(panel):
    def color_of(words, text):
        block = panel.view.document().findBlockByNumber(line_number(panel, words))
        at = block.text().index(text)
        found = [f for f in block.layout().formats() if f.start <= at < f.start + f.length]
        return found[0].format.foreground().color().name() if found else None

    for mode in ("light", "dark"):
        theme.manager().set_mode(mode)
        tokens = theme.current()
        assert color_of("import torch", "import") == tokens.accent
        assert color_of("class LeNet5", "class") == tokens.accent
        assert color_of("self.C1 = ", "5)") == tokens.warning
        assert color_of("LABELS = ", '"7"') == tokens.ok
        assert color_of('"""LeNet-5: ', "LeNet") == tokens.ok
        assert color_of("forward(self, x): ", "# 1") == tokens.muted
        assert color_of("x = self.C1(x)", "= ") is None
    assert all((color, "field") in TEXT_PAIRS for color in COLORS.values())


def test_a_doc_string_of_several_lines_is_one_string(panel, session, qtbot):
    text = '"""One.\n\nclass of 5 # things\n"""\nclass A: pass\n'
    panel.view.setPlainText(text)
    blocks = [panel.view.document().findBlockByNumber(n) for n in range(5)]
    ok = theme.current().ok
    assert [f.format.foreground().color().name() for f in blocks[2].layout().formats()] == [ok]
    assert blocks[4].layout().formats()[0].format.foreground().color().name() == theme.current().accent


def test_copy_takes_the_whole_file(panel, session, qtbot):
    qtbot.mouseClick(panel._copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == source_text(session.document)
    assert "Copied" in panel._line.text()


def test_saving_writes_utf8_and_failure_is_said(panel, session, qtbot, tmp_path):
    path = tmp_path / "with space é"
    panel.save_to(path)
    assert path.with_suffix(".py").read_text(encoding="utf-8") == source_text(session.document)
    assert "Saved as" in panel._line.text()
    with qtbot.waitSignal(panel.message, timeout=500) as caught:
        panel.save_to(tmp_path / "nowhere" / "net.py")
    assert "could not be saved" in caught.args[0]


def test_errors_take_the_place_of_code(panel, session, qtbot):
    session.push(SetParams(id=layer(session, "C3"), changes={"kernel_size": 20}))
    panel._refresher.now()
    assert "Fix this first" in panel.view.toPlainText()
    assert not panel._save.isEnabled()
    session.stack.undo()
    panel._refresher.now()
    assert panel._save.isEnabled()


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_pictures(panel, session, selection, mode):
    theme.manager().set_mode(mode)
    selection.select([layer(session, "C3")])
    events()
    assert grab(panel, f"code-{mode}").std() > 1


def test_the_selected_layer_is_in_view_when_the_page_is_shown(qtbot):
    session, selection = Session(starter_project(find_starter("resnet50"))), SelectionModel()
    panel = CodePanel(session, selection)
    qtbot.addWidget(panel)
    panel.resize(900, 500)
    selection.select([session.document.layer_at("layer3.2.conv2").id])
    panel.show()
    events()
    first = panel.view.firstVisibleBlock().blockNumber()
    assert any(first <= line < first + 30 for line in panel.view.marked_lines)
    assert first > 50
