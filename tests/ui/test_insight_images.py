"""Images of every kind on the Inspect page: what is done to them is said, what cannot be read gets a sentence, nothing freezes."""

from __future__ import annotations

import time

import numpy as np
from PIL import Image
from PySide6.QtCore import QMimeData, QTimer, QUrl
from PySide6.QtGui import QImage

from cnn_studio.app.project import Project
from cnn_studio.datasets.records import DataSource
from cnn_studio.graph.commands import SetParams
from tests.helpers.bad_files import bad_files
from tests.helpers.images import noise, write_picture
from tests.helpers.networks import chain
from tests.helpers.ui import grab
from tests.ui.test_insight_page import layer_id, looked
from tests.ui.test_insight_page import page as page  # noqa: PLC0414 - a fixture is found by its name
from tests.ui.test_main_window import window as window  # noqa: PLC0414 - a fixture is found by its name

LONGEST_SILENCE = 1.0  # seconds in which the window answers nobody; decoding these images takes longer


class Heartbeat:
    """Measures the longest time in which the window's loop did not turn."""

    def __init__(self, parent):
        self.longest, self._last = 0.0, time.monotonic()
        self._timer = QTimer(parent)
        self._timer.timeout.connect(self._beat)
        self._timer.start(10)

    def _beat(self):
        now = time.monotonic()
        self.longest, self._last = max(self.longest, now - self._last), now


def dropped(*files):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    return mime


def pasted(picture):
    mime = QMimeData()
    mime.setImageData(picture)
    return mime


def see(page, qtbot, mime):
    looked(page, qtbot, lambda: page.image.take(mime))
    return page.state.look


def test_images_of_another_size_and_colour_say_what_the_network_gets(page, qtbot, tmp_path):
    for name, values, said in (
        (
            "grey photo.png",
            noise(30, 40, 1),
            "The image has 40 × 30 pixels, grey; the network gets 32 × 32, grey.",
        ),
        (
            "photo.jpg",
            noise(300, 400),
            "The image has 400 × 300 pixels, RGB; the network gets 32 × 32, grey.",
        ),
        ("dot.png", noise(1, 1), "The image has 1 × 1 pixels, RGB; the network gets 32 × 32, grey."),
        ("fits.png", noise(32, 32, 1), ""),
        (
            "glass.png",
            np.dstack((noise(20, 20), np.zeros((20, 20), np.uint8))),
            "The image has 20 × 20 pixels, RGB with alpha; the network gets 32 × 32, grey; what was see-through is white.",
        ),
        (
            "deep.png",
            noise(9, 9, 1).astype(np.uint16) * 256,
            "The image has 9 × 9 pixels, 16-bit grey; the network gets 32 × 32, grey.",
        ),
    ):
        Image.fromarray(values).save(tmp_path / name)
        look = see(page, qtbot, dropped(tmp_path / name))
        assert look is not None and look.image.shape == (1, 32, 32), name
        assert page.image.about.text() == said
        assert page.image.about.isVisible() == bool(said)
        assert page.image.bars.accessibleDescription(), name
    grab(page, "inspect-other-size")
    looked(page, qtbot, lambda: page.image.step(1))
    assert not page.image.about.isVisible()


def test_what_is_see_through_is_white_and_sixteen_bits_keep_their_light(page, qtbot, tmp_path):
    Image.new("RGBA", (8, 8), (0, 0, 0, 0)).save(tmp_path / "nothing.png")
    assert see(page, qtbot, dropped(tmp_path / "nothing.png")).image.min() == 255
    Image.fromarray(np.full((8, 8), 128 << 8, np.uint16)).save(tmp_path / "middle.png")
    assert np.unique(see(page, qtbot, dropped(tmp_path / "middle.png")).image).tolist() == [128]


def test_a_grey_image_is_seen_by_a_colour_network(page, qtbot, tmp_path, window):
    layers = ("conv", "conv2d", {}), ("flat", "flatten", {}), ("out", "linear", {"out_features": 3})
    colour = Project(chain((3, 32, 32), *layers), DataSource())
    looked(page, qtbot, lambda: window.session.replace(colour))
    Image.fromarray(noise(16, 16, 1)).save(tmp_path / "grey.png")
    image = see(page, qtbot, dropped(tmp_path / "grey.png")).image
    assert image.shape == (3, 32, 32)
    assert np.array_equal(image[0], image[2])
    assert page.image.about.text() == "The image has 16 × 16 pixels, grey; the network gets 32 × 32, RGB."


def test_files_that_are_no_images_get_a_sentence_and_the_page_goes_on(page, qtbot, tmp_path):
    good = write_picture(tmp_path / "good.png")
    for name, content in bad_files().items():
        bad = tmp_path / name
        bad.write_bytes(content)
        assert see(page, qtbot, dropped(bad)) is None
        sentence = page.image.note.text()
        assert name in sentence and "cannot be read as an image: " in sentence and sentence.endswith(".")
        assert page.image.title.text() == "" and page.image.bars.accessibleDescription() == ""
        assert see(page, qtbot, dropped(good)) is not None, f"after {name}"
        assert "cannot be read" not in page.image.note.text()
    assert see(page, qtbot, dropped(tmp_path)) is None
    assert "cannot be read as an image" in page.image.note.text()
    with qtbot.waitSignal(page.message) as said:
        page.image.take(QMimeData())
    assert said.args[0].startswith("That is no image.")


def test_huge_images_are_read_or_refused_in_words_while_the_window_answers(page, qtbot, tmp_path):
    large, huge = tmp_path / "large.jpg", tmp_path / "huge.png"
    Image.new("RGB", (9_000, 9_000), (40, 90, 200)).save(large)
    Image.new("L", (12_000, 9_000)).save(huge, compress_level=1)
    clipboard = QImage(12_000, 9_000, QImage.Format.Format_RGB32)
    clipboard.fill(0x336699)
    beat = Heartbeat(page)
    assert see(page, qtbot, dropped(large)) is not None
    assert "9,000 × 9,000" in page.image.about.text()
    assert see(page, qtbot, dropped(huge)) is None
    assert "more than 89 million pixels" in page.image.note.text()
    assert see(page, qtbot, pasted(clipboard)) is not None
    assert page.image.about.text().startswith("The image has 12,000 × 9,000 pixels, RGB;")
    assert beat.longest < LONGEST_SILENCE


def test_a_pasted_picture_that_cannot_be_kept_is_said(page, qtbot, tmp_path):
    page.image._pasted.clean_up()
    picture = QImage(4, 4, QImage.Format.Format_RGB32)
    picture.fill(0)
    assert see(page, qtbot, pasted(picture)) is None
    assert "could not be written" in page.image.note.text()


def test_another_input_gets_the_same_image_anew(page, qtbot, window, tmp_path):
    photo = write_picture(tmp_path / "photo.png", size=(50, 60))
    looked(page, qtbot, lambda: page.image.show_file(photo))
    size = SetParams(id=layer_id(page, "input"), changes={"height": 36, "width": 36})
    looked(page, qtbot, lambda: window.session.push(size))
    assert page.state.look.image.shape == (1, 36, 36)
    assert page.image.about.text().endswith("the network gets 36 × 36, grey.")
    looked(page, qtbot, window.undo)
    assert page.state.look.image.shape == (1, 32, 32)
