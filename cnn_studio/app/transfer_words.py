"""What the events of a transfer say to people, in a line each; the command line and the wizard write the same."""

from __future__ import annotations

from cnn_studio.app.coding import CodesReady
from cnn_studio.app.comparing import WayFinished, WayStarted
from cnn_studio.app.training_words import training_words
from cnn_studio.app.transferring import ClassifierFitted, SourceReady, StageStarted

_MOST_NAMED = 3


def transfer_words(event: object) -> str:
    """Return an event of a transfer, or of a run that is a part of it, in words; nothing for those that are no news."""
    match event:
        case SourceReady(title, _, cut, size):
            return f"{title}: cut behind {cut}, a code of {size:,} numbers"
        case CodesReady(_, _, were_kept) if were_kept:
            return "CNN codes: as kept from before"
        case CodesReady(codes):
            return f"CNN codes: {codes.images_per_second:,.0f} images/s, {codes.how}"
        case ClassifierFitted():
            note = "" if event.is_converged else "; the solver stopped before its tolerance was reached"
            return f"Linear classifier: C = {event.c:g}, fitted in {event.seconds:.1f} s{note}"
        case StageStarted(number, total, paths, parts):
            names = parts or paths
            named = ", ".join(names[:_MOST_NAMED])
            more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
            verb = "learns" if len(names) == 1 else "learn"
            return f"Step {number} of {total}: {named}{more} {verb}{' too' if number > 1 else ''}"
        case WayStarted(number, total, name):
            return f"{number} of {total}: {name}"
        case WayFinished(compared):
            return compared.message or f"{compared.text}, {compared.seconds:.1f} s"
    return training_words(event)
