"""The errors a user can meet, each with its exit status and a stable code.

Error                 exit  class            meaning
  Failed                1   FAILED           refused or failed on the host; nothing half-done unless stated
  Usage                 2   USAGE            wrong command line, or a confirmation was needed and nobody could be asked
  Partial               3   PARTIAL          several targets, some succeeded and some did not
  NotFound              4   NOT_FOUND        a named object does not exist
  Conflict              5   CONFLICT         illegal state, busy, duplicate
  UnknownOutcome        6   UNKNOWN_OUTCOME  a once-only call was sent and its result cannot be determined
  Pending               7   PENDING          accepted, still running or waiting for the host
  BadInput             65   BAD_INPUT        template, XML, cron, URI, id or size is malformed
  NoInput              66   NO_INPUT         an input file is missing or unreadable
  Unavailable          69   UNAVAILABLE      a host or the database server cannot be reached
  Internal             70   INTERNAL         a bug
  CannotCreate         73   CANT_CREATE      an output file cannot be written
  OutputFailed         74   IO               disk full, I/O error, standard output gone
  TryAgain             75   TEMPFAIL         database busy, lease moved: provably nothing happened
  Denied               77   DENIED           permission bits, ssh authentication, host key, database grants
  Unusable             78   CONFIG           the store or the configuration cannot be used
"""


class VmconsoleError(Exception):
    """Something the user is told in one line: what failed, why, and what to do next.

    Args:
        message: subject, what happened, why.
        code: stable string code (``VM_STATE``); scripts may branch on it.
        hint: the next thing to type or to look at; empty when there is nothing to add.
        outcome: what is known of the effect: applied, not_started, rolled_back, partial, unknown or pending.
        detail: the driver's own words, shown on request.
    """

    exit = 70
    category = "INTERNAL"
    default_code = "INTERNAL"
    retryable = False

    def __init__(
        self, message: str, *, code: str = "", hint: str = "", outcome: str = "not_started", detail: str = ""
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.default_code
        self.hint = hint
        self.outcome = outcome
        self.detail = detail

    @property
    def advice(self) -> str:
        """What failed and why, and what to do next, as one sentence."""
        return f"{self.message}; {self.hint}" if self.hint else self.message

    def document(self) -> dict[str, object]:
        """The error as it stands in JSON output and in an operation's row."""
        return {
            "code": self.code,
            "class": self.category,
            "message": self.message,
            "retryable": self.retryable,
            "outcome": self.outcome,
            "hint": self.hint,
            "detail": self.detail,
        }


class Failed(VmconsoleError):
    """The action was refused or failed on the host."""

    exit, category, default_code = 1, "FAILED", "HOST_REFUSED"


class Usage(VmconsoleError):
    """The command line is wrong."""

    exit, category, default_code = 2, "USAGE", "USAGE"


class Partial(VmconsoleError):
    """Of several targets some succeeded and some did not."""

    exit, category, default_code = 3, "PARTIAL", "PARTIAL"


class NotFound(VmconsoleError):
    """A named object does not exist."""

    exit, category, default_code = 4, "NOT_FOUND", "NOT_FOUND"


class Conflict(VmconsoleError):
    """The object is in a state, or held by an operation, that forbids this."""

    exit, category, default_code = 5, "CONFLICT", "VM_STATE"


class UnknownOutcome(VmconsoleError):
    """A call that must not be repeated was sent and nobody knows what became of it."""

    exit, category, default_code = 6, "UNKNOWN_OUTCOME", "OP_UNKNOWN"


class Pending(VmconsoleError):
    """The operation was accepted and has not ended."""

    exit, category, default_code, retryable = 7, "PENDING", "OP_PENDING", True


class BadInput(VmconsoleError):
    """Input is malformed; nothing was changed."""

    exit, category, default_code = 65, "BAD_INPUT", "INPUT"


class NoInput(VmconsoleError):
    """An input file is missing or cannot be read."""

    exit, category, default_code = 66, "NO_INPUT", "INPUT_FILE"


class Unavailable(VmconsoleError):
    """A host or the database server cannot be reached."""

    exit, category, default_code, retryable = 69, "UNAVAILABLE", "HOST_UNREACHABLE", True


class Internal(VmconsoleError):
    """A bug."""


class CannotCreate(VmconsoleError):
    """An output file cannot be created."""

    exit, category, default_code = 73, "CANT_CREATE", "OUTPUT_FILE"


class OutputFailed(VmconsoleError):
    """Output was lost: the disk is full or standard output is gone."""

    exit, category, default_code = 74, "IO", "OUTPUT"


class TryAgain(VmconsoleError):
    """Nothing happened, and the same call may succeed later."""

    exit, category, default_code, retryable = 75, "TEMPFAIL", "DB_BUSY", True


class Denied(VmconsoleError):
    """Somebody's permission is missing."""

    exit, category, default_code = 77, "DENIED", "PERM_DENIED"


class Unusable(VmconsoleError):
    """The store or the configuration cannot be used; it is left untouched."""

    exit, category, default_code = 78, "CONFIG", "DB_UNUSABLE"


_BY_CATEGORY: dict[str, type[VmconsoleError]] = {
    kind.category: kind
    for kind in (
        Failed, Usage, Partial, NotFound, Conflict, UnknownOutcome, Pending, BadInput, NoInput, Unavailable,
        Internal, CannotCreate, OutputFailed, TryAgain, Denied, Unusable,
    )
}  # fmt: skip


def from_document(document: dict[str, str]) -> VmconsoleError:
    """The error that `VmconsoleError.document` described; an unknown class reads as a bug."""
    kind = _BY_CATEGORY.get(document.get("class", ""), Internal)
    return kind(
        document.get("message", ""),
        code=document.get("code", ""),
        hint=document.get("hint", ""),
        outcome=document.get("outcome", "unknown"),
        detail=document.get("detail", ""),
    )
