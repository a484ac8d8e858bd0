"""What is dropped or pasted: image files, a picture without a file, or a sentence that says why it is neither."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QMimeData, QSize, Qt
from PySide6.QtGui import QImage

from cnn_studio.core.errors import StorageError
from cnn_studio.core.scratch import scratch_folder

_LONGEST = 4_096
"""Longest side in pixels of a picture that is written: no network sees more, and a screen's is no larger."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What was found; one of these.

    Attributes:
        files: image files or folders.
        picture: a picture that is in no file.
        sentence: why there is nothing.
    """

    files: tuple[Path, ...] = ()
    picture: QImage | None = None
    sentence: str = ""


def taken_from(mime: QMimeData) -> Taken:
    """Return what a drop or the clipboard holds."""
    files = tuple(Path(url.toLocalFile()) for url in mime.urls() if url.isLocalFile())
    if files:
        return Taken(files)
    picture = QImage(mime.imageData()) if mime.hasImage() else QImage()
    if not picture.isNull():
        return Taken(picture=picture)
    if mime.hasUrls():
        return Taken(
            sentence="A web address cannot be read here. Save its image as a file, then drop that here."
        )
    return Taken(sentence="That is no image. Drop an image file here, or copy a picture and paste it.")


class PastedFiles:
    """Names of files for pictures that have none, in a folder that goes with this object."""

    def __init__(self, what: str) -> None:
        """Make the folder.

        Args:
            what: a word for its name.
        """
        self._folder = scratch_folder(what)
        self._count = 0

    def new(self) -> Path:
        """Return a name for one more picture, such as ``pasted image 1.png``."""
        self._count += 1
        return Path(self._folder.name) / f"pasted image {self._count}.png"

    def holds(self, file: Path) -> bool:
        """Whether a file is that of a pasted picture."""
        return file.parent == Path(self._folder.name)

    def clean_up(self) -> None:
        """Delete the folder."""
        self._folder.cleanup()


def write_pasted(picture: QImage, file: Path) -> None:
    """Write a picture as a file; to be called in a job, for a large one takes seconds.

    Raises:
        StorageError: it cannot be written.
    """
    small = picture
    if max(picture.width(), picture.height()) > _LONGEST:
        keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
        small = picture.scaled(QSize(_LONGEST, _LONGEST), keep, smooth)
    if not small.save(str(file)):
        raise StorageError(
            f"The pasted image could not be written to {file.parent}. The disk may be full; free some space and paste "
            "it again."
        )
