"""What the packaged program runs first."""

import sys

from cnn_studio.__main__ import main

sys.exit(main())
