"""Handing a text to the person's editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile

from vmconsole.errors import Failed, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vmconsole.commands.context import Context


def edited(text: str, context: Context) -> str:
    """The text as the editor ($VISUAL, $EDITOR, vi) left it.

    Raises:
        Usage: nobody is there to edit, or nothing was changed.
        Failed: the editor failed.
    """
    if context.ask is None:
        raise Usage("a file is needed: nobody can be asked to edit here", code="CONFIRMATION_REQUIRED")
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.NamedTemporaryFile("w+", suffix=".tmpl") as file:
        file.write(text)
        file.flush()
        if subprocess.run([*shlex.split(editor), file.name], check=False).returncode:
            raise Failed(f"the editor {editor!r} failed; nothing was changed", code="EDITOR")
        with open(file.name, encoding="utf-8") as left:
            after = left.read()
    if after == text or not after.strip():
        raise Usage("nothing was changed in the editor", code="UNCHANGED")
    return after
