"""Names of VMs and domains, the `%i` in them, and the lists of VMs that commands take."""

from __future__ import annotations

from collections.abc import Callable

from vmconsole.templates.errors import NameRefused, TargetError

LONGEST_VM_NAME = 128
LONGEST_VM_NAME_BYTES = 255
LONGEST_DOMAIN_NAME = 63
LARGEST_ID = (1 << 63) - 1
MOST_TARGETS = 100_000
LONGEST_LIST = 1 << 20
RESERVED = frozenset({"all", "none", "null"})

_DIGITS = frozenset("0123456789")
_ALNUM = _DIGITS | frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz")
_DOMAIN = _ALNUM | frozenset("_.-")
_HEX = frozenset("0123456789abcdefABCDEF")


def check_vm_name(name: str) -> str:
    """Return `name` if it may name a VM; NameRefused states the rule it breaks.

    Any printable text of 1 to 128 characters. Refused is what could be taken for something else: for an option, a
    path, an id, a number, a range of ids, a UUID, a list, or a word that commands give a meaning.
    """
    rule = _broken_rule(name)
    if rule:
        raise NameRefused(f"{_shown(name)} cannot be a VM's name: {rule}")
    return name


def check_domain_name(name: str) -> str:
    """Return `name` if it may name a libvirt domain, volume or snapshot; NameRefused otherwise.

    Letters, digits, `_`, `.` and `-` of ASCII, a letter or digit first, at most 63 characters: safe in file names,
    URIs and on every hypervisor.
    """
    if name and name[0] in _ALNUM and len(name) <= LONGEST_DOMAIN_NAME and _DOMAIN.issuperset(name):
        return name
    raise NameRefused(
        f"{_shown(name)} cannot be a domain's name: it must begin with a letter or digit"
        f" and have only letters, digits, '_', '.' and '-', {LONGEST_DOMAIN_NAME} at most"
    )


def expand(pattern: str, count: int, first: int = 0) -> tuple[str, ...]:
    """The names of `count` VMs made from one pattern: `%i` becomes the index, counted from `first` (ON-046).

    A pattern without `%i` gives the same name each time, which is allowed: names of VMs need not be unique.
    NameRefused when one of the names breaks the rules of `check_vm_name`, or more than 100,000 are asked for.
    """
    if count > MOST_TARGETS:
        raise NameRefused(f"{count} names are more than {MOST_TARGETS}")
    return tuple(check_vm_name(pattern.replace("%i", str(index))) for index in range(first, first + count))


def parse_vm_list(text: str) -> tuple[int | str, ...]:
    """The VMs of a list such as `1,3,8..15` or `web1,7,db`: an int is an id, a str is a name; duplicates removed.

    Ids are ASCII digits only. TargetError when an item is empty, is a number that is no id (negative, hexadecimal,
    with a fraction, in other scripts' digits), is a range that runs backwards, or could be no VM's name; and when
    the list names more than 100,000 VMs.
    """
    if len(text) > LONGEST_LIST:
        raise _too_many()
    targets: dict[int | str, None] = {}
    for item in text.split(","):
        targets.update(dict.fromkeys(_targets(item.strip(" "))))
        if len(targets) > MOST_TARGETS:
            raise _too_many()
    return tuple(targets)


def _targets(item: str) -> range | tuple[int] | tuple[str]:
    if not item:
        raise TargetError("an item of the list of VMs is empty")
    first, dots, last = (part.strip(" ") for part in item.partition(".."))
    if dots and _is_digits(first) and _is_digits(last):
        return _range(item, _id(first), _id(last))
    if _is_digits(item):
        return (_id(item),)
    rule = _broken_rule(item)
    if rule:
        raise TargetError(f"{_shown(item)} is neither the id nor the name of a VM: {rule}")
    return (item,)


def _range(item: str, first: int, last: int) -> range:
    if first > last:
        raise TargetError(f"the range {_shown(item)} runs backwards")
    if last - first >= MOST_TARGETS:
        raise _too_many()
    return range(first, last + 1)


def _id(digits: str) -> int:
    if len(digits) > 19 or int(digits) > LARGEST_ID:
        raise TargetError(f"{_shown(digits)} is no id: ids are below 2^63")
    return int(digits)


def _too_many() -> TargetError:
    return TargetError(f"the list names more than {MOST_TARGETS} VMs")


def _is_digits(text: str) -> bool:
    return bool(text) and _DIGITS.issuperset(text)


def _is_number(text: str) -> bool:
    """Whether `text` reads as a number or as a range with a dash: `7`, `+7`, `0x1f`, `1.5`, `1e3`, `5-1`."""
    body = text.removeprefix("+")
    if not body[:1].isnumeric():
        return False
    if body.replace("-", "", 1).isnumeric():
        return True
    if body[:2].lower() == "0x":
        return _HEX.issuperset(body[2:])
    try:
        float(body)
    except ValueError:
        return False
    return True


def _is_uuid(text: str) -> bool:
    digits = text.replace("-", "")
    return len(digits) == 32 and _HEX.issuperset(digits)


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "~")


def _broken_rule(name: str) -> str:
    """The first rule of VM names that `name` breaks, or nothing."""
    return next((rule for breaks, rule in _RULES if breaks(name)), "")


_RULES: tuple[tuple[Callable[[str], bool], str], ...] = (
    (lambda name: not name.strip(), "it is empty"),
    (lambda name: len(name) > LONGEST_VM_NAME, f"it may have {LONGEST_VM_NAME} characters"),
    (lambda name: not name.isprintable(), "control, invisible and direction-changing characters are not allowed"),
    (lambda name: len(name.encode()) > LONGEST_VM_NAME_BYTES, f"it may have {LONGEST_VM_NAME_BYTES} bytes"),
    (lambda name: name != name.strip(), "it may not begin or end with a blank"),
    (lambda name: name.startswith("-"), "it may not begin with '-'"),
    (lambda name: "/" in name or ".." in name, "'/' and '..' are not allowed"),
    (lambda name: "," in name, "',' is not allowed, it separates the items of a list"),
    (_is_number, "it would be taken for a number or an id"),
    (_is_uuid, "it would be taken for a UUID"),
    (lambda name: name.lower() in RESERVED, "the word is reserved"),
)
