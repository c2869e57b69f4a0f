"""libvirt's errors by number, as the errors of `backends.base`.

Only code and domain decide; texts are read where libvirt files several causes under one number.
"""

from __future__ import annotations

import errno
import traceback

import libvirt

from backends.base import (
    Aborted,
    AccessDenied,
    AlreadyExists,
    AuthFailed,
    BackendError,
    BadUri,
    Busy,
    GuestUnwilling,
    InvalidInput,
    NetworkOff,
    NoSpace,
    NotFound,
    NotSupported,
    Refused,
    Unreachable,
    WrongState,
)

_SENTENCE: dict[type[BackendError], str] = {
    Aborted: "the job was cancelled on {host}",
    AccessDenied: "{host} does not allow this account to do that",
    AlreadyExists: "the name or the UUID is taken on {host}",
    AuthFailed: "{host} refused our credentials",
    BadUri: "the URI does not suit {host}",
    Busy: "somebody else holds the domain on {host}",
    GuestUnwilling: "the guest on {host} did not do its part",
    InvalidInput: "{host} finds the description invalid",
    NetworkOff: "a network is off on {host}",
    NoSpace: "the storage of {host} is full",
    NotFound: "{host} does not know what was named",
    NotSupported: "{host} cannot do this",
    Refused: "{host} refused",
    Unreachable: "{host} does not answer",
    WrongState: "the domain's state on {host} forbids this",
}
_QUOTED = (Busy, GuestUnwilling, InvalidInput, NetworkOff, NotFound, NotSupported, Refused, WrongState)

_BY_CODE: dict[int, type[BackendError]] = {
    code: kind
    for kind, codes in {
        NotFound: (42, 43, 49, 50, 53, 57, 66, 72, 80, 99, 103, 104),
        AlreadyExists: (90,),
        WrongState: (55,),
        InvalidInput: (8, 21, 27, 35, 67, 81, 91, 92),
        NotSupported: (3, 74, 84),
        Busy: (68, 83, 87),
        GuestUnwilling: (86, 97),
        AuthFailed: (45, 79, 94),
        Aborted: (78,),
        AccessDenied: (29, 88),
        Unreachable: (5, 39),
    }.items()
    for code in codes
}
_TRANSPORT_DOMAINS = frozenset({libvirt.VIR_FROM_RPC, libvirt.VIR_FROM_REMOTE})


def translate(error: libvirt.libvirtError, *, host: str, alive: bool = True) -> BackendError:
    """The error to raise for libvirt's.

    Args:
        host: what to call the host.
        alive: whether the connection still is; a dead one reports the same numbers as ordinary failures.
    """
    detail = error.get_error_message() or str(error)
    kind = Unreachable if not alive else _kind(error, detail)
    sentence = _SENTENCE[kind].format(host=host)
    if kind in _QUOTED:
        sentence = f"{sentence}: {quotable(detail)}"
    return kind(sentence, host=host, detail=detail)


def _kind(error: libvirt.libvirtError, detail: str) -> type[BackendError]:
    code, domain = error.get_error_code(), error.get_error_domain()
    if error.get_int1() == errno.ENOSPC or "No space left on device" in detail:
        return NoSpace
    if domain in _TRANSPORT_DOMAINS and code in (libvirt.VIR_ERR_SYSTEM_ERROR, libvirt.VIR_ERR_INTERNAL_ERROR):
        return Unreachable
    if domain == libvirt.VIR_FROM_NETWORK and code == libvirt.VIR_ERR_OPERATION_INVALID:
        return NetworkOff
    if code == libvirt.VIR_ERR_OPERATION_FAILED and ("already exists" in detail or "already defined" in detail):
        return AlreadyExists
    if code == libvirt.VIR_ERR_OPERATION_FAILED and "Active console session" in detail:
        return Busy
    return _BY_CODE.get(code, Refused)


def quotable(text: str) -> str:
    """The first line of somebody else's text, in printable ASCII and short enough for a message."""
    line = next((line for line in text.splitlines() if line.strip()), "")
    clean = "".join(character if " " <= character <= "~" else "?" for character in line.strip())
    return clean if len(clean) <= 200 else clean[:197] + "..."


def empty_frames(error: BaseException | None) -> None:
    """Empty the frames an error has passed through.

    It travels to other threads; with its frames it would take libvirt objects there, and whoever frees the last of
    them waits for the host.
    """
    while error is not None:
        traceback.clear_frames(error.__traceback__)
        error = error.__context__
