import pytest

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.catalogue import SOURCES
from cnn_studio.datasets.records import DataSource
from cnn_studio.datasets.sources import FORMS, describe, parse_source, source_text


@pytest.mark.parametrize(
    ("text", "kind", "folder"),
    [
        ("digits", "digits", ""),
        ("  Digits ", "digits", ""),
        ("mnist:/data/mnist", "mnist", "/data/mnist"),
        ("MNIST: some where ", "mnist", "some where"),
        (r"folder:C:\Users\Zoë\my pictures", "folder", r"C:\Users\Zoë\my pictures"),
        ("folder:a:b", "folder", "a:b"),
        ("Fashion-MNIST:/d", "fashion-mnist", "/d"),
        ("emnist/letters:/d/e", "emnist", "/d/e"),
        ("cifar100/coarse:/d", "cifar100", "/d"),
        ("oxford-pet:~/pets", "oxford-pet", "~/pets"),
        ("csv:/d/list.csv", "csv", "/d/list.csv"),
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


def test_every_kind_has_a_form() -> None:
    for kind, info in SOURCES.items():
        text = f"{kind}:/data/x" if info.place else kind
        assert source_text(parse_source(text)) == text
        assert text.partition(":")[0] in FORMS
        for variant in info.variants:
            assert parse_source(f"{kind}/{variant}:/d").variant == variant


@pytest.mark.parametrize("text", ["emnist/cyrillic:/d", "mnist/letters:/d"])
def test_unknown_variants_are_refused(text: str) -> None:
    with pytest.raises(DataError, match="variant"):
        parse_source(text)
    with pytest.raises(ValueError, match="variant"):
        DataSource.model_validate({"kind": text.partition("/")[0], "variant": "cyrillic"})


def test_records_of_earlier_projects_still_open() -> None:
    old = {"kind": "mnist", "folder": "/d", "split_seed": 4, "val_fraction": 0.3}
    assert DataSource.model_validate(old).test_fraction == 0
    with pytest.raises(ValueError, match="95%"):
        DataSource(val_fraction=0.6, test_fraction=0.4)


def test_describe_names_the_folder() -> None:
    assert "built in" in describe(DataSource())
    assert describe(parse_source("mnist:/d/m")) == "MNIST in /d/m"
    assert describe(parse_source("folder:/d/f")) == "Images in /d/f"
    assert describe(parse_source("emnist/letters:/d")) == "EMNIST letters in /d"
    assert describe(parse_source("csv:/d/l.csv")) == "Images listed in /d/l.csv"


def test_a_folder_whose_name_is_no_text_is_refused() -> None:
    """Neither a project file nor the store of runs could keep it."""
    with pytest.raises(DataError, match="no text"):
        parse_source("folder:/data/\udcff")
    with pytest.raises(ValueError, match="no text"):
        DataSource.model_validate({"kind": "mnist", "folder": "\ud800"})
