"""The options that describe a machine, under onevm's names, and the template they stand for.

Declared on the path of every read command: what reads templates is imported on use.
"""

from __future__ import annotations

from vmconsole.commands.declaration import Option
from vmconsole.errors import BadInput, NoInput, Usage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from vmconsole.commands.declaration import Values
    from vmconsole.templates.template import Template, Vector

MAKING = (
    Option("--name", "name; %i is the number of each of several", metavar="NAME"),
    Option("--multiple", "make so many", short="-m", metavar="N", kind="count"),
    Option("--hold", "keep them from being placed"),
    Option("--user-inputs", "answers to the template's questions", metavar="K=V,…", kind="answers"),
    Option("--dry", "only print the template they would be made of", name="dry_run"),
)
"""What every command takes that makes VMs (ON-044, ON-046, ON-048)."""

_TEXTS = (
    Option("--cpu", "share of the host's CPUs, 0.5 for half a one", metavar="CPU"),
    Option("--vcpu", "virtual CPUs", metavar="N"),
    Option("--memory", "memory", metavar="SIZE"),
)
_SYSTEM = (
    Option("--arch", "architecture, such as x86_64", metavar="ARCH"),
    Option("--boot", "devices to boot from, in order: disk0,nic0", metavar="DEVICES"),
)
_DEVICES = (
    Option("--disk", "images as disks; of another user: USER[IMAGE]", metavar="IMAGE[:K=V…],…", repeats=True),
    Option("--nic", "networks; the scheduler's choice: auto", metavar="NETWORK[:K=V…],…", repeats=True),
)
_SCREENS = tuple(
    option
    for kind, name in (("vnc", "VNC"), ("spice", "SPICE"))
    for option in (
        Option(f"--{kind}", f"a {name} display"),
        Option(f"--{kind}-listen", f"address the {name} display is served on", metavar="IP"),
        Option(f"--{kind}-password", f"password of the {name} display", metavar="TEXT", kind="password"),
        Option(f"--{kind}-keymap", f"keyboard of the {name} display", metavar="KEYMAP"),
    )
)
_CONTEXT = (
    Option("--net_context", "tell the guest its network configuration"),
    Option("--ssh", "let in who has this public key, else yours", metavar="FILE", optional=True),
    Option("--startscript", "script the guest runs when it starts", metavar="FILE"),
    Option("--context", "further lines of the guest's context", metavar="K=V,…", repeats=True),
)
_RAW = Option("--raw", "further text of the template", metavar="TEXT")

MACHINE = (*_TEXTS, *_SYSTEM, *_DEVICES, *_SCREENS, *_CONTEXT, _RAW)
"""What describes a machine without a template file."""

_KEYS = ("id_ed25519.pub", "id_ecdsa.pub", "id_rsa.pub")


def given(values: Values) -> bool:
    """Whether any of `MACHINE` was given; a file of a template then says too much."""
    return any(values.get(option.name) not in (None, False, []) for option in MACHINE)


def described(values: Values, before: Template) -> Template:
    """The template `before` with what the options say.

    An option changes what it names and nothing beside it, except that the disks given are then all the disks, and the
    NICs all the NICs. A disk that `before` has keeps there what its option does not name (ON-136).

    Raises:
        BadInput: a value that no template can hold, or that is no description of a device.
        Usage: options that contradict each other. NoInput: a file cannot be read.
    """
    from vmconsole.templates import syntax
    from vmconsole.templates.errors import BadInput as BadTemplate

    template = before.copy()
    try:
        for option in _TEXTS:
            if values[option.name] is not None:
                template.set(option.name, values[option.name])
        _merge(template, "OS", {option.name: values[option.name] for option in _SYSTEM if values[option.name]})
        for key, kind in (("DISK", "IMAGE"), ("NIC", "NETWORK")):
            _replace(template, key, [_device(item, key, kind) for item in _items(values[key.lower()])])
        _merge(template, "GRAPHICS", _graphics(values))
        _merge(template, "CONTEXT", _context(values))
        return template.merge(syntax.parse(values["raw"])) if values["raw"] else template
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error


def _merge(template: Template, key: str, vector: Vector) -> None:
    if vector:
        known = template.get(key)
        template.set(key, {**known, **_upper(vector)} if isinstance(known, dict) else vector)


def _upper(vector: Vector) -> Vector:
    return {key.upper(): value for key, value in vector.items()}


def _replace(template: Template, key: str, vectors: list[Vector]) -> None:
    if not vectors:
        return
    known = template.vectors(key)
    template.remove(key)
    for vector in vectors:
        template.add(key, {**_named_alike(known, vector), **vector})


def _named_alike(known: list[Vector], vector: Vector) -> Vector:
    """What the template already says of the same image or network."""
    names = {key: vector.get(key) for key in ("IMAGE", "IMAGE_ID", "IMAGE_UNAME", "NETWORK", "NETWORK_ID")}
    return next((other for other in known if all(other.get(key) == name for key, name in names.items())), {})


def _items(texts: Iterable[str]) -> Iterator[str]:
    """The items of options that are repeated, or separated by commas."""
    return (item for text in texts for item in text.split(",") if item)


def _device(item: str, key: str, kind: str) -> Vector:
    """``image0:size=20000`` as the vector of a disk; a number is an id, ``ann[disk]`` is another user's."""
    import re

    name, *settings = re.split(r":(?=\w+=)", item, flags=re.ASCII)
    vector = dict(setting.partition("=")[::2] for setting in settings)
    owned = re.fullmatch(r"(.+)\[(.+)\]", name)
    if key == "NIC" and name == "auto":
        vector["NETWORK_MODE"] = "auto"
    elif name.isascii() and name.isdigit():
        vector[f"{kind}_ID"] = name
    elif owned:
        vector |= {f"{kind}_UNAME": owned[1], kind: owned[2]}
    elif name:
        vector[kind] = name
    else:
        raise BadInput(f"--{key.lower()} {item!r} names no {kind.lower()}", code="INPUT_TEMPLATE")
    return _upper(vector)


def _graphics(values: Values) -> Vector:
    kinds = [kind for kind in ("vnc", "spice") if values[kind]]
    if len(kinds) > 1:
        raise Usage("--vnc and --spice exclude each other", code="USAGE_OPTION")
    settings = {"listen": "LISTEN", "password": "PASSWD", "keymap": "KEYMAP"}
    for kind in {"vnc", "spice"} - set(kinds):
        if stray := [name for name in settings if values[f"{kind}_{name}"]]:
            raise Usage(f"--{kind}-{stray[0]} needs --{kind}", code="USAGE_OPTION")
    if not kinds:
        return {}
    chosen = {key: values[f"{kinds[0]}_{name}"] for name, key in settings.items() if values[f"{kinds[0]}_{name}"]}
    return {"TYPE": kinds[0], **chosen}


def _context(values: Values) -> Vector:
    vector = {}
    for item in _items(values["context"]):
        key, assigned, value = item.partition("=")
        if not assigned:
            raise BadInput(f"--context expects KEY=VALUE, found {item!r}", code="INPUT_TEMPLATE")
        vector[key] = value
    if values["net_context"]:
        vector["NETWORK"] = "YES"
    if values["startscript"]:
        vector["START_SCRIPT"] = _read(values["startscript"])
    if values["ssh"] is not None:
        vector["SSH_PUBLIC_KEY"] = _read(values["ssh"] or _own_key()).strip()
    return vector


def _read(path: str) -> str:
    from vmconsole.commands.acting import read_file

    return read_file(path)


def _own_key() -> str:
    """The file with the public key of whoever asks. Raises NoInput: there is none."""
    import os

    folder = os.path.expanduser("~/.ssh")
    path = next((path for name in _KEYS if os.path.isfile(path := os.path.join(folder, name))), "")
    if not path:
        raise NoInput(f"there is no public key in {folder}", code="INPUT_FILE", hint="--ssh FILE")
    return path
