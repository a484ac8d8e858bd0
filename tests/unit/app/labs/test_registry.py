"""Every laboratory is whole: networks without errors, answers that differ, arms that can be told apart."""

from __future__ import annotations

import subprocess
import sys

import pytest

from cnn_studio.app.labs.lab import Lab, Setup, figure
from cnn_studio.app.labs.registry import LABS, find_lab
from cnn_studio.app.labs.running import named_project
from cnn_studio.core.errors import ParameterError
from cnn_studio.graph.shapes import infer_shapes
from tests.helpers.lab_results import made_up


def test_listing_the_laboratories_loads_nothing_slow() -> None:
    code = "import sys, cnn_studio.app.labs.registry; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


every_lab = pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.id)


def test_ids_and_titles_are_unique() -> None:
    assert len({lab.id for lab in LABS}) == len({lab.title for lab in LABS}) == len(LABS) >= 4
    assert all(find_lab(lab.id) is lab for lab in LABS)
    with pytest.raises(ParameterError, match="vanishing-gradients"):
        find_lab("nonsense")


@every_lab
def test_the_question_has_answers_that_differ(lab: Lab) -> None:
    assert lab.question.rstrip().endswith("?")
    assert len({option.id for option in lab.options}) == len(lab.options) >= 3
    assert len({option.text for option in lab.options}) == len(lab.options)
    assert len({arm.name for arm in lab.arms}) == len(lab.arms) >= 2
    assert lab.option(lab.options[0].id) is lab.options[0]
    assert lab.option("nonsense") is None


@every_lab
def test_every_arm_builds_a_network_without_errors(lab: Lab) -> None:
    names = set()
    for arm in lab.arms:
        project = named_project(lab, arm, Setup(seed=3))
        problems = [p.message for p in infer_shapes(project.document).problems if p.severity == "error"]
        assert problems == []
        assert project.settings.seed == 3
        names.add(project.document.info.name)
        again = arm.build(Setup(seed=3))
        assert again.document is not project.document, "a run must not share what another one edits"
    assert len(names) == len(lab.arms)
    assert all(lab.title in name for name in names)


@every_lab
def test_runs_without_any_number_leave_the_question_open(lab: Lab) -> None:
    found = lab.observe([made_up(arm.name, None, failure="The disk is full.") for arm in lab.arms])
    assert found.came_true == ""
    assert any("The disk is full." in sentence for sentence in found.sentences)


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.0, "0"), (0.1234, "0.123"), (98.76, "98.8"), (859_346, "860,000"), (4.3e-8, "4.3 × 10⁻⁸"), (2e13, "2 × 10¹³")],
)  # fmt: skip
def test_figures_of_any_size_can_be_read(value: float, text: str) -> None:
    assert figure(value) == text
