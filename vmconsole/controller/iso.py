"""A CD-ROM made of files in memory."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pycdlib

from vmconsole.templates.context import iso_name

if TYPE_CHECKING:
    from pathlib import Path

    from vmconsole.templates.context import ContextFiles


def write_iso(content: ContextFiles, path: Path) -> None:
    """Write an ISO 9660 image, with Joliet and Rock Ridge names, that is readable by its owner only."""
    iso = pycdlib.PyCdlib()
    iso.new(interchange_level=3, vol_ident=content.label, joliet=3, rock_ridge="1.09")
    for name, data in content.files.items():
        iso.add_fp(io.BytesIO(data), len(data), iso_name(name), rr_name=name, joliet_path=f"/{name}")
    path.touch(mode=0o600)
    with path.open("r+b") as file:
        iso.write_fp(file)
    iso.close()
