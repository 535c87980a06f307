"""Bodies of calls: JSON objects, read whatever the Content-Type says."""

import json
from typing import Any


def object_in(body: bytes) -> dict[str, Any]:
    """The JSON object that these bytes write. Raises ValueError, also for text that is no Unicode."""
    try:
        found = json.loads(body)
        if not isinstance(found, dict):
            raise ValueError("not an object")
        json.dumps(found, ensure_ascii=False).encode()  # half a surrogate pair could not be kept
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return found
