"""Every experiment shows what it is about, on real runs, whatever the seed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cnn_studio.app.labs.lab import Arm, Findings, Lab, Setup
from cnn_studio.app.labs.registry import find_lab
from cnn_studio.app.labs.running import ArmFinished, ArmStarted, LabOutcome, run_lab
from cnn_studio.app.project import Project
from cnn_studio.app.runs import RunStore
from cnn_studio.engine.control import RunControl
from cnn_studio.engine.events import EpochDone

seeds = pytest.mark.parametrize("seed", range(5))


def seen(lab_id: str, seed: int, folder: Path) -> Findings:
    outcome = run_lab(find_lab(lab_id), Setup(seed), lambda event: None, RunControl(), store=RunStore(folder))
    assert outcome.findings is not None
    print(f"\n{lab_id}, seed {seed}:", *outcome.findings.sentences, sep="\n  ")
    return outcome.findings


@pytest.mark.slow
@seeds
def test_gradients_vanish_without_shortcuts(seed: int, tmp_path: Path) -> None:
    found = seen("vanishing-gradients", seed, tmp_path)
    first = {name: row["gradient of the first block"] for name, row in found.numbers.items()}
    residual, plain, sigmoid = first.values()
    assert found.came_true == "sigmoid"
    assert residual > 1e4 * plain > 1e7 * sigmoid > 0
    right = [row["validation accuracy"] for row in found.numbers.values()]
    assert right[0] > 0.9 > 0.3 > max(right[1:]), "only the network with shortcuts learns"


@pytest.mark.slow
@seeds
def test_a_fully_connected_network_overfits_most(seed: int, tmp_path: Path) -> None:
    found = seen("overfitting", seed, tmp_path)
    dense, helped, cnn = (row["gap"] for row in found.numbers.values())
    assert found.came_true == "dense"
    assert dense > 0.04
    assert dense - helped > 0.01
    assert dense - cnn > 0.015


@pytest.mark.slow
@seeds
def test_a_rate_can_be_too_small_and_too_large(seed: int, tmp_path: Path) -> None:
    found = seen("learning-rate", seed, tmp_path)
    losses = {name: row["training loss of the last epoch"] for name, row in found.numbers.items()}
    assert found.came_true == "middle"
    assert losses["Learning rate 0.1"] < 0.2
    assert losses["Learning rate 0.002"] > 1.8, "it has hardly begun to learn"
    assert losses.get("Learning rate 5", 9.9) > 2


@pytest.mark.slow
@seeds
def test_a_stride_does_as_well_as_max_pooling_for_less(seed: int, tmp_path: Path) -> None:
    found = seen("pooling", seed, tmp_path)
    largest, average, stride = found.numbers.values()
    assert found.came_true == "same"
    assert largest["parameters"] == average["parameters"] == stride["parameters"]
    assert largest["multiplications per image"] > 3 * stride["multiplications per image"]
    assert largest["validation accuracy"] > average["validation accuracy"]
    assert all(row["validation accuracy"] > 0.9 for row in found.numbers.values())


@pytest.mark.slow
@seeds
def test_momentum_is_faster_at_the_same_rate(seed: int, tmp_path: Path) -> None:
    found = seen("momentum", seed, tmp_path)
    plain, moving, rule = (row["training loss of the last epoch"] for row in found.numbers.values())
    assert found.came_true == "faster"
    assert plain > 3 * max(moving, rule)
    said = "\n".join(found.sentences)
    assert "Decay pulled the weights towards zero" in said or "cannot be told here" in said


@pytest.mark.slow
@seeds
def test_what_a_filter_never_sees_is_missed(seed: int, tmp_path: Path) -> None:
    found = seen("tiling", seed, tmp_path)
    cut, whole = found.numbers.values()
    assert found.came_true == "whole"
    assert whole["validation accuracy"] - cut["validation accuracy"] > 0.05
    assert cut["parameters"] > whole["parameters"]


def _short(arm: Arm) -> Arm:
    def build(setup: Setup) -> Project:
        project = arm.build(setup)
        return replace(project, settings=project.settings.model_copy(update={"epochs": 2}))

    return replace(arm, build=build)


def short(lab: Lab) -> Lab:
    return replace(lab, arms=tuple(map(_short, lab.arms)))


def run(lab: Lab, folder: Path, control: RunControl | None = None) -> tuple[LabOutcome, list[object]]:
    events: list[object] = []
    control = control or RunControl()
    return run_lab(lab, Setup(1), events.append, control, store=RunStore(folder)), events


def test_the_runs_are_ordinary_ones_and_come_one_after_the_other(tmp_path: Path) -> None:
    lab = short(find_lab("pooling"))
    outcome, events = run(lab, tmp_path)
    marks = [type(event) for event in events if isinstance(event, ArmStarted | ArmFinished | EpochDone)]
    assert marks == [ArmStarted, EpochDone, EpochDone, ArmFinished] * 3
    kept = {one.id: one for one in RunStore(tmp_path).runs()}
    assert [kept[result.run or 0].name for result in outcome.results] == [
        f"{lab.title}: {arm.name}" for arm in lab.arms
    ]
    assert outcome.findings is not None
    for result in outcome.results:
        assert len(result.epochs) == 2
        assert result.gradients
        assert result.seen_accuracy == pytest.approx(result.epochs[-1].train_accuracy, abs=0.15)


def test_a_stop_keeps_the_run_under_way_and_ends_the_experiment(tmp_path: Path) -> None:
    control = RunControl()
    arms: list[object] = []

    def stop_in_the_second(event: object) -> None:
        if isinstance(event, ArmStarted):
            arms.append(event)
        if len(arms) == 2 and isinstance(event, EpochDone):
            control.stop()

    store = RunStore(tmp_path)
    outcome = run_lab(short(find_lab("pooling")), Setup(1), stop_in_the_second, control, store=store)
    assert [one.finished.status for one in outcome.results] == ["done", "stopped"]
    assert outcome.findings is None
    assert len(store.runs()) == 2
