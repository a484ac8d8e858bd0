"""What layers that slide a window say about tiling, and whether the fixes they offer work."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnn_studio.graph.commands import SetParams
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.problems import Problem
from cnn_studio.graph.registry import all_specs, get_spec
from cnn_studio.graph.shapes import infer_shapes
from tests.helpers.networks import chain, problems
from tests.helpers.strategies import maps, params_of

SLIDING = [spec.id for spec in all_specs() if spec.window is not None]
MENDED = {"not_tiling", "window_too_large", "padding_too_wide", "padding_wider_than_map"}


def one_layer(size: tuple[int, int, int], type_id: str, **params: Any) -> NetworkDocument:
    return chain(size, ("layer", type_id, params), ("flatten", "flatten", {}))


def only(document: NetworkDocument, code: str) -> Problem:
    (found,) = problems(document, code)
    assert found.path == "layer"
    return found


def labels(problem: Problem) -> list[str]:
    return [fix.label for fix in problem.fixes]


# ------------------------------------------------------------------------------------------------- the four cases


def test_7_under_a_2_by_2_window_loses_image() -> None:
    found = only(one_layer((3, 7, 7), "max_pool2d", kernel_size=2, stride=2), "not_tiling")
    assert found.severity == "warning"
    assert "(7 − 2 + 2·0)/2 + 1 = 3.5" in found.message
    assert "3 × 3, so the last row and column are left out; they hold image" in found.message
    assert found.data["left_out_holds"] == "image"
    assert [found.data[key] for key in ("output", "left_out_rows", "left_out_columns")] == [[3, 3], 1, 1]


def test_32_under_a_5_by_5_filter_at_stride_2_has_no_symmetric_padding() -> None:
    found = only(one_layer((3, 32, 32), "conv2d", kernel_size=5, stride=2), "not_tiling")
    assert found.severity == "warning"
    assert "14.5" in found.message
    assert "Symmetric padding adds 2p, an even number, so it cannot help" in found.message
    for fix in found.fixes:
        padding = fix.command.changes.get("padding")  # type: ignore[union-attr]
        assert padding is None or padding[0] != padding[1] or padding[2] != padding[3], fix.label
    assert any(label.startswith("Pad bottom and right by 1") for label in labels(found))
    assert any(label.startswith("Input 31") for label in labels(found))
    assert any(label.startswith("Input 33") for label in labels(found))


def test_1_by_1_at_stride_2_only_samples() -> None:
    found = only(one_layer((3, 56, 56), "conv2d", kernel_size=1, stride=2), "not_tiling")
    assert found.severity == "note"
    assert "samples every second position" in found.message
    assert found.data["left_out_holds"] == "image"


def test_resnets_first_filter_loses_zeros_alone() -> None:
    found = only(one_layer((3, 224, 224), "conv2d", kernel_size=7, stride=2, padding=3), "not_tiling")
    assert found.severity == "note"
    assert "only padding zeros" in found.message
    assert found.data["left_out_holds"] == "zeros"


def test_the_eight_places_of_resnet_18() -> None:
    places = [("conv2d", 224, 7, 2, 3), ("max_pool2d", 112, 3, 2, 1)]
    places += [("conv2d", size, 3, 2, 1) for size in (56, 28, 14)]
    places += [("conv2d", size, 1, 2, 0) for size in (56, 28, 14)]
    holds = []
    for type_id, size, kernel, stride, padding in places:
        document = one_layer((4, size, size), type_id, kernel_size=kernel, stride=stride, padding=padding)
        found = only(document, "not_tiling")
        assert found.severity == "note"
        assert infer_shapes(document).ok
        holds.append(found.data["left_out_holds"])
    assert holds == ["zeros"] * 5 + ["image"] * 3


def test_axes_that_differ_are_both_named() -> None:
    found = only(one_layer((1, 10, 9), "max_pool2d", kernel_size=(3, 2), stride=(3, 2)), "not_tiling")
    assert "height (10 − 3 + 2·0)/3 + 1 = 3.33, width (9 − 2 + 2·0)/2 + 1 = 4.5" in found.message
    assert "row and column" in found.message
    found = only(one_layer((1, 10, 8), "max_pool2d", kernel_size=3, stride=(4, 1)), "not_tiling")
    assert "the last 3 rows are left out" in found.message


def test_a_layer_that_tiles_says_nothing() -> None:
    assert problems(one_layer((1, 32, 32), "conv2d", kernel_size=5)) == []
    assert problems(one_layer((1, 28, 28), "subsampling")) == []


def test_window_too_large_names_sizes_and_offers_ways_out() -> None:
    found = only(one_layer((1, 4, 4), "conv2d", kernel_size=7, padding=1), "window_too_large")
    assert "7 × 7 filter is larger than its 6 × 6 input, padding included" in found.message
    assert labels(found) == ["Filter 6 → 1 × 1", "Padding 2 → 2 × 2"]


# ---------------------------------------------------------------------------------------------- every fix works


def check_fixes(document: NetworkDocument) -> int:
    """Apply each fix of the layer's window problems to a copy; the problem must be gone, and undo bring it back."""
    count = 0
    for found in problems(document):
        if found.path != "layer" or found.code not in MENDED:
            continue
        for fix in found.fixes:
            count += 1
            copy = document.copy()
            inverse = fix.command.apply(copy)
            after = infer_shapes(copy)
            at_layer = [p for p in after.problems if p.layer_id == found.layer_id]
            assert found.code not in [p.code for p in at_layer], f"{fix.label} leaves {found.message}"
            assert found.severity == "error" or not [p for p in at_layer if p.severity == "error"], fix.label
            if "→" in fix.label and found.layer_id is not None:
                shape = after.states[found.layer_id].shape
                assert shape is not None
                assert fix.label.endswith(f"→ {shape[1]} × {shape[2]}")
            inverse.apply(copy)
            assert found.code in [p.code for p in infer_shapes(copy).problems]
    return count


@pytest.mark.parametrize("type_id", SLIDING)
def test_every_fix_mends_what_it_is_offered_for(type_id: str) -> None:
    spec = get_spec(type_id)
    counts: list[int] = []

    @settings(max_examples=60)
    @given(shape=maps(4, 16), params=params_of(spec))
    def check(shape: tuple[int, int, int], params: dict[str, Any]) -> None:
        counts.append(check_fixes(one_layer(shape, type_id, **params)))

    check()
    assert sum(counts) > 20, "hardly any fix was tried"


@settings(max_examples=100)
@given(size=st.integers(3, 40), kernel=st.integers(2, 9), stride=st.integers(2, 5), p=st.integers(0, 3))
def test_symmetric_padding_is_offered_only_if_it_tiles(size: int, kernel: int, stride: int, p: int) -> None:
    document = one_layer((1, size, size), "conv2d", kernel_size=kernel, stride=stride, padding=p)
    works = [q for q in range(kernel) if (size - kernel + 2 * q) % stride == 0 and size + 2 * q >= kernel]
    for found in problems(document, "not_tiling"):
        offered = []
        for fix in found.fixes:
            sides = fix.command.changes.get("padding")  # type: ignore[union-attr]
            if sides is not None and len(set(sides)) == 1:
                offered.append(sides[0])
        assert set(offered) <= set(works)
        if found.severity == "warning" and not any(
            (size - kernel + 2 * q) % stride == 0 for q in range(stride)
        ):
            assert "Symmetric padding adds 2p, an even number, so it cannot help" in found.message


@pytest.mark.parametrize(
    ("size", "type_id", "params"),
    [
        ((1, 2, 2), "conv2d", {"kernel_size": 1000, "dilation": 1000}),
        ((1, 1, 1), "conv2d", {"kernel_size": 1000, "dilation": 9, "padding": 1000}),
        ((1, 9999, 9999), "max_pool2d", {"kernel_size": 1000, "stride": 1000}),
        ((1, 10_000, 10_000), "conv2d", {"kernel_size": 1000, "stride": 999, "padding": 1000}),
        ((1, 9_998, 9_998), "conv2d", {"kernel_size": 3, "stride": 1000}),
    ],
)
def test_fixes_stay_within_the_ranges_of_the_parameters(
    size: tuple[int, int, int], type_id: str, params: dict[str, Any]
) -> None:
    document = one_layer(size, type_id, **params)
    assert {p.code for p in problems(document)} & MENDED
    check_fixes(document)


def test_fixes_do_not_pad_more_than_the_border_mode_can_fill() -> None:
    params = {"kernel_size": 9, "stride": 1, "padding": 0, "padding_mode": "circular"}
    check_fixes(one_layer((1, 2, 2), "conv2d", **params))


def test_input_sizes_are_offered_where_the_layer_reads_the_input_alone() -> None:
    document = chain((1, 9, 9), ("relu", "relu", {}), ("layer", "max_pool2d", {}), ("flatten", "flatten", {}))
    (found,) = problems(document, "not_tiling")
    assert found.fixes
    assert not any("Input" in fix.label for fix in found.fixes)
    direct = one_layer((1, 9, 9), "max_pool2d")
    (found,) = problems(direct, "not_tiling")
    (fix,) = [fix for fix in found.fixes if fix.label.startswith("Input 8")]
    assert fix.command == SetParams(id=direct.paths["input"], changes={"height": 8, "width": 8})
