"""The map of codes: points by class, what is under the mouse, neighbours, keys, export, and work in a job."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from cnn_studio.app.exploring import Exploration, map_codes
from cnn_studio.app.jobs import JobList
from cnn_studio.datasets.records import DataSource
from cnn_studio.transfer.recipe import TransferRecipe
from cnn_studio.ui import theme
from cnn_studio.ui.wizard.code_map import CodeMapView
from cnn_studio.ui.wizard.code_neighbours import thumbnail
from cnn_studio.ui.wizard.work import Work
from tests.helpers.codes import grouped
from tests.helpers.images import write_classes
from tests.helpers.plots import has_color
from tests.helpers.ui import as_array, events, grab, texts
from tests.helpers.ui import hover as move

ANIMALS = ("ants", "bees", "wasps")


def make_view(qtbot: QtBot, exploration: Exploration | None = None) -> CodeMapView:
    holder = QWidget()
    view = CodeMapView(Work(JobList(), holder).line(holder), holder)
    view.holder = holder  # lives as long as the view
    qtbot.addWidget(holder)
    holder.resize(900, 560)
    view.resize(900, 560)
    holder.show()
    if exploration is not None:
        view.set_exploration(exploration)
        view.set_map(map_codes(exploration, "pca"))
    events()
    return view


@pytest.fixture
def found() -> Exploration:
    return grouped(60, 12, 3, spread=0.5, num_val=20, classes=ANIMALS)


def place(view: CodeMapView, at: int) -> QPoint:
    """Where an image's point is in the plot's own widget."""
    assert view.canvas.surface.point_at(QPointF(1e9, 1e9)) == -1
    return view.canvas.surface.place_of(at).toPoint()


def hover(plot: QWidget, at: QPoint) -> None:
    time.sleep(0.02)  # pyqtgraph passes over moves that follow each other within 10 ms
    move(plot, at)


def listed(view: CodeMapView) -> list[str]:
    return [view.neighbours.list.item(row).text() for row in range(view.neighbours.list.count())]


def test_classes_have_colours_and_counts(qtbot: QtBot, found: Exploration) -> None:
    view = make_view(qtbot, found)
    names = [view.class_list.item(row).text() for row in range(view.class_list.count())]
    assert names == ["All classes (60)", "ants (20)", "bees (20)", "wasps (20)"]
    pixels = grab(view.canvas, "code-map")
    for token in ("activation", "merge", "normalisation"):
        assert has_color(pixels, token)
    assert "60 images of 3 classes" in view.canvas.header.text
    assert "%" in view.note.text()


def test_a_chosen_class_stands_out_and_parts_can_be_hidden(qtbot: QtBot, found: Exploration) -> None:
    view = make_view(qtbot, found)
    view.class_list.setCurrentRow(1)
    events()
    pixels = grab(view.canvas)
    assert has_color(pixels, "activation") and not has_color(pixels, "merge")
    view.class_list.setCurrentRow(0)
    view.train_box.setChecked(False)
    events()
    assert "20 images" in view.canvas.header.text
    hidden, shown = place(view, 0), place(view, 59)
    plot = view.canvas.surface.widget
    hover(plot, shown)
    assert view.canvas.tip.isVisible()
    view.val_box.setChecked(False)
    events()
    hover(plot, hidden)
    assert not view.canvas.tip.isVisible() and "0 images" in view.canvas.header.text


def test_the_mouse_shows_the_image_and_its_class(qtbot: QtBot, found: Exploration) -> None:
    view = make_view(qtbot, found)
    hover(view.canvas.surface.widget, place(view, 45))
    assert view.canvas.tip.isVisible()
    assert view.canvas.tip.text.text() in {view.canvas.words_of(at) for at in range(60)}
    assert view.canvas.rect().contains(view.canvas.tip.geometry())
    assert not view.canvas.tip.picture.pixmap().isNull()
    hover(view.canvas.surface.widget, QPoint(2, 2))
    assert not view.canvas.tip.isVisible()


def test_a_click_lists_the_nearest_images_and_marks_other_classes(qtbot: QtBot) -> None:
    mixed = grouped(40, 6, 2, spread=2.0, classes=("ants", "bees"))
    view = make_view(qtbot, mixed)
    QTest.mouseClick(view.canvas.surface.widget.viewport(), Qt.MouseButton.LeftButton, pos=place(view, 7))
    events()
    lines = listed(view)
    assert len(lines) == 12
    own = view.neighbours.name.text().split(",")[0]
    same = sum(line.startswith(f"✓ {own}") for line in lines)
    assert 0 < same < 12 and view.neighbours.summary.text().startswith(f"{same} of its 12")
    assert all(line.startswith("✗") != (f" {own}," in line) for line in lines)
    pixels = grab(view.canvas, "code-map-neighbours")
    assert has_color(pixels, "error", 20) and has_color(pixels, "ok", 20)
    first = lines[0]
    view.neighbours.metric_box.setCurrentIndex(1)
    assert listed(view)[0] != first  # lengths are not cosines
    QTest.keyClick(view.canvas, Qt.Key.Key_Escape)
    assert view.neighbours.list.count() == 0


def test_a_neighbour_leads_on_to_its_own_neighbours(qtbot: QtBot, found: Exploration) -> None:
    view = make_view(qtbot, found)
    view.choose(3)
    before = view.neighbours.name.text()
    view.neighbours.list.setCurrentRow(0)
    QTest.keyClick(view.neighbours.list, Qt.Key.Key_Return)
    assert view.neighbours.name.text() != before


def test_arrow_keys_walk_from_point_to_point(qtbot: QtBot, found: Exploration) -> None:
    view = make_view(qtbot, found)
    seen: list[int] = []
    view.canvas.clicked.connect(seen.append)
    places = map_codes(found, "pca").places
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_Up):
        QTest.keyClick(view.canvas, key)
    assert seen[0] == 0
    assert places[seen[1], 0] > places[seen[0], 0]
    assert places[seen[2], 0] < places[seen[1], 0]
    assert places[seen[3], 1] > places[seen[2], 1]
    assert found.class_of(seen[3]) in view.canvas.accessibleDescription()


def test_wrong_classifications_are_marked(qtbot: QtBot, found: Exploration) -> None:
    view = make_view(qtbot, found)
    assert not has_color(grab(view.canvas), "error")
    predictions = found.val.labels.copy()
    predictions[:4] = (predictions[:4] + 1) % 3
    view.set_predictions(predictions)
    events()
    assert "4 classified wrongly" in view.canvas.header.text
    assert has_color(grab(view.canvas), "error")
    view.choose(40)
    assert "classified as" in view.neighbours.name.text()
    with pytest.raises(ValueError, match="7 predictions"):
        view.set_predictions(np.zeros(7, np.int64))


def test_the_picture_and_the_numbers_can_be_saved(qtbot: QtBot, found: Exploration, tmp_path: Path) -> None:
    view = make_view(qtbot, found)
    theme.manager().set_mode("dark")
    events()
    said: list[str] = []
    view.message.connect(said.append)
    assert view.canvas.menu.save_picture(tmp_path / "map.png")
    assert view.canvas.menu.save_picture(tmp_path / "map.svg")
    assert view.canvas.menu.save_csv(tmp_path / "map.csv")
    assert len(said) == 3
    lines = (tmp_path / "map.csv").read_text("utf-8").splitlines()
    assert lines[0] == "image,class,predicted,x,y" and len(lines) == 61
    assert lines[1].startswith("training image 1,ants,,")
    assert "bees" in (tmp_path / "map.svg").read_text("utf-8")
    theme.manager().set_mode("light")


def test_thumbnails_show_grey_and_colour_as_they_are() -> None:
    grey = np.full((1, 4, 6), 90, np.uint8)
    red = np.zeros((3, 4, 6), np.uint8)
    red[0] = 200
    pixels = as_array(thumbnail(grey, 12))
    assert pixels.shape[:2] == (8, 12) and (pixels[..., :3] == 90).all()
    assert (as_array(thumbnail(red, 12))[0, 0, :3] == [200, 0, 0]).all()


def test_ten_thousand_points_stay_smooth(qtbot: QtBot) -> None:
    many = grouped(10_000, 16, 10, num_val=2_000)
    view = make_view(qtbot, many)
    plot = view.canvas.surface.widget
    view.canvas.surface.show_all()
    grab(plot, "code-map-many")
    times = []
    for _ in range(5):
        start = time.perf_counter()
        plot.getViewBox().scaleBy((0.98, 0.98))
        grab(plot)
        times.append(time.perf_counter() - start)
    points = []
    for at in range(5):
        time.sleep(0.02)
        start = time.perf_counter()
        move(plot, place(view, 100 * at))
        points.append(time.perf_counter() - start)
    print(f"paint {1000 * min(times):.0f} ms, hover {1000 * min(points):.0f} ms")
    assert min(times) < 0.25 and min(points) < 0.1


def test_another_map_is_computed_on_request_and_kept(qtbot: QtBot, found: Exploration) -> None:
    view = make_view(qtbot, found)
    view.kind_buttons["tsne"].click()
    assert view.footer.isVisible()
    assert "60 images" in view.canvas.header.text  # what there was stays in view meanwhile
    qtbot.waitUntil(lambda: "means nothing" in view.note.text(), timeout=60_000)
    qtbot.waitUntil(lambda: not view.footer.isVisible())
    view.kind_buttons["pca"].click()
    assert not view.footer.isVisible() and "%" in view.note.text()
    view.kind_buttons["tsne"].click()
    assert not view.footer.isVisible() and "means nothing" in view.note.text()


def test_a_map_that_was_stopped_leaves_the_one_before(qtbot: QtBot) -> None:
    view = make_view(qtbot, grouped(1_500, 40, 3))
    view.kind_buttons["tsne"].click()
    qtbot.waitUntil(lambda: "of" in view.doing.text(), timeout=60_000)
    view.cancel.click()
    qtbot.waitUntil(lambda: not view.footer.isVisible(), timeout=10_000)
    assert view.kind_buttons["pca"].isChecked() and "%" in view.note.text()


@pytest.mark.slow
def test_codes_and_map_are_computed_in_a_job(qtbot: QtBot, tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "two", {"ants": 6, "bees": 6})
    view = make_view(qtbot)
    view.explore(TransferRecipe(data=DataSource(kind="folder", folder=str(folder), val_fraction=0.3)))
    assert view.footer.isVisible()
    qtbot.waitUntil(lambda: not view.footer.isVisible(), timeout=60_000)
    assert view.exploration is not None and "12 images of 2 classes" in view.canvas.header.text
    alone = write_classes(tmp_path / "one", {"ants": 3})
    with qtbot.waitSignal(view.failed, timeout=60_000) as caught:
        view.explore(TransferRecipe(data=DataSource(kind="folder", folder=str(alone))))
    assert "classes apart" in caught.args[0]
    assert caught.args[0] in texts(view.canvas)
    qtbot.waitUntil(lambda: not view.footer.isVisible())
