"""The edits of a document, as serialisable values.

Each command carries out one edit and returns its inverse, which is again a command. They are the entries of the
undo stack, the fixes of problems, and what scripts replay: `parse_command` reads back what `model_dump` wrote.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from cnn_studio.core.errors import GraphError
from cnn_studio.core.params import parse_values
from cnn_studio.graph.document import Layer, Link, NetworkDocument, Scores
from cnn_studio.graph.legality import check_link
from cnn_studio.graph.preprocessing import Preprocessing

MAX_ID = 2**53
"""The largest whole number that every JSON reader keeps exactly."""


class _Command(BaseModel):
    """What all commands share."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @property
    def label(self) -> str:
        raise TypeError(f"{type(self).__name__} has no label")

    def apply(self, target: NetworkDocument) -> AnyCommand:
        raise TypeError(f"{type(self).__name__} does nothing")

    def merge_key(self) -> str | None:
        return None


class AddLayer(_Command):
    """Add a layer without links; parameters that are left out take their defaults."""

    command: Literal["add_layer"] = "add_layer"
    # the limits are those of files: what an edit makes must be readable again
    id: int = Field(ge=1, le=MAX_ID)
    path: str
    type: str = Field(min_length=1, max_length=100)
    params: dict[str, Any] = {}
    x: float = 0.0
    y: float = 0.0
    title: str = Field("", max_length=200)
    trainable: bool = True
    lr_factor: float = Field(1.0, gt=0, le=1e6)
    keep_statistics: bool = False
    tied_to: int | None = None

    @property
    def label(self) -> str:
        return f"add {self.path}"

    def to_layer(self) -> Layer:
        """Return the layer to be.

        Raises:
            ParameterError: a parameter is unknown or out of range.
        """
        values = self.model_dump(exclude={"command"})
        layer = Layer(**values)
        if layer.spec is not None:
            params = parse_values(layer.spec.params, self.params, f"Layer {self.path} ({self.type})")
            layer = Layer(**{**values, "params": params})
        return layer

    def apply(self, target: NetworkDocument) -> RemoveLayer:
        target.put_layer(self.to_layer())
        return RemoveLayer(id=self.id)

    @staticmethod
    def of(layer: Layer) -> AddLayer:
        """Return the command that adds exactly this layer."""
        return AddLayer.model_construct(
            **{name: getattr(layer, name) for name in _LAYER_FIELDS} | {"params": dict(layer.params)}
        )


_LAYER_FIELDS = tuple(name for name in AddLayer.model_fields if name != "command")


class RemoveLayer(_Command):
    """Take out a layer that has no links, and the output mark if it is there."""

    command: Literal["remove_layer"] = "remove_layer"
    id: int

    @property
    def label(self) -> str:
        return "delete layer"

    def apply(self, target: NetworkDocument) -> AnyCommand:
        with target.editing():
            was_output = target.info.output == self.id
            layer = target.drop_layer(self.id)
            if was_output:
                target.change_info(output=None)
        back = AddLayer.of(layer)
        if was_output:
            return Macro(text=back.label, commands=(back, SetOutput(id=self.id)))
        return back


class AddLink(_Command):
    """Link the output of `source` to input `port` of `target`."""

    command: Literal["add_link"] = "add_link"
    source: int
    target: int
    port: int = 0

    @property
    def label(self) -> str:
        return "link layers"

    def apply(self, target: NetworkDocument) -> RemoveLink:
        link = Link(self.source, self.target, self.port)
        check_link(target, link, allow_cycle=False)
        target.put_link(link)
        return RemoveLink(source=self.source, target=self.target, port=self.port)


class RemoveLink(_Command):
    """Take a link out."""

    command: Literal["remove_link"] = "remove_link"
    source: int
    target: int
    port: int = 0

    @property
    def label(self) -> str:
        return "remove link"

    def apply(self, target: NetworkDocument) -> AnyCommand:
        link = Link(self.source, self.target, self.port)
        order = target.outputs_of(self.source) if self.source in target.layers else []
        target.drop_link(link)
        return RestoreLink(source=self.source, target=self.target, port=self.port, place=order.index(link))


class RestoreLink(_Command):
    """Put a link back that was there before, at its place among its source's links; cycles included."""

    command: Literal["restore_link"] = "restore_link"
    source: int
    target: int
    port: int = 0
    place: int = Field(0, ge=0)

    @property
    def label(self) -> str:
        return "link layers"

    def apply(self, target: NetworkDocument) -> RemoveLink:
        link = Link(self.source, self.target, self.port)
        check_link(target, link, allow_cycle=True)
        target.put_link(link, self.place)
        return RemoveLink(source=self.source, target=self.target, port=self.port)


class SetParams(_Command):
    """Change parameters of a layer."""

    command: Literal["set_params"] = "set_params"
    id: int
    changes: dict[str, Any]

    @property
    def label(self) -> str:
        return "change " + ", ".join(self.changes)

    def apply(self, target: NetworkDocument) -> SetParams:
        layer = target.layer(self.id)
        if layer.spec is None:
            raise GraphError(
                f"{layer.path} is of the unknown type {layer.type!r}; its parameters cannot be changed."
            )
        owner = f"Layer {layer.path} ({layer.type})"
        params = parse_values(layer.spec.params, {**layer.params, **self.changes}, owner)
        target.change_layer(self.id, params=params)
        return SetParams(id=self.id, changes={key: layer.params[key] for key in self.changes})

    def merge_key(self) -> str:
        return f"params {self.id} {sorted(self.changes)}"


class MoveLayers(_Command):
    """Put cards at new places, given as (x, y) by layer id."""

    command: Literal["move_layers"] = "move_layers"
    places: dict[int, tuple[float, float]]

    @property
    def label(self) -> str:
        return "move layer" if len(self.places) == 1 else f"move {len(self.places)} layers"

    def apply(self, target: NetworkDocument) -> MoveLayers:
        before = {layer_id: (target.layer(layer_id).x, target.layer(layer_id).y) for layer_id in self.places}
        with target.editing():
            for layer_id, (x, y) in self.places.items():
                target.change_layer(layer_id, x=x, y=y)
        return MoveLayers(places=before)

    def merge_key(self) -> str:
        return f"move {sorted(self.places)}"


class RenameLayer(_Command):
    """Give a layer another path."""

    command: Literal["rename_layer"] = "rename_layer"
    id: int
    path: str

    @property
    def label(self) -> str:
        return f"rename to {self.path}"

    def apply(self, target: NetworkDocument) -> RenameLayer:
        return RenameLayer(id=self.id, path=target.change_layer(self.id, path=self.path).path)


class RenameLayers(_Command):
    """Give several layers other paths at once, so that names may change places; paths by layer id."""

    command: Literal["rename_layers"] = "rename_layers"
    paths: dict[int, str]
    text: str = "rename layers"

    @property
    def label(self) -> str:
        return self.text

    def apply(self, target: NetworkDocument) -> RenameLayers:
        return RenameLayers(paths=target.rename_layers(self.paths), text=self.text)


class SetTraining(_Command):
    """Set how layers train: frozen or not, learning-rate factor, batch-norm statistics; None leaves as it is."""

    command: Literal["set_training"] = "set_training"
    ids: tuple[int, ...]
    trainable: bool | None = None
    lr_factor: float | None = Field(None, gt=0, le=1e6)
    keep_statistics: bool | None = None

    @property
    def label(self) -> str:
        if self.trainable is None:
            return "change training of layers"
        return "unfreeze" if self.trainable else "freeze"

    def apply(self, target: NetworkDocument) -> AnyCommand:
        values = self.model_dump(include={"trainable", "lr_factor", "keep_statistics"}, exclude_none=True)
        before = [target.layer(layer_id) for layer_id in self.ids]
        with target.editing():
            for layer_id in self.ids:
                target.change_layer(layer_id, **values)
        return Macro(
            text=self.label,
            commands=tuple(
                SetTraining(ids=(layer.id,), **{name: getattr(layer, name) for name in values})
                for layer in before
            ),
        )


class SetOutput(_Command):
    """Mark the layer whose result is the network's."""

    command: Literal["set_output"] = "set_output"
    id: int | None

    @property
    def label(self) -> str:
        return "mark output"

    def apply(self, target: NetworkDocument) -> SetOutput:
        if self.id is not None:
            target.layer(self.id)
        return SetOutput(id=target.change_info(output=self.id).output)


_INFO_FIELDS = ("name", "labels", "preprocessing", "scores")


class SetInfo(_Command):
    """Change name, labels or preprocessing of the network; None leaves as it is."""

    command: Literal["set_info"] = "set_info"
    name: str | None = Field(None, min_length=1, max_length=200)
    labels: tuple[str, ...] | None = None
    preprocessing: Preprocessing | None = None
    scores: Scores | None = None

    @property
    def label(self) -> str:
        return "change the network's description"

    def apply(self, target: NetworkDocument) -> SetInfo:
        values = {name: getattr(self, name) for name in _INFO_FIELDS}
        values = {name: value for name, value in values.items() if value is not None}
        before = target.change_info(**values)
        return SetInfo.model_construct(**{name: getattr(before, name) for name in values})


class Macro(_Command):
    """Several commands that are one step; if one is refused, those before it are taken back.

    Macros with the same `merges` become one step too, if one follows the other at once; the later one must overwrite
    all that the earlier one set.
    """

    command: Literal["macro"] = "macro"
    text: str
    commands: tuple[AnyCommand, ...]
    merges: str = ""

    @property
    def label(self) -> str:
        return self.text

    def apply(self, target: NetworkDocument) -> Macro:
        inverses: list[AnyCommand] = []
        with target.editing():
            try:
                for command in self.commands:
                    inverses.insert(0, command.apply(target))
            except Exception:
                for inverse in inverses:
                    inverse.apply(target)
                raise
        return Macro(text=self.text, commands=tuple(inverses))

    def merge_key(self) -> str | None:
        return self.merges or None


AnyCommand = Annotated[
    AddLayer
    | RemoveLayer
    | AddLink
    | RemoveLink
    | RestoreLink
    | SetParams
    | MoveLayers
    | RenameLayer
    | RenameLayers
    | SetTraining
    | SetOutput
    | SetInfo
    | Macro,
    Field(discriminator="command"),
]

Macro.model_rebuild()
_ADAPTER: TypeAdapter[AnyCommand] = TypeAdapter(AnyCommand)


def parse_command(record: object) -> AnyCommand:
    """Return the command that a JSON record describes.

    Raises:
        GraphError: the record is no command.
    """
    try:
        return _ADAPTER.validate_python(record)
    except ValueError as error:
        first = str(error).splitlines()[0]
        raise GraphError(f"This is no command for a network: {first}.") from None
