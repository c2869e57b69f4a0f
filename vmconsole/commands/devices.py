"""Commands on the devices and the capacity of a VM."""

from __future__ import annotations

from vmconsole.commands.acting import read_file, requests
from vmconsole.commands.instantiation import check_restricted
from vmconsole.errors import BadInput, Usage
from vmconsole.lifecycle import actions
from vmconsole.templates import syntax
from vmconsole.templates.errors import BadInput as BadTemplate
from vmconsole.templates.sizes import memory_mib
from vmconsole.templates.template import Template
from vmconsole.templates.vm import check_disk, check_nic

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vmconsole.commands.context import Context
    from vmconsole.commands.declaration import Command, Values
    from vmconsole.commands.request import Request


def disk_attach(context: Context, command: Command, values: Values) -> list[Request]:
    """A disk of an image, or of a file that describes it (ON-106)."""
    options = {"IMAGE": values["image"], "TARGET": values["target"]}
    return _attach(context, "disk", "DISK", values, options, "--image", check_disk)


def nic_attach(context: Context, command: Command, values: Values) -> list[Request]:
    """An interface on a network, or of a file that describes it (ON-108)."""
    options = {"NETWORK": values["network"], "IP": values["ip"]}
    return _attach(context, "nic", "NIC", values, options, "--network", check_nic)


def _attach(
    context: Context,
    device: str,
    key: str,
    values: Values,
    options: dict[str, str | None],
    wanted: str,
    check: Callable[[Template], object],
) -> list[Request]:
    given = {name: value for name, value in options.items() if value is not None}
    if bool(values["file"]) == bool(given):
        raise Usage(f"{device}-attach needs either --file or {wanted}", code="USAGE_OPTION")
    try:
        template = syntax.parse(read_file(values["file"])) if values["file"] else Template()
        if given:
            template.set(key, _by_id_or_name(key, given))
        check(template)
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
    check_restricted(context, template, Template())
    return requests(context, actions.of_command(f"{device}-attach"), values, {device: syntax.render(template)})


def _by_id_or_name(key: str, given: dict[str, str]) -> dict[str, str]:
    """The vector of a device whose image or network was named by number or by name."""
    reference = "IMAGE" if key == "DISK" else "NETWORK"
    word = given.get(reference, "")
    if word.isascii() and word.isdigit():
        return {f"{reference}_ID": word, **{name: value for name, value in given.items() if name != reference}}
    return given


def resize(context: Context, command: Command, values: Values) -> list[Request]:
    """New CPU, VCPU or memory; what is not named stays (ON-132)."""
    arguments: dict[str, Any] = {}
    try:
        if values["memory"]:
            arguments["memory_mib"] = memory_mib(values["memory"])
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_SIZE") from error
    if values["cpu"]:
        arguments["cpu"] = _positive(values["cpu"], "--cpu")
    if values["vcpu"]:
        arguments["vcpu"] = int(_positive(values["vcpu"], "--vcpu", whole=True))
    if not arguments:
        raise Usage("resize needs at least one of --cpu, --vcpu and --memory", code="USAGE_OPTION")
    if arguments.get("memory_mib") == 0:
        raise BadInput("--memory must be more than nothing", code="INPUT_SIZE")
    return requests(context, actions.of_command("resize"), values, {**arguments, "enforce": values["enforce"]})


def _positive(text: str, flag: str, *, whole: bool = False) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < 1e5 or (whole and not text.isdigit()):
        kind = "a whole number" if whole else "a number"
        raise BadInput(f"{flag} is {kind} above 0, not {text!r}", code="INPUT_SIZE")
    return number
