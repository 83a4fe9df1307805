"""The record of a run: target/conformance/matrix.json."""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from .outcome import Result, counts
from .plan import Plan
from .runner import Run


def matrix(plan: Plan, run: Run, results: list[Result]) -> dict[str, Any]:
    """Header with the versions of everything, a row for each cell, footer with the counts."""
    return {
        "header": {
            "started": run.started.isoformat(timespec="seconds"),
            "platform": platform.platform(),
            "python": sys.version.split()[0],
            "packages": {name: version(name) for name in ("PyYAML", "jsonschema", "rich")},
            "bindings": {name: run.harnesses.get(name) for name in plan.bindings},
            "databases": {name: run.databases.get(name) for name in plan.databases},
            "not_run": list(plan.not_run),
            "planned": len(plan.cells),
        },
        "cells": [_row(result) for result in results],
        "footer": {
            "reported": len(results),
            "outcomes": counts(results),
            "failing": sum(result.fails_the_run for result in results),
        },
    }


def _row(result: Result) -> dict[str, Any]:
    return {
        "case": result.cell.case.id,
        "binding": result.cell.binding,
        "database": result.cell.database,
        "outcome": result.outcome.value,
        "correct": result.correct.value,
        "parity": result.parity.value,
        "digest": result.digest,
        "seconds": result.seconds,
        "explanation": result.explanation,
    }


def write(path: Path, document: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
