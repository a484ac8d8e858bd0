"""Descriptions of parameters: what a layer type or a settings record can be told, and in which range.

One description serves the inspector, the file loader, the command line and the tests. `parse` accepts what a
file or a text field may hold and returns the one canonical value; everything else raises `ParameterError`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnn_studio.core.errors import ParameterError

Value = bool | int | float | str | tuple[int, ...] | tuple[tuple[int, ...], ...]
"""A canonical parameter value: plain, hashable and JSON-able (tuples become lists)."""

Values = Mapping[str, Value]

MAX_INT = 1_000_000
"""No whole number in a network may be larger; it keeps every product exact and every message readable."""


@dataclass(frozen=True, slots=True)
class Param:
    """Description of one parameter.

    Attributes:
        key: name in files, code and on the command line; PyTorch's name where PyTorch has one.
        title: name on screen.
        help: one or two sentences that teach what it does.
        default: value a new layer starts with.
        advanced: hidden behind "More" in the inspector.
    """

    key: str
    title: str
    help: str
    default: Value
    advanced: bool = field(default=False, kw_only=True)

    @property
    def kind(self) -> str:
        """Name of the kind of field, as listed by ``layers --json``."""
        return type(self).__name__.lower()

    @property
    def range_text(self) -> str:
        """The accepted values in words, such as ``a whole number from 1 to 64``."""
        raise TypeError(f"{type(self).__name__} describes no range")

    def parse(self, raw: object) -> Value:
        """Return the canonical value of what a file or a text field holds.

        Raises:
            ParameterError: the value is of another kind or out of range.
        """
        raise TypeError(f"{type(self).__name__} parses nothing")

    def text(self, value: Value) -> str:
        """Return the value as the inspector shows it; `parse` takes it back."""
        return str(value)

    def describe(self) -> dict[str, Any]:
        """Return the description as a JSON-able record."""
        return {
            "key": self.key,
            "title": self.title,
            "help": self.help,
            "kind": self.kind,
            "default": list(self.default) if isinstance(self.default, tuple) else self.default,
            "range": self.range_text,
            "advanced": self.advanced,
        }

    def refuse(self, raw: object) -> ParameterError:
        """Return the error that names this parameter, the value it got and what it takes."""
        try:
            shown = repr(raw)
        except ValueError:  # Python prints no whole number of more than some thousand digits
            shown = "a number of thousands of digits"
        if len(shown) > 60:
            shown = shown[:57] + "..."
        return ParameterError(f"{self.title} ({self.key}) must be {self.range_text}, not {shown}.")


def _whole(raw: object) -> int | None:
    """Read a whole number from an int, a float without fraction, or text; None if it is none."""
    if isinstance(raw, bool):
        return None
    if isinstance(raw, int):
        return raw
    if isinstance(raw, float):
        return int(raw) if math.isfinite(raw) and raw.is_integer() else None
    if isinstance(raw, str):
        text = raw.strip().replace("\u202f", "").replace(",", "")
        digits = text[1:] if text[:1] in "+-" else text
        # isascii: int() would also take other scripts' digits, which the field then could not show again
        return int(text) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None
    return None


def _number(raw: object) -> float | None:
    """Read a finite number from an int, float or text; None if it is none."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        value = float(raw)
    except (ValueError, OverflowError):
        return None
    return value if math.isfinite(value) else None


def whole_numbers(raw: object) -> list[int] | None:
    """Return the whole numbers in a list or in text such as ``5 x 5`` or ``0, 1``; None if it is no such list."""
    items: Iterable[object]
    if isinstance(raw, str):
        items = raw.replace("×", " ").replace("x", " ").replace("X", " ").replace(",", " ").split()
    elif isinstance(raw, list | tuple):
        items = raw
    else:
        items = [raw]
    found = [_whole(item) for item in items]
    return None if None in found else [n for n in found if n is not None]


@dataclass(frozen=True, slots=True)
class Integer(Param):
    """A whole number from `minimum` to `maximum`."""

    minimum: int = 1
    maximum: int = MAX_INT

    @property
    def range_text(self) -> str:
        return f"a whole number from {self.minimum:,} to {self.maximum:,}"

    def parse(self, raw: object) -> int:
        value = _whole(raw)
        if value is None or not self.minimum <= value <= self.maximum:
            raise self.refuse(raw)
        return value


@dataclass(frozen=True, slots=True)
class Real(Param):
    """A number from `minimum` to `maximum`; `above_minimum` leaves the minimum itself out."""

    minimum: float = 0.0
    maximum: float = 1e9
    above_minimum: bool = False

    @property
    def range_text(self) -> str:
        first = "above" if self.above_minimum else "from"
        return f"a number {first} {self.minimum:g} to {self.maximum:g}"

    def parse(self, raw: object) -> float:
        value = _number(raw)
        if value is None or not self.minimum <= value <= self.maximum:
            raise self.refuse(raw)
        if self.above_minimum and value == self.minimum:
            raise self.refuse(raw)
        return value

    def text(self, value: Value) -> str:
        if not isinstance(value, float | int):
            return str(value)
        short = f"{value:g}"
        return short if float(short) == value else repr(float(value))


@dataclass(frozen=True, slots=True)
class Flag(Param):
    """Yes or no."""

    @property
    def range_text(self) -> str:
        return "true or false"

    def parse(self, raw: object) -> bool:
        if isinstance(raw, bool):
            return raw
        if isinstance(raw, str) and raw.strip().lower() in {"true", "yes", "false", "no"}:
            return raw.strip().lower() in {"true", "yes"}
        raise self.refuse(raw)


@dataclass(frozen=True, slots=True)
class Choice(Param):
    """One of a few named values; `options` pairs the value with what the screen says."""

    options: tuple[tuple[str, str], ...] = ()

    @property
    def range_text(self) -> str:
        return "one of " + ", ".join(value for value, _ in self.options)

    def parse(self, raw: object) -> str:
        if isinstance(raw, str):
            wanted = raw.strip().lower()
            for value, shown in self.options:
                if wanted in {value.lower(), shown.lower()}:
                    return value
        raise self.refuse(raw)

    def text(self, value: Value) -> str:
        return dict(self.options).get(str(value), str(value))


@dataclass(frozen=True, slots=True)
class Pair(Param):
    """Height and width, each a whole number from `minimum` to `maximum`; one number stands for both.

    `short` shows equal numbers as one, as people write a stride.
    """

    minimum: int = 1
    maximum: int = 10_000
    short: bool = False

    @property
    def range_text(self) -> str:
        return f"one number or height × width, each from {self.minimum:,} to {self.maximum:,}"

    def parse(self, raw: object) -> tuple[int, int]:
        found = whole_numbers(raw)
        if found is None or len(found) not in {1, 2}:
            raise self.refuse(raw)
        if any(not self.minimum <= n <= self.maximum for n in found):
            raise self.refuse(raw)
        return found[0], found[-1]

    def text(self, value: Value) -> str:
        if not isinstance(value, tuple):
            return str(value)
        if self.short and value[0] == value[1]:
            return str(value[0])
        return f"{value[0]} × {value[1]}"


@dataclass(frozen=True, slots=True)
class Sides(Param):
    """Four sides (top, bottom, left, right), or the word ``same`` where `allows_same`.

    One number stands for all four sides, two for height and width.
    """

    maximum: int = 10_000
    allows_same: bool = False

    @property
    def range_text(self) -> str:
        words = f"one number, height × width, or top, bottom, left, right, each from 0 to {self.maximum:,}"
        return words + (", or same" if self.allows_same else "")

    def parse(self, raw: object) -> Value:
        if self.allows_same and isinstance(raw, str) and raw.strip().lower() == "same":
            return "same"
        found = whole_numbers(raw)
        if found is None or len(found) not in {1, 2, 4}:
            raise self.refuse(raw)
        if any(not 0 <= n <= self.maximum for n in found):
            raise self.refuse(raw)
        if len(found) == 4:
            return tuple(found)
        return found[0], found[0], found[-1], found[-1]

    def text(self, value: Value) -> str:
        if not isinstance(value, tuple):
            return str(value)
        top, bottom, left, right = value
        if top == bottom == left == right:
            return str(top)
        if top == bottom and left == right:
            return f"{top} × {left}"
        return f"{top}, {bottom}, {left}, {right}"


def parse_values(params: tuple[Param, ...], raw: Mapping[str, object], owner: str) -> dict[str, Value]:
    """Return canonical values for all `params`; those that `raw` leaves out take their defaults.

    Args:
        params: the descriptions, in order.
        raw: values by key, as a file or a call holds them.
        owner: what the values belong to, such as ``layer C1 (conv2d)``; messages begin with it.

    Raises:
        ParameterError: an unknown key or a refused value.
    """
    known = {param.key for param in params}
    unknown = [key for key in raw if key not in known]
    if unknown:
        has = ", ".join(sorted(known)) or "none"
        raise ParameterError(f"{owner}: there is no parameter {unknown[0]!r}; the parameters are {has}.")
    values: dict[str, Value] = {}
    for param in params:
        try:
            values[param.key] = param.parse(raw[param.key]) if param.key in raw else param.default
        except ParameterError as error:
            raise ParameterError(f"{owner}: {error}") from None
    return values
