"""The errors a user can cause or meet; each says what happened, where, and what to do.

Programming mistakes stay ordinary Python exceptions and are not defined here.
"""

from __future__ import annotations


class StudioError(Exception):
    """Base of all errors whose text is meant for the user.

    The message is one or two plain sentences; the window and the command line show it as it is.
    """


class ParameterError(StudioError):
    """A parameter got a value outside what it accepts."""


class GraphError(StudioError):
    """An edit would make a network that cannot exist (a link to nowhere, a second layer of one path)."""


class FileFormatError(StudioError):
    """A file is not what its name promises, is damaged, or comes from a newer version."""


class DataError(StudioError):
    """A data set cannot be read or used."""


class NetworkError(StudioError):
    """The network has errors, so it cannot be built or trained."""


class RunError(StudioError):
    """A training run could not go on."""


class StorageError(StudioError):
    """A file could not be written (disk full, read-only, no permission); what was there before is unchanged."""


class DownloadError(StudioError):
    """A file could not be fetched from the web; nothing half-written is left where it belongs."""


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Work was given up because somebody asked for it.

    Not a `StudioError`: there is nothing to tell the person who pressed Cancel.
    """
