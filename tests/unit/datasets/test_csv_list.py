from pathlib import Path

import pytest

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.csv_list import read_csv
from cnn_studio.datasets.detect import detect
from cnn_studio.datasets.load import load
from cnn_studio.datasets.records import DataSource, ImageData
from cnn_studio.datasets.report import make_report
from cnn_studio.graph.preprocessing import Preprocessing
from tests.helpers.images import write_picture


def pictures(root: Path, count: int = 8) -> None:
    for number in range(count):
        write_picture(root / "bilder ü" / f"{number}.png", seed=number)


def write(root: Path, text: str, encoding: str = "utf-8") -> Path:
    file = root / "list.csv"
    file.write_bytes(text.encode(encoding))
    return file


def read(file: Path, **more: object) -> ImageData:
    source = DataSource.model_validate({"kind": "csv", "folder": str(file), **more})
    return load(source, height=12, width=16, channels=3, preprocessing=Preprocessing())


@pytest.mark.parametrize("sign", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["", "path,label\n", "File name,Class\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
def test_forms_of_a_list(tmp_path: Path, sign: str, head: str, encoding: str) -> None:
    pictures(tmp_path)
    text = head + "".join(f"bilder ü/{n}.png,{'Käfer' if n % 2 else 'bee'}\n" for n in range(8))
    if encoding == "latin-1" and not head:
        text = "# by hand\n" + text
    files = read_csv(write(tmp_path, text.replace(",", sign), encoding))
    assert files.classes == ("Käfer", "bee")
    assert [label for _, label in files.train] == [1, 0] * 4
    assert files.val is None
    assert files.test is None


def test_parts_and_columns_in_any_order(tmp_path: Path) -> None:
    pictures(tmp_path)
    rows = [
        f"{n % 2 + 9},{('train', 'train', 'validation', 'TEST')[n // 2]},bilder ü\\{n}.png" for n in range(8)
    ]
    file = write(tmp_path, "label,split,path\n" + "\n".join(rows))
    data = read(file)
    assert data.classes == ("9", "10"), "numbers are sorted as numbers"
    assert (len(data.train), len(data.val), data.test and len(data.test)) == (4, 2, 2)
    assert data.given == ("val", "test")
    assert detect(tmp_path) == ("csv", "", file)
    assert detect(file) == ("csv", "", file)


def test_files_that_are_missing_are_skipped_and_named(tmp_path: Path) -> None:
    pictures(tmp_path)
    text = "".join(f"bilder ü/{n}.png,{n % 2}\n" for n in range(8)) + "gone.png,1\nbilder ü,0\n"
    data = read(write(tmp_path, text))
    assert {file.path.name: file.reason for file in data.skipped} == {
        "gone.png": "the file is missing",
        "bilder ü": "not an ordinary file",
    }
    left = read(write(tmp_path, text), excluded=["bilder ü/3.png"])
    assert len(left.train) + len(left.val) == 7


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("only\nwords\n", "one column"),
        ("bilder ü/1.png,a\nbilder ü/2.png\n", "Line 2"),
        ("bilder ü/1.png,a,train\nbilder ü/2.png,b,holdout\n", "'holdout'"),
        ("bilder ü/1.png,a\nbilder ü/1.png,b\n", "twice, in lines 1 and 2"),
        ("bilder ü/1.png,a\nbilder ü/2.png,a\n", "one class only"),
        ("no/1.png,a\nno/2.png,b\n", "None of the images"),
        ("bilder ü/1.png,a,val\nbilder ü/2.png,b,val\n", "no image for training"),
        ("bilder ü/1.png,a\nbilder ü/2.png,a\nbilder ü/3.png,b,test\n", "no training image for: b"),
        ("\0\0\0", "no text"),
        ('"' + "x" * 200_000 + '",a\n', "Line 1"),
    ],
)
def test_lists_that_cannot_be_used(tmp_path: Path, text: str, said: str) -> None:
    pictures(tmp_path)
    with pytest.raises(DataError, match=said) as caught:
        read_csv(write(tmp_path, text))
    assert str(tmp_path) in str(caught.value)


def test_other_csv_files_in_a_folder_of_classes_change_nothing(tmp_path: Path) -> None:
    write_picture(tmp_path / "a" / "1.png")
    write_picture(tmp_path / "b" / "1.png")
    (tmp_path / "results.csv").write_text("epoch,loss\n1,0.5\n2,0.4\n")
    assert detect(tmp_path) == ("folder", "", tmp_path)


def test_a_folder_in_place_of_the_list(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        read_csv(tmp_path)


def test_files_elsewhere_are_left_out_by_their_whole_name(tmp_path: Path) -> None:
    pictures(tmp_path / "set")
    elsewhere = write_picture(tmp_path / "elsewhere" / "x.png", seed=90)
    text = (
        "".join(f"bilder ü/{n}.png,{n % 2}\n" for n in range(8))
        + f"{elsewhere},1\n../elsewhere/../elsewhere/x.png,1\n"
    )
    file = write(tmp_path / "set", text)
    report = make_report(DataSource(kind="csv", folder=str(file)))
    (group,) = report.duplicates
    (surplus,) = group.surplus
    assert surplus.endswith("x.png")
    left = read(file, excluded=[surplus])
    assert len(left.train) + len(left.val) == 9
    assert [found.reason for found in left.skipped] == ["left out by hand"]
