"""Memory follows the budget of a batch, not what a driver describes or how long a result is."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import pytest

PROGRAM = """
import json, os, sys
import odbc_engine

def peak_mb():
    with open("/proc/self/status") as status:
        (line,) = (line for line in status if line.startswith("VmHWM"))
    return int(line.split()[1]) // 1024

connection = odbc_engine.connect(os.environ["IN_MEMORY"])
connection.execute("create table t (i bigint, f double, s varchar(65536), t timestamp, d decimal)")
connection.execute(
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 100000) "
    "insert into t select i, i * 0.5, 'text ' || i, '2024-02-29 01:02:03.5', i * 0.25 from n"
)
before = peak_mb()
cursor = connection.execute("select i, f, s, t, d from t")
{read}
print(json.dumps([rows, total, peak_mb() - before]))
"""

READS = {
    "rows": "rows = total = 0\nfor row in cursor: rows += 1; total += row[0]",
    "batches": """
rows = total = 0
for batch in cursor.stream():
    rows += len(batch)
    total += sum(row[0] for row in batch.rows())
""",
    "all": "all = cursor.fetchall(); rows = len(all); total = sum(row[0] for row in all)",
}


@pytest.mark.skipif(sys.platform != "linux", reason="not run: /proc tells the peak on Linux only")
@pytest.mark.parametrize("read", READS)
def test_100_000_rows_stay_under_200_mb(run_python: Callable[[str], str], read: str) -> None:
    printed = run_python(PROGRAM.replace("{read}", READS[read]))
    rows, total, growth_mb = json.loads(printed)
    assert (rows, total) == (100_000, 5_000_050_000)
    assert growth_mb < 200


LEAK = """
import json, os
import odbc_engine

def resident_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 2**20

connection = odbc_engine.connect(os.environ["IN_MEMORY"])
sql = "select 1 as a, ? as s"
sizes = []
for round in range(6):
    for number in range(400):
        cursor = connection.execute(sql, ["x" * 20_000])
        capsule = cursor.__arrow_c_stream__() if number % 2 else cursor.fetchall()
        try:
            cursor.execute("select no_such_column")
        except odbc_engine.ProgrammingError:
            pass
    sizes.append(resident_mb())
print(json.dumps(sizes))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="not run: /proc tells the size on Linux only")
def test_nothing_is_kept_of_what_is_forgotten(run_python: Callable[[str], str]) -> None:
    sizes = json.loads(run_python(LEAK))
    # 2,000 results of 20 KB are 40 MB.
    assert sizes[-1] - sizes[0] < 8, sizes
