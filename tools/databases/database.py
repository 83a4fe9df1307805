"""What every private database is: a folder, a start, a stop and a connection string."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path


class Database(ABC):
    """A private database in a folder of its own."""

    title: str
    variable: str

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @abstractmethod
    def start(self) -> None: ...

    @abstractmethod
    def stop(self) -> None: ...

    @property
    @abstractmethod
    def connection_string(self) -> str: ...
