"""The errors that drivers raise, split by what the caller may do.

BackendError
  Unreachable          no answer; nothing is known of what became of the request
    DeadlinePassed     the host took longer than the call's deadline; its connection was dropped
  AuthFailed           ssh or libvirt refused us
  HostKeyUnknown       the host's key has never been accepted
  HostKeyChanged       the host shows another key than the accepted one
  BadUri               the URI is outside the allow-list
  NotFound             the named domain, pool, volume, network or snapshot is not there
  AlreadyExists        the name or UUID is taken
  WrongState           the domain's state forbids this
    NetworkOff         a network it is attached to has not been started
  InvalidInput         the host says the description is malformed or contradictory
  NotSupported         this driver or this host cannot do it
  Busy                 somebody else's job holds the domain
  Aborted              the job was cancelled
  AccessDenied         the account may not do this
  NoSpace              the host's storage is full
  GuestUnwilling       the guest did not do its part in time
  Refused              anything else the host said no to, in its own words
"""

from __future__ import annotations


class BackendError(Exception):
    """A host did not do what was asked.

    Args:
        message: one sentence without the driver's jargon.
        host: the host's name in the store.
        detail: the driver's own words, unsanitised.
    """

    def __init__(self, message: str, *, host: str = "", detail: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.host = host
        self.detail = detail


class Unreachable(BackendError):
    """The host did not answer; nothing is known of what it did with the request."""


class DeadlinePassed(Unreachable):
    """The host did not answer in time; its connection was dropped."""


class AuthFailed(BackendError):
    """The host refused our credentials."""


class HostKeyUnknown(BackendError):
    """The host's ssh key has never been accepted. `fingerprint` is what it shows now, when it could be asked."""

    fingerprint = ""


class HostKeyChanged(HostKeyUnknown):
    """The host shows another ssh key than the accepted one."""


class BadUri(BackendError):
    """The URI is refused; nothing was contacted."""


class NotFound(BackendError):
    """What was named is not on the host."""


class AlreadyExists(BackendError):
    """The name or UUID is taken on the host."""


class WrongState(BackendError):
    """The domain is not in a state that allows this."""


class NetworkOff(WrongState):
    """A network that the domain is attached to is defined on the host, but has not been started."""


class InvalidInput(BackendError):
    """The host calls the description malformed or contradictory."""


class NotSupported(BackendError):
    """The driver, or this host's version, cannot do this."""


class Busy(BackendError):
    """Another job holds the domain; nothing happened."""


class Aborted(BackendError):
    """The job was cancelled."""


class AccessDenied(BackendError):
    """The account may not do this on the host."""


class NoSpace(BackendError):
    """The host's storage is full."""


class GuestUnwilling(BackendError):
    """The guest did not do its part in time; what the host keeps of the domain is as it was."""


class Refused(BackendError):
    """The host said no, in its own words (`detail`)."""
