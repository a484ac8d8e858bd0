"""Data sources as text: what the command line takes and the window shows. Reads nothing from disk."""

from __future__ import annotations

from pydantic import ValidationError

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.catalogue import SOURCES, SourceInfo
from cnn_studio.datasets.class_names import DIGIT_CLASSES
from cnn_studio.datasets.records import DataSource

__all__ = ["DIGIT_CLASSES", "FORMS", "describe", "parse_source", "source_text"]


def _form(info: SourceInfo) -> str:
    return f"{info.kind}:{info.place}" if info.place else info.kind


FORMS = f"{', '.join(map(_form, list(SOURCES.values())[:-1]))} or {_form(SOURCES['csv'])}"
"""The accepted forms, in words."""


def parse_source(text: str) -> DataSource:
    r"""Return the source that a text names, such as ``digits``, ``mnist:DIR`` or ``emnist/letters:DIR``.

    Only the first colon separates, so that ``folder:C:\pictures`` keeps its drive.

    Raises:
        DataError: the text has none of the accepted forms, or the folder's name is no text.
    """
    head, colon, folder = text.strip().partition(":")
    name, _, variant = head.strip().lower().partition("/")
    folder = folder.strip()
    info = next((info for kind, info in SOURCES.items() if kind == name), None)
    if info is None or (folder and not info.place):
        raise DataError(f"{text.strip() or 'An empty text'} is no data source. Use {FORMS}.")
    if variant and variant not in info.variants:
        choice = f"It has {', '.join(info.variants)}" if info.variants else "It has no variants"
        raise DataError(f"{info.title} has no variant {variant}. {choice}; write {_form(info)}.")
    if info.place and not folder:
        what = "file" if info.place == "FILE" else "folder"
        raise DataError(f"The data source {head.strip()}{colon} names no {what}. Write {_form(info)}.")
    try:
        return DataSource(kind=info.kind, folder=folder, variant=variant)
    except ValidationError:
        raise DataError(
            f"The folder {folder!r} has bytes in its name that are no text. Rename it, then choose it again."
        ) from None


def source_text(source: DataSource) -> str:
    """Return the text that `parse_source` takes back (neither the split nor the files left out are in it)."""
    info = SOURCES[source.kind]
    head = f"{source.kind}/{source.variant}" if source.variant else source.kind
    return f"{head}:{source.folder}" if info.place else head


def describe(source: DataSource) -> str:
    """Return what the screen says about a source, such as ``MNIST in /data/mnist``."""
    title = " ".join(filter(None, (SOURCES[source.kind].title, source.variant)))
    match source.kind:
        case "digits":
            return "Handwritten digits (built in)"
        case "folder":
            return f"Images in {source.folder}"
        case "csv":
            return f"Images listed in {source.folder}"
    return f"{title} in {source.folder}"
