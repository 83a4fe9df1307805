"""Runs the conductor: ``python -m conformance``."""

import sys

from conformance.conductor.cli import main

sys.exit(main())
