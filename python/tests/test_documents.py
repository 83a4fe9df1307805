"""What the documents show is what happens."""

from __future__ import annotations

import doctest
import re
from collections.abc import Callable
from pathlib import Path

import odbc_engine

PACKAGE = Path(__file__).resolve().parent.parent

DEMO = """\
id | name | price | born | active
1 | Zoë | 12.50 | 2023-04-01 | true
2 | Łatka | 99.95 | 2024-02-29 | false
3 | Mochi 😺 | NULL | 2021-12-31 | true
"""


def test_the_demo_prints_its_table(run_python: Callable[[str], str]) -> None:
    program = (PACKAGE / "examples" / "demo.py").read_text(encoding="utf-8")
    assert run_python(program) == DEMO


def test_the_readme_runs(run_python: Callable[[str], str]) -> None:
    readme = (PACKAGE / "README.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert run_python(program) == "(1, 'Zoë', 12.5)\n(2, 'Mochi', None)\n"


def test_the_docstring_of_the_package_is_true() -> None:
    results = doctest.testmod(odbc_engine)
    assert results.attempted == 2
    assert results.failed == 0
