"""``train``: events, exit codes, the same numbers for the same seed, and a stop in mid-run."""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cnn_studio.app.project import load_project
from cnn_studio.app.runs import RunStore
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.shapes import infer_shapes
from tests.helpers.images import write_classes, write_mnist
from tests.helpers.networks import chain, tiny_classifier
from tests.unit.cli.conftest import Cli

Save = Callable[[NetworkDocument], Path]


def losses(events: list[dict[str, Any]]) -> list[float]:
    return [event["loss"] for event in events if event["event"] == "batch_done"]


def small(size: tuple[int, int, int] = (1, 8, 8)) -> NetworkDocument:
    return chain(
        size,
        ("conv", "conv2d", {"out_channels": 4, "kernel_size": 3, "stride": 2, "padding": 1}),
        ("relu", "relu", {}),
        ("drop", "dropout", {"p": 0.2}),
        ("flatten", "flatten", {}),
        ("fc", "linear", {"out_features": 10}),
    )


def test_a_run_from_start_to_end(cli: Cli, save: Save, tmp_path: Path) -> None:
    out = tmp_path / "trained ü.cnnstudio"
    result = cli(
        "train",
        save(small()),
        "--epochs",
        2,
        "--optimizer",
        "adam",
        "--lr",
        0.01,
        "--batch-size",
        256,
        "-o",
        out,
        "--json",
    )
    assert result.code == 0, result.err
    events = result.events
    kinds = [event["event"] for event in events]
    assert kinds[-1] == "run_finished"
    assert kinds.count("run_finished") == kinds.count("run_started") == kinds.count("data_ready") == 1
    assert kinds.count("epoch_done") == 2
    last = events[-1]
    assert last["status"] == "done"
    assert {"val_accuracy", "test_accuracy", "images_per_second", "run"} <= last.keys()
    assert last["val_accuracy"] > 0.5
    assert last["test_accuracy"] is None, "the digits have no part that is kept back to the end"
    (ready,) = [event for event in events if event["event"] == "data_ready"]
    assert ready["classes"] == list("0123456789")
    project = load_project(out)
    assert not project.weights.misfits(infer_shapes(project.document))
    assert project.document.info.preprocessing.mean is not None
    assert (project.settings.epochs, project.settings.optimizer) == (2, "adam")
    (row,) = RunStore().runs()
    assert (row.id, row.status, row.val_accuracy) == (last["run"], "done", last["val_accuracy"])
    assert [b.loss for b in RunStore().curve(row.id)] == losses(events)
    assert load_project(RunStore().project_file(row.id)).weights.to_state(project.document)


def test_lines_for_people(cli: Cli, save: Save) -> None:
    result = cli("train", save(small()), "--epochs", 1, "--batch-size", 512)
    assert result.code == 0
    assert "epoch 1/1  loss" in result.out
    assert "done: epoch 1 kept" in result.out
    assert "images/s, run 1" in result.out


@contextmanager
def other_threads_building_modules() -> Iterator[None]:
    import torch

    stop = threading.Event()

    def build() -> None:
        while not stop.wait(0.0005):
            torch.nn.Linear(30, 30)
            torch.rand(3)

    thread = threading.Thread(target=build)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_the_same_seed_gives_the_same_run(cli: Cli, save: Save) -> None:
    arguments = ("train", save(small()), "--epochs", 2, "--batch-size", 128, "--json", "--seed")
    first = cli(*arguments, 5).events
    assert len(losses(first)) > 10
    with other_threads_building_modules():
        second = cli(*arguments, 5).events
    assert losses(first) == losses(second)
    assert first[-1]["val_accuracy"] == second[-1]["val_accuracy"]
    assert losses(cli(*arguments, 6).events) != losses(first)


def test_a_network_with_errors_is_not_trained(cli: Cli, save: Save) -> None:
    path = save(chain((1, 4, 4), ("conv", "conv2d", {"kernel_size": 9}), ("flatten", "flatten", {})))
    result = cli("train", path, "--json")
    assert result.code == 1
    assert "9 × 9 filter is larger" in result.err
    (last,) = result.events
    assert (last["event"], last["status"], last["run"]) == ("run_finished", "failed", None)
    assert last["message"] in result.err
    assert RunStore().runs() == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "cifar"], "is no data source"),
        (["--data", "mnist:"], "names no folder"),
        (["--epochs", "0"], "epochs"),
        (["--lr", "nan"], "learning_rate"),
        (["--lr", "-1"], "learning_rate"),
        (["--batch-size", "100000"], "batch_size"),
        (["--optimizer", "magic"], "optimizer"),
        (["--schedule", "never"], "schedule"),
        (["--seed", "-1"], "seed"),
        (["--device", "abacus"], "device"),
        (["--speed", "ludicrous"], "speed"),
        (["--epochs", "many"], "--epochs"),
        (["-o", "no/folder/x"], "there is no folder"),
    ],
)
def test_bad_settings(cli: Cli, save: Save, arguments: list[str], says: str) -> None:
    result = cli("train", save(small()), *arguments)
    assert (result.code, result.out) == (2, "")
    assert says in result.err


def test_data_that_is_not_there(cli: Cli, save: Save, tmp_path: Path) -> None:
    for source in (f"mnist:{tmp_path}/none", f"folder:{tmp_path}/none"):
        result = cli("train", save(small()), "--data", source, "--json")
        assert result.code == 2
        assert result.events[-1]["status"] == "failed"
        assert str(tmp_path) in result.err


def test_a_diverging_run_fails_with_a_sentence(cli: Cli, save: Save) -> None:
    # without a rectifier nothing keeps the numbers finite
    document = chain(
        (1, 8, 8), ("flatten", "flatten", {}), ("a", "linear", {"out_features": 50}), ("b", "linear", {})
    )
    result = cli("train", save(document), "--epochs", 20, "--lr", 10, "--batch-size", 16, "--json")
    assert result.code == 1
    assert result.events[-1]["status"] == "failed"
    assert "learning rate" in result.err
    (row,) = RunStore().runs()
    assert row.status == "failed"


def test_a_folder_of_images_sets_the_classes(cli: Cli, save: Save, tmp_path: Path) -> None:
    folder = write_classes(tmp_path / "pics", {"cat": 12, "dog": 12, "owl": 12})
    (folder / "cat" / "broken.png").write_bytes(b"no image")
    out = tmp_path / "out.cnnstudio"
    source = f"folder:{folder}"
    result = cli("train", save(small((3, 8, 8))), "--data", source, "--epochs", 1, "-o", out, "--json")
    assert result.code == 0, result.err
    (ready,) = [event for event in result.events if event["event"] == "data_ready"]
    assert ready["classes"] == ["cat", "dog", "owl"]
    assert [Path(s["path"]).name for s in ready["skipped"]] == ["broken.png"]
    (fitted,) = [event for event in result.events if event["event"] == "output_fitted"]
    assert (fitted["path"], fitted["before"], fitted["after"]) == ("fc", 10, 3)
    document = load_project(out).document
    assert document.info.labels == ("cat", "dog", "owl")
    assert infer_shapes(document).ok


def test_mnist_files(cli: Cli, save: Save, tmp_path: Path) -> None:
    folder = write_mnist(tmp_path / "m", 80, 20)
    result = cli("train", save(tiny_classifier()), "--data", f"mnist:{folder}", "--epochs", 1, "--json")
    assert result.code == 0, result.err
    (ready,) = [event for event in result.events if event["event"] == "data_ready"]
    assert (ready["num_train"] + ready["num_val"], ready["num_test"]) == (80, 20)
    assert 0 <= result.events[-1]["test_accuracy"] <= 1


def test_real_images(cli: Cli, save: Save, test_data: Callable[[str], Path]) -> None:
    source = f"folder:{test_data('cifar10-small')}"
    document = small((3, 16, 16))
    result = cli("train", save(document), "--data", source, "--epochs", 1, "--lr", 0.01, "--json")
    assert result.code == 0, result.err
    assert result.events[-1]["val_accuracy"] > 0.15
    (ready,) = [event for event in result.events if event["event"] == "data_ready"]
    assert len(ready["classes"]) == 10


def test_a_store_that_cannot_be_written_does_not_stop_the_run(
    cli: Cli, save: Save, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("CNN_STUDIO_HOME", str(tmp_path / "file"))
    result = cli("train", save(small()), "--epochs", 1, "--batch-size", 512, "--json")
    assert result.code == 0
    assert [e["event"] for e in result.events].count("store_failed") == 1
    assert result.events[-1]["run"] is None


# ------------------------------------------------------------------------------------------------- the real process


@pytest.fixture
def process(save: Save, tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A long run in a process of its own, writing JSON lines."""
    path = save(small())
    command = [sys.executable, "-m", "cnn_studio", "train", str(path), "--epochs", "100000", "--json"]
    environment = {**os.environ, "CNN_STUDIO_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as running:
        yield running
        running.kill()


def read_until(process: subprocess.Popen[str], kind: str) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    assert process.stdout is not None
    for line in process.stdout:
        events.append(json.loads(line))
        if events[-1]["event"] == kind:
            return events
    raise AssertionError(f"no {kind} came: {events[-1:]}, {process.stderr and process.stderr.read()}")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl+C to whole groups of processes only")
def test_interrupt_stops_in_order(process: subprocess.Popen[str], tmp_path: Path) -> None:
    read_until(process, "epoch_done")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    last = json.loads(out.splitlines()[-1])
    assert (last["event"], last["status"]) == ("run_finished", "stopped")
    assert last["val_accuracy"] is not None
    assert "Stopping after this step" in err
    (row,) = RunStore(tmp_path / "home" / "runs").runs()
    assert (row.id, row.status) == (last["run"], "stopped")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl+C to whole groups of processes only")
def test_a_second_interrupt_ends_at_once(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    read_until(process, "epoch_done")
    for _ in range(200):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
        break
    _, err = process.communicate(timeout=60)
    assert process.returncode in {3, -signal.SIGINT}, err
    assert "Traceback" not in err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows sends Ctrl+C to whole groups of processes only")
def test_interrupt_before_the_run(save: Save, tmp_path: Path) -> None:
    """Ctrl+C where no run is under way yet ends the program with the same code and without a traceback."""
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # a background shell starts without it
        "import cnn_studio.cli.train as train\n"
        "from cnn_studio.cli.main import run_command_line\n"
        "load = train.load_project\n"
        "def interrupted(path):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return load(path)\n"
        "train.load_project = interrupted\n"
        "sys.exit(run_command_line(['train', sys.argv[1]]))\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, str(save(small()))], capture_output=True, text=True, check=False
    )
    assert result.returncode == 3, result.stderr
    assert "Traceback" not in result.stderr


def test_the_entry_point_of_the_package(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cnn_studio"]
    made = subprocess.run(
        [*command, "new", "lenet5", "-o", str(tmp_path / "a b")], capture_output=True, check=False
    )
    assert (made.returncode, made.stdout, made.stderr) == (0, b"", b"")
    checked = subprocess.run(
        [*command, "check", str(tmp_path / "a b"), "--json"], capture_output=True, check=False
    )
    assert (checked.returncode, json.loads(checked.stdout)["ok"]) == (0, True)
    bad = subprocess.run([*command, "check", str(tmp_path)], capture_output=True, text=True, check=False)
    assert bad.returncode == 2
    assert bad.stderr.endswith("it is a folder.\n")


# ------------------------------------------------------------------------------------------------------------ slow


@pytest.mark.slow
def test_lenet_learns_the_digits(cli: Cli, tmp_path: Path) -> None:
    """Twenty epochs, five seeds: one seed proves nothing."""
    cli("new", "lenet5", "-o", tmp_path / "p")
    found = []
    for seed in range(5):
        last = cli("train", tmp_path / "p", "--seed", seed, "--json").events[-1]
        assert last["status"] == "done"
        found.append(last["val_accuracy"])
    print("validation accuracy of five seeds:", found)
    assert statistics.median(found) >= 0.97
    assert min(found) >= 0.955
