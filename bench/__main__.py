"""Runs the benchmark: ``python -m bench``."""

import sys

from bench.harness.cli import main

sys.exit(main())
