"""The pictures of the laboratories: one before it runs, one under way, and those on transfer with what was seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from screenshots import Photographer


def labs_story(p: Photographer) -> None:
    """Run the laboratories on transfer; they take a minute or two each."""
    p.window.tools.laboratories()
    labs = p.window.tools.labs
    assert labs is not None
    for lab, answer in (("transfer-amount", 0), ("negative-transfer", 0), ("learning-rate", 1)):
        labs.show_lab(lab)
        page = labs.page
        p.shoot_window(labs, f"{lab}-before")
        page.options.buttons()[answer].click()
        page.run.click()
        p.wait("the second run", lambda page=page: page.doing.text().startswith("2 of"), 300)  # type: ignore[misc]
        p.settle(2)
        p.shoot_window(labs, f"{lab}-under-way")
        p.wait("the end", lambda page=page: not page.is_busy, 600)  # type: ignore[misc]
        p.shoot_window(labs, f"{lab}-seen")
    labs.close()
