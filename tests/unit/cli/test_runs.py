"""``runs`` and the settings of ``train``: options, files, presets, and going on with a run."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cnn_studio.app import awake
from cnn_studio.app.project import load_project
from cnn_studio.app.runs import RunStore
from cnn_studio.cli.settings_options import parse_augmentation, settings_from
from cnn_studio.core.errors import ParameterError
from cnn_studio.datasets.augmentation import PRESETS as AUGMENTATIONS
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.engine.settings import PRESETS, TrainSettings
from cnn_studio.graph.document import NetworkDocument
from tests.helpers.networks import tiny_classifier
from tests.unit.cli.conftest import Cli

Save = Callable[[NetworkDocument], Path]


def test_every_setting_has_an_option(cli: Cli) -> None:
    text = cli("train", "--help").out
    for name in TrainSettings.model_fields:
        flag = {"learning_rate": "--lr", "augmentation": "--augment"}.get(name, f"--{name.replace('_', '-')}")
        assert flag in text, name


def test_settings_come_from_options(cli: Cli, save: Save, tmp_path: Path) -> None:
    out = tmp_path / "o.cnnstudio"
    result = cli(
        "train", save(tiny_classifier()), "--epochs", 1, "--optimizer", "sgd-2012", "--schedule", "step",
        "--step-epochs", 3, "--rate-factor", 0.5, "--warmup-epochs", 0.5, "--label-smoothing", 0.1,
        "--class-weights", "balanced", "--clip-norm", 2, "--ema-decay", 0.9, "--early-stop", 5, "--channels-last",
        "--no-deterministic", "--precision", "bfloat16", "--augment", "rotation=5,horizontal_flip", "-o", out, "--json",
    )  # fmt: skip
    assert result.code == 0, result.err
    got = load_project(out).settings
    assert got == TrainSettings(
        epochs=1, optimizer="sgd-2012", schedule="step", step_epochs=3, rate_factor=0.5, warmup_epochs=0.5,
        label_smoothing=0.1, class_weights="balanced", clip_norm=2, ema_decay=0.9, early_stop=5, channels_last=True,
        deterministic=False, precision="bfloat16", augmentation=Augmentation(rotation=5, horizontal_flip=True),
    )  # fmt: skip
    started = next(event for event in result.events if event["event"] == "run_started")
    assert started["precision"] == "bfloat16, channels-last"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows needs no helper")
def test_the_machine_is_kept_awake_while_it_trains(
    cli: Cli, save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "helper"
    code = f"import os, time; open({str(note)!r}, 'w').write(f'{{os.getpid()}} {{os.getpgid(0)}}'); time.sleep(60)"
    helper = [sys.executable, "-S", "-c", code]
    monkeypatch.setattr(awake, "_command", lambda: helper)  # not every machine has one of its own
    assert cli("train", save(tiny_classifier()), "--epochs", 1).code == 0
    pid, group = map(int, note.read_text().split())
    assert group == pid, "Ctrl+C on the terminal does not reach it"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_presets_files_and_options_in_this_order(tmp_path: Path) -> None:
    config = tmp_path / "s.toml"
    config.write_text("learning_rate = 0.02\nepochs = 4\n[augmentation]\nrotation = 3.0\n")
    base = TrainSettings(seed=9)
    got = settings_from(base, {"epochs": 2}, config, "alexnet (2012)")
    assert (got.optimizer, got.learning_rate, got.epochs, got.seed) == ("sgd-2012", 0.02, 2, 9)
    assert got.augmentation == Augmentation(rotation=3)
    (tmp_path / "s.json").write_text(json.dumps({"momentum": 0.5}))
    assert settings_from(base, {}, tmp_path / "s.json").momentum == 0.5
    for name, values in PRESETS.items():
        assert settings_from(base, {}, None, name) == base.model_copy(update=values)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read as settings"),
        ("[1, 2]", "holds no settings"),
        ('{"epoch": 3}', "This setting cannot be used: epoch"),
        ('{"learning_rate": -1}', "This setting cannot be used: learning_rate"),
        ('{"augmentation": {"rotation": 900}}', "augmentation.rotation"),
    ],
)
def test_files_of_nonsense_are_refused(content: str | None, words: str, tmp_path: Path) -> None:
    file = tmp_path / "s.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ParameterError, match=words):
        settings_from(TrainSettings(), {}, file)


def test_augmentations_as_text() -> None:
    for name, preset in AUGMENTATIONS.items():
        assert parse_augmentation(name.upper()) == preset
    assert parse_augmentation("crop-padding=4, horizontal_flip") == Augmentation(
        crop_padding=4, horizontal_flip=True
    )
    for wrong in ("sharpen", "rotation=much", "rotation", "crop_padding=-1"):
        with pytest.raises(ParameterError, match="This setting cannot be used"):
            parse_augmentation(wrong)


def test_wrong_settings_and_combinations_are_refused(cli: Cli, save: Save) -> None:
    file = save(tiny_classifier())
    for arguments, words in (
        ((file, "--optimizer", "lion"), "optimizer"),
        ((file, "--preset", "magic"), "There is no preset 'magic'"),
        ((file, "--lr", 0), "learning_rate"),
        ((), "Name a project to train"),
        ((file, "--resume", 1), "without a file"),
        (("--resume", 1, "--epochs", 3), "without a file"),
        (("--resume", 7), "There is no run 7. See which there are: cnn-studio runs list."),
    ):
        result = cli("train", *arguments)
        assert result.code == 2, arguments
        assert words in result.err


def test_runs_are_listed_shown_and_exported(cli: Cli, save: Save, tmp_path: Path) -> None:
    assert "No runs yet" in cli("runs", "list").out
    file = save(tiny_classifier())
    for seed in (1, 2):
        assert cli("train", file, "--epochs", 2, "--seed", seed).code == 0
    listed = cli("runs", "list", "--json").json
    assert [(run["id"], run["status"], run["settings"]["seed"]) for run in listed] == [
        (2, "done", 2),
        (1, "done", 1),
    ]
    assert "torch" in listed[0]["versions"]
    assert "   2" in cli("runs", "list").out
    shown = cli("runs", "show", 1, "--json").json
    assert [epoch["epoch"] for epoch in shown["epochs"]] == [1, 2]
    text = cli("runs", "show", 1).out
    assert "seed 1" in text
    assert "epoch 2  loss" in text
    table = tmp_path / "kurven ä.csv"
    assert "2 runs written" in cli("runs", "export", 1, 2, "-o", table).out
    with table.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    batches = [row for row in rows if row["run"] == "1" and row["kind"] == "batch"]
    assert len(batches) == len(RunStore().curve(1))
    assert cli("runs", "export", 1, "-o", tmp_path / "tb", "--format", "tensorboard").code == 0
    assert list((tmp_path / "tb").rglob("*tfevents*"))
    for arguments, words in (
        (("show", 9), "There is no run 9"),
        (("export", 1, "-o", tmp_path / "x", "--format", "xls"), "There is no format 'xls'"),
    ):
        result = cli("runs", *arguments)
        assert result.code == 2
        assert words in result.err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_reader_that_has_enough_ends_the_output_quietly() -> None:
    command = [sys.executable, "-m", "cnn_studio", "layers", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stdout.readline().strip() == "["
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait(60) in (0, 1)
    process.stderr.close()
