"""From a command on VMs to one operation for each: rights and legality are checked here, before anything is queued."""

from __future__ import annotations

from vmconsole.commands import ownership, scheduling, targets
from vmconsole.commands.caveats import caveats
from vmconsole.commands.request import Request
from vmconsole.errors import BadInput, Conflict, NoInput, Usage, VmconsoleError
from vmconsole.lifecycle import actions, aliases, permissions, states

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.targets import Target
    from vmconsole.lifecycle.flows import Action


def act(context: Context, command: Command, values: Values) -> list[Request]:
    """The operations of any action on one or several VMs.

    A name that does not exist aborts before anything is done; a VM on which the action is not legal, or not allowed,
    becomes a request with an error, and the others are still done (ON-179).
    """
    chosen = [option.long for option in command.options if option.kind == "variant" and values.get(option.name)]
    if len(chosen) > 1:
        raise Usage(f"{command.words}: {' and '.join(chosen)} exclude each other", code="USAGE_OPTION")
    asked = actions.of_command(command.words, command.flag(values))
    arguments = _arguments(context, command, values)
    if arguments.get("snapshot_before"):
        return _preceded(context, asked, values, arguments)
    return requests(context, asked, values, arguments)


def _preceded(context: Context, asked: Action, values: Values, arguments: dict[str, Any]) -> list[Request]:
    from vmconsole.commands import undoing

    if scheduling.wanted(values):
        raise Usage("what is done later takes no snapshot before: schedule one as well", code="USAGE_OPTION")
    return undoing.preceded(context, asked, named_vms(context, values), arguments)


def named_vms(context: Context, values: Values) -> list[Target]:
    """The VMs, or the one VM, that the values of a command name."""
    return targets.vms(context, values["vms"]) if "vms" in values else [targets.vm(context, values["vm"])]


def requests(context: Context, asked: Action, values: Values, arguments: dict[str, Any]) -> list[Request]:
    """One request for each VM that `values` names: to do it, or to schedule it when the options of `SCHED` say so."""
    found = named_vms(context, values)
    if scheduling.wanted(values):
        return scheduling.requests(context, asked, values, found, arguments)
    scheduling.refuse_retention(asked, values)
    return [request(context, asked, target, arguments) for target in found]


def request(context: Context, asked: Action, target: Target, arguments: dict[str, Any]) -> Request:
    """The operation of one action on one VM, with the error it would meet if it may not or cannot be."""
    position = states.by_numbers(target.state, target.lcm)
    asking = Request(
        asked.name,
        arguments,
        label=target.label,
        name=target.name,
        vm_id=target.id,
        host_id=arguments.get("host_id"),
        state=position.name.lower(),
        verbose=asked.verbose.format(host=arguments.get("host", "")),
    )
    try:
        targets.require_right(context, asked.right, target, lockable=asked.lockable)
        if position is states.DONE and asked.command == "terminate":
            asking.already = "it is done already"
        elif actions.legal(asked, position, paused=target.paused) is None:
            raise Conflict(f"{target.label}: {actions.refusal(asked, position, paused=target.paused)}")
        asking.caveats = caveats(context, asked, target, arguments)
    except VmconsoleError as error:
        asking.error = error
    return asking


def _arguments(context: Context, command: Command, values: Values) -> dict[str, Any]:
    """What the action needs besides its VMs: the words given, and the ids of the hosts and the like they name."""
    given = {
        argument.name: values[argument.name]
        for argument in command.arguments
        if argument.kind not in ("vm", "vms") and values.get(argument.name) is not None
    }
    given |= {
        option.name: values[option.name]
        for option in command.options
        if option.kind not in ("variant", "schedule") and values.get(option.name)
    }
    for kind in _NAMED.intersection(given):
        given[f"{kind}_id"], given[kind] = _named(context, kind, given[kind])
    return given


_NAMED = frozenset({"host", "datastore", "user", "group"})
"""Arguments that name an object, which must exist before anything is done."""


def _named(context: Context, kind: str, word: str) -> tuple[int, str]:
    """Id and name of such an object; to put VMs on a host or datastore takes a right on it (ON-171)."""
    if kind == "host":
        return targets.permitted(context, kind, word, permissions.Right.MANAGE)
    if kind == "datastore":
        place = targets.owned(context, kind, word)
        targets.require_right(context, permissions.Right.USE, place)
        return place.id, place.name
    number, name = targets.one(context, kind, word)
    return number, name


def restart(context: Context, command: Command, values: Values) -> list[Request]:
    """The old word for `resume`, which orders a boot that is in flight once more (ON-086)."""
    found = []
    for target in targets.vms(context, values["vms"]):
        meant = aliases.modern("restart", states.by_numbers(target.state, target.lcm))
        assert meant is not None
        found.append(request(context, actions.action(meant), target, {}))
    return found


def rename(context: Context, command: Command, values: Values) -> list[Request]:
    """A new name, of the kind VMs may have."""
    return requests(context, actions.of_command("rename"), values, {"name": ownership.checked_name(values["name"])})


def chmod(context: Context, command: Command, values: Values) -> list[Request]:
    """New permissions; changing an ADMIN bit takes the ADMIN right (ON-167)."""
    found = []
    for target in targets.vms(context, values["vms"]):
        try:
            mode = permissions.parse_mode(values["mode"], target.mode)
        except permissions.BadMode as error:
            raise BadInput(str(error), code="INPUT_MODE") from error
        asked = actions.of_command("chmod")._replace(right=permissions.right_to_chmod(target.mode, mode))
        found.append(request(context, asked, target, {"mode": mode}))
    return found


def lock(context: Context, command: Command, values: Values) -> list[Request]:
    """A lock of the strongest level that was named."""
    return requests(context, actions.of_command("lock"), values, {"level": ownership.lock_level(values)})


def unlock(context: Context, command: Command, values: Values) -> list[Request]:
    """Only who locked a VM, or an administrator, unlocks it."""
    found = []
    for target in targets.vms(context, values["vms"]):
        asking = request(context, actions.of_command("unlock"), target, {})
        try:
            ownership.require_key(context, target)
        except VmconsoleError as error:
            asking.error = error
        found.append(asking)
    return found


def update(context: Context, command: Command, values: Values) -> list[Request]:
    """The attributes and schedules in a file, or what the editor leaves, become the VM's; `--append` merges them."""
    import json

    from vmconsole.commands import schedule_blocks
    from vmconsole.commands.editing import edited
    from vmconsole.templates import syntax
    from vmconsole.templates.errors import TemplateError
    from vmconsole.templates.template import Template

    target = targets.vm(context, values["vm"])
    rows = context.session.query("SELECT user_template FROM vm WHERE id = ?", (target.id,))
    before = Template.from_data(json.loads(rows[0][0]))
    blocks = schedule_blocks.of_vm(context, target)
    shown = syntax.render(schedule_blocks.joined(before, blocks))
    text = read_file(values["file"]) if values.get("file") else edited(shown, context)
    try:
        given = syntax.parse(text)
    except TemplateError as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    given, wanted = schedule_blocks.parted(given)
    after = before.merge(given) if values.get("append") else given
    schedules = schedule_blocks.edited(context, target, blocks, wanted, append=bool(values.get("append")))
    arguments = {"attributes": after.to_data(), "schedules": schedules}
    return requests(context, actions.of_command("update"), values, arguments)


MAX_FILE = 1 << 20
"""Bytes a template file may have."""


def read_file(path: str) -> str:
    """The text of a file, of standard input for ``-``, or for ``@NAME`` of a template that the program ships.

    Raises:
        NoInput: it is missing or unreadable.
        BadInput: it is too large, or not UTF-8.
    """
    import sys

    try:
        if path == "-":
            data = sys.stdin.buffer.read(MAX_FILE + 1)
        else:
            with open(shipped(path) if path.startswith("@") else path, "rb") as file:
                data = file.read(MAX_FILE + 1)
    except OSError as error:
        raise NoInput(f"file {path}: {error.strerror}", code="INPUT_FILE") from error
    if len(data) > MAX_FILE:
        raise BadInput(f"file {path} is larger than {MAX_FILE} bytes", code="INPUT_TOO_LARGE")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BadInput(f"file {path} is not UTF-8 text", code="INPUT_TEMPLATE") from error


def shipped(word: str) -> str:
    """The path of a shipped template, named ``@tiny``.

    Raises:
        NoInput: there is none of that name; the hint lists them.
    """
    import os

    from vmconsole.resources import data_path

    names = sorted(entry.removesuffix(".tmpl") for entry in os.listdir(data_path("templates")))
    if word[1:] not in names:
        known = ", ".join(f"@{name}" for name in names)
        raise NoInput(f"there is no shipped template {word}", code="INPUT_FILE", hint=f"there are {known}")
    return data_path("templates", f"{word[1:]}.tmpl")
