"""Every usual kind of image file against what Pillow itself makes of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from cnn_studio.datasets.decode import read_image
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import noise, smooth

H, W = 24, 36


def picture() -> Image.Image:
    return Image.fromarray(smooth(H, W))


def frames() -> list[Image.Image]:
    return [Image.fromarray(noise(H, W, seed=n)) for n in range(3)]


def animated(path: Path, **more: object) -> None:
    first, *others = frames()
    first.save(path, save_all=True, append_images=others, **more)


KINDS: dict[str, Callable[[Path], object]] = {
    "rgb.png": lambda p: picture().save(p),
    "grey.png": lambda p: picture().convert("L").save(p),
    "bits.png": lambda p: picture().convert("1").save(p),
    "two bits.png": lambda p: picture().quantize(4).save(p, bits=2),
    "palette.png": lambda p: picture().quantize(200).save(p),
    "palette.gif": lambda p: picture().quantize(64).save(p),
    "palette.bmp": lambda p: picture().quantize(64).save(p),
    "progressive.jpg": lambda p: picture().save(p, progressive=True),
    "grey.jpg": lambda p: picture().convert("L").save(p),
    "half colours.jpg": lambda p: picture().save(p, subsampling=2, quality=95),
    "cmyk.jpg": lambda p: picture().convert("CMYK").save(p, quality=100),
    "cmyk.tif": lambda p: picture().convert("CMYK").save(p),
    "lab.tif": lambda p: picture().convert("LAB").save(p),
    "ycbcr.tif": lambda p: picture().convert("YCbCr").save(p),
    "packed.tif": lambda p: picture().save(p, compression="tiff_lzw"),
    "rgb.bmp": lambda p: picture().save(p),
    "rgb.ppm": lambda p: picture().save(p),
    "grey.pgm": lambda p: picture().convert("L").save(p),
    "rgb.tga": lambda p: picture().save(p, compression="tga_rle"),
    "lossless.webp": lambda p: picture().save(p, lossless=True),
    "rgb.ico": lambda p: picture().resize((32, 32)).save(p),
    "moves.gif": animated,
    "moves.png": animated,
    "moves.webp": lambda p: animated(p, lossless=True),
    "pages.tif": animated,
    "several.mpo": animated,
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_as_pillow_converts_it(tmp_path: Path, kind: str, channels: int) -> None:
    KINDS[kind](tmp_path / kind)
    with Image.open(tmp_path / kind) as image:
        image.seek(0)
        size = (image.height, image.width)
        rgb = image if image.mode in {"L", "1", "RGB"} else image.convert("RGB")
        expected = np.asarray(rgb.convert("L" if channels == 1 else "RGB"))
    ours = read_image(tmp_path / kind, *size, channels, Preprocessing())
    assert np.array_equal(ours[0] if channels == 1 else ours.transpose(1, 2, 0), expected)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("order", ["<", ">"])
def test_sixteen_bits(tmp_path: Path, suffix: str, order: str) -> None:
    values = np.linspace(0, 65535, H * W).reshape(H, W).astype(np.uint16)
    mode = "I;16" if order == "<" or suffix == "png" else "I;16B"
    image = Image.frombytes(mode, (W, H), values.astype(f"{order if mode == 'I;16B' else '<'}u2").tobytes())
    image.save(tmp_path / f"a.{suffix}")
    ours = read_image(tmp_path / f"a.{suffix}", H, W, 1, Preprocessing())
    assert np.array_equal(ours[0], (values >> 8).astype(np.uint8))


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_alpha_lies_on_white(tmp_path: Path, mode: str, suffix: str) -> None:
    image = picture().convert(mode)
    image.putalpha(Image.fromarray(np.tile(np.linspace(0, 255, W).astype(np.uint8), (H, 1))))
    path = tmp_path / f"a.{suffix}"
    image.save(path, lossless=True) if suffix == "webp" else image.save(path)
    with Image.open(path) as saved:
        layer = saved.convert("RGBA")
    white = Image.new("RGBA", layer.size, "white")
    expected = np.asarray(Image.alpha_composite(white, layer).convert("RGB"))
    assert np.array_equal(read_image(path, H, W, 3, Preprocessing()).transpose(1, 2, 0), expected)
    assert (expected[:, 0] == 255).all()
