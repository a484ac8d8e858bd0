"""Pictures of the network, read back."""

import re

import pytest
from PySide6.QtCore import QByteArray, Qt
from PySide6.QtGui import QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer

from cnn_studio.app.preferences import Preferences
from cnn_studio.app.session import Session
from cnn_studio.core.errors import StorageError
from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.starters import find_starter
from cnn_studio.ui import theme
from cnn_studio.ui.canvas import picture
from cnn_studio.ui.file_controller import FileController
from cnn_studio.ui.picture_controller import PictureController
from tests.helpers.canvas import layer
from tests.helpers.folding import two_stages
from tests.helpers.ui import as_array, grab


def svg_texts(content):
    return re.findall(r"<text[^>]*>([^<]+)<", content.decode())


def drawn(svg):
    renderer = QSvgRenderer(QByteArray(svg))
    assert renderer.isValid()
    box = renderer.viewBox()
    image = QImage(box.size(), QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.black)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return as_array(image)


@pytest.fixture
def controller(show, qtbot):
    view = show()
    made = PictureController(view, FileController(Session(), Preferences(), view), view)
    made.said = []
    made.message.connect(made.said.append)
    return made


def test_an_svg_has_names_and_shapes_as_text_on_white(show):
    view = show()
    svg = picture.svg_of(view.network, title="LeNet-5")
    texts = svg_texts(svg)
    assert {*view.context.document.paths} <= {*texts}
    assert {"6×28×28", "2,416", "10  output"} <= {*texts}
    assert b"<title>LeNet-5</title>" in svg
    pixels = drawn(svg)
    assert tuple(pixels[1, 1, :3]) == (255, 255, 255)
    blue = theme.qcolor("convolution").getRgb()[:3]
    assert (abs(pixels[..., :3].astype(int) - blue).sum(axis=2) < 12).sum() > 3 * 5 * 40


def test_a_picture_is_light_and_the_window_stays_dark(show):
    view = show()
    light = as_array(picture.image_of(view.network))
    theme.manager().set_mode("dark")
    window = grab(view)
    assert (as_array(picture.image_of(view.network)) == light).all()
    assert theme.current() is theme.DARK
    assert (grab(view) == window).all()


def test_a_picture_does_not_depend_on_the_text_size_of_the_window(show):
    view = show()
    before = picture.image_of(view.network).size()
    theme.manager().set_font_size(14.25)
    assert picture.image_of(view.network).size() == before
    assert "6×28×28" in svg_texts(picture.svg_of(view.network))


def test_selection_and_badges_show_only_when_asked_for(show):
    view = show()
    plain = as_array(picture.image_of(view.network))
    view.selection.select({layer(view, "C1").id})
    assert (as_array(picture.image_of(view.network)) == plain).all()
    ringed = picture.image_of(view.network, picture.PictureOptions(selection=True))
    assert (as_array(ringed) != plain).any()
    assert view.network.cards[layer(view, "C1").id].is_selected
    view.edit(SetParams(id=layer(view, "C3").id, changes={"stride": 2}))
    assert "!" not in svg_texts(picture.svg_of(view.network))
    assert "!" in svg_texts(picture.svg_of(view.network, picture.PictureOptions(badges=True)))
    assert view.network.cards[layer(view, "C3").id].content.badge is not None


def test_folded_blocks_stay_folded(show):
    view = show(two_stages())
    view.folds.fold("res")
    texts = svg_texts(picture.svg_of(view.network))
    assert "res" in texts and "res.conv1" not in texts and "conv1" not in texts
    view.folds.unfold("res")
    assert {"res", "conv1", "relu"} <= {*svg_texts(picture.svg_of(view.network))}


def test_a_png_has_the_wanted_scale_as_far_as_one_can_have_it(show):
    view = show()
    area = picture.picture_area(view.network)
    for scale in (1.0, 3.0):
        image = picture.image_of(view.network, picture.PictureOptions(scale))
        assert image.width() == pytest.approx(area.width() * scale, abs=1)
        assert image.height() == pytest.approx(area.height() * scale, abs=1)
    view.context.document.change_layer(layer(view, "OUT").id, y=40_000.0)
    size, scale = picture.png_size(view.network, 2.0)
    assert size.height() == picture.MAX_SIDE and scale == pytest.approx(picture.MAX_SIDE / 40_060, rel=0.01)


def pages(pdf):
    boxes = re.findall(rb"/MediaBox \[([^\]]*)\]", pdf)
    return [tuple(float(n) for n in box.split()) for box in boxes]


def test_a_pdf_has_one_page_of_the_right_size(show):
    view = show()
    area = picture.picture_area(view.network)
    pdf = picture.pdf_of(view.network)
    assert pdf.startswith(b"%PDF")
    ((left, bottom, right, top),) = pages(pdf)
    assert (left, bottom) == (0, 0)
    assert right == pytest.approx(area.width() * 72 / 96, abs=1)
    assert top == pytest.approx(area.height() * 72 / 96, abs=1)
    assert b"/FontFile" in pdf  # text is text


def test_a_large_network_is_one_page_with_all_its_names(show):
    view = show(find_starter("resnet152").build())
    view.folds.unfold_all()
    ((_, _, width, height),) = pages(picture.pdf_of(view.network))
    assert 100 < width < height <= 14_400
    texts = svg_texts(picture.svg_of(view.network))
    assert sum(text == "conv2" for text in texts) == 50
    assert len(texts) > 516 * 2


def test_saving_writes_each_format(controller, tmp_path):
    for kind in ("svg", "png", "pdf"):
        path = tmp_path / f"net with ä.{kind}"
        assert controller.save(path, kind)
        assert str(path) in controller.said[-1]
    assert QImage(str(tmp_path / "net with ä.png")).width() > 300
    assert drawn((tmp_path / "net with ä.svg").read_bytes()).min() < 100


def test_what_cannot_be_written_is_a_sentence(controller, tmp_path):
    assert not controller.save(tmp_path / "missing" / "net.svg", "svg")
    assert "there is no such folder" in controller.said[-1]
    (tmp_path / "net.png").mkdir()
    assert not controller.save(tmp_path / "net.png", "png")
    assert "it is a folder" in controller.said[-1]


def test_a_refusal_is_said_in_the_dialog_and_the_dialog_stays(controller, tmp_path, qtbot):
    controller.ask()
    dialog = controller.dialog
    dialog.chosen.emit(tmp_path / "missing" / "net.svg")
    assert controller.dialog is dialog and "there is no such folder" in dialog.error_text.text()
    assert not controller.said
    dialog.format_field.setCurrentIndex(1)
    assert "pixels" in dialog.size_text.text() and dialog.scale_field.isEnabled()
    dialog.chosen.emit(tmp_path / "net.png")
    assert controller.dialog is None and (tmp_path / "net.png").exists()


def test_copying_gives_pixels_and_svg(controller):
    assert controller.copy()
    mime = QGuiApplication.clipboard().mimeData()
    assert mime.hasImage() and mime.imageData().width() > 300
    assert "C1" in svg_texts(bytes(mime.data("image/svg+xml").data()))


def test_an_empty_network_has_no_picture(controller):
    view = controller._canvas
    view.selection.select(view.context.document.layers)
    view.operations.delete()
    controller.ask()
    assert controller.dialog is None and "empty" in controller.said[-1]
    assert not controller.copy()


def test_too_little_memory_is_a_sentence(show, monkeypatch):
    view = show()
    monkeypatch.setattr(picture, "QImage", lambda *_: QImage())
    picture.QImage.Format = QImage.Format
    with pytest.raises(StorageError, match="not enough memory"):
        picture.image_of(view.network)
