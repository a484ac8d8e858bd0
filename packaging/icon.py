"""Draws the program's icon in all sizes and forms that desktops ask for, from the one drawing in `resources/icons`."""

from __future__ import annotations

import argparse
from pathlib import Path

DRAWING = Path(__file__).parents[1] / "resources" / "icons" / "cnn-studio.svg"
SIZES = (16, 24, 32, 48, 64, 128, 256, 512)
_WINDOWS = (16, 24, 32, 48, 64, 128, 256)


def draw(folder: Path, drawing: Path = DRAWING) -> list[Path]:
    """Write PNG files named by their size, an ICO for Windows and an ICNS for macOS; return all of them."""
    from PIL import Image
    from PySide6.QtCore import QRectF, Qt
    from PySide6.QtGui import QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(str(drawing))
    if not renderer.isValid():
        raise ValueError(f"{drawing} cannot be drawn")
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        renderer.render(painter, QRectF(0, 0, size, size))
        painter.end()
        file = folder / f"{size}.png"
        if not image.save(str(file)):
            raise OSError(f"{file} cannot be written")
        files.append(file)
    pictures = {size: Image.open(folder / f"{size}.png") for size in SIZES}
    ico, icns = folder / "cnn-studio.ico", folder / "cnn-studio.icns"
    pictures[256].save(
        ico, sizes=[(s, s) for s in _WINDOWS], append_images=[pictures[s] for s in _WINDOWS if s != 256]
    )
    pictures[512].save(icns, append_images=[pictures[s] for s in (16, 32, 64, 128, 256)])
    return [*files, ico, icns]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR", help="where to write them")
    for written in draw(parser.parse_args().folder):
        print(written)
