"""Options on their way to the engine, which checks them."""

from __future__ import annotations

import json


def encode(options: dict[str, object]) -> str:
    """Options as JSON, without those that are None.

    What JSON cannot say goes as text: no option is text, so the engine refuses it by its name.
    """
    return json.dumps(
        {
            name: value if isinstance(value, (bool, int)) else repr(value)
            for name, value in options.items()
            if value is not None
        }
    )
