"""Results as streams of Arrow batches."""

from __future__ import annotations

import functools
from types import TracebackType
from typing import NamedTuple, Self

from odbc_engine import _native
from odbc_engine._native import Batch
from odbc_engine.column import Column
from odbc_engine.errors import Diagnostic


class Progress(NamedTuple):
    """How far a stream has come."""

    #: Rows that the driver gave.
    rows: int
    #: The bytes of their Arrow buffers.
    bytes: int
    #: Seconds since the stream began.
    elapsed: float


class Stream:
    """What is left of a result, read once: batch by batch, or whole by an Arrow library.

    It implements the Arrow PyCapsule interface, so ``pyarrow.table(stream)`` and
    ``polars.DataFrame(stream)`` read it, and neither is needed. It shares its position with the
    cursor that made it. Executing or closing that cursor, or closing its connection, closes it.
    """

    def __init__(self, native: _native.Stream) -> None:
        self._native = native

    @functools.cached_property
    def columns(self) -> list[Column]:
        """The columns of the result, with their exact types."""
        return [Column(*column) for column in self._native.columns()]

    @property
    def warnings(self) -> list[Diagnostic]:
        """What the driver had to say while rows were fetched, so far."""
        return self._native.warnings()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Batch:
        batch = self._native.fetch()
        if batch is None:
            raise StopIteration
        return batch

    @property
    def progress(self) -> Progress:
        """How far the stream has come; any thread may ask, also while another one reads."""
        return Progress(*self._native.progress())

    def cancel(self) -> None:
        """Asks the stream to stop, from any thread and without waiting.

        The fetch that runs or comes next raises an error of kind ``CANCELLED``, unless every row
        was fetched before, and the stream is closed. Where the database cannot stop a fetch that
        runs, it raises once the driver has given its batch.
        """
        self._native.cancel()

    def close(self) -> None:
        """Lets go of the rest of the result. Closing again does nothing."""
        self._native.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __arrow_c_schema__(self) -> object:
        """The columns, as an ``arrow_schema`` capsule."""
        return self._native.__arrow_c_schema__()

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rest of the rows, as an ``arrow_array_stream`` capsule.

        ``requested_schema`` is not followed, which the interface allows.
        """
        return self._native.__arrow_c_stream__(requested_schema)
