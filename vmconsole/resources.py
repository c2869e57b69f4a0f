"""Where the files that the program ships lie."""

from __future__ import annotations

import os

MARKER = "DATA"


def data_path(*parts: str) -> str:
    """The absolute path of a shipped file, such as ``data_path("schema")``.

    A checkout has the folder `data` beside the package, a wheel has it inside. Beside comes first, so that in an
    editable installation edits are live; the marker file tells our folder from another one called `data`.

    Raises:
        FileNotFoundError: the installation has no data folder.
    """
    package = os.path.dirname(os.path.abspath(__file__))
    for folder in (os.path.join(os.path.dirname(package), "data"), os.path.join(package, "data")):
        if os.path.isfile(os.path.join(folder, MARKER)):
            return os.path.join(folder, *parts)
    raise FileNotFoundError(f"{package}: the folder data with the marker {MARKER} is missing")
