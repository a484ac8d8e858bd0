"""Trying an image: what is pasted, dropped or cannot be read, and what closing ends."""

from __future__ import annotations

import csv

from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtGui import QImage

from tests.helpers.images import write_picture
from tests.helpers.ui import grab
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


def test_a_folder_is_a_list_to_sort_look_at_and_save(window, qtbot, tmp_path):
    settings(window, epochs=1)
    trigger(window, "train")
    idle(window, qtbot)
    trigger(window, "try_image")
    dialog = window.tools.trial
    folder = tmp_path / "Fotos ä"
    for number in range(3):
        write_picture(folder / f"{number}.png", seed=number)
    write_picture(folder / "inside" / "3.png", seed=3)
    (folder / "broken.png").write_bytes(b"no image")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(folder))])
    dialog._take_mime(mime)
    qtbot.waitUntil(lambda: len(dialog.several.tried) == 5, timeout=20_000)
    assert dialog.list.isVisible()
    assert dialog.note.text().startswith("5 images: ") and dialog.note.text().endswith("; 1 cannot be read")
    names = [dialog.list.model().index(row, 0).data() for row in range(5)]
    at = names.index("3.png")
    dialog.list.selectRow(at)
    assert dialog.title.text() == f"3.png: {dialog.list.model().index(at, 1).data()}"
    assert not dialog.picture.pixmap().isNull()
    grab(dialog, "try-a-folder")
    dialog.list.selectRow(names.index("broken.png"))
    assert "cannot be read" in dialog.note.text()
    out = tmp_path / "said.csv"
    dialog.save_list(out)
    rows = list(csv.DictReader(out.read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 4 * 5
    assert {row["file"] for row in rows} == {
        str(tried.file) for tried in dialog.several.tried if not tried.error
    }
    assert [row["rank"] for row in rows[:5]] == ["1", "2", "3", "4", "5"]
    dialog.try_file(folder / "0.png")
    qtbot.waitUntil(lambda: dialog.title.text().startswith("0.png: "), timeout=20_000)
    assert not dialog.list.isVisible()


def test_many_pictures_are_not_kept(window, qtbot, tmp_path, monkeypatch):
    monkeypatch.setattr("cnn_studio.ui.try_dialog._KEPT_BYTES", 2 * 32 * 32)
    settings(window, epochs=1)
    trigger(window, "train")
    idle(window, qtbot)
    trigger(window, "try_image")
    dialog = window.tools.trial
    for number in range(4):
        write_picture(tmp_path / f"{number}.png", seed=number)
    dialog.try_paths([tmp_path / f"{number}.png" for number in range(4)])
    qtbot.waitUntil(lambda: len(dialog.several.tried) == 4, timeout=20_000)
    assert [tried.seen is not None for tried in dialog.several.tried] == [True, True, False, False]
    dialog.list.selectRow(3)
    assert "not kept" in dialog.picture.text()
    assert dialog.bars.accessibleDescription() != ""
