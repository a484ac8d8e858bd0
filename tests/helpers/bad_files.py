"""A folder with everything that can go wrong in a collection of images."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from tests.helpers.images import noise


def _encoded(form: str, size: tuple[int, int] = (40, 30), **more: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(noise(size[1], size[0], seed=7)).save(out, form, **more)
    return out.getvalue()


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "text")
    return out.getvalue()


def _floats() -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).random((20, 20), np.float32)).save(out, "TIFF")
    return out.getvalue()


def _huge_png() -> bytes:
    """A header that promises 60,000 × 60,000 pixels."""
    data = bytearray(_encoded("PNG"))
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    return bytes(data)


def bad_files() -> dict[str, bytes]:
    """Content by name; none of them is an image that can be read."""
    jpeg, png, gif = _encoded("JPEG"), _encoded("PNG"), _encoded("GIF")
    return {
        "empty.jpg": b"",
        "one byte.png": b"\x89",
        "text.jpg": b"this is no picture",
        "page.png": b"<!DOCTYPE html><html><body>404 not found</body></html>",
        "notes.txt": "Käfer und Bienen".encode(),
        "list.csv": b"path,label\na.jpg,1\n",
        "data.json": b'{"a": 1}',
        "archive.jpg": _zip(),
        "movie.mp4": b"\x00\x00\x00\x18ftypmp42" + os.urandom(3000),
        "document.pdf": b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\n",
        "drawing.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        "random.jpg": os.urandom(4000),
        "zeros.bmp": bytes(5000),
        "cut.jpg": jpeg[: len(jpeg) // 2],
        "cut.png": png[: len(png) // 2],
        "cut.gif": gif[: len(gif) // 2],
        "head only.jpg": jpeg[:20],
        "head only.png": png[:33],
        "wrong sums.png": png[:20] + bytes(b ^ 0xFF for b in png[20:30]) + png[30:],
        "huge.png": _huge_png(),
        "floats.tiff": _floats(),
        "truncated.webp": _encoded("WEBP")[:60],
        "name with \u202e marks.png": b"no picture either",
        "写真.jpg": b"\xff\xd8\xff\xe0 nothing more",
    }


def write_bad_folder(root: Path) -> set[str]:
    """Two classes of 30 good images with all the bad files, links and pipes among them; return the bad names."""
    names = set()
    for number in range(30):
        for label, name in enumerate(("Käfer", "bee 蜂")):
            folder = root / name
            folder.mkdir(parents=True, exist_ok=True)
            Image.fromarray(noise(12, 16, seed=100 * label + number)).save(folder / f"{number:02} ü.png")
    for name, content in bad_files().items():
        (root / "Käfer" / name).write_bytes(content)
        names.add(name)
    if hasattr(os, "mkfifo"):
        os.mkfifo(root / "bee 蜂" / "pipe.png")
        names.add("pipe.png")
        (root / "bee 蜂" / "loop").symlink_to(root / "bee 蜂", target_is_directory=True)
        (root / "bee 蜂" / "up").symlink_to(root, target_is_directory=True)
        (root / "bee 蜂" / "self.png").symlink_to(root / "bee 蜂" / "self.png")
        (root / "bee 蜂" / "gone.png").symlink_to(root / "nowhere.png")
        names |= {"loop", "up", "self.png", "gone.png"}
        if os.geteuid():
            (root / "bee 蜂" / "locked.png").write_bytes(b"x")
            (root / "bee 蜂" / "locked.png").chmod(0)
            names.add("locked.png")
    return names
