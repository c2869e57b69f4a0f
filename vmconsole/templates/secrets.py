"""Passwords in templates: kept as they were given, because guests need them, and starred wherever they are shown."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

SECRET = frozenset(("PASSWD", "PASSWORD"))
"""Attributes whose values are shown to nobody."""
STARS = "***"


def concealed(value: Any) -> Any:
    """The same document with stars for the values of secret attributes, also of those in texts that are templates."""
    if isinstance(value, dict):
        return {key: STARS if key in SECRET and item else concealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [concealed(item) for item in value]
    return concealed_text(value) if isinstance(value, str) else value


def concealed_text(text: str) -> str:
    """The text of a template, stars for its secrets."""
    if not any(key in text.upper() for key in SECRET):
        return text
    import re

    assignment = re.compile(rf'\b({"|".join(sorted(SECRET))})(\s*=\s*)(?:"(?:\\.|[^"\\])*"|[^\s,\]]+)', re.IGNORECASE)
    return assignment.sub(rf'\1\2"{STARS}"', text)
