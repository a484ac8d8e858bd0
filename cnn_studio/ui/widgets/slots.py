"""Slots made from calls."""

from __future__ import annotations

from collections.abc import Callable


def without_argument(call: Callable[[], object]) -> Callable[[bool], None]:
    """Return a slot for ``clicked``, which says whether the button is checked, that ignores this."""

    def called(is_checked: bool) -> None:
        del is_checked
        call()

    return called
