"""`predict` and `sources`: what trained and pre-trained networks say of images."""

import csv
import io
import json
import re
from pathlib import Path

import pytest

from cnn_studio.transfer.sources import list_sources
from tests.helpers.images import real_data, write_picture
from tests.unit.cli.conftest import Cli


def test_the_source_that_is_always_there_recognises_photographs(cli: Cli) -> None:
    folder = real_data("imagenet-samples")
    found = cli("predict", "source:efficientnet_lite0", str(folder), "--json").json
    assert len(found) == 100
    right = 0
    for entry in found:
        assert [set(guess) for guess in entry["top"]] == [{"index", "label", "p"}] * 5
        assert [guess["p"] for guess in entry["top"]] == sorted((g["p"] for g in entry["top"]), reverse=True)
        name = re.sub(r"^n\d+_", "", Path(entry["file"]).stem).replace("_", " ").lower()
        right += name in entry["top"][0]["label"].lower()
    assert right >= 85


def test_the_answers_as_text_and_as_csv_are_those_of_json(cli: Cli, tmp_path: Path) -> None:
    picture = tmp_path / "bild ü.png"
    write_picture(picture, seed=1)
    (entry,) = cli("predict", "source:efficientnet_lite0", str(picture), "--json", "--top", "3").json
    rows = list(
        csv.DictReader(
            io.StringIO(cli("predict", "source:efficientnet_lite0", str(picture), "--top", "3", "--csv").out)
        )
    )
    assert [(row["file"], int(row["index"]), row["label"]) for row in rows] == [
        (str(picture), guess["index"], guess["label"]) for guess in entry["top"]
    ]
    assert [int(row["rank"]) for row in rows] == [1, 2, 3]
    text = cli("predict", "source:efficientnet_lite0", str(picture), "--top", "3").out.splitlines()
    assert text[0] == str(picture)
    assert [line.split(maxsplit=1)[1] for line in text[1:]] == [guess["label"] for guess in entry["top"]]


def test_a_trained_project_predicts_its_own_classes(cli: Cli, tmp_path: Path) -> None:
    project, picture = tmp_path / "digits.cnnstudio", tmp_path / "digit.png"
    assert cli("new", "lenet5", "-o", str(project)).code == 0
    write_picture(picture, seed=2)
    untrained = cli("predict", str(project), str(picture))
    assert untrained.code == 1
    assert "has not been trained yet" in untrained.err
    trained = tmp_path / "trained.cnnstudio"
    assert cli("train", str(project), "--epochs", "1", "-o", str(trained)).code == 0
    (entry,) = cli("predict", str(trained), str(picture), "--json", "--top", "20").json
    assert sorted(guess["label"] for guess in entry["top"]) == [str(digit) for digit in range(10)]
    assert sum(guess["p"] for guess in entry["top"]) == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["source:nothing-like-it", "{good}"],
            "There is no source 'nothing-like-it'. efficientnet_lite0 is always there",
        ),
        (["source:timm:resnett18", "{good}"], "resnet18"),
        (["{good}", "{good}"], "good.png"),
        (["source:efficientnet_lite0", "{missing}"], "does not exist"),
        (["source:efficientnet_lite0", "{empty}"], "holds no images"),
        (["source:efficientnet_lite0", "{good}", "--json", "--csv"], "Choose one"),
        (["source:efficientnet_lite0", "{bad}"], "bad.png cannot be read as an image"),
    ],
)
def test_bad_input_is_said(cli: Cli, tmp_path: Path, arguments: list[str], said: str) -> None:
    places = {name: tmp_path / name for name in ("good.png", "bad.png", "missing.png", "empty")}
    write_picture(places["good.png"], seed=3)
    places["bad.png"].write_bytes(b"no image")
    places["empty"].mkdir()
    named = {file.stem: str(file) for file in places.values()}
    done = cli("predict", *(argument.format(**named) for argument in arguments))
    assert done.code == 2
    assert said in done.err
    assert not done.out


def test_one_bad_image_does_not_hold_up_the_others(cli: Cli, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.png", tmp_path / "bad.png"
    write_picture(good, seed=4)
    bad.write_bytes(b"no image")
    done = cli("predict", "source:efficientnet_lite0", str(bad), str(good), "--json")
    assert done.code == 0
    assert [entry["file"] for entry in json.loads(done.out)] == [str(good)]
    assert "bad.png cannot be read" in done.err


def test_sources_are_listed_with_what_is_here_first(cli: Cli) -> None:
    found = cli("sources", "--json").json
    assert found[0]["name"] == "timm:tf_efficientnet_lite0"
    here = [entry["is_here"] for entry in found]
    assert here[0]
    assert here == sorted(here, reverse=True)
    assert len(found) == len(list_sources()) > 68
    assert "timm:tf_efficientnet_lite0" in cli("sources").out.splitlines()[0]
