"""Problems of a network: what the rules found, tied to layers, with fixes that are commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cnn_studio.core.errors import ParameterError
from cnn_studio.graph.commands import AddLink, AnyCommand, RemoveLink, SetParams
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.edits import append_after, insert_on_link, remove_and_heal, replace_type
from cnn_studio.graph.legality import free_port
from cnn_studio.graph.spec import Finding, FixSpec, Severity


@dataclass(frozen=True, slots=True)
class Fix:
    """One way out of a problem: what the button says, and the command it carries out."""

    label: str
    command: AnyCommand


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong or odd about a network.

    Attributes:
        code: stable name of the kind of problem.
        severity: ``error`` cannot run; ``warning`` runs, but is probably not meant; ``note`` is worth knowing.
        layer_id: the layer it belongs to, or None for the network as a whole.
        path: that layer's path, or an empty text.
        message: what is the matter, in the user's numbers.
        data: the numbers behind the message.
    """

    code: str
    severity: Severity
    layer_id: int | None
    path: str
    message: str
    data: Mapping[str, Any] = field(default_factory=dict)
    _fixes: Callable[[], tuple[Fix, ...]] = field(default=tuple, repr=False, compare=False)

    @property
    def fixes(self) -> tuple[Fix, ...]:
        """The ways out, the mildest first; worked out when asked for, for the document as it is then."""
        return self._fixes()

    def to_json(self) -> dict[str, Any]:
        """Return the problem as the command line prints it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "path": self.path,
            "message": self.message,
            "data": dict(self.data),
            "fixes": [{"label": f.label, "command": f.command.model_dump(mode="json")} for f in self.fixes],
        }


def problem_at(document: NetworkDocument, layer_id: int | None, finding: Finding) -> Problem:
    """Tie a rule's finding to a layer of a document."""
    path = "" if layer_id is None else document.layer(layer_id).path

    def fixes() -> tuple[Fix, ...]:
        if layer_id is None or layer_id not in document.layers:
            return ()
        found = ((spec.label, _command(document, layer_id, spec)) for spec in finding.fixes())
        return tuple(Fix(label, command) for label, command in found if command is not None)

    return Problem(finding.code, finding.severity, layer_id, path, finding.message, finding.data, fixes)


def _command(document: NetworkDocument, layer_id: int, spec: FixSpec) -> AnyCommand | None:
    """Return the command behind a fix, or None where it does not apply to this place in the network."""
    if spec.changes:
        return _set_params(document, layer_id, spec.changes)
    if spec.input_size is not None:
        sources = document.sources_of(layer_id)
        if len(sources) != 1 or document.layer(sources[0]).type != "input":
            return None
        height, width = spec.input_size
        return _set_params(document, sources[0], {"height": height, "width": width})
    if spec.insert is not None:
        links = document.inputs_of(layer_id)
        if len(links) <= spec.port:
            return None
        return insert_on_link(document, links[spec.port], spec.insert, spec.insert_params)
    if spec.append is not None:
        return append_after(document, layer_id, spec.append)
    if spec.replace is not None:
        return replace_type(document, layer_id, spec.replace)
    if spec.remove_before is not None:
        sources = document.sources_of(layer_id)
        if len(sources) != 1 or document.layer(sources[0]).type != spec.remove_before:
            return None
        return remove_and_heal(document, sources)
    if spec.source is not None:
        return AddLink(source=spec.source, target=layer_id, port=free_port(document, layer_id))
    if spec.cut:
        link = document.inputs_of(layer_id)[-1]
        return RemoveLink(source=link.source, target=link.target, port=link.port)
    if spec.remove:
        return remove_and_heal(document, [layer_id])
    return None


def _set_params(document: NetworkDocument, layer_id: int, changes: Mapping[str, Any]) -> SetParams | None:
    """Return the change, or None where a value is out of the parameter's range: the window knows no ranges."""
    layer_type = document.layer(layer_id).spec
    known = {param.key: param for param in layer_type.params} if layer_type is not None else {}
    try:
        for key, value in changes.items():
            known[key].parse(value)
    except ParameterError:
        return None
    return SetParams(id=layer_id, changes=dict(changes))
