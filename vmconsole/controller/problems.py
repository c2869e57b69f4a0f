"""What a driver's error means to the person who asked: the border between the two error trees."""

from __future__ import annotations

from typing import TYPE_CHECKING

from backends import base
from vmconsole import errors

if TYPE_CHECKING:
    from vmconsole.errors import VmconsoleError

_CHANGED = "if the host was really reinstalled: vmconsole host trust {uri}"
_UNKNOWN = "compare the fingerprint, then: vmconsole host trust {uri}"
_NETWORK = "start it on {host}: virsh net-start, and virsh net-autostart for good"

# Most special first: the first class that fits decides.
_MEANINGS: tuple[tuple[type[base.BackendError], type[VmconsoleError], str, str], ...] = (
    (base.Unreachable, errors.Unavailable, "HOST_UNREACHABLE", "vmconsole host show {host}"),
    (base.HostKeyChanged, errors.Denied, "HOST_KEY_CHANGED", _CHANGED),
    (base.HostKeyUnknown, errors.Denied, "HOST_KEY_UNKNOWN", _UNKNOWN),
    (base.AuthFailed, errors.Denied, "HOST_AUTH", "try: ssh to the host with the same user and key"),
    (base.AccessDenied, errors.Denied, "HOST_DENIED", ""),
    (base.BadUri, errors.BadInput, "URI_REFUSED", ""),
    (base.NotFound, errors.Failed, "HOST_NOT_FOUND", ""),
    (base.AlreadyExists, errors.Conflict, "HOST_DUPLICATE", ""),
    (base.NetworkOff, errors.Conflict, "NETWORK_OFF", _NETWORK),
    (base.WrongState, errors.Conflict, "HOST_STATE", ""),
    (base.InvalidInput, errors.Failed, "HOST_INVALID", ""),
    (base.NotSupported, errors.Failed, "HOST_UNSUPPORTED", ""),
    (base.Busy, errors.TryAgain, "HOST_BUSY", "try again when the other job has ended"),
    (base.Aborted, errors.Failed, "OP_ABORTED", ""),
    (base.NoSpace, errors.OutputFailed, "HOST_NO_SPACE", "free space in the pool, then try again"),
    (base.BackendError, errors.Failed, "HOST_REFUSED", ""),
)  # fmt: skip


_RETRY = "check the address; --timeout S waits longer"


def translate(error: base.BackendError, *, uri: str = "") -> VmconsoleError:
    """The user's error for a driver's.

    Args:
        uri: the URI of a host that is being taken on, and so cannot be looked at yet.
    """
    for kind, meaning, code, hint in _MEANINGS:
        if isinstance(error, kind):
            shown = _RETRY if uri and kind is base.Unreachable else hint
            shown = shown.format(host=error.host, uri=uri or error.host)
            return meaning(error.message, code=code, hint=shown, detail=error.detail)
    raise AssertionError(error)
