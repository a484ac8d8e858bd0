"""A fingerprint of loaded images, so that a run goes on with those it began with and with no others."""

from __future__ import annotations

import hashlib

from cnn_studio.datasets.records import ImageData

_SAMPLES = 512  # images of a part that are looked at; reading all of a large set would take longer than the run waits


def data_digest(data: ImageData, *, samples: int | None = _SAMPLES) -> str:
    """Return a text that is the same for the same images in the same parts.

    Labels, counts and class names are covered whole, of the images of a part so many, evenly chosen; all if None.
    """
    found = hashlib.blake2b(digest_size=16)
    found.update("\n".join(data.classes).encode())
    for part in (data.train, data.val, data.test):
        if part is None:
            found.update(b"none")
            continue
        found.update(repr(part.images.shape).encode())
        found.update(part.labels.tobytes())
        for image in part.images[:: 1 if samples is None else max(1, len(part) // samples)]:
            found.update(image.tobytes())
    return found.hexdigest()
