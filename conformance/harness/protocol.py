"""What the harnesses in Python share of the protocol: its lines, and stopping what runs."""

from __future__ import annotations

import contextlib
import json
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Object = TypeVar("Object")


class Fault(Exception):
    """A request that makes no sense."""


def serve(answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Answers requests until it is told to stop."""
    for line in sys.stdin.buffer:
        request = json.loads(line)
        stopping = request["op"] == "stop"
        reply = {"ok": {}} if stopping else answer(request)
        sys.stdout.write(json.dumps({"id": request["id"], **reply}) + "\n")
        sys.stdout.flush()
        if stopping:
            return


@contextlib.contextmanager
def stopped_meanwhile(cancel: dict[str, Any], stop: Callable[[], None]) -> Iterator[None]:
    """Has another thread stop what the block does, unless that has ended.

    `cancel` says after how long, and how often.
    """
    ended = threading.Event()

    def work() -> None:
        if not ended.wait(cancel["after_ms"] / 1000):
            for _ in range(cancel.get("times", 1)):
                stop()

    with ThreadPoolExecutor(1) as other:
        stopped = other.submit(work)
        try:
            yield
        finally:
            ended.set()
            stopped.result()


def meant(
    cancel: dict[str, Any], finders: Mapping[str, Callable[[str], Object]]
) -> tuple[str, Object]:
    """The one thing that is to be cancelled, with its kind."""
    found = [(kind, find(cancel[kind])) for kind, find in finders.items() if kind in cancel]
    if len(found) != 1:
        raise Fault("cancel names one thing")
    return found[0]


def named(kind: str, objects: dict[str, Object], name: str) -> Object:
    if name not in objects:
        raise Fault(f"no {kind} named {name}")
    return objects[name]
