"""What the documents show is what happens."""

from __future__ import annotations

import doctest
import re
import types
from collections.abc import Callable
from pathlib import Path

import pytest

import odbc_engine
import odbc_engine.aio
import odbc_engine.pool

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


@pytest.mark.parametrize(
    ("folder", "printed"),
    [
        (PACKAGE, ["(1, 'Zoë', 12.5)\n(2, 'Mochi', None)\n", "(1,)\n(2,)\n"]),
        (
            PACKAGE.parent,
            [
                "[(1, 'Zoë', datetime.date(2023, 4, 1))]\n",
                "100000 multi_row\nTIMEOUT\n",
                "256 256\n1024 1280\n4096 5376\n16384 21760\n65536 87296\n12704 100000\n100000\n",
            ],
        ),
    ],
    ids=["package", "project"],
)
def test_the_readme_runs(
    folder: Path, printed: list[str], run_python: Callable[[str], str]
) -> None:
    readme = (folder / "README.md").read_text(encoding="utf-8")
    programs = re.findall(r"^```python\n(.*?)^```", readme, re.DOTALL | re.MULTILINE)
    assert [run_python(program) for program in programs] == printed


@pytest.mark.parametrize(
    ("module", "examples"), [(odbc_engine, 2), (odbc_engine.aio, 4), (odbc_engine.pool, 2)]
)
def test_the_docstrings_are_true(module: types.ModuleType, examples: int) -> None:
    results = doctest.testmod(module)
    assert results.attempted == examples
    assert results.failed == 0
