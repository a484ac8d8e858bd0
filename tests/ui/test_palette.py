"""The palette: finding, choosing and dragging layers and blocks, and what it says of those that do not fit."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel

from cnn_studio.app.my_blocks import MyBlocks
from cnn_studio.graph.commands import RenameLayer
from cnn_studio.graph.registry import all_specs
from cnn_studio.ui import theme
from cnn_studio.ui.canvas.catalogue import Catalogue, match_score
from cnn_studio.ui.canvas.layer_list import REASON_ROLE, TYPE_ROLE, LayerList
from cnn_studio.ui.canvas.palette_drag import dragged_key
from cnn_studio.ui.canvas.selection import SelectionModel
from cnn_studio.ui.canvas.view import CanvasView
from cnn_studio.ui.panels.palette import PalettePanel
from tests.helpers.canvas import Context, lenet
from tests.helpers.ui import Drag, events, grab


@pytest.fixture
def catalogue(tmp_path):
    return Catalogue(MyBlocks(tmp_path / "blocks"))


@pytest.fixture
def palette(qtbot, catalogue):
    panel = PalettePanel(Context(lenet()), SelectionModel(), catalogue)
    qtbot.addWidget(panel)
    panel.resize(230, 600)
    panel.show()
    events()
    return panel


def reasons(panel):
    model = panel.layers.model()
    found = {}
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if index.data(TYPE_ROLE) and index.data(REASON_ROLE):
            found[index.data(TYPE_ROLE)] = index.data(REASON_ROLE)
    return found


@pytest.mark.parametrize(
    ("text", "type_id"),
    [
        ("conv", "conv2d"),
        ("relu", "relu"),
        ("max", "max_pool2d"),
        ("gap", "global_avg_pool"),
        ("dense", "linear"),
        ("Fully connected", "linear"),
        ("bn", "batch_norm"),
        ("subs", "subsampling"),
        ("skip", "identity"),
        ("mxp", "max_pool2d"),
        ("concat", "concat"),
        ("depthwise", "preset:depthwise_conv"),
        ("1x1", "preset:pointwise_conv"),
        ("senet", "preset:squeeze_excitation"),
        ("resnet", "preset:basic_residual"),
        ("block resnet", "preset:basic_residual"),
        ("mbconv", "preset:inverted_residual"),
        ("overlapping max", "preset:max_pool2d_overlapping"),
    ],
)
def test_searching_finds(text, type_id, catalogue):
    assert catalogue.search(text)[0].key == type_id


def test_everything_is_found_by_its_title_and_its_id(catalogue):
    for entry in catalogue.entries:
        assert match_score(entry, entry.title) is not None
        assert match_score(entry, entry.id) is not None
        assert match_score(entry, "zzzz") is None
        assert match_score(entry, f"{entry.title} zzzz") is None


def test_all_types_and_presets_stand_in_the_list_under_captions(palette, catalogue):
    keys = palette.layers.types()
    assert keys == [entry.key for entry in catalogue.entries]
    assert {spec.id for spec in all_specs()} <= set(keys)
    model = palette.layers.model()
    captions = [
        model.index(r, 0).data() for r in range(model.rowCount()) if not model.index(r, 0).data(TYPE_ROLE)
    ]
    assert captions[0] == "Input and output" and captions[-3:-1] == ["Blocks", "My blocks"]
    assert captions[-1].startswith("Select a block")
    for row in range(model.rowCount()):
        index = model.index(row, 0)
        if index.data(TYPE_ROLE):
            assert catalogue.find(index.data(TYPE_ROLE)).title in index.data(Qt.ItemDataRole.ToolTipRole)
        else:
            assert not index.flags() & Qt.ItemFlag.ItemIsSelectable


def test_typing_and_enter_choose_the_best_match(palette, qtbot):
    palette.focus_search()
    QTest.keyClicks(palette.field, "pool")
    assert palette.layers.types()[0] == "max_pool2d"
    QTest.keyClick(palette.field, Qt.Key.Key_Down)
    with qtbot.waitSignal(palette.layer_chosen) as chosen:
        QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert chosen.args == ["avg_pool2d"]
    QTest.keyClick(palette.field, Qt.Key.Key_Up)
    with qtbot.waitSignal(palette.layer_chosen) as chosen:
        QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert chosen.args == ["max_pool2d"]


def test_a_double_click_chooses(palette, qtbot):
    row = next(r for r in range(9) if palette.layers.model().index(r, 0).data(TYPE_ROLE) == "conv2d")
    at = palette.layers.visualRect(palette.layers.model().index(row, 0)).center()
    with qtbot.waitSignal(palette.layer_chosen) as chosen:
        QTest.mouseClick(palette.layers.viewport(), Qt.MouseButton.LeftButton, pos=at)
        QTest.mouseDClick(palette.layers.viewport(), Qt.MouseButton.LeftButton, pos=at)
    assert chosen.args == ["conv2d"]


def test_a_search_without_result_says_what_to_do(palette):
    QTest.keyClicks(palette.field, "transformer")
    shown = [label.text() for label in palette.findChildren(QLabel) if label.isVisible()]
    assert any("Try conv, pool, dense or norm" in text for text in shown)
    QTest.keyClick(palette.field, Qt.Key.Key_Escape)
    assert len(palette.layers.types()) > len(list(all_specs()))
    shown = [label.text() for label in palette.findChildren(QLabel) if label.isVisible()]
    assert not any("Try conv" in text for text in shown)


def test_the_drag_carries_the_type_and_shows_its_card(palette, qtbot):
    palette.layers.search("max")
    drag = palette.layers.make_drag()
    assert dragged_key(drag.mimeData()) == "max_pool2d"
    size = drag.pixmap().deviceIndependentSize()
    assert size.width() > 0.7 * 214 and size.height() > 0.7 * 50
    assert drag.hotSpot().x() < 0 and drag.hotSpot().y() > size.height(), "beside the cursor, not under it"
    image = drag.pixmap().toImage()
    bar = image.pixelColor(8, image.height() // 2)
    family = theme.qcolor("pooling")
    assert abs(bar.red() - family.red()) + abs(bar.green() - family.green()) < 40
    view = CanvasView(palette._context)
    qtbot.addWidget(view)
    view.animated = False
    view.resize(700, 860)
    view.show()
    events()
    moved = Drag(drag.mimeData())
    end = view.mapFromScene(0, view.context.document.layer_at("OUT").y + 60)
    assert moved.move(view, end) and moved.drop(end)
    assert "pool1" in view.context.document.paths


def test_what_does_not_fit_behind_the_selection_is_muted_with_the_reason(palette, qtbot):
    document = palette._context.document
    palette._selection.select({document.layer_at("OUT").id})
    qtbot.waitUntil(lambda: bool(reasons(palette)), timeout=3000)
    found = reasons(palette)  # behind the output, which is a vector
    assert "conv2d" in found and "vector" in found["conv2d"]
    assert found["conv2d"] == "works on maps, but OUT gives a vector of 10 numbers."
    assert found["preset:basic_residual"] == found["conv2d"]
    assert "relu" not in found and "linear" not in found and "add" not in found
    palette._selection.clear()
    qtbot.waitUntil(lambda: not reasons(palette), timeout=3000)
    palette._selection.select({document.layer_at("S2").id})
    qtbot.waitUntil(lambda: "linear" in reasons(palette), timeout=3000)
    assert "conv2d" not in reasons(palette)
    assert "Flatten" in reasons(palette)["linear"]
    row = next(
        palette.layers.model().index(r, 0)
        for r in range(palette.layers.model().rowCount())
        if palette.layers.model().index(r, 0).data(TYPE_ROLE) == "linear"
    )
    assert reasons(palette)["linear"] in row.data(Qt.ItemDataRole.ToolTipRole)
    assert "preset:basic_residual" not in reasons(palette)


def test_what_does_not_fit_into_the_selected_wire_is_muted_too(palette, qtbot):
    document = palette._context.document
    palette._selection.select_links(document.outputs_of(document.layer_at("F6").id))
    qtbot.waitUntil(lambda: "conv2d" in reasons(palette), timeout=3000)
    assert reasons(palette)["conv2d"] == "works on maps, but F6 gives a vector of 84 numbers."
    palette._selection.select_links(document.outputs_of(document.layer_at("C1").id))
    qtbot.waitUntil(lambda: "conv2d" not in reasons(palette), timeout=3000)
    assert "linear" in reasons(palette)


def test_while_searching_the_reason_stands_below_the_name(palette, qtbot):
    document = palette._context.document
    palette._selection.select({document.layer_at("F6").id})
    qtbot.waitUntil(lambda: bool(reasons(palette)), timeout=3000)
    palette.layers.search("conv")
    tall = palette.layers.visualRect(palette.layers.model().index(0, 0)).height()
    palette.layers.search("relu")
    assert tall > palette.layers.visualRect(palette.layers.model().index(0, 0)).height()
    palette.layers.search("conv")
    grab(palette, "palette-reasons")


def test_a_choice_that_does_not_fit_is_still_possible_and_then_has_fixes(show):
    view = show()
    document = view.context.document
    view.selection.select({document.layer_at("F6").id})
    view.append_layer("preset:basic_residual")
    assert "residual1.conv1" in document.paths
    problem = next(p for p in view.context.report().problems if p.path == "residual1.conv1")
    assert problem.severity == "error" and problem.fixes
    view.context.stack.undo()
    assert "residual1.conv1" not in document.paths and view.context.report().ok


def test_an_edit_does_not_wait_for_the_palette(palette, qtbot):
    palette._selection.select({palette._context.document.layer_at("OUT").id})
    qtbot.waitUntil(lambda: bool(reasons(palette)), timeout=3000)
    before = reasons(palette)
    palette._context.stack.push(RenameLayer(id=palette._context.document.layer_at("C1").id, path="first"))
    assert palette._timer.isActive()
    assert reasons(palette) == before


def test_the_list_follows_the_theme(qtbot, catalogue):
    layers = LayerList(catalogue)
    qtbot.addWidget(layers)
    layers.resize(220, 400)
    layers.show()
    events()
    light = grab(layers, "palette-light")
    theme.manager().set_mode("dark")
    events()
    dark = grab(layers, "palette-dark")
    assert light[398, 2, 0] > 240 and dark[398, 2, 0] < 60
