"""A harness without a database, which does what its script says.

The script maps an operation, or "operation@n" for its n-th request, to one of
{"reply": {...}}, {"exit": status}, {"signal": number}, {"hang": true} and {"say": "raw line"}.
{"end": status} is how it ends after the reply to stop, and {"linger": true} has it run on.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections import Counter
from typing import Any

REPLIES: dict[str, dict[str, Any]] = {
    "execute": {"affected_rows": 0, "warnings": []},
    "query": {
        "schema": [{"name": "one", "format": "l", "nullable": True, "metadata": {}}],
        "rows": [["1"]],
        "batches": 1,
    },
    "info": {
        "dbms_name": "Alpha",
        "dbms_version": "1.2.3",
        "driver_name": "alpha.so",
        "driver_version": "0.9",
    },
}


def main() -> None:
    binding, script = sys.argv[1], json.loads(sys.argv[2])
    requests: Counter[str] = Counter()
    for line in sys.stdin:
        request = json.loads(line)
        op = request["op"]
        requests[op] += 1
        action = script.get(f"{op}@{requests[op]}", script.get(op, {}))
        if "exit" in action:
            print("the end is near", file=sys.stderr, flush=True)
            os._exit(action["exit"])
        if "signal" in action:
            os.kill(os.getpid(), action["signal"])
        if "hang" in action:
            threading.Event().wait()
        if "say" in action:
            print(action["say"], flush=True)
            continue
        hello = {"binding": binding, "version": "1.0", "abi": None}
        known = hello if op == "hello" else REPLIES.get(op, {})
        reply: dict[str, Any] = action.get("reply", {"ok": known})
        print(json.dumps({"id": request["id"], **reply}), flush=True)
        if "linger" in action:
            threading.Event().wait()
        if op == "stop":
            sys.exit(action.get("end", 0))


main()
