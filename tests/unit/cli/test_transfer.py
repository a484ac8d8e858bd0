"""`transfer` on the command line: answers as options, results as text and JSON."""

import json
from pathlib import Path

import pytest

from cnn_studio.app.project import load_project
from tests.helpers.images import real_data
from tests.unit.cli.conftest import Cli

SOURCE = "efficientnet_lite0"


def last(text: str) -> dict[str, object]:
    found: dict[str, object] = json.loads(text.strip().splitlines()[-1])
    return found


def test_bad_options_are_named(cli: Cli, tmp_path: Path) -> None:
    for arguments, says in (
        (["--data", "digits", "--strategy", "magic"], "no strategy 'magic'"),
        (["--strategy", "svm"], "--data SOURCE"),
        (["--data", "digits", "--pooling", "max"], "no pooling 'max'"),
        (["--data", "digits", "--rate-decay", "7"], "rate_decay"),
        (["--data", "digits", "--recipe", str(tmp_path / "none.json")], "none.json"),
        (["--data", "digits", "-o", str(tmp_path / "no" / "where.cnnstudio")], "no folder"),
        (["--data", "digits", "--source", "nothing_at_all"], "no source"),
    ):
        found = cli("transfer", *arguments)
        assert found.code == 2
        assert says in found.err, (arguments, found.err)
        assert "Traceback" not in found.err


@pytest.mark.slow
@pytest.mark.parametrize("strategy", ["svm", "softmax"])
def test_codes_of_photographs_and_a_linear_classifier(cli: Cli, tmp_path: Path, strategy: str) -> None:
    folder, saved = real_data("hymenoptera"), tmp_path / "result.cnnstudio"
    recipe = tmp_path / "recipe.json"
    found = cli(
        "transfer", "--source", SOURCE, "--data", f"folder:{folder}", "--strategy", strategy, "--json",
        "-o", str(saved), "--save-recipe", str(recipe),
    )  # fmt: skip
    end = last(found.out)
    assert end["event"] == "run_finished"
    assert float(str(end["val_accuracy"])) >= 0.93
    assert dict(end["frozen_proof"])["holds"] is True  # type: ignore[call-overload]
    pictures = sorted((folder / "val" / "bees").iterdir())[:3]
    entries = cli("predict", str(saved), *map(str, pictures), "--json").json
    key = "margin" if strategy == "svm" else "p"
    assert all(set(entry["top"][0]) == {"index", "label", key} for entry in entries)
    assert load_project(saved).document.info.labels == ("ants", "bees")
    again = last(cli("transfer", "--recipe", str(recipe), "--json").out)
    assert again["val_accuracy"] == end["val_accuracy"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ways_of_transfer_are_compared(cli: Cli, tmp_path: Path) -> None:
    data = f"folder:{real_data('hymenoptera')}"
    text = cli("transfer", "--source", SOURCE, "--data", data, "--strategy", "compare", "--epochs", "6").out
    print(text)
    table = {
        line[:30].strip(): float(line[30:].split()[0])
        for line in text.splitlines()
        if line[30:].strip()[4:7].startswith(" %") and line.rstrip().endswith(" s")
    }
    assert set(table) == {
        "CNN codes + linear SVM", "CNN codes + softmax", "Fine-tuning of the last stage", "Fine-tuning of everything", "From scratch",
    }  # fmt: skip
    assert min(table["CNN codes + linear SVM"], table["CNN codes + softmax"]) >= 93
    assert table["Fine-tuning of the last stage"] >= 92
    best = max(accuracy for name, accuracy in table.items() if name != "From scratch")
    assert best - table["From scratch"] >= 15
    assert "Transfer helps" in text
