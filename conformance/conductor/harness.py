"""One harness process: requests out, replies in, with a time limit on each."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from .binding import Binding

_STOP_TIMEOUT_S = 10


class HarnessError(Exception):
    """The harness broke the protocol; the process is gone or useless."""


class HarnessCrashed(HarnessError):
    """The process ended on its own."""


class HarnessTimeout(HarnessError):
    """A request got no reply in time."""


class Harnesses:
    """Starts harnesses, and can end all of them at once from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: list[Harness] = []
        self.aborted = False

    def start(self, binding: Binding, log: Path) -> Harness:
        with self._lock:
            if self.aborted:
                raise HarnessError("the run was interrupted")
            harness = Harness(binding, log)
            self._started = [other for other in self._started if other.runs] + [harness]
            return harness

    def abort(self) -> None:
        """Ends every harness and starts no more."""
        with self._lock:
            self.aborted = True
            for harness in self._started:
                harness.abort()


class Harness:
    """A running harness. Not for several threads at once."""

    def __init__(self, binding: Binding, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log_path = log
        self._log = log.open("ab")
        self._last_id = 0
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        try:
            self._process = subprocess.Popen(
                binding.command,
                cwd=binding.cwd,
                env={**os.environ, **binding.env},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                # A launcher's child must end with it, or its end of the pipe stays open.
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            raise HarnessError(f"cannot start {binding.command[0]}: {error.strerror}") from error
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with contextlib.suppress(ValueError, OSError):
            for line in self._process.stdout:
                self._lines.put(line)
        self._lines.put(None)

    def request(self, op: str, timeout_s: float, **members: Any) -> dict[str, Any]:
        """Sends one request and returns its reply; any failure leaves the harness unusable."""
        self._last_id += 1
        line = json.dumps({"id": self._last_id, "op": op, **members}, ensure_ascii=True) + "\n"
        # A write blocks when the pipe is full and the harness hangs, so a timer covers it too.
        late = threading.Event()
        timer = threading.Timer(timeout_s, self._too_late, args=(late,))
        timer.start()
        try:
            reply = self._exchange(line.encode())
        finally:
            timer.cancel()
        if late.is_set():
            raise HarnessTimeout(f"no reply to {op} within {timeout_s:g} s")
        if reply is None:
            raise HarnessCrashed(
                f"the harness ended with {self._exit_status()} during {op}{self._last_words()}"
            )
        return self._decode(reply, op)

    def _exchange(self, line: bytes) -> bytes | None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line)
            self._process.stdin.flush()
        except (OSError, ValueError):
            return None
        return self._lines.get()

    def _decode(self, line: bytes, op: str) -> dict[str, Any]:
        try:
            reply = json.loads(line)
        except ValueError as error:
            raise HarnessError(f"the reply to {op} is not JSON: {line[:200]!r}") from error
        if not isinstance(reply, dict) or reply.get("id") != self._last_id:
            raise HarnessError(
                f"the reply to {op} does not carry id {self._last_id}: {line[:200]!r}"
            )
        if len(reply.keys() & {"ok", "error", "unsupported", "fault"}) != 1:
            raise HarnessError(
                f"the reply to {op} is neither ok, error, unsupported nor fault: {line[:200]!r}"
            )
        return reply

    def _too_late(self, late: threading.Event) -> None:
        late.set()
        self.abort()

    @property
    def runs(self) -> bool:
        return self._process.poll() is None

    def abort(self) -> None:
        """Ends the process without waiting; whoever waits for its reply sees it crash."""
        if not self.runs:
            return
        if os.name == "posix":
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()

    def _exit_status(self) -> str:
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit status {code}"

    def _last_words(self) -> str:
        text = self._log_path.read_text(encoding="utf-8", errors="replace").strip()
        return f"; its last words: {text[-500:]}" if text else ""

    def stop(self) -> HarnessError | None:
        """Ends the process, politely if it still listens; returns what went wrong, if anything."""
        failure: HarnessError | None = None
        try:
            self.request("stop", _STOP_TIMEOUT_S)
            if self._process.wait(_STOP_TIMEOUT_S) != 0:
                failure = HarnessCrashed(
                    f"the harness ended with {self._exit_status()} after stop{self._last_words()}"
                )
        except subprocess.TimeoutExpired:
            failure = HarnessTimeout(f"the harness still runs {_STOP_TIMEOUT_S:g} s after stop")
        except HarnessError as error:
            failure = error
        self.kill()
        return failure

    def kill(self) -> None:
        """Ends the process and frees everything that belongs to it."""
        self.abort()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()
        self._log.close()
