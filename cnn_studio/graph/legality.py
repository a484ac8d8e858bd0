"""The one place that says whether a link may be made; canvas, file loader and command line all ask here."""

from __future__ import annotations

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.document import Link, NetworkDocument


class LinkError(GraphError):
    """A link that cannot be made."""


def check_link(document: NetworkDocument, link: Link, *, allow_cycle: bool = False) -> None:
    """Check that a new link may be made.

    Args:
        document: the network, without the link.
        link: the link to be.
        allow_cycle: let a link close a cycle. The file loader asks for it, so that a damaged network opens and
            its problem can be seen and mended; nobody can draw one.

    Raises:
        LinkError: says why not.
        GraphError: an end does not exist.
    """
    source, target = document.layer(link.source), document.layer(link.target)
    spec = target.spec
    if source.id == target.id:
        raise LinkError(f"{source.path} cannot be linked to itself.")
    if spec is not None:
        if spec.max_inputs == 0:
            raise LinkError(f"{target.path} is an input; nothing can be linked into it.")
        if spec.max_inputs is not None and not 0 <= link.port < spec.max_inputs:
            count = "one input" if spec.max_inputs == 1 else f"{spec.max_inputs} inputs"
            raise LinkError(
                f"{target.path} ({spec.title}) takes {count}; use Add or Concatenate to join several."
            )
    if not 0 <= link.port < 10_000:
        raise LinkError(f"{target.path} has no input number {link.port + 1}.")
    taken = {known.port: known.source for known in document.inputs_of(target.id)}
    if link.port in taken:
        other = document.layer(taken[link.port]).path
        raise LinkError(
            f"{target.path} already gets its input from {other}. Remove that link first, or join both with Add "
            "or Concatenate."
        )
    if not allow_cycle and reaches(document, target.id, source.id):
        raise LinkError(
            f"{source.path} cannot feed {target.path}, because {target.path} already leads to {source.path}: the "
            "network would run in a circle."
        )


def free_port(document: NetworkDocument, target: int) -> int:
    """Return the port at which a further link into `target` would go: the first free one."""
    taken = {link.port for link in document.inputs_of(target)}
    port = 0
    while port in taken:
        port += 1
    return port


def reaches(document: NetworkDocument, start: int, goal: int) -> bool:
    """Return whether links lead from layer `start` to layer `goal`."""
    waiting, seen = [start], {start}
    while waiting:
        here = waiting.pop()
        if here == goal:
            return True
        for link in document.outputs_of(here):
            if link.target not in seen:
                seen.add(link.target)
                waiting.append(link.target)
    return False
