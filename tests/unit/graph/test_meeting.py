"""Branches of any two sizes: what is offered at their merge really brings them together."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.graph.document import NetworkDocument
from tests.helpers.networks import chain, content, join, problems

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 20), st.integers(1, 20))


def meeting(type_id: str, *shapes: tuple[int, ...]) -> NetworkDocument:
    """A network whose branches of these shapes meet in a layer of that type."""
    document = chain((1, 20, 20), ("start", "relu", {}))
    ends = []
    for number, shape in enumerate(shapes):
        conv = join(document, f"conv{number}", "conv2d", ["start"], out_channels=shape[0], kernel_size=(1, 1))
        if len(shape) == 1:
            pool = join(document, f"pool{number}", "global_avg_pool", [conv.path])
            ends.append(join(document, f"flat{number}", "flatten", [pool.path]).path)
        else:
            size = {"output_size": shape[1:]}
            ends.append(join(document, f"pool{number}", "adaptive_avg_pool2d", [conv.path], **size).path)
    join(document, "meet", type_id, ends)
    end = join(document, "flatten", "flatten", ["meet"])
    document.change_info(output=end.id)
    return document


@given(first=SIZES, second=SIZES, type_id=st.sampled_from(["add", "multiply", "maximum", "concat"]))
def test_every_offer_helps(first: tuple[int, ...], second: tuple[int, ...], type_id: str) -> None:
    document = meeting(type_id, first, second)
    before = content(document)
    for problem in problems(document):
        if problem.code not in ("merge_mismatch", "concat_mismatch"):
            continue
        for fix in problem.fixes:
            inverse = fix.command.apply(document)
            assert not [p for p in problems(document) if p.severity == "error"], fix.label
            inverse.apply(document)
            assert content(document) == before


@pytest.mark.parametrize(
    ("type_id", "shapes", "labels"),
    [
        (
            "add",
            [(64, 16, 16), (128, 8, 8)],
            ["1 × 1 conv on input 1: 128 filters, stride 2"],
        ),
        (
            "add",
            [(4, 8, 8), (6, 8, 8)],
            [
                "1 × 1 conv on input 2: 4 filters",
                "1 × 1 conv on input 1: 6 filters",
                "Change to Concatenate",
            ],
        ),
        ("add", [(4, 9, 9), (4, 7, 7)], ["Average pool on input 1 to 7×7"]),
        (
            "add",
            [(5,), (3,)],
            ["Fully connected on input 2: 5 units", "Fully connected on input 1: 3 units"],
        ),
        ("concat", [(4, 8, 8), (9, 4, 4)], ["Max pool 2×2 on input 1", "Average pool on input 1 to 4×4"]),
        ("concat", [(4, 8, 8), (9, 8, 8), (1, 5, 5)], []),
        ("concat", [(4, 8, 8), (9,)], ["Flatten input 1"]),
    ],
)
def test_what_is_offered(type_id: str, shapes: list[tuple[int, ...]], labels: list[str]) -> None:
    (problem,) = [p for p in problems(meeting(type_id, *shapes)) if p.severity == "error"]
    assert [fix.label for fix in problem.fixes] == labels
