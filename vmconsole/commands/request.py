"""What a face asks the controller to do: the content of an operation before it has a row."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.errors import VmconsoleError


class Request:
    """One operation to be submitted.

    Args:
        command: life-cycle action (``suspend``) or command (``host.create``).
        arguments: JSON-able arguments of it.
        label: how the target is called in messages: ``VM 0 (web)``.
        name: its bare name; the label when it has none.
        vm_id: the VM it acts on; operations on one VM are executed one after the other.
        host_id: the host it acts on, for commands on hosts.
        state: name of the state the VM was in when the request was checked.
        variant: flavour of the action: ``hard``.
        already: what is already so, when there is nothing to do; the request then succeeds without an operation.
        error: why this one cannot be done; the others of the same command still are.
        verbose: what `--verbose` prints when it is done: ``suspending``.
        preview: what a dry run shows of it, where its name does not say enough.
        caveats: sentences that a person is told before it is done.
        after: requests of the same submission that must have succeeded before this one is begun.
    """

    __slots__ = (
        "after", "already", "arguments", "caveats", "command", "error", "host_id", "label", "name", "preview", "state",
        "variant", "verbose", "vm_id",
    )  # fmt: skip

    def __init__(
        self,
        command: str,
        arguments: dict[str, Any] | None = None,
        *,
        label: str = "",
        name: str = "",
        vm_id: int | None = None,
        host_id: int | None = None,
        state: str = "",
        variant: str = "",
        already: str = "",
        error: VmconsoleError | None = None,
        verbose: str = "",
        preview: str = "",
        caveats: tuple[str, ...] = (),
        after: tuple[Request, ...] = (),
    ) -> None:
        self.command = command
        self.arguments = arguments or {}
        self.label = label
        self.name = name or label
        self.vm_id = vm_id
        self.host_id = host_id
        self.state = state
        self.variant = variant
        self.already = already
        self.error = error
        self.verbose = verbose
        self.preview = preview
        self.caveats = caveats
        self.after = after

    @property
    def kind(self) -> str:
        """Noun of what it is about: vm, host, image …"""
        noun, dot, _ = self.command.partition(".")
        return noun if dot else "vm"
