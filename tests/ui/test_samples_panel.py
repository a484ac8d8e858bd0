import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor

from cnn_studio.ui import theme
from cnn_studio.ui.panels.samples_panel import SamplesPanel
from cnn_studio.ui.widgets.confusion_matrix import ConfusionMatrix, count_confusions
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
    assert panel.summary == "11 of 12 right, 91.7 %"
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
    assert panel.summary == "11 of 12 right, 91.7 %"


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


def test_confusions_are_counted():
    labels, predictions = np.array([0, 0, 1, 2, 2, 2]), np.array([0, 1, 1, 0, 0, 2])
    np.testing.assert_array_equal(count_confusions(labels, predictions, 3), [[1, 1, 0], [0, 1, 0], [2, 0, 1]])


def test_a_click_on_a_cell_shows_its_images(panel, qtbot):
    images, labels = data()
    panel.set_data(images, labels, CLASSES)
    panel.set_predictions(with_mistakes(labels, 1, 4), sure())  # two bees taken for wasps
    events()
    area, size = panel.matrix._layout()
    cell = QPointF(area.left() + 2.5 * size, area.top() + 1.5 * size)
    assert panel.matrix.cell_at(cell) == (1, 2)
    assert panel.matrix.cell_text(1, 2) == "bee taken for wasp: 2 times"
    qtbot.mouseClick(panel.matrix, Qt.MouseButton.LeftButton, pos=cell.toPoint())
    model = panel.grid.model()
    assert [model.image_at(row) for row in range(model.rowCount())] == [4, 1]
    assert panel.summary == "10 of 12 right, 83.3 % · shown: 2 × bee taken for wasp"
    qtbot.mouseClick(panel.matrix, Qt.MouseButton.LeftButton, pos=cell.toPoint())
    assert model.rowCount() == 12
    empty = QPointF(area.left() + 0.5 * size, area.top() + 1.5 * size)
    with qtbot.assertNotEmitted(panel.matrix.cell_clicked):
        qtbot.mouseClick(panel.matrix, Qt.MouseButton.LeftButton, pos=empty.toPoint())
    assert panel.matrix.cell_at(QPointF(1, 1)) is None


@pytest.mark.parametrize("num_classes", [1, 2, 10, 200])
def test_a_matrix_of_any_size_fits(qtbot, num_classes):
    matrix = ConfusionMatrix()
    qtbot.addWidget(matrix)
    matrix.resize(320, 240)
    counts = np.eye(num_classes, dtype=np.int64) * 7
    matrix.set_counts(counts, tuple(f"class number {n}" for n in range(num_classes)))
    area, _ = matrix._layout()
    assert area.right() <= 320
    assert area.bottom() <= 240 or num_classes > 100
    grab(matrix, f"matrix-{num_classes}")
