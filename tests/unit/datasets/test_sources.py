import pytest

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.sources import describe, parse_source, source_text


@pytest.mark.parametrize(
    ("text", "kind", "folder"),
    [
        ("digits", "digits", ""),
        ("  Digits ", "digits", ""),
        ("mnist:/data/mnist", "mnist", "/data/mnist"),
        ("MNIST: some where ", "mnist", "some where"),
        (r"folder:C:\Users\Zoë\my pictures", "folder", r"C:\Users\Zoë\my pictures"),
        ("folder:a:b", "folder", "a:b"),
    ],
)
def test_accepted_forms(text: str, kind: str, folder: str) -> None:
    source = parse_source(text)
    assert (source.kind, source.folder) == (kind, folder)
    assert parse_source(source_text(source)) == source


@pytest.mark.parametrize(
    "text", ["", "cifar", "mnist", "folder:", "folder: ", r"C:\pictures", "digits:here", ":x"]
)
def test_other_forms_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="DIR"):
        parse_source(text)


def test_describe_names_the_folder() -> None:
    assert "built in" in describe(DataSource())
    assert describe(parse_source("mnist:/d/m")) == "MNIST in /d/m"
    assert describe(parse_source("folder:/d/f")) == "Images in /d/f"


def test_a_folder_whose_name_is_no_text_is_refused() -> None:
    """Neither a project file nor the store of runs could keep it."""
    with pytest.raises(DataError, match="no text"):
        parse_source("folder:/data/\udcff")
    with pytest.raises(ValueError, match="no text"):
        DataSource.model_validate({"kind": "mnist", "folder": "\ud800"})
