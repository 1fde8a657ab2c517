"""`python -m console` is `tradedeck`."""

import sys

from console.cli import main

sys.exit(main())
