"""Lets the tests import the modules of `packaging/`, which is a folder of scripts and no package."""

import sys
from pathlib import Path

PACKAGING = Path(__file__).parents[2] / "packaging"

sys.path.insert(0, str(PACKAGING))
