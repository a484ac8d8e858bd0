"""The arithmetic of sliding windows against counting cells one by one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnn_studio.graph.window import Axis, same_padding, window

# A pooling window that rounds up has at most half its width of padding; without that PyTorch's rule for the
# last window would take away windows that fit, too.
AXES = st.builds(
    Axis,
    size=st.integers(1, 30),
    filter=st.integers(1, 8),
    stride=st.integers(1, 6),
    before=st.integers(0, 5),
    after=st.integers(0, 5),
    dilation=st.integers(1, 3),
    ceil=st.booleans(),
).filter(lambda axis: not axis.ceil or axis.after < axis.span)


def starts(axis: Axis) -> list[int]:
    """First cells of all window positions in the padded input, found by trying one after the other."""
    padded = axis.before + axis.size + axis.after
    cells = [j * axis.dilation for j in range(axis.filter)]
    found: list[int] = []
    start = 0
    while start + cells[-1] < padded:
        found.append(start)
        start += axis.stride
    hangs_over = found and found[-1] + cells[-1] < padded - 1
    if axis.ceil and hangs_over and start < axis.before + axis.size:
        found.append(start)
    return found


@given(AXES)
def test_output_counts_the_positions(axis: Axis) -> None:
    assert axis.output == len(starts(axis))


@given(AXES)
def test_left_out_are_the_cells_behind_the_last_window(axis: Axis) -> None:
    found = starts(axis)
    padded = ["zero"] * axis.before + ["image"] * axis.size + ["zero"] * axis.after
    behind = padded[found[-1] + axis.dilation * (axis.filter - 1) + 1 :] if found else []
    assert axis.left_out == len(behind)
    assert axis.left_out_image == behind.count("image")
    assert axis.tiles() == (bool(found) and not behind)
    assert axis.reaches_end(axis.output) == (not behind) or not found


@given(AXES)
def test_windows_see_input_or_padding_alone(axis: Axis) -> None:
    image = range(axis.before, axis.before + axis.size)
    seen = [any(s + j * axis.dilation in image for j in range(axis.filter)) for s in starts(axis)]
    assert axis.sees_input() == all(seen)


@given(AXES)
def test_exact_is_whole_just_when_the_windows_end_with_the_input(axis: Axis) -> None:
    if axis.padded >= axis.span and not axis.ceil:
        assert (axis.exact.denominator == 1) == axis.tiles()
        assert int(axis.exact) == axis.output


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 6), st.integers(1, 3))
def test_same_padding_gives_size_over_stride(size: int, filter_: int, stride: int, dilation: int) -> None:
    before, after = same_padding(size, filter_, stride, dilation)
    axis = Axis(size, filter_, stride, before, after, dilation)
    assert axis.output == -(-size // stride)
    assert after - before in {0, 1}
    if stride == 1 and filter_ % 2 == 1 and dilation == 1:
        assert before == after == (filter_ - 1) // 2
    if before:  # no cell more than needed
        assert (
            axis._replace(before=before - 1).output < axis.output
            or not axis._replace(before=before - 1).tiles()
        )


def test_window_takes_sides_in_the_order_top_bottom_left_right() -> None:
    rows, columns = window(9, 7, (3, 2), (2, 1), (1, 2, 3, 4), (1, 2), True)
    assert rows == Axis(9, 3, 2, 1, 2, 1, True)
    assert columns == Axis(7, 2, 1, 3, 4, 2, True)


@pytest.mark.parametrize(
    ("axis", "output", "left_out", "image"),
    [
        (Axis(32, 5, 1), 28, 0, 0),
        (Axis(7, 2, 2), 3, 1, 1),
        (Axis(224, 7, 2, 3, 3), 112, 1, 0),
        (Axis(56, 1, 2), 28, 1, 1),
        (Axis(32, 5, 2), 14, 1, 1),
        (Axis(3, 5, 1), 0, 0, 0),
        (Axis(4, 5, 1, 1, 0), 1, 0, 0),
    ],
)
def test_examples(axis: Axis, output: int, left_out: int, image: int) -> None:
    assert (axis.output, axis.left_out, axis.left_out_image) == (output, left_out, image)
