"""Puts right what a packaged program finds different; runs before any of its own modules."""

import os
import sys
from pathlib import Path

# The program's own libraries are found without it by now. Programs of the system that it starts (the browser, the
# helper that keeps the machine awake) must get the system's libraries, not these.
for _name in ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LIBPATH"):
    _before = os.environ.pop(f"{_name}_ORIG", None)
    if _before is not None:
        os.environ[_name] = _before
    elif sys.platform != "win32":
        os.environ.pop(_name, None)

# A program without a console has no streams to write to, and not every library asks first.
if sys.stdout is None:
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
if sys.stderr is None:
    sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
