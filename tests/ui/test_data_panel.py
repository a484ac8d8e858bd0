import dataclasses
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QColor

from cnn_studio.app.project import Project, starter_project
from cnn_studio.app.session import Session
from cnn_studio.datasets.load import load
from cnn_studio.datasets.order import class_turns
from cnn_studio.datasets.records import DataSource, ImageData, ImagePart, SkippedFile
from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.panels.data_facts import data_facts, imbalance_text, source_of_folder
from cnn_studio.ui.panels.data_panel import DataPanel
from cnn_studio.ui.panels.data_view import IMAGES
from tests.helpers.images import write_mnist, write_picture
from tests.helpers.ui import Drag, as_array, drag_and_drop, events, grab


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def panel(qtbot, session):
    made = DataPanel(session)
    qtbot.addWidget(made)
    made.resize(1400, 260)
    made.show()
    events()
    return made


def read(source, size=32, channels=1):
    return load(source, height=size, width=size, channels=channels, preprocessing=Preprocessing())


@pytest.fixture(scope="module")
def digits():
    return read(DataSource())


@pytest.fixture
def folder(tmp_path):
    """Two classes of 12 and 4 images in RGB, and two files that are no images."""
    root = tmp_path / "ants and bees é"
    for name, count in (("ant", 12), ("bee", 4)):
        for number in range(count):
            write_picture(root / name / f"{number}.png", seed=number)
    (root / "ant" / "broken.png").write_bytes(b"this is no picture")
    (root / "bee" / "notes.jpg").write_text("neither is this")
    return root


def press(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def urls(*paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def test_the_empty_state_says_what_to_do(panel, qtbot):
    assert panel._name.text() == "Handwritten digits (built in)"
    assert panel.state.text.startswith("Choose images, or press Train: they are loaded first")
    assert panel.view.is_empty
    with qtbot.waitSignal(panel.load_requested, timeout=500):
        press(qtbot, panel.state.button)
    buttons = panel.buttons
    assert all(
        b.toolTip() for b in (buttons.digits, buttons.known, buttons.folder, buttons.csv, panel.state.button)
    )


def test_loading_shows_how_far_it_is(panel):
    panel.set_loading("Loading images", 0, 0)
    assert panel.state.text == "Loading images…"
    assert panel.state.bar.isVisible()
    panel.set_loading("Loading images", 1_200, 5_000)
    assert panel.state.text == "Loading images: 1,200 of 5,000"
    assert (panel.state.bar.value(), panel.state.bar.maximum()) == (1_200, 5_000)
    assert not panel.state.button.isVisible()


def test_loaded_digits_are_counted(panel, digits):
    panel.set_data(digits)
    first, second = panel.state.text.split("\n")
    assert first == f"{len(digits.train):,} training · {len(digits.val):,} validation"
    # 1,797 images of 32 x 32 bytes and their labels of 8 bytes
    assert 1_797 * (32 * 32 + 8) == 1_854_504
    assert second.startswith("10 classes · 32 × 32 grey · ")
    assert second.endswith(" in memory")
    facts = data_facts(digits)
    assert facts.num_bytes == 1_854_504
    assert facts.counts[3] == (int((digits.train.labels == 3).sum()), int((digits.val.labels == 3).sum()))
    assert (
        panel.view.bars.row_text(3)
        == f"3: {facts.counts[3][0]:,} training, {facts.counts[3][1]:,} validation"
    )
    assert not panel.state.bar.isVisible()
    assert not panel.view._show_skipped.isVisible()


def test_all_images_are_shown_and_the_classes_take_turns(panel, digits):
    panel.set_data(digits)
    model = panel.view.grid.model()
    assert model.rowCount() == 1_797
    assert [int(model.labels[model.image_at(row)]) for row in range(10)] == list(range(10))
    first = digits.train.images[np.flatnonzero(digits.train.labels == 0)[0]]
    np.testing.assert_array_equal(as_array(model.pixmap(model.image_at(0)))[..., 0], first[0])
    events()
    grab(panel)
    assert 0 < len(model._pixmaps) < 100, "only what is in view is painted"


def test_classes_take_turns_however_they_are_filled():
    labels = np.array([2] * 5 + [0] * 2 + [1] * 1)
    assert labels[class_turns(labels)].tolist() == [0, 1, 2, 0, 2, 2, 2, 2]
    assert class_turns(labels).tolist() == [5, 7, 0, 6, 1, 2, 3, 4]
    assert len(class_turns(np.zeros(0, np.int64))) == 0


def test_class_and_part_are_filtered(panel, digits, qtbot):
    panel.set_data(digits)
    thumbs = panel.view.thumbs
    assert [thumbs.part.itemText(n) for n in range(3)] == ["All parts", "Training", "Validation"]
    thumbs.label.setCurrentIndex(4)
    labels = np.concatenate([digits.train.labels, digits.val.labels])
    assert thumbs.model.rowCount() == (labels == 3).sum()
    thumbs.part.setCurrentIndex(2)
    assert thumbs.model.rowCount() == (digits.val.labels == 3).sum()
    assert thumbs.count.text() == f"{thumbs.model.rowCount()} images"
    image = thumbs.model.image_at(0)
    row = int(np.flatnonzero(digits.val.labels == 3)[0])
    assert thumbs.model.caption(image) == f"Validation image {row + 1}: 3"
    np.testing.assert_array_equal(as_array(thumbs.model.pixmap(image))[..., 0], digits.val.images[row][0])
    at = QPoint(40, theme.px(20) * 7 + 5)
    qtbot.mouseClick(panel.view.bars, Qt.MouseButton.LeftButton, pos=at)
    assert thumbs.label.currentText() == "7", "a click on a bar chooses its class"
    assert panel.view.page == IMAGES


def test_skipped_files_are_listed_with_their_reasons(panel, folder, qtbot):
    data = read(DataSource(kind="folder", folder=str(folder)), channels=3)
    panel.set_data(data)
    assert "2 files were left out" in panel.state.text
    assert panel._check_size() is None
    assert panel.view._show_skipped.text() == "Left out 2"
    assert panel.view._show_skipped.isVisible()
    press(qtbot, panel.view._show_skipped)
    assert panel.view.skipped.isVisible()
    model = panel.view.skipped.model()
    rows = {model.index(row, 0).data(): model.index(row, 1).data() for row in range(model.rowCount())}
    assert set(rows) == {"broken.png", "notes.jpg"}
    assert all(rows.values())
    grab(panel, "data-skipped")
    panel.set_data(data)
    assert panel.view.skipped.isVisible(), "loading again does not lead away"
    panel.set_data(dataclasses.replace(data, skipped=()))
    assert panel.view.grid.isVisible()
    assert not panel.view._show_skipped.isVisible()


def test_unequal_classes_are_pointed_out(panel, folder):
    data = read(DataSource(kind="folder", folder=str(folder)), channels=3)
    facts = data_facts(data)
    ants, bees = (counts[0] for counts in facts.counts)
    assert imbalance_text(facts) == (
        f"ant has {ants / bees:.0f} times as many training images as bee." if ants >= 3 * bees else ""
    )
    assert ants >= 3 * bees, "the folder is made to be unequal"


def test_bars_are_as_long_as_the_counts(panel, folder):
    panel.set_data(read(DataSource(kind="folder", folder=str(folder)), channels=3))
    events()
    pixels = as_array(panel.view.bars.grab())[..., :3].astype(int)

    def length(row, name):
        color = QColor(theme.current().color(name))
        strip = pixels[row * theme.px(20) + theme.px(10)]
        return int((abs(strip - [color.red(), color.green(), color.blue()]).sum(axis=1) < 12).sum())

    counts = data_facts(read(DataSource(kind="folder", folder=str(folder)), channels=3)).counts
    assert length(0, "loss") / length(1, "loss") == pytest.approx(counts[0][0] / counts[1][0], rel=0.1)
    assert length(0, "validation") > 0


def answer_dialogs(monkeypatch, folder, file=""):
    """The native dialogs cannot be answered without a person; what they return is what is tested."""
    asked = []

    def answer_folder(parent, title, start=""):
        asked.append(start)
        return str(folder)

    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getExistingDirectory", answer_folder)
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getOpenFileName", lambda *_: (str(file), ""))
    return asked


def test_buttons_choose_sources(panel, qtbot, tmp_path, monkeypatch):
    split = DataSource(kind="folder", folder="/pictures", split_seed=7, val_fraction=0.3, excluded=("a",))
    panel.set_source(split)
    plain = split.model_copy(update={"excluded": ()})
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, panel.buttons.digits)
    assert caught.args == [DataSource(split_seed=7, val_fraction=0.3)]
    write_mnist(tmp_path / "MNIST" / "raw")
    asked = answer_dialogs(monkeypatch, tmp_path, tmp_path / "list.csv")
    with qtbot.waitSignal(panel.source_chosen, timeout=5000) as caught:
        press(qtbot, panel.buttons.folder)
    assert caught.args == [plain.model_copy(update={"kind": "mnist", "folder": str(tmp_path)})]
    assert asked == ["/pictures"]
    with qtbot.waitSignal(panel.source_chosen, timeout=500) as caught:
        press(qtbot, panel.buttons.csv)
    assert caught.args == [plain.model_copy(update={"kind": "csv", "folder": str(tmp_path / "list.csv")})]
    answer_dialogs(monkeypatch, "")
    with qtbot.assertNotEmitted(panel.source_chosen):
        press(qtbot, panel.buttons.folder)
        press(qtbot, panel.buttons.csv)
    assert panel.source == split, "the session decides what the source is"


def test_a_dropped_folder_or_list_is_a_source(panel, folder, qtbot, tmp_path):
    with qtbot.waitSignal(panel.source_chosen, timeout=5000) as caught:
        assert drag_and_drop(panel, urls(folder), panel, QPoint(600, 100))
    assert caught.args == [DataSource(kind="folder", folder=str(folder))]
    (folder / "list.csv").write_text("ant/0.png,a\nbee/0.png,b\n")
    with qtbot.waitSignal(panel.source_chosen, timeout=5000) as caught:
        assert drag_and_drop(panel, urls(folder / "list.csv"), panel, QPoint(600, 100))
    assert caught.args == [DataSource(kind="csv", folder=str(folder / "list.csv"))]
    file = folder / "ant" / "0.png"
    for mime in (urls(file), urls(folder, tmp_path), QMimeData()):
        drag = Drag(mime)
        assert not drag.move(panel, QPoint(600, 100))
        drag.leave()


def test_a_folder_that_is_known_and_cannot_be_read_is_refused(panel, qtbot, tmp_path, digits):
    panel.set_data(digits)
    for name in ("data_batch_1", "test_batch"):
        (tmp_path / name).write_bytes(b"\x80")
    with qtbot.assertNotEmitted(panel.source_chosen, wait=200):
        panel.take_path(tmp_path)
        qtbot.waitUntil(panel.note.isVisible, timeout=5000)
    assert "binary version" in panel.note.label.text()
    assert not panel.view.is_empty, "what was loaded stays"


def test_a_folder_with_mnists_files_is_read_as_mnist(tmp_path):
    like = DataSource(split_seed=3)
    assert source_of_folder(tmp_path, like).kind == "folder"
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    (raw / "train-images-idx3-ubyte.gz").write_bytes(b"")
    assert source_of_folder(tmp_path, like) == DataSource(kind="mnist", folder=str(tmp_path), split_seed=3)
    assert source_of_folder(tmp_path, like, "folder").kind == "folder"


def test_another_source_forgets_the_images(panel, session, digits):
    panel.set_data(digits)
    panel.set_source(session.data)
    assert not panel.view.is_empty, "the same source changes nothing"
    session.set_data(DataSource(kind="folder", folder="/pictures"))
    assert panel._name.text() == "Images in /pictures"
    assert panel.view.is_empty
    assert panel.view.grid.model().rowCount() == 0
    session.replace(starter_project(find_starter("mlp")))
    assert panel._name.text() == "Handwritten digits (built in)"


def test_an_error_is_shown_with_a_way_on(panel, digits, qtbot):
    panel.set_data(digits)
    panel.set_error("There is no folder /pictures. Choose another.")
    assert panel.view.message == "There is no folder /pictures. Choose another."
    assert panel.view.is_empty
    assert "could not be loaded" in panel.state.text
    assert panel.state.button.text() == "Try again"
    with qtbot.waitSignal(panel.load_requested, timeout=500):
        press(qtbot, panel.state.button)
    panel.set_loading("Loading images", 0, 0)
    assert panel.view.message == "Images appear here once they are loaded"
    panel.set_data(digits)
    assert not panel.state.button.isVisible()


def test_another_input_size_is_said(panel, session, digits):
    panel.set_data(digits)
    entry = session.document.layer_at("input").id
    session.push(SetParams(id=entry, changes={"height": 40}))
    assert panel.state.note == (
        "The input is now 40 × 32 grey; the images are resized anew when training starts."
    )
    assert panel.state.button.text() == "Load again"
    session.stack.undo()
    assert panel.state.note == ""
    assert not panel.state.button.isVisible()


def many_classes(count=300):
    rng = np.random.default_rng(0)

    def part(size):
        return ImagePart(rng.integers(0, 256, (size, 3, 16, 16), np.uint8), rng.integers(0, count, size))

    names = tuple(f"class number {n} with a long name" for n in range(count))
    skipped = tuple(SkippedFile(Path(f"/pictures/{n}.gif"), "it has no pixels") for n in range(1_000))
    return ImageData("Many", names, part(9_000), part(1_000), part(500), (0.5,) * 3, (0.2,) * 3, skipped)


def test_many_classes_and_files_fit(panel, session):
    panel.set_data(many_classes())
    events()
    assert panel.view.bars.height() >= 300 * 20
    assert "500 test" in panel.state.text
    grab(panel, "data-many")


def test_larger_text_clips_nothing(panel, digits):
    panel.set_data(digits)
    theme.manager().set_font_size(14)
    events()
    assert panel.buttons.folder.geometry().right() < panel._side.viewport().width()
    assert panel.state.height() >= panel.state.heightForWidth(panel.state.width())
    assert panel.view.bars.width() <= panel.view.bars.parentWidget().width()
    grab(panel, "data-14pt")


def test_a_project_without_an_input_is_no_trouble(panel, session, digits):
    from cnn_studio.graph.document import NetworkDocument

    session.replace(Project(NetworkDocument()))
    panel.set_data(digits)
    assert panel.state.note == ""


@pytest.mark.parametrize("mode", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 1000])
def test_pictures(panel, session, digits, folder, mode, width):
    theme.manager().set_mode(mode)
    panel.resize(width, 260)
    events()
    grab(panel, f"data-empty-{mode}-{width}")
    panel.set_loading("Loading images", 1_200, 5_000)
    grab(panel, f"data-loading-{mode}-{width}")
    panel.set_data(digits)
    events()
    assert grab(panel, f"data-{mode}-{width}").std() > 1
    session.set_data(DataSource(kind="folder", folder=str(folder)))
    panel.set_data(read(DataSource(kind="folder", folder=str(folder)), channels=3))
    events()
    grab(panel, f"data-folder-{mode}-{width}")
    panel.set_error(
        f"There is no folder {folder / 'nowhere'}. Choose a folder that holds one folder per class."
    )
    events()
    grab(panel, f"data-error-{mode}-{width}")


def test_the_panels_load_nothing_slow():
    names = ("analysis_panel", "code_panel", "data_panel", "runs_panel")
    code = "import sys\n" + "".join(f"import cnn_studio.ui.panels.{name}\n" for name in names)
    code += "sys.exit(', '.join({'torch', 'numpy', 'pyqtgraph', 'PIL'} & set(sys.modules)) or 0)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
