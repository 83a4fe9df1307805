"""The same for asyncio: what may wait is awaited, and the event loop never waits.

>>> import asyncio
>>> from odbc_engine import aio
>>> async def main():
...     async with aio.connect("Driver=SQLite3;Database=:memory:") as connection:
...         cursor = await connection.execute("SELECT 1, 'one'")
...         async for row in cursor:
...             print(row)
>>> asyncio.run(main())
(1, 'one')

Each connection has a thread of its own, on which its calls are done one after the other. Cancelling
a task, or a timeout of ``asyncio.timeout``, stops the call on the server, and leaves the connection
usable. Errors, options and values are those of ``odbc_engine``.
"""

from odbc_engine.aio.connection import Connection, connect, retry
from odbc_engine.aio.cursor import Cursor, Stream
from odbc_engine.aio.pool import Pool

__all__ = ["Connection", "Cursor", "Pool", "Stream", "connect", "retry"]
