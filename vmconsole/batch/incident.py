"""What becomes of an error that nobody foresaw: one line for the person, the trace for whoever mends it."""

from __future__ import annotations

import os
import time
import traceback

from vmconsole.errors import Internal, VmconsoleError
from vmconsole.store.location import run_dir

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def recorded(url: str, words: Sequence[str], error: Exception) -> Internal:
    """The error to show for a bug; its trace is kept beside the store under the number in the message.

    Args:
        words: the command line; only its first two words are kept, the others may hold secrets.
    """
    number = os.urandom(4).hex()
    place = f"{type(error).__name__} in {' '.join(words[:2])}: this is a bug, incident {number}"
    try:
        path = os.path.join(run_dir(url), "incidents.log")
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as log:
            log.write(f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} {place}\n")
            log.writelines(traceback.format_exception(error))
    except (OSError, VmconsoleError):
        return Internal(place, hint="VMCONSOLE_TRACEBACK=1 shows where", outcome="unknown")
    return Internal(place, hint=f"more in {path}", outcome="unknown")
