"""Temporary folders that go with the process."""

import os
import subprocess
import sys
from pathlib import Path

from cnn_studio.core.scratch import scratch_folder

LEAVES = """
import threading
from pathlib import Path
from cnn_studio.core.scratch import leave_at_once, scratch_folder

folder = scratch_folder("front")
Path(folder.name, "0.bin").write_bytes(bytes(1000))
threading.Thread(target=threading.Event().wait).start()  # one that never ends
leave_at_once(7)
"""


def test_a_folder_goes_with_its_object():
    folder = scratch_folder("theme")
    path = Path(folder.name)
    assert path.is_dir() and path.name.startswith("cnn-studio-theme-")
    folder.cleanup()
    assert not path.exists()


def test_a_process_that_does_not_wait_for_its_threads_leaves_nothing(tmp_path):
    environment = os.environ | dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(tmp_path))
    done = subprocess.run([sys.executable, "-c", LEAVES], env=environment, timeout=60, check=False)
    assert done.returncode == 7
    assert not list(tmp_path.iterdir())
