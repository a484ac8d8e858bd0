"""A state machine of random edits with undo and redo, for tests of what must hold after each of them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cnn_studio.core.commands import CommandStack
from cnn_studio.core.errors import StudioError
from cnn_studio.graph import block_edits, edits
from cnn_studio.graph.blocks import BlockTree
from cnn_studio.graph.commands import (
    AddLayer,
    AddLink,
    AnyCommand,
    Macro,
    MoveLayers,
    RemoveLayer,
    RemoveLink,
    RenameLayer,
    RestoreLink,
    SetInfo,
    SetOutput,
    SetParams,
    SetTraining,
    parse_command,
)
from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.records import from_record, to_record
from cnn_studio.graph.registry import all_specs
from cnn_studio.graph.shapes import ShapeEngine, ShapeReport, infer_shapes
from tests.helpers.networks import SMALL_STARTERS, content
from tests.helpers.strategies import COORDINATES, PATHS, PREPROCESSING, TEXT, params_of

TYPES = [spec.id for spec in all_specs()]
PORTS = st.integers(0, 3)


def told(report: ShapeReport) -> tuple[Any, ...]:
    """All that a report says, but for the order of layers that may run in any order."""
    shapes = {i: (state.inputs, state.shape, state.waits_for is None) for i, state in report.states.items()}
    said = sorted((p.code, p.severity, p.message, p.path, p.layer_id or 0) for p in report.problems)
    return shapes, said, report.ok


class Editing(RuleBasedStateMachine):
    """One document under random commands.

    Attributes:
        carried_out: commands that any machine has carried out, undo and redo included.
    """

    carried_out = 0

    def __init__(self) -> None:
        super().__init__()
        self.document = NetworkDocument()
        self.stack = CommandStack(self.document)
        self.engine = ShapeEngine(self.document)
        self.history: list[dict[str, Any]] = [content(self.document)]
        self.position = 0
        self.emitted = 0
        self.document.changed.connect(self._count)
        self.stack.happened.connect(self._count_command)

    def _count(self, change: object) -> None:
        self.emitted += 1

    def _count_command(self, event: object) -> None:
        Editing.carried_out += 1

    # ------------------------------------------------------------------------------------------------- helpers

    def pick(self, data: st.DataObject) -> Layer:
        return data.draw(st.sampled_from(list(self.document.layers.values())), "layer")

    def push(self, command: AnyCommand) -> None:
        """Push what a file holds of the command; a refusal must leave no trace."""
        text = command.model_dump_json()
        parsed = parse_command(json.loads(text))
        assert parsed.model_dump_json() == text
        before, count = content(self.document), self.emitted
        layer_order = list(self.document.layers)
        steps = len(self.stack._done)
        try:
            self.stack.push(parsed)
        except StudioError as error:
            assert str(error).strip().endswith(".")
            assert content(self.document) == before
            assert len(self.stack._done) == steps
            assert sorted(self.document.layers) == sorted(layer_order)
            return
        assert self.emitted <= count + 1, "one edit is one change"
        del self.history[self.position + 1 :]
        if len(self.stack._done) > steps:
            self.position += 1
            self.history.append(content(self.document))
        else:
            self.history[self.position] = content(self.document)

    has_layers = precondition(lambda self: bool(self.document.layers))

    # --------------------------------------------------------------------------------------------------- edits

    @precondition(lambda self: not self.document.layers)
    @rule(starter=st.sampled_from(SMALL_STARTERS))
    def start(self, starter: Any) -> None:
        made = starter.build()
        layers = tuple(AddLayer.of(layer) for layer in made.layers.values())
        moved = {layer.id: layer.id + self.document.next_id for layer in layers}
        layers = tuple(layer.model_copy(update={"id": moved[layer.id]}) for layer in layers)
        links = tuple(AddLink(source=moved[link.source], target=moved[link.target]) for link in made.links())
        output = SetOutput(id=moved[made.info.output])
        self.push(Macro(text="start", commands=(*layers, *links, output)))

    @rule(data=st.data(), path=PATHS, spec=st.sampled_from(list(all_specs())), x=COORDINATES)
    def add(self, data: st.DataObject, path: str, spec: Any, x: float) -> None:
        params = data.draw(params_of(spec))
        self.push(AddLayer(id=self.document.next_id, path=path, type=spec.id, params=params, x=x))

    @rule(data=st.data(), type_id=st.sampled_from(TYPES))
    def new(self, data: st.DataObject, type_id: str) -> None:
        self.push(edits.new_layer(self.document, type_id, 0.0, 0.0))

    @rule(path=PATHS)
    def add_unknown(self, path: str) -> None:
        params = {"a": [1, {"b": None}]}
        self.push(AddLayer(id=self.document.next_id, path=path, type="from_the_future", params=params))

    @has_layers
    @rule(data=st.data(), type_id=st.sampled_from(TYPES))
    def append(self, data: st.DataObject, type_id: str) -> None:
        self.plan(lambda: edits.append_after(self.document, self.pick(data).id, type_id))

    @has_layers
    @rule(data=st.data(), type_id=st.sampled_from(TYPES))
    def insert(self, data: st.DataObject, type_id: str) -> None:
        links = list(self.document.links())
        if links:
            link = data.draw(st.sampled_from(links))
            self.plan(lambda: edits.insert_on_link(self.document, link, type_id))

    def plan(self, make: Any) -> None:
        before = content(self.document)
        try:
            command = make()
        except StudioError as error:
            assert str(error).endswith(".")
        else:
            self.push(command)
            return
        finally_same = content(self.document)
        assert finally_same == before

    @has_layers
    @rule(data=st.data())
    def connect(self, data: st.DataObject) -> None:
        self.plan(lambda: edits.connect(self.document, self.pick(data).id, self.pick(data).id))

    @has_layers
    @rule(data=st.data(), port=PORTS)
    def link(self, data: st.DataObject, port: int) -> None:
        self.push(AddLink(source=self.pick(data).id, target=self.pick(data).id, port=port))

    @has_layers
    @rule(data=st.data(), port=PORTS)
    def link_in_a_circle(self, data: st.DataObject, port: int) -> None:
        self.push(RestoreLink(source=self.pick(data).id, target=self.pick(data).id, port=port))

    @has_layers
    @rule(data=st.data())
    def cut(self, data: st.DataObject) -> None:
        links = list(self.document.links())
        if links:
            self.push(RemoveLink(**data.draw(st.sampled_from(links))._asdict()))

    @has_layers
    @rule(data=st.data())
    def cut_what_is_not_there(self, data: st.DataObject) -> None:
        self.push(RemoveLink(source=self.pick(data).id, target=self.pick(data).id, port=7))

    @has_layers
    @rule(data=st.data())
    def remove(self, data: st.DataObject) -> None:
        self.push(RemoveLayer(id=self.pick(data).id))

    @has_layers
    @rule(data=st.data())
    def delete_and_heal(self, data: st.DataObject) -> None:
        ids = list(self.document.layers)
        gone = data.draw(st.lists(st.sampled_from(ids), min_size=1, max_size=3, unique=True))
        steps = self.position
        self.push(edits.remove_and_heal(self.document, gone))
        assert self.position == steps + 1, "what is there can always be deleted"

    @has_layers
    @rule(data=st.data(), type_id=st.sampled_from(TYPES))
    def change_type(self, data: st.DataObject, type_id: str) -> None:
        self.plan(lambda: edits.replace_type(self.document, self.pick(data).id, type_id))

    @has_layers
    @rule(data=st.data())
    def set_params(self, data: st.DataObject) -> None:
        layer = self.pick(data)
        if layer.spec is None or not layer.spec.params:
            self.push(SetParams(id=layer.id, changes={"kernel_size": 2}))
            return
        values = data.draw(params_of(layer.spec))
        keys = data.draw(st.sets(st.sampled_from(sorted(values)), min_size=1))
        self.push(SetParams(id=layer.id, changes={key: values[key] for key in keys}))

    @has_layers
    @rule(data=st.data(), bad=st.sampled_from([None, "x", -1, 10**9, [1, 2, 3], True, 1.5]))
    def set_bad_params(self, data: st.DataObject, bad: object) -> None:
        layer = self.pick(data)
        key = next(iter(layer.params), "nothing")
        self.push(SetParams(id=layer.id, changes={key: bad}))
        self.push(SetParams(id=layer.id, changes={"no_such": 1}))

    @has_layers
    @rule(data=st.data(), x=COORDINATES, y=COORDINATES)
    def move(self, data: st.DataObject, x: float, y: float) -> None:
        ids = data.draw(st.sets(st.sampled_from(list(self.document.layers)), min_size=1, max_size=3))
        self.push(MoveLayers(places={i: (x + i, y) for i in ids}))

    @has_layers
    @rule(data=st.data(), path=PATHS)
    def rename(self, data: st.DataObject, path: str) -> None:
        self.push(RenameLayer(id=self.pick(data).id, path=path))

    @has_layers
    @rule(data=st.data(), trainable=st.none() | st.booleans(), factor=st.none() | st.floats(0.01, 10))
    def freeze(self, data: st.DataObject, trainable: bool | None, factor: float | None) -> None:
        ids = data.draw(st.lists(st.sampled_from(list(self.document.layers)), max_size=3))
        self.push(SetTraining(ids=tuple(ids), trainable=trainable, lr_factor=factor))

    @has_layers
    @rule(data=st.data(), mark=st.booleans())
    def set_output(self, data: st.DataObject, mark: bool) -> None:
        self.push(SetOutput(id=self.pick(data).id if mark else None))

    @rule(
        name=st.none() | TEXT, labels=st.none() | st.lists(TEXT, max_size=3), prep=st.none() | PREPROCESSING
    )
    def set_info(self, name: str | None, labels: list[str] | None, prep: Any) -> None:
        self.push(SetInfo(name=name, labels=None if labels is None else tuple(labels), preprocessing=prep))

    @has_layers
    @rule(data=st.data(), path=PATHS)
    def macro_that_may_fail_late(self, data: st.DataObject, path: str) -> None:
        layer = self.pick(data)
        commands = (
            MoveLayers(places={layer.id: (1.0, 2.0)}),
            RenameLayer(id=layer.id, path=path),
            SetOutput(id=layer.id),
            SetParams(id=layer.id, changes={"out_channels": 3}),
        )
        self.push(Macro(text="several", commands=commands))

    @rule(data=st.data())
    def fix_a_problem(self, data: st.DataObject) -> None:
        problems = [p for p in self.engine.report().problems if p.fixes]
        if problems:
            problem = data.draw(st.sampled_from(problems))
            steps = self.position
            self.stack.seal()
            self.push(data.draw(st.sampled_from(problem.fixes)).command)
            assert self.position == steps + 1, "a fix that is offered can be applied"
            self.stack.seal()

    @has_layers
    @rule(data=st.data(), name=st.just("") | PATHS)
    def group(self, data: st.DataObject, name: str) -> None:
        ids = data.draw(
            st.lists(st.sampled_from(list(self.document.layers)), min_size=1, max_size=4, unique=True)
        )
        self.plan(lambda: block_edits.group(self.document, ids, name))

    def pick_block(self, data: st.DataObject) -> str | None:
        blocks = sorted(BlockTree(self.document))
        return data.draw(st.sampled_from(blocks), "block") if blocks else None

    @rule(data=st.data(), name=PATHS)
    def change_block(self, data: st.DataObject, name: str) -> None:
        path = self.pick_block(data)
        if path is not None:
            if data.draw(st.booleans(), "rename"):
                self.plan(lambda: block_edits.rename_block(self.document, path, name))
            else:
                self.plan(lambda: block_edits.ungroup(self.document, path))

    @rule(data=st.data(), copies=st.integers(1, 3))
    def repeat_block(self, data: st.DataObject, copies: int) -> None:
        path = self.pick_block(data)
        if path is not None and len(self.document.layers) < 60:
            self.plan(lambda: block_edits.repeat_block(self.engine.report(), path, copies))

    @has_layers
    @rule(data=st.data())
    def duplicate(self, data: st.DataObject) -> None:
        ids = data.draw(
            st.lists(st.sampled_from(list(self.document.layers)), min_size=1, max_size=4, unique=True)
        )
        if len(self.document.layers) < 60:
            self.plan(lambda: block_edits.duplicate(self.document, ids, 30.0, 30.0))

    # ------------------------------------------------------------------------------------------------ the stack

    @rule()
    def seal(self) -> None:
        self.stack.seal()

    @rule()
    def undo(self) -> None:
        self.stack.undo()
        self.position = max(0, self.position - 1)

    @rule()
    def redo(self) -> None:
        self.stack.redo()
        self.position = min(len(self.history) - 1, self.position + 1)

    @rule()
    def undo_all_and_redo_all(self) -> None:
        while self.stack.undo_label is not None:
            self.stack.undo()
        assert content(self.document) == self.history[0]
        while self.stack.redo_label is not None:
            self.stack.redo()
        self.position = len(self.history) - 1
        assert content(self.document) == self.history[-1]

    @invariant()
    def the_document_is_what_the_history_says(self) -> None:
        assert content(self.document) == self.history[self.position]

    @invariant()
    def live_shapes_are_fresh_shapes(self) -> None:
        live, fresh = self.engine.report(), infer_shapes(self.document)
        differing = [
            i for i in fresh.states if live.states.get(i) is None or live.states[i][:2] != fresh.states[i][:2]
        ]
        assert not differing, [(live.states.get(i), fresh.states[i]) for i in differing]
        assert told(live) == told(fresh)
        assert sorted(live.order) == sorted(self.document.layers)
        place = {layer_id: n for n, layer_id in enumerate(live.order)}
        for link in self.document.links():
            if live.states[link.target].shape is not None:
                assert place[link.source] < place[link.target]
        places = [place.get(p.layer_id, 1 << 60) for p in live.problems]  # type: ignore[call-overload]
        assert places == sorted(places), "problems come in the order of the layers"

    @invariant()
    def the_file_gives_the_same_network(self) -> None:
        record = to_record(self.document)
        again = from_record(json.loads(json.dumps(record)))
        assert to_record(again) == record
        assert told(infer_shapes(again)) == told(self.engine.report())

    @invariant()
    def a_copy_is_independent(self) -> None:
        twin = self.document.copy()
        assert to_record(twin) == to_record(self.document)
        assert [twin.outputs_of(i) for i in twin.layers] == [self.document.outputs_of(i) for i in twin.layers]


def explore(machine: type[Editing], examples: int, steps: int) -> None:
    """Run a machine: that many times that many steps."""
    checks = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=checks,
            # shrinking a failure takes minutes; the first one found has its whole story in the report
            phases=[Phase.explicit, Phase.reuse, Phase.generate],
        ),
    )
