"""Questions that only a host can answer: an operation that changes nothing, and its result.

Such an operation names its VM among its arguments: one that is on the VM would wait for what is being done to it.
"""

from __future__ import annotations

from vmconsole.commands import submission

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.request import Request


def answer(context: Context, request: Request, timeout: float | None) -> dict[str, Any]:
    """What the controller says.

    Args:
        timeout: seconds; None waits as long as it takes.

    Raises:
        VmconsoleError: what the operation failed with. Pending: the time was over before.
    """
    if request.error is not None:
        raise request.error
    (identity,) = submission.submit(context, [request])
    context.summon()
    documents = submission.wait(context.session, [identity], timeout=timeout, summon_again=context.summon)
    error = submission.verdict(documents[identity])
    if error is not None:
        raise error
    result: dict[str, Any] = documents[identity]["result"]
    return result
