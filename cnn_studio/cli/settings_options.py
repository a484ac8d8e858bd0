"""The options of ``train`` that are training settings: one per field of the record, and files and presets of them."""

from __future__ import annotations

import inspect
import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import typer
from pydantic import BaseModel, ValidationError

from cnn_studio.core.errors import ParameterError
from cnn_studio.datasets.augmentation import PRESETS as AUGMENTATIONS
from cnn_studio.datasets.augmentation import Augmentation
from cnn_studio.engine.settings import PRESETS, TrainSettings
from cnn_studio.graph.records import explain

_Record = TypeVar("_Record", bound=BaseModel)
_SHORT = {"learning_rate": ("--lr", "--learning-rate")}
_AUGMENT_HELP = (
    f"Random changes to training images: {', '.join(name.lower() for name in AUGMENTATIONS)}, or fields such as "
    "horizontal_flip,crop_padding=4,rotation=10."
)


def with_settings(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command an option for each training setting; it gets those that were given as `settings`."""

    def run(**values: Any) -> int:
        given = {name: values.pop(name) for name in TrainSettings.model_fields}
        return command(settings={k: v for k, v in given.items() if v is not None}, **values)

    own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.name != "settings"]
    signature = inspect.Signature(
        [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in [*own, *_options()]]
    )
    run.__signature__ = signature  # type: ignore[attr-defined]  # what typer reads options from
    run.__annotations__ = {name: p.annotation for name, p in signature.parameters.items()}
    run.__doc__ = command.__doc__
    return run


def _options() -> list[inspect.Parameter]:
    found = []
    for name, info in TrainSettings.model_fields.items():
        flag = f"--{name.replace('_', '-')}"
        kind: Any = info.annotation
        help_ = info.description or ""
        if kind is Augmentation:
            kind = str
            option = typer.Option("--augment", metavar="WHAT", help=_AUGMENT_HELP)
        elif kind is bool:
            option = typer.Option(f"{flag}/--no-{flag[2:]}", help=help_)
        elif get_origin(kind) is Literal:
            # in the help: a wide column of values would cut the names of options short
            option = typer.Option(flag, metavar="NAME", help=f"{help_} One of {', '.join(get_args(kind))}.")
            kind = str
        else:
            option = typer.Option(*_SHORT.get(name, (flag,)), metavar="N" if kind is int else "X", help=help_)
        annotation = Annotated[kind | None, option]
        found.append(
            inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        )
    return found


def settings_from(
    base: TrainSettings, given: Mapping[str, Any], config: Path | None = None, preset: str | None = None
) -> TrainSettings:
    """Return settings: those of the project, over them a preset, a file, and what was given, in this order.

    Raises:
        ParameterError: a name or a value cannot be used, or the file cannot be read.
    """
    values = base.model_dump()
    if preset is not None:
        values |= _preset(preset)
    if config is not None:
        values |= _read(config)
    values |= {name: value for name, value in given.items() if name != "augmentation"}
    if "augmentation" in given:
        values["augmentation"] = parse_augmentation(given["augmentation"]).model_dump()
    return _checked(TrainSettings, values)


def _checked(kind: type[_Record], values: dict[str, Any]) -> _Record:
    try:
        return kind.model_validate(values)
    except ValidationError as error:
        raise ParameterError(f"This setting cannot be used: {explain(error)}.") from None


def _preset(name: str) -> dict[str, Any]:
    for known, values in PRESETS.items():
        if known.lower() == name.strip().lower():
            return dict(values)
    raise ParameterError(f"There is no preset {name!r}; there are {', '.join(PRESETS)}.")


def _read(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        found = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except OSError as error:
        raise ParameterError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError as error:  # of both parsers, and of text that is no UTF-8
        raise ParameterError(
            f"{path} cannot be read as settings: {error}. Write JSON, or TOML with the suffix .toml."
        ) from None
    if not isinstance(found, dict):
        raise ParameterError(f'{path} holds no settings; write an object such as {{"epochs": 5}}.')
    return found


def parse_augmentation(text: str) -> Augmentation:
    """Return the augmentation that a text names: a preset, or fields separated by commas.

    Raises:
        ParameterError: it names none.
    """
    for known, preset in AUGMENTATIONS.items():
        if known.lower() == text.strip().lower():
            return preset
    values: dict[str, Any] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, value = part.partition("=")
        name = name.strip().replace("-", "_")
        field = Augmentation.model_fields.get(name)
        if not equals and field is not None and field.annotation is not bool:
            raise ParameterError(f"This setting cannot be used: {name} needs a value, such as {name}=0.1.")
        values[name] = value.strip() if equals else True
    return _checked(Augmentation, values)
