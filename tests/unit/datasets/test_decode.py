import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.decode import read_image
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import noise, real_data, smooth, write_picture

PLAIN = Preprocessing()


def read(path: Path, height: int, width: int, channels: int = 3, **more: Any) -> np.ndarray:
    """The image as [H, W, C]."""
    return read_image(path, height, width, channels, Preprocessing(**more)).transpose(1, 2, 0)


def test_values_and_order_of_axes(tmp_path: Path) -> None:
    pixels = noise(5, 7)
    path = tmp_path / "a.png"
    Image.fromarray(pixels).save(path)
    assert np.array_equal(read(path, 5, 7), pixels)
    assert np.array_equal(read(path, 5, 7, 1)[..., 0], np.asarray(Image.fromarray(pixels).convert("L")))


def test_grey_becomes_three_equal_channels(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(noise(5, 7, 1)).save(path)
    assert np.array_equal(read(path, 5, 7), np.repeat(noise(5, 7, 1)[..., None], 3, axis=2))


def test_sixteen_bits_keep_their_high_byte(tmp_path: Path) -> None:
    values = np.arange(0, 65536, 1024, dtype=np.uint16).reshape(8, 8)
    for name in ("a.png", "a.tif"):
        Image.fromarray(values).save(tmp_path / name)
        assert np.array_equal(read(tmp_path / name, 8, 8, 1)[..., 0], values >> 8)


def test_values_without_a_range_are_refused(tmp_path: Path) -> None:
    Image.fromarray(np.linspace(0, 1, 64, dtype=np.float32).reshape(8, 8)).save(tmp_path / "a.tif")
    with pytest.raises(DataError, match="32-bit"):
        read(tmp_path / "a.tif", 8, 8)


def test_transparency_becomes_white(tmp_path: Path) -> None:
    values = np.zeros((4, 4, 4), np.uint8)
    values[:, 2:] = (200, 10, 10, 255)
    Image.fromarray(values).save(tmp_path / "a.png")
    expected = np.where(np.arange(4)[None, :, None] < 2, 255, np.array([200, 10, 10]))
    assert np.array_equal(read(tmp_path / "a.png", 4, 4), np.broadcast_to(expected, (4, 4, 3)))


def test_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putpixel((1, 0), 1)
    for transparency in (0, bytes([0, 255])):  # the first colour, told as an index and as a table
        image.save(tmp_path / "a.png", transparency=transparency)
        assert read(tmp_path / "a.png", 1, 2).tolist() == [[[255, 255, 255], [0, 0, 255]]]


def test_cmyk_is_converted(tmp_path: Path) -> None:
    Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(tmp_path / "a.jpg", quality=95)
    red = read(tmp_path / "a.jpg", 8, 8)
    assert (red[..., 0] > 240).all()
    assert (red[..., 1:] < 15).all()


def test_animation_gives_its_first_frame(tmp_path: Path) -> None:
    frames = [Image.new("RGB", (6, 6), colour) for colour in ("red", "lime", "blue")]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    assert (read(tmp_path / "a.gif", 6, 6) == [255, 0, 0]).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turns_the_picture_upright(tmp_path: Path, orientation: int) -> None:
    upright = noise(4, 6)
    undo = {
        2: 2,
        3: 3,
        4: 4,
        5: 5,
        6: 8,
        7: 7,
        8: 6,
    }  # the turn that puts a picture as such a camera stores it
    flips = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, -1),
        7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
        8: np.rot90,
    }
    stored = np.ascontiguousarray(flips[undo.get(orientation, 1)](upright))
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    assert np.array_equal(read(tmp_path / "a.png", 4, 6), upright)


def test_damaged_exif_is_ignored(tmp_path: Path) -> None:
    Image.fromarray(smooth(8, 8)).save(tmp_path / "a.jpg", exif=b"Exif\0\0MM\0*\xff\xff\xff\xff rubbish")
    assert read(tmp_path / "a.jpg", 8, 8).shape == (8, 8, 3)


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("turned", [False, True])
def test_large_jpegs_are_reduced_while_decoding_and_look_the_same(
    tmp_path: Path, resize: Any, turned: bool
) -> None:
    # also checks that the reduction takes the picture as stored, the plan as turned
    pixels = smooth(900, 1200)
    stored = np.ascontiguousarray(np.rot90(pixels)) if turned else pixels
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    Image.fromarray(stored).save(tmp_path / "a.jpg", quality=95, exif=exif)
    Image.fromarray(stored).save(tmp_path / "a.png", exif=exif)
    options = {"resize": resize, "crop_fraction": 0.875}
    jpeg, png = (read(tmp_path / name, 40, 56, **options).astype(int) for name in ("a.jpg", "a.png"))
    # Pillow rounds the reduced size up, so padding may begin a pixel earlier
    assert np.abs(jpeg - png)[2:-2, 2:-2].max() <= 6
    assert png[20, 28].tolist() == pytest.approx([119, 120, 90], abs=6)


def test_pad_leaves_black_bars(tmp_path: Path) -> None:
    Image.new("RGB", (20, 10), "white").save(tmp_path / "a.png")
    image = read(tmp_path / "a.png", 8, 8, resize="pad")
    assert (image[2:6] == 255).all()
    assert (image[:2] == 0).all()
    assert (image[6:] == 0).all()


def write_bomb(path: Path, width: int, height: int) -> None:
    """A PNG whose header names a size that nobody can want."""

    def block(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = block(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + block(b"IDAT", zlib.compress(b"")) + block(b"IEND", b""))


@pytest.mark.parametrize("side", [10_000, 60_000])  # Pillow warns about the first and refuses the second
def test_huge_images_are_refused(tmp_path: Path, side: int) -> None:
    write_bomb(tmp_path / "a.png", side, side)
    with pytest.raises(DataError, match="million pixels"):
        read(tmp_path / "a.png", 8, 8)


def test_unreadable_files_say_why(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.jpg").write_text("no picture")
    whole = write_picture(tmp_path / "whole.jpg", size=(60, 60)).read_bytes()
    (tmp_path / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    for name, reason in (
        ("empty.png", "empty"),
        ("text.jpg", "known kind"),
        ("cut.jpg", "truncated"),
        ("missing.jpg", "No such file"),
    ):
        with pytest.raises(DataError, match=reason) as caught:
            read(tmp_path / name, 8, 8)
        assert name in str(caught.value)


@pytest.mark.parametrize("suffix", ["png", "jpg", "gif", "bmp", "tif", "webp"])
def test_no_damage_escapes_as_another_error(tmp_path: Path, suffix: str) -> None:
    whole = write_picture(tmp_path / f"whole.{suffix}", size=(20, 20)).read_bytes()
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(150):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 4):
            data[place] = rng.integers(0, 256)
        del data[rng.integers(1, len(data) + 1) :]
        path = tmp_path / f"damaged.{suffix}"
        path.write_bytes(bytes(data))
        try:
            read(path, 8, 8)
        except DataError:
            refused += 1
    assert refused > 20


def test_only_grey_and_rgb(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png")
    with pytest.raises(DataError, match="has 4"):
        read_image(tmp_path / "a.png", 8, 8, 4, PLAIN)


def test_crop_equals_torchvision_on_photographs() -> None:
    transforms = pytest.importorskip("torchvision.transforms")
    theirs = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(224)])
    for path in sorted(real_data("imagenet-samples").iterdir())[:12]:
        with Image.open(path) as image:
            expected = np.asarray(theirs(image.convert("RGB"))).astype(int)
            reduced = min(image.size) >= 4 * 256
        ours = read(path, 224, 224, resize="crop", crop_fraction=0.875).astype(int)
        difference = np.abs(ours - expected)
        assert difference.max() <= 1 or reduced, path.name
        assert difference.mean() < 2, path.name
