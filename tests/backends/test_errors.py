from __future__ import annotations

from collections.abc import Callable

import libvirt
import pytest

from backends.base import (
    AlreadyExists,
    BackendError,
    InvalidInput,
    NotFound,
    NotSupported,
    Refused,
    Unreachable,
    WrongState,
)
from backends.libvirt import event_loop
from backends.libvirt.errors import quotable, translate

Cause = Callable[[libvirt.virConnect], object]


def error_of(cause: Cause) -> libvirt.libvirtError:
    event_loop.ensure_running()
    conn = libvirt.open("test:///default")
    try:
        with pytest.raises(libvirt.libvirtError) as raised:
            cause(conn)
        return raised.value
    finally:
        conn.close()


@pytest.mark.parametrize(
    ("cause", "kind"),
    [
        (lambda conn: conn.lookupByName("nobody"), NotFound),
        (lambda conn: conn.storagePoolLookupByName("nowhere"), NotFound),
        (lambda conn: conn.networkLookupByName("nothing"), NotFound),
        (lambda conn: conn.storagePoolLookupByName("default-pool").storageVolLookupByName("none"), NotFound),
        (lambda conn: [conn.lookupByName("test").destroy() for _ in range(2)], WrongState),
        (lambda conn: conn.lookupByName("test").jobStats(), NotSupported),
        (lambda conn: conn.defineXML("<domain"), InvalidInput),
        (lambda conn: conn.defineXML("<domain type='test'><name>x</name></domain>"), InvalidInput),
        (lambda conn: conn.lookupByName("test").createWithFlags(1 << 20), InvalidInput),
        (
            lambda conn: conn.defineXML(conn.lookupByName("test").XMLDesc().replace("6695eb01", "aaaaaaaa")),
            AlreadyExists,
        ),
    ],
    ids=["domain", "pool", "network", "volume", "off", "unsupported", "no-xml", "incomplete", "flags", "taken"],
)
def test_an_error_of_libvirt_says_what_the_caller_can_do(cause: Cause, kind: type[BackendError]) -> None:
    error = translate(error_of(cause), host="h1")
    assert type(error) is kind
    assert error.host == "h1"
    assert "h1" in error.message
    assert error.detail


def test_any_error_on_a_dead_connection_means_unreachable() -> None:
    error = error_of(lambda conn: conn.lookupByName("nobody"))
    assert type(translate(error, host="h1", alive=False)) is Unreachable


def test_an_error_without_a_meaning_of_its_own_is_a_refusal() -> None:
    assert type(translate(libvirt.libvirtError("something"), host="h1")) is Refused


def test_what_is_quoted_cannot_steer_a_terminal() -> None:
    assert quotable("\n \x1b]0;x\x07 b\u202ed\r\nsecond") == "?]0;x? b?d"
    assert len(quotable("x" * 1000)) == 200
    assert quotable("") == ""
