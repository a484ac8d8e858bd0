"""What several layer types share: rank checks and parameter descriptions."""

from __future__ import annotations

from collections.abc import Callable

from cnn_studio.core.params import Choice, Integer
from cnn_studio.graph.spec import FixSpec, Inferred, Params, Shape, failed, product, shape_text

ACTIVATIONS = (("none", "None"), ("relu", "ReLU"), ("tanh", "Tanh"), ("sigmoid", "Sigmoid"))


FILTERS = Integer(
    "out_channels", "Filters", "Number of filters, and so of feature maps in the output.", 16, maximum=65_536
)
"""The parameter that sets how many feature maps a convolution gives."""


def activation_param(default: str) -> Choice:
    """Return the parameter of layers that carry their activation with them."""
    return Choice(
        "activation",
        "Activation",
        "The non-linearity applied to the result, as part of this layer. None leaves it linear; a separate "
        "activation layer does the same.",
        default,
        options=ACTIVATIONS,
    )


def one_product_each(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Count one product per value; functions such as tanh, which have no fixed number of products, count none."""
    return product(output)


def same_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    """Shape rule of layers that change values only."""
    return Inferred(inputs[0])


def need_map(noun: str, shape: Shape) -> Inferred | None:
    """Return the error of a layer that slides over maps but gets something else; None if it gets maps."""
    if len(shape) == 3:
        return None
    got = (
        f"a vector of {shape[0]} numbers" if len(shape) == 1 else f"{len(shape)} axes of {shape_text(shape)}"
    )
    return failed(
        "needs_map",
        f"{noun} works on maps (channels × height × width), but gets {got}. Move it before the layer that "
        f"{'flattens' if len(shape) == 1 else 'reshapes'}.",
        lambda: (
            FixSpec("Remove the flatten before it", remove_before="flatten"),
            FixSpec("Remove this layer", remove=True),
        ),
        input=list(shape),
    )


def size_text(pair: tuple[int, int]) -> str:
    """Return a window size as the card writes it, such as ``5×5``."""
    return f"{pair[0]}×{pair[1]}"


def stride_text(pair: tuple[int, int]) -> str:
    """Return a stride as the card writes it: one number where both axes agree."""
    return str(pair[0]) if pair[0] == pair[1] else size_text(pair)


def count_text(number: int, noun: str) -> str:
    """Return ``1 filter`` or ``6 filters``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def divisor_fixes(
    number: int, wanted: int, key: str, label: str, allowed: Callable[[int], bool] = lambda divisor: True
) -> tuple[FixSpec, ...]:
    """Return as fixes the up to three divisors of `number` nearest to `wanted` that are allowed."""
    fitting = [n for n in range(1, number + 1) if number % n == 0 and allowed(n)]
    nearest = sorted(fitting, key=lambda n: (abs(n - wanted), n))[:3]
    return tuple(FixSpec(f"{label} {n}", {key: n}) for n in sorted(nearest))
