"""Trying an image: what is pasted, dropped or cannot be read, and what closing ends."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QImage

from tests.ui.test_main_window import settings
from tests.ui.test_main_window import window as window  # noqa: PLC0414 - a fixture is found by its name
from tests.ui.test_run_tools import idle, trigger


def paste(dialog, **parts):
    mime = QMimeData()
    if "image" in parts:
        mime.setImageData(parts["image"])
    if "text" in parts:
        mime.setText(parts["text"])
    if "url" in parts:
        mime.setUrls([QUrl(parts["url"])])
    dialog._take_mime(mime)


def test_what_is_pasted_is_tried_or_gets_a_sentence(window, qtbot, tmp_path):
    settings(window, epochs=1)
    trigger(window, "train")
    idle(window, qtbot)
    trigger(window, "try_image")
    dialog = window.tools.trial
    picture = QImage(40, 40, QImage.Format.Format_Grayscale8)
    picture.fill(90)
    for number in (1, 2):
        paste(dialog, image=picture)
        qtbot.waitUntil(
            lambda n=number: dialog.title.text().startswith(f"pasted image {n}: "), timeout=20_000
        )
    assert not dialog.picture.pixmap().isNull()
    dialog.try_file(tmp_path / "none.png")
    qtbot.waitUntil(lambda: "cannot be read" in dialog.note.text(), timeout=20_000)
    assert "pasted" not in dialog.title.text()
    assert dialog.bars.accessibleDescription() == ""
    assert dialog.picture.pixmap().isNull()
    paste(dialog, text="a word")
    assert "no image" in dialog.note.text()
    paste(dialog, url="https://example.org/cat.png")
    assert "web address" in dialog.note.text()


def test_escape_ends_what_is_tried(window, qtbot, tmp_path):
    settings(window, epochs=1)
    trigger(window, "train")
    idle(window, qtbot)
    trigger(window, "try_image")
    dialog = window.tools.trial
    dialog.try_file(tmp_path / "none.png")
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert dialog._job.is_cancelled
