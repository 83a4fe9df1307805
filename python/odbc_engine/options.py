"""What a caller may set. The engine has the defaults, knows the limits and checks both."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TypedDict

from odbc_engine import _native


class ConnectionOptions(TypedDict, total=False):
    """How to connect."""

    #: How long connecting may take: 1 to 600,000; 15,000 unless set.
    login_timeout_ms: int
    #: Ask the server to refuse every write; off unless set.
    read_only: bool
    #: Commit after each statement; off unless set, as PEP 249 wants it.
    autocommit: bool
    #: How many prepared statements are kept for later ones of the same text: 0 to 1,000; 16.
    statement_cache_size: int
    #: Ask the driver to fetch results bit by bit instead of holding them in memory; off unless set.
    #: ``capabilities()["streaming"]`` says whether it can. sqliteodbc does so with autocommit only.
    streaming: bool
    #: How long an execution, or the fetching of a batch, may take: 0, which is no limit, to
    #: 86,400,000; 0 unless set. ``Cursor.query_timeout_ms`` sets it for one cursor.
    query_timeout_ms: int
    #: Whether a second connection may be opened for a moment to stop a running call, where the
    #: database needs that; on unless set.
    cancel_connection: bool


class PoolSizes(TypedDict, total=False):
    """How many connections a pool has."""

    #: The connections that are kept open, also while nobody needs them; 1 unless set.
    size_min: int
    #: The most connections at a time: 1 to 1,000; 10 unless set.
    size_max: int


class PoolLimits(PoolSizes, total=False):
    """How many connections a pool has, and for how long."""

    #: How long ``acquire()`` waits for one: 1 to 3,600,000; 30,000 unless set.
    acquire_timeout_ms: int
    #: How long one beyond ``size_min`` may go unused, or 0 for ever; 600,000 unless set.
    idle_timeout_ms: int
    #: How long one is used before another takes its place, or 0 for ever; 1,800,000 unless set.
    lifetime_ms: int
    #: The query that must succeed before one is lent. Unless set the driver is asked, or, where it
    #: does not ask the server, a query is run now and then; "" leaves that out.
    validation_query: str


class PoolOptions(PoolLimits, ConnectionOptions, total=False):
    """What a pool is like, and how its connections are opened."""

    #: The options of its connections, all in one; each may be given by itself as well.
    connection: ConnectionOptions


class TransactionOptions(TypedDict, total=False):
    """How a transaction runs."""

    #: "read_uncommitted", "read_committed", "repeatable_read" or "serializable"; the database's
    #: default unless set.
    isolation: str
    #: Whether the server refuses writes in it; off unless set.
    read_only: bool


class CatalogFilter(TypedDict, total=False):
    """What to choose of a catalog.

    For tables, columns and procedures these are patterns with ``%`` and ``_``; for keys and
    statistics they are names.
    """

    #: The catalog, which is a database on MariaDB.
    catalog: str
    #: The schema.
    schema: str
    #: The table or procedure; required for keys and statistics.
    name: str
    #: The column, for columns and procedure_columns.
    column: str
    #: Types of tables, such as "TABLE,VIEW", for tables.
    types: str


class StreamOptions(TypedDict, total=False):
    """How to read a result."""

    #: The most rows of one batch: 1 to 1,048,576; 131,072 unless set.
    batch_rows_max: int
    #: About how many bytes the buffers of one batch take: 4 KiB to 1 GiB; 4 MiB unless set.
    batch_bytes_max: int
    #: The longest single value in bytes, any longer being an error; 1 GiB unless set.
    column_bytes_max: int
    #: Whether a thread fetches one batch ahead once a result has shown to be long; unless set,
    #: where the consumer takes its time.
    prefetch: bool


class BulkOptions(TypedDict, total=False):
    """How to insert many rows."""

    #: What becomes of the table, as ADBC names it: "append" (unless set), "create", "replace" or
    #: "create_append".
    mode: str
    #: "array", "multi_row", "unnest" or "row"; what is fastest on the database unless set.
    strategy: str
    #: Commit whenever this many rows were written; unless set, all rows are written or none.
    commit_every_rows: int
    #: The most rows that are sent at once: 1 to 1,000,000; by the database unless set.
    chunk_rows: int
    #: Whether to look for the row at fault after a failure; on unless set.
    find_bad_row: bool
    #: The table's schema, exactly; unless set, one may stand before the table's name.
    schema: str
    #: The table's catalog, exactly.
    catalog: str


class BulkParallelOptions(BulkOptions, total=False):
    """How to insert many rows over several connections."""

    #: How many connections insert at once: 0 to 1,000; 4, or as many as the pool may have.
    parallelism: int
    #: Whether the first failure stops all of them, and undoes what is not committed; on unless set.
    stop_on_error: bool


def encode(operation: str, options: Mapping[str, object]) -> str:
    """Options as the JSON that the engine reads."""
    return json.dumps(plain(operation, options))


def encode_connection(options: Mapping[str, object]) -> str:
    """The options of a connection."""
    return json.dumps(_connection(options))


def encode_pool(options: Mapping[str, object]) -> str:
    """The options of a pool, with those of its connections in a place of their own."""
    own = dict(options)
    names = ConnectionOptions.__optional_keys__ & own.keys()
    connection = _connection({name: own.pop(name) for name in names})
    given = own.pop("connection", None)
    if isinstance(given, Mapping):
        connection |= plain("connect", given)
    elif given is not None:
        raise _refused("pool_open", "connection", "a mapping of options", given)
    return json.dumps({**plain("pool_open", own), "connection": connection})


def plain(operation: str, options: Mapping[str, object]) -> dict[str, object]:
    """Options that JSON can say; None is an option that is not given."""
    given = {name: value for name, value in options.items() if value is not None}
    for name, value in given.items():
        if not isinstance(value, (bool, int, str)):
            raise _refused(operation, name, "text, a whole number, or true or false", value)
    return given


def _connection(options: Mapping[str, object]) -> dict[str, object]:
    # As PEP 249 wants it.
    return {"autocommit": False, **plain("connect", options)}


def _refused(operation: str, name: str, wanted: str, value: object) -> Exception:
    return _native.invalid_argument(operation, f'option "{name}" must be {wanted}, not {value!r}')
