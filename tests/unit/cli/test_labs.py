"""``lab``: the list, a whole experiment as text and as JSON, and what is refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cnn_studio.app.labs.lab import Findings, Lab
from cnn_studio.app.labs.registry import LABS, find_lab
from cnn_studio.cli import labs
from cnn_studio.cli.exits import Exit
from tests.unit.cli.conftest import Cli


def test_the_list_has_every_experiment_with_its_answers(cli: Cli) -> None:
    text = cli("lab", "list").out
    records = cli("lab", "list", "--json").json
    assert [record["id"] for record in records] == [lab.id for lab in LABS]
    for lab in LABS:
        assert lab.question in text
        assert all(option.text in text for option in lab.options)


def test_an_experiment_runs_and_its_answer_is_compared_with_the_prediction(cli: Cli) -> None:
    result = cli("lab", "run", "learning-rate", "--predict", "large")
    assert result.code == Exit.DONE, result.err
    assert result.out.index("At which rate") < result.out.index("1 of 3")
    assert "Answer: At 0.1." in result.out
    assert "You predicted something else." in result.out
    assert len(cli("runs", "list", "--json").json) == 3


def test_json_tells_every_arm_and_the_findings(cli: Cli) -> None:
    result = cli("lab", "run", "learning-rate", "--seed", 1, "--predict", "middle", "--json")
    assert result.code == Exit.DONE, result.err
    events = result.events
    assert events[0]["event"] == "lab_started"
    arms = [event for event in events if event["event"] == "arm_finished"]
    assert [arm["name"] for arm in arms] == events[0]["arms"]
    end = events[-1]
    assert (end["event"], end["seed"], end["predicted"]) == ("lab_finished", 1, "middle")
    assert end["findings"]["came_true"] == "middle"
    assert end["findings"]["sentences"]


def test_what_does_not_exist_is_refused_before_anything_runs(cli: Cli) -> None:
    for arguments in (
        ("nonsense",),
        ("pooling", "--predict", "nonsense"),
        ("pooling", "--data", "folder:x"),
        ("negative-transfer", "--data", "folder:x"),
    ):
        result = cli("lab", "run", *arguments)
        assert result.code == Exit.BAD_INPUT
        assert "done" not in result.out
        assert result.err
    assert cli("runs", "list", "--json").json == []


def _shortened(lab: Lab) -> Lab:
    """An experiment's first transfer and its first run, which say all that there is to say."""
    arms = (next(arm for arm in lab.arms if arm.recipe), next(arm for arm in lab.arms if not arm.recipe))
    return replace(lab, arms=arms, observe=lambda results: Findings("hurts", ("Seen.",)))


def test_an_experiment_on_transfer_tells_its_codes(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labs, "find_lab", lambda lab_id: _shortened(find_lab(lab_id)))
    text = cli("lab", "run", "negative-transfer")
    assert text.code == Exit.DONE, text.err
    assert "Linear classifier: C = " in text.out
    assert "done: validation accuracy" in text.out
    assert "no epoch was finished" not in text.out
    events = cli("lab", "run", "negative-transfer", "--json").events
    (codes,) = [event for event in events if event["event"] == "codes_ready"]
    assert codes["size"] == 1280 and codes["were_kept"]
    (first, second) = [event for event in events if event["event"] == "arm_finished"]
    assert first["num_train"] == second["num_train"] == 40
    assert first["num_val"] == second["num_val"] == 600
