"""The file of a test driver URI, looked at before libvirt does."""

from __future__ import annotations

from pathlib import Path

from backends.base import BadUri
from backends.uri import HostUri


def check(uri: HostUri) -> None:
    """Refuse a file that is no XML: libvirt's error would show its first line to whoever named it.

    Raises:
        BadUri: there is no such file, it cannot be read, or it is no XML.
    """
    if uri.driver != "test" or uri.path == "/default":
        return
    path = Path(uri.path)
    try:
        if not path.is_file():
            raise BadUri("the file of the test URI does not exist")
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        raise BadUri(f"the file of the test URI cannot be read: {error.strerror}") from None
    if not start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        raise BadUri("the file of the test URI is no XML")
