"""What a run is kept with while it goes on, and what becomes of it where that fails."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from cnn_studio.app.freeze_proof import FreezeProof
from cnn_studio.app.project import Project
from cnn_studio.app.run_recorder import RunRecorder
from cnn_studio.core.errors import StorageError
from cnn_studio.engine.events import CheckpointReady, RunFinished


class RunRecord:
    """What keeps a run; a disk that is full ends the keeping, said once, and not the run.

    Args:
        recorder: writes it; None if it is not kept from the start.
        fail: told the sentence when something cannot be kept.
    """

    def __init__(self, recorder: RunRecorder | None, fail: Callable[[str], None]) -> None:
        self._recorder = recorder
        self._fail = fail
        self._checkpoint_failed = False

    @property
    def run(self) -> int | None:
        """The run's number, or None if it is not kept."""
        return self._recorder.run if self._recorder is not None else None

    def add(self, event: object) -> None:
        """Keep an event. A checkpoint that cannot be written leaves the last one, and the curves go on."""
        if self._recorder is None:
            return
        is_checkpoint = isinstance(event, CheckpointReady)
        try:
            if is_checkpoint:
                self._recorder.flush()  # a run that goes on from there takes no earlier step again
            else:
                self._recorder.add(event)
        except StorageError as error:
            self._give_up(error)
            return
        if is_checkpoint:
            self._add_checkpoint(self._recorder, event)

    def _add_checkpoint(self, recorder: RunRecorder, event: object) -> None:
        try:
            recorder.add(event)
        except StorageError as error:
            if not self._checkpoint_failed:
                self._checkpoint_failed = True
                self._fail(f"{error} If the run is cut off, it goes on from an earlier place.")

    def finish(self, finished: RunFinished, result: Project | None, proof: FreezeProof | None = None) -> None:
        """Keep the end of the run."""
        if self._recorder is not None:
            try:
                self._recorder.finish(finished, result, proof)
            except StorageError as error:
                self._fail(f"The run has ended, but not all of it could be kept: {error}")
                if finished.status == "discarded":
                    self._recorder = None

    def _give_up(self, error: StorageError) -> None:
        recorder, self._recorder = self._recorder, None
        self._fail(f"The run goes on, but it is no longer kept: {error}")
        if recorder is not None:
            # the row must not say for ever that the run goes on; where even that fails, its program's end will
            with suppress(StorageError):
                recorder.finish(RunFinished("stopped", 0, None, None, 0.0, str(error)), None)
