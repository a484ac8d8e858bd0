"""Data sources as text: what the command line takes and the window shows. Reads nothing from disk."""

from __future__ import annotations

from pydantic import ValidationError

from cnn_studio.core.errors import DataError
from cnn_studio.datasets.records import DataSource, SourceKind

DIGIT_CLASSES = tuple("0123456789")
"""Class names of the embedded digits."""

FORMS = "digits, mnist:DIR or folder:DIR"
"""The accepted forms, in words."""

_FOLDER_KINDS: dict[str, SourceKind] = {"mnist": "mnist", "folder": "folder"}


def parse_source(text: str) -> DataSource:
    r"""Return the source that a text names: ``digits``, ``mnist:DIR`` or ``folder:DIR``.

    Only the first colon separates, so that ``folder:C:\pictures`` keeps its drive.

    Raises:
        DataError: the text has none of the accepted forms, or the folder's name is no text.
    """
    kind, colon, folder = text.strip().partition(":")
    kind, folder = kind.strip().lower(), folder.strip()
    if kind == "digits" and not folder:
        return DataSource(kind="digits")
    if kind in _FOLDER_KINDS and folder:
        try:
            return DataSource(kind=_FOLDER_KINDS[kind], folder=folder)
        except ValidationError:
            raise DataError(
                f"The folder {folder!r} has bytes in its name that are no text. Rename it, then choose it again."
            ) from None
    if kind in _FOLDER_KINDS:
        raise DataError(f"The data source {kind}{colon} names no folder. Write {kind}:DIR.")
    raise DataError(f"{text.strip() or 'An empty text'} is no data source. Use {FORMS}.")


def source_text(source: DataSource) -> str:
    """Return the text that `parse_source` takes back (the split's seed and share are not in it)."""
    return source.kind if source.kind == "digits" else f"{source.kind}:{source.folder}"


def describe(source: DataSource) -> str:
    """Return what the screen says about a source, such as ``MNIST in /data/mnist``."""
    if source.kind == "digits":
        return "Handwritten digits (built in)"
    return f"MNIST in {source.folder}" if source.kind == "mnist" else f"Images in {source.folder}"
