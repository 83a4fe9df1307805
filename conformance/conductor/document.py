"""YAML files, read strictly: a key given twice is an error, not the last one's victory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


class DocumentError(ValueError):
    """A file that cannot be read; the message names it."""


class _StrictLoader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = sorted({str(key) for key in keys if keys.count(key) > 1})
        if twice:
            where = node.start_mark.line + 1
            raise yaml.YAMLError(f"line {where}: given twice: {', '.join(twice)}")
        return super().construct_mapping(node, deep)


def read(path: Path) -> Any:
    """The content of a YAML file."""
    try:
        with path.open(encoding="utf-8") as stream:
            return yaml.load(stream, _StrictLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise DocumentError(f"{path}: {error}") from error
