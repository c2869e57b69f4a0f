"""The template itself: an ordered multimap of attributes whose values are texts or vectors of texts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vmconsole.templates.errors import Problem, TemplateError

Vector = dict[str, str]
Value = str | Vector
Place = tuple[int, int]

NOWHERE: Place = (0, 0)

KEY_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
# C0 without tab and newline, DEL, C1, and surrogates (which no UTF-8 store or file can hold).
_FORBIDDEN_RANGES = ((0x00, 0x08), (0x0B, 0x1F), (0x7F, 0x9F), (0xD800, 0xDFFF))


def is_key(text: str) -> bool:
    """Whether `text` may name an attribute: ASCII letters, digits and underscores."""
    return bool(text) and KEY_CHARACTERS.issuperset(text)


def forbidden_characters(text: str) -> list[str]:
    """The distinct characters of `text` that no template may hold, sorted: control characters and surrogates."""
    return sorted(char for char in set(text) if any(low <= ord(char) <= high for low, high in _FORBIDDEN_RANGES))


class Attribute:
    """One `KEY = value` of a template, with the place in the text it was read from, for error messages."""

    __slots__ = ("key", "place", "places", "value")

    def __init__(
        self, key: str, value: Value, place: Place = NOWHERE, places: Mapping[str, Place] | None = None
    ) -> None:
        self.key = key
        self.value = value
        self.place = place
        self.places = places or {}


class Template:
    """Attributes in the order they were given; a key may occur several times (DISK, NIC, SCHED_ACTION).

    Keys are stored in upper case. Two templates are equal when every key has the same values in the same order; the
    order of different keys among each other is kept for printing but means nothing.
    """

    __slots__ = ("_attributes",)
    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __init__(self) -> None:
        self._attributes: list[Attribute] = []

    def __iter__(self) -> Iterator[Attribute]:
        return iter(self._attributes)

    def __len__(self) -> int:
        return len(self._attributes)

    def __contains__(self, key: str) -> bool:
        return any(attribute.key == key.upper() for attribute in self._attributes)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Template) and self.to_data() == other.to_data()

    def __repr__(self) -> str:
        return f"Template.from_data({self.to_data()!r})"

    def keys(self) -> list[str]:
        """The distinct keys, in the order of their first appearance."""
        return list(dict.fromkeys(attribute.key for attribute in self._attributes))

    def get(self, key: str) -> Value | None:
        """The last value of `key`, or None."""
        return next(reversed(self.all(key)), None)

    def text(self, key: str, default: str = "") -> str:
        """The last value of `key` if it is a text, else `default`."""
        value = self.get(key)
        return value if isinstance(value, str) else default

    def all(self, key: str) -> list[Value]:
        """Every value of `key`, in order."""
        return [attribute.value for attribute in self.attributes(key)]

    def vectors(self, key: str) -> list[Vector]:
        """Every value of `key` that is a vector, in order."""
        return [value for value in self.all(key) if isinstance(value, dict)]

    def attributes(self, key: str) -> list[Attribute]:
        """Every attribute named `key` with its place in the text, in order."""
        wanted = key.upper()
        return [attribute for attribute in self._attributes if attribute.key == wanted]

    def add(self, key: str, value: Value | Mapping[str, str]) -> None:
        """Append one more value of `key`. TemplateError when the key or a value could not be printed and read back."""
        self.append(_checked(key, value))

    def append(self, attribute: Attribute) -> None:
        """Append an attribute that was read by the parser or taken from another template."""
        self._attributes.append(attribute)

    def set(self, key: str, value: Value | Mapping[str, str]) -> None:
        """Make `value` the only value of `key`, in the place of the first one there was. Errors as `add`."""
        new = _checked(key, value)
        places = [index for index, old in enumerate(self._attributes) if old.key == new.key]
        self.remove(key)
        self._attributes.insert(places[0] if places else len(self._attributes), new)

    def remove(self, key: str) -> None:
        """Remove every value of `key`; a key that is not there is no error."""
        wanted = key.upper()
        self._attributes = [attribute for attribute in self._attributes if attribute.key != wanted]

    def copy(self) -> Template:
        """A template that can be changed without changing this one."""
        twin = Template()
        for attribute in self._attributes:
            value = attribute.value if isinstance(attribute.value, str) else dict(attribute.value)
            twin.append(Attribute(attribute.key, value, attribute.place, attribute.places))
        return twin

    def merge(self, other: Template, *, append: bool = False) -> Template:
        """A new template in which what `other` gives rules; what it does not name stays.

        Every key of `other` replaces all values of that key here. With `append`, a key that is one single vector on
        both sides is merged attribute by attribute instead (updateconf --append: a GRAPHICS with only PASSWD keeps
        its TYPE).
        """
        here, there = self.copy().grouped(), other.copy().grouped()
        merged = Template()
        for key, old in here.items():
            new = there.pop(key, old)
            if append and new is not old and len(new) == len(old) == 1:
                before, after = old[0].value, new[0].value
                if isinstance(before, dict) and isinstance(after, dict):
                    new = [Attribute(key, before | after, new[0].place, new[0].places)]
            merged._attributes.extend(new)
        for new in there.values():
            merged._attributes.extend(new)
        return merged

    def grouped(self) -> dict[str, list[Attribute]]:
        """The attributes of each key, in the order of the keys' first appearance."""
        groups: dict[str, list[Attribute]] = {}
        for attribute in self._attributes:
            groups.setdefault(attribute.key, []).append(attribute)
        return groups

    def to_data(self) -> dict[str, object]:
        """The template as JSON can hold it: a key's value is a text, an object, or a list of these when repeated."""
        data: dict[str, object] = {}
        for key, attributes in self.grouped().items():
            values = [found.value if isinstance(found.value, str) else dict(found.value) for found in attributes]
            data[key] = values[0] if len(values) == 1 else values
        return data

    @classmethod
    def from_data(cls, data: Mapping[str, object]) -> Template:
        """The template of what `to_data` gave; numbers become text, true and false YES and NO.

        TemplateError lists every key and value that no template can hold.
        """
        template = cls()
        problems: list[Problem] = []
        for key, values in data.items():
            for value in values if isinstance(values, list) else [values]:
                try:
                    template.append(_checked(key, value))
                except TemplateError as err:
                    problems.extend(err.problems)
        if problems:
            raise TemplateError(problems)
        return template


def _checked(key: object, value: object) -> Attribute:
    name = _checked_key(key)
    if isinstance(value, Mapping):
        return Attribute(
            name, {_checked_key(inner): _checked_text(f"{name}/{inner}", text) for inner, text in value.items()}
        )
    return Attribute(name, _checked_text(name, value))


def _checked_key(key: object) -> str:
    if isinstance(key, str) and is_key(key):
        return key.upper()
    raise TemplateError([Problem(*NOWHERE, f"{str(key)!r} cannot name an attribute: only A-Z, 0-9 and _ can")])


def _checked_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "YES" if value else "NO"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise TemplateError([Problem(*NOWHERE, f"{name}: expected a text or a number, not {type(value).__name__}")])
    if bad := forbidden_characters(value):
        raise TemplateError([Problem(*NOWHERE, f"{name}: control character U+{ord(bad[0]):04X} is not allowed")])
    return value
