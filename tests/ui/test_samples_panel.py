import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from cnn_studio.ui import theme
from cnn_studio.ui.panels.samples_panel import SamplesPanel
from cnn_studio.ui.widgets.confusion_matrix import ConfusionMatrix
from tests.helpers.ui import as_array, events, grab

CLASSES = ("ant", "bee", "wasp")


@pytest.fixture
def panel(qtbot):
    made = SamplesPanel()
    qtbot.addWidget(made)
    made.resize(1100, 300)
    made.show()
    events()
    return made


def data(count=12, depth=1, seed=0):
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, depth, 8, 8), dtype=np.uint8)
    return images, np.arange(count, dtype=np.int64) % 3


def sure(count=12):
    return np.linspace(0.5, 0.99, count, dtype=np.float32)


def with_mistakes(labels, *wrong):
    predictions = labels.copy()
    for at in wrong:
        predictions[at] = (labels[at] + 1) % 3
    return predictions


def test_empty_states_say_what_to_do(panel):
    assert panel.grid.isHidden()
    assert "Data tab" in panel._empty.text()
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    assert panel.grid.isVisible()
    assert panel.summary == "12 validation images · train to see what the network says"
    assert not panel._mistakes.isEnabled()
    assert not panel.matrix.isVisible()


def test_after_an_epoch_every_image_says_right_or_wrong(panel):
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(with_mistakes(labels, 4), sure())
    assert panel.summary == "11 of 12 right, 91.7 % (95 % sure: between 64.6 and 98.5 %)"
    model = panel.grid.model()
    says = [model.index(row).data(Qt.ItemDataRole.ToolTipRole) for row in (0, 4)]
    assert says == [
        "Image 1: right, ant (50 % sure)",
        "Image 5: wrong, it is bee, the network says wasp (68 % sure)",
    ]


def test_mistakes_are_marked_in_the_picture(panel):
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(labels, sure())
    error = QColor(theme.current().error)

    def marked():
        pixels = as_array(panel.grid.grab())[..., :3].astype(int)
        return int((np.abs(pixels - [error.red(), error.green(), error.blue()]).sum(axis=2) < 20).sum())

    assert marked() == 0
    panel.set_predictions(with_mistakes(labels, 0), sure())
    events()
    assert marked() > 100  # the frame and the words
    grab(panel, "samples")


def test_only_mistakes_are_listed_the_most_confident_first(panel, qtbot):
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(with_mistakes(labels, 2, 7, 9), sure())
    qtbot.mouseClick(panel._mistakes, Qt.MouseButton.LeftButton)
    model = panel.grid.model()
    assert [model.image_at(row) for row in range(model.rowCount())] == [9, 7, 2]
    panel.set_predictions(with_mistakes(labels, 3), sure())  # the next epoch keeps the filter
    assert [model.image_at(row) for row in range(model.rowCount())] == [3]
    panel.set_predictions(labels, sure())
    assert "No mistakes" in panel._empty.text()
    assert panel._empty.isVisible()
    qtbot.mouseClick(panel._all, Qt.MouseButton.LeftButton)
    assert model.rowCount() == 12


def test_the_view_keeps_its_place_from_epoch_to_epoch(panel):
    images, labels = data(300)
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(labels, sure(300))
    events()
    bar = panel.grid.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    place = bar.value()
    assert place > 0
    panel.set_predictions(with_mistakes(labels, 1), sure(300))
    events()
    assert bar.value() == place


def test_what_comes_while_hidden_is_shown_later(panel):
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    panel.hide()
    panel.set_predictions(with_mistakes(labels, 4), sure())
    assert "train to see" in panel.summary
    panel.show()
    assert panel.summary == "11 of 12 right, 91.7 % (95 % sure: between 64.6 and 98.5 %)"


def test_predictions_of_other_images_are_refused(panel):
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    with pytest.raises(ValueError, match="3 predictions for 12 images"):
        panel.set_predictions(labels[:3], sure(3))


def test_other_data_forgets_the_predictions(panel):
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(labels, sure())
    panel.set_data(*data(5), CLASSES)
    assert panel.summary.startswith("5 validation images")
    assert panel.grid.model().rowCount() == 5


@pytest.mark.parametrize("depth", [1, 3])
def test_pictures_hold_the_pixels_of_the_data(panel, depth):
    images, labels = data(depth=depth)
    panel.set_data(images, labels, CLASSES)
    pixels = as_array(panel.grid.model().pixmap(3))
    expected = images[3].transpose(1, 2, 0)
    np.testing.assert_array_equal(pixels[..., :3], np.broadcast_to(expected, (8, 8, 3)))


def test_only_what_is_in_view_is_painted(panel):
    images, labels = data(10_000)
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(labels, sure(10_000))
    events()
    grab(panel)
    assert 0 < len(panel.grid.model()._pixmaps) < 200


def test_a_click_on_a_cell_shows_its_images(panel, qtbot):
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(with_mistakes(labels, 1, 4), sure())  # two bees taken for wasps
    events()
    area, size = panel.matrix._layout()
    cell = QPointF(area.left() + 2.5 * size.width(), area.top() + 1.5 * size.height())
    assert panel.matrix.cell_at(cell) == (1, 2)
    assert panel.matrix.cell_text(1, 2) == "bee taken for wasp: 2 times (50.0 % of bee)"
    qtbot.mouseClick(panel.matrix.viewport(), Qt.MouseButton.LeftButton, pos=cell.toPoint())
    model = panel.grid.model()
    assert [model.image_at(row) for row in range(model.rowCount())] == [4, 1]
    assert (
        panel.summary
        == "Shown: 2 × bee taken for wasp · 10 of 12 right, 83.3 % (95 % sure: between 55.2 and 95.3 %)"
    )
    qtbot.mouseClick(panel.matrix.viewport(), Qt.MouseButton.LeftButton, pos=cell.toPoint())
    assert model.rowCount() == 12
    empty = QPointF(area.left() + 0.5 * size.width(), area.top() + 1.5 * size.height())
    with qtbot.assertNotEmitted(panel.matrix.cell_clicked):
        qtbot.mouseClick(panel.matrix.viewport(), Qt.MouseButton.LeftButton, pos=empty.toPoint())
    assert panel.matrix.cell_at(QPointF(1, 1)) is None


def matrix_of(qtbot, num_classes, size=(320, 240), name="class number {}"):
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(*size)
    matrix.show()
    events()
    rng = np.random.default_rng(0)
    counts = np.diag(np.full(num_classes, 40)) + rng.integers(0, 2, (num_classes, num_classes))
    matrix.set_counts(counts, tuple(name.format(n) for n in range(num_classes)))
    return matrix


@pytest.mark.parametrize("num_classes", [1, 2, 10, 200])
def test_a_matrix_of_any_size_fits(qtbot, num_classes):
    matrix = matrix_of(qtbot, num_classes)
    area, _ = matrix._layout()
    assert area.right() <= 320
    assert area.bottom() <= 240 or num_classes > 100
    grab(matrix, f"matrix-{num_classes}")


def test_two_hundred_classes_are_read_zoomed_and_scrolled_under_their_names(qtbot):
    matrix = matrix_of(qtbot, 200, (420, 300))
    matrix.zoom_in()
    assert matrix.is_zoomed
    _, size = matrix._layout()
    assert size.height() >= theme.px(30), "numbers can be read"
    assert matrix.verticalScrollBar().maximum() > 5000
    matrix.verticalScrollBar().setValue(matrix.verticalScrollBar().maximum())
    matrix.horizontalScrollBar().setValue(matrix.horizontalScrollBar().maximum())
    events()
    corner = QPointF(matrix.viewport().width() - 6, matrix.viewport().height() - 6)
    assert matrix.cell_at(corner) == (199, 199)
    assert matrix.cell_at(QPointF(3, 3)) is None, "names, not cells"
    grab(matrix, "matrix-zoomed")
    matrix.fit()
    assert not matrix.is_zoomed
    assert matrix.verticalScrollBar().maximum() == 0


def test_zooming_keeps_the_cell_under_the_mouse(qtbot):
    matrix = matrix_of(qtbot, 100, (420, 320))
    matrix.zoom_in()
    place = QPointF(250, 200)
    before = matrix.cell_at(place)
    matrix._zoom(matrix._least() * 1.5, place)
    after = matrix.cell_at(place)
    assert max(abs(before[0] - after[0]), abs(before[1] - after[1])) <= 1
    for _ in range(30):
        matrix.zoom_out()
    assert not matrix.is_zoomed


def test_cells_are_counts_or_per_cent_of_their_class(qtbot):
    matrix = matrix_of(qtbot, 3)
    counts = grab(matrix)
    matrix.set_shares(True)
    assert (grab(matrix, "matrix-shares") != counts).any()
    assert "% of class number 1" in matrix.cell_text(1, 1)


def test_the_keys_walk_over_cells_and_enter_opens_one(qtbot):
    matrix = matrix_of(qtbot, 5)
    for key in (Qt.Key.Key_Down, Qt.Key.Key_Down, Qt.Key.Key_Right, Qt.Key.Key_Right):
        qtbot.keyClick(matrix, key)
    qtbot.keyClick(matrix, Qt.Key.Key_Up)
    assert matrix.accessibleDescription() == matrix.cell_text(0, 2)
    qtbot.keyClick(matrix, Qt.Key.Key_Left)
    qtbot.keyClick(matrix, Qt.Key.Key_Left)
    with qtbot.waitSignal(matrix.cell_clicked, timeout=500) as caught:
        qtbot.keyClick(matrix, Qt.Key.Key_Return)
    assert caught.args == [0, 0]
    qtbot.keyClick(matrix, Qt.Key.Key_Plus)
    assert matrix.is_zoomed
    qtbot.keyClick(matrix, Qt.Key.Key_0)
    assert not matrix.is_zoomed


# --- scores, calibration, parts, files


def test_every_class_has_its_scores_and_headings_sort(panel, qtbot):
    images, labels = data(30)
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(with_mistakes(labels, 1, 4, 7), sure(30))  # three bees taken for wasps
    panel.views.show_page(1)
    rows = panel.views.table.model()

    def cells(row):
        return [rows.index(row, column).data() for column in range(6)]

    assert cells(1) == ["bee", "10", "100.0 %", "70.0 %", "82.4 %", "wasp, 3 ×"]
    assert cells(2)[2] == "76.9 %"
    panel.views.table.sort_by(3)
    assert [cells(row)[0] for row in range(3)][-1] == "bee", "the best recall first"
    panel.views.table.sort_by(3)
    assert cells(0)[0] == "bee"
    assert panel.views.summary.startswith("Mean F1 89.8 %")
    grab(panel, "results-classes")
    panel.views.table.selectRow(0)
    qtbot.keyClick(panel.views.table, Qt.Key.Key_Return)
    model = panel.grid.model()
    assert [model.image_at(row) for row in range(model.rowCount())] == [7, 4, 1]
    assert panel.summary.startswith("Shown: 3 × mistakes with bee")


def test_top_five_is_said_where_there_are_more_classes(panel):
    images, _ = data(40)
    labels = np.arange(40) % 8
    panel.set_data(images, labels, tuple("abcdefgh"))
    panel.set_predictions(labels, sure(40), np.where(np.arange(40) < 10, 6, 0))
    assert "top-5 75.0 %" in panel.views.summary
    panel.set_predictions(labels, sure(40))
    assert "top-5" not in panel.views.summary


def test_calibration_says_whether_the_network_is_too_sure(panel):
    images, labels = data(200)
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(with_mistakes(labels, *range(0, 200, 2)), np.full(200, 0.95, np.float32))
    panel.views.show_page(2)
    events()
    assert panel.views.calibration.header_text == "Calibration error 45.0 % · too sure"
    grab(panel, "results-calibration")
    panel.set_predictions(with_mistakes(labels, *range(0, 200, 20)), np.full(200, 0.95, np.float32))
    assert "error 0.0 % · about right" in panel.views.calibration.header_text


def test_the_test_part_is_shown_once_there_are_its_predictions(panel, qtbot):
    images, labels = data()
    test_images, test_labels = data(6, seed=1)
    panel.set_data(images, labels, CLASSES)
    assert not panel._test.isVisible()
    panel.set_data(images, labels, CLASSES, test=(test_images, test_labels))
    assert panel._test.isVisible() and not panel._test.isEnabled()
    panel.set_predictions(labels, sure())
    panel.set_predictions(with_mistakes(test_labels, 0), sure(6), part="test")
    assert panel.summary.startswith("12 of 12 right")
    qtbot.mouseClick(panel._test, Qt.MouseButton.LeftButton)
    assert panel.part == "test"
    assert panel.summary.startswith("5 of 6 right")
    assert panel.grid.model().rowCount() == 6
    panel.set_predictions(labels, sure())  # another epoch: what was said of the test part is out of date
    assert panel.part == "validation"
    assert not panel._test.isEnabled()


def test_predictions_are_saved_with_their_files(panel, tmp_path):
    images, labels = data(3)
    panel.set_data(images, labels, CLASSES, files=["ant/ü.png", "bee/1.png", "bad\udcff.png"])
    assert not panel._save.isEnabled()
    assert not panel.save(tmp_path / "none.csv")
    panel.set_predictions(with_mistakes(labels, 1), sure(3))
    said = []
    panel.message.connect(said.append)
    assert panel.save(tmp_path / "predictions")
    written = (tmp_path / "predictions.csv").read_bytes().decode(errors="surrogateescape").splitlines()
    assert written[0] == "file,true,predicted,confidence,right"
    assert written[2] == "bee/1.png,bee,wasp,0.745000,no"
    assert written[3].startswith("bad\udcff.png,wasp")
    assert "3 images are in" in said[0]
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(labels, sure(3))
    assert panel.save(tmp_path / "numbers.csv")
    assert (tmp_path / "numbers.csv").read_text().splitlines()[1] == "1,ant,ant,0.500000,yes"
    assert not panel.save(tmp_path / "missing" / "a.csv")
    assert "no such folder" in said[-1]
