"""A linear classifier on CNN codes stands among the runs, with what it was fitted with and without any epochs."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest

from cnn_studio.app.comparing import compare
from cnn_studio.app.places import runs_folder
from cnn_studio.app.project import load_project, save_project
from cnn_studio.app.run_summary import RunSummary
from cnn_studio.app.runs import RunStore
from cnn_studio.app.sources import open_source
from cnn_studio.app.training import StoreFailed
from cnn_studio.app.transferring import run_transfer
from cnn_studio.cli.main import run_command_line
from cnn_studio.datasets.records import DataSource
from cnn_studio.engine.control import RunControl
from cnn_studio.transfer.recipe import FINE_TUNING, TransferRecipe
from tests.compute.transfer.test_transferring import source_network, write_images


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TransferRecipe:
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "home"))
    save_project(tmp_path / "source.cnnstudio", source_network())
    folder = write_images(tmp_path / "images", count=14)
    return TransferRecipe(
        strategy="svm",
        source=str(tmp_path / "source.cnnstudio"),
        data=DataSource(kind="folder", folder=str(folder)),
        settings=FINE_TUNING.model_copy(update={"epochs": 1, "batch_size": 8, "seed": 5}),
    )


def only_run() -> RunSummary:
    (row,) = RunStore().runs()
    return row


@pytest.mark.parametrize("strategy", ["svm", "softmax"])
def test_it_is_kept_with_what_it_was_fitted_with(recipe: TransferRecipe, strategy: str) -> None:
    recipe = recipe.model_copy(update={"strategy": strategy, "cut": "a"})
    outcome = run_transfer(recipe, lambda event: None, RunControl())
    row = only_run()
    assert row.id == outcome.run
    assert (row.kind, row.status, row.epoch, row.total_epochs) == ("linear", "done", 0, None)
    assert row.val_accuracy == outcome.finished.val_accuracy
    assert row.test_accuracy == outcome.finished.test_accuracy
    assert row.settings["c"] > 0
    assert {
        key: row.settings[key] for key in ("strategy", "source", "cut", "pooling", "code_size", "seed")
    } == {
        "strategy": strategy,
        "source": recipe.source,
        "cut": "a.relu",
        "pooling": "average",
        "code_size": 8,
        "seed": 5,
    }
    assert not {"epochs", "learning_rate", "optimizer", "batch_size"} & set(row.settings)
    assert row.data["folder"] == recipe.data.folder
    assert row.seconds == pytest.approx(outcome.seconds)
    assert row.ended is not None
    assert 0 < row.ended - row.started < outcome.seconds + 5
    assert {"cnn-studio", "torch", "scikit-learn", "device"} <= set(row.versions)
    assert row.frozen_proof == outcome.proof
    assert not row.can_resume
    store = RunStore()
    assert (store.epochs(row.id), store.curve(row.id)) == ([], [])
    kept = load_project(store.project_file(row.id))
    assert kept.document.info.labels == ("class 0", "class 1")
    assert list(open_source(f"run:{row.id}").project.document.paths) == list(kept.document.paths)


def test_the_command_line_lists_and_shows_it_and_says_what_it_has_not(
    recipe: TransferRecipe, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> tuple[int, str, str]:
        code = run_command_line(list(arguments))
        out, err = capsys.readouterr()
        return code, out, err

    outcome = run_transfer(recipe, lambda event: None, RunControl())
    assert outcome.finished.val_accuracy is not None
    assert "CNN codes + linear SVM" in said("runs", "list")[1]
    text = said("runs", "show", "1")[1]
    assert "fitted on CNN codes at once, without epochs" in text
    assert f"validation accuracy {outcome.finished.val_accuracy:.2%}" in text
    assert outcome.proof is not None
    assert outcome.proof.text in text
    shown = json.loads(said("runs", "show", "1", "--json")[1])
    assert (shown["kind"], shown["epochs"]) == ("linear", [])
    assert shown["frozen_proof"]["holds"] is True
    assert shown["settings"]["strategy"] == "svm"
    for arguments in (["runs", "export", "1", "-o", str(tmp_path / "c.csv")], ["train", "--resume", "1"]):
        code, _, err = said(*arguments)
        assert code == 2
        assert "linear classifier" in err
    assert not (tmp_path / "c.csv").exists()


def test_every_way_that_is_compared_is_kept(recipe: TransferRecipe) -> None:
    found = compare(recipe, lambda event: None, RunControl())
    kinds = [row.kind for row in reversed(RunStore().runs())]
    assert kinds == ["linear", "linear", "training", "training", "training"]
    assert [way.outcome.run for way in found.ways if way.outcome is not None] == [1, 2, 3, 4, 5]


def test_a_result_that_cannot_be_kept_is_a_result_all_the_same(
    recipe: TransferRecipe, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    events: list[object] = []
    outcome = run_transfer(recipe, events.append, RunControl(), store=RunStore(blocked))
    assert outcome.run is None
    assert outcome.project is not None
    assert any(isinstance(event, StoreFailed) for event in events)


def test_a_store_of_an_earlier_version_takes_linear_classifiers_too(recipe: TransferRecipe) -> None:
    run_transfer(recipe, lambda event: None, RunControl())
    file = runs_folder() / "runs.sqlite"
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        for column in ("kind", "seconds", "proof"):
            connection.execute(f"ALTER TABLE runs DROP COLUMN {column}")
        connection.execute("PRAGMA user_version=2")
    old = only_run()
    assert (old.kind, old.seconds, old.frozen_proof) == ("training", None, None)
    run_transfer(recipe, lambda event: None, RunControl())
    assert [row.kind for row in RunStore().runs()] == ["linear", "training"]
