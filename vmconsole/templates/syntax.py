"""The text form of a template, as OpenNebula writes it: `KEY = value`, `KEY = "value"`, `KEY = [ A = "1", B = 2 ]`.

Quoting: within quotes only `\\"` is an escape; any other backslash is itself. Of a run of backslashes right before a
quote each pair stands for one backslash, so that every text can be written, also one that ends in a backslash.
A value without quotes may hold blanks inside, but none of `" = [ ] #` (in a vector neither a comma): OpenNebula reads
these as the end of the value, so they are refused instead of guessed at. ` #` begins a comment.

No regular expressions here: `show` prints through this module and must start fast.
"""

from __future__ import annotations

from bisect import bisect_right

from vmconsole.templates.errors import MOST_PROBLEMS, Problem, TemplateError, TooLarge
from vmconsole.templates.template import KEY_CHARACTERS, Attribute, Place, Template, Vector, forbidden_characters

LIMIT_BYTES = 1 << 20

_BLANK = " \t"
_SPACE = " \t\n"


def parse(text: str, *, limit_bytes: int = LIMIT_BYTES) -> Template:
    """Read a template. TemplateError lists everything wrong with it (the first 100 problems), with line and column.

    TooLarge when the text is longer than `limit_bytes` in UTF-8; it is then not looked at any further.
    """
    if len(text) > limit_bytes or len(text.encode("utf-8", "surrogatepass")) > limit_bytes:
        raise TooLarge([Problem(0, 0, f"the template is longer than {limit_bytes} bytes")])
    return _Reader(text.removeprefix("\ufeff").replace("\r\n", "\n")).template()


def render(template: Template) -> str:
    """The template as text, one attribute to a line, so that `parse(render(template)) == template`."""
    return "".join(f"{attribute.key} = {render_value(attribute.value)}\n" for attribute in template)


def render_value(value: str | Vector) -> str:
    """A value as it stands behind the equals sign: `"text"` or `[ A = "1", B = "2" ]`."""
    if isinstance(value, str):
        return _quoted(value)
    inside = ", ".join(f"{key} = {_quoted(text)}" for key, text in value.items())
    return f"[ {inside} ]" if inside else "[ ]"


def _quoted(text: str) -> str:
    """`text` in quotes, with the backslashes before a quote doubled and the quote escaped."""
    head, *parts = text.split('"')
    written = [_doubled_tail(head)]
    written.extend('\\"' + _doubled_tail(part) for part in parts)
    return '"' + "".join(written) + '"'


def _doubled_tail(text: str) -> str:
    return text + text[len(text.rstrip("\\")) :]


class _Wrong(Exception):
    """The text does not continue as it should at `at`."""

    def __init__(self, at: int, message: str) -> None:
        super().__init__(message)
        self.at = at
        self.message = message


class _Reader:
    """Reads one text from front to back; after an error it goes on at the next line, to find the others too."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._lines = [0]
        self._problems: list[Problem] = []
        end = text.find("\n")
        while end >= 0:
            self._lines.append(end + 1)
            end = text.find("\n", end + 1)

    def template(self) -> Template:
        self._refuse_control_characters()
        template = Template()
        while len(self._problems) < MOST_PROBLEMS:
            try:
                self._skip_space()
                if self._at == len(self._text):
                    break
                template.append(self._attribute())
            except _Wrong as wrong:
                self._note(wrong)
                self._skip_line(wrong.at)
        if self._problems:
            raise TemplateError(self._problems)
        return template

    def _attribute(self) -> Attribute:
        start = self._at
        key = self._key("an attribute name")
        self._skip(_BLANK)
        if self._peek() != "[":
            return Attribute(key, self._value(in_vector=False), self._place(start))
        places: dict[str, Place] = {}
        return Attribute(key, self._vector(key, places), self._place(start), places)

    def _key(self, expected: str) -> str:
        """Read `KEY =` and stay behind the equals sign."""
        start = self._at
        while self._peek() in KEY_CHARACTERS:
            self._at += 1
        key = self._text[start : self._at]
        if not key:
            raise self._expected(expected)
        self._skip(_BLANK)
        if self._peek() != "=":
            raise self._expected(f"'=' after {key}")
        self._at += 1
        return key.upper()

    def _vector(self, name: str, places: dict[str, Place]) -> Vector:
        opening = self._at
        self._at += 1
        vector: Vector = {}
        while True:
            self._skip_space()
            if self._peek() == "]":
                self._at += 1
                return vector
            if self._at == len(self._text):
                self._note(_Wrong(opening, f"the '[' of {name} is never closed"))
                return vector
            try:
                self._element(name, vector, places)
            except _Wrong as wrong:
                self._note(wrong)
                if not self._resume_in_vector(wrong.at):
                    return vector

    def _element(self, name: str, vector: Vector, places: dict[str, Place]) -> None:
        """Read `KEY = value` and the comma behind it, which the last element may have too."""
        start = self._at
        key = self._key(f"an attribute name or ']' in {name}")
        self._skip(_BLANK)
        value = self._value(in_vector=True)
        if key in vector:
            self._note(_Wrong(start, f"{name} has {key} twice"))
        vector[key] = value
        places[key] = self._place(start)
        self._skip_space()
        if self._peek() == ",":
            self._at += 1
        elif self._peek() not in ("]", ""):
            raise self._expected(f"',' or ']' after {name}/{key}")

    def _resume_in_vector(self, at: int) -> bool:
        """After an error at `at`, go to the next element of the vector; False where the vector seems to be over.

        A line that begins in the first column with a name is taken for the next attribute: the bracket was forgotten.
        """
        text, end = self._text, len(self._text)
        if len(self._problems) >= MOST_PROBLEMS:
            return False
        in_first_column = at > 0 and text[at - 1] == "\n"
        while not in_first_column and at < end and text[at] not in ",]\n":
            at += 1
        if text[at : at + 1] in (",", "\n"):
            in_first_column = text[at] == "\n"
            at += 1
        self._at = at
        return not (in_first_column and text[at : at + 1] in KEY_CHARACTERS)

    def _value(self, *, in_vector: bool) -> str:
        return self._quoted_value() if self._peek() == '"' else self._bare_value("," if in_vector else "")

    def _quoted_value(self) -> str:
        opening = self._at
        parts: list[str] = []
        start = opening + 1
        while True:
            quote = self._text.find('"', start)
            if quote < 0:
                raise _Wrong(opening, "this quote is never closed")
            part = self._text[start:quote]
            bare = part.rstrip("\\")
            pairs, escaped = divmod(len(part) - len(bare), 2)
            parts.append(bare + "\\" * pairs)
            start = quote + 1
            if not escaped:
                self._at = start
                return "".join(parts)
            parts.append('"')

    def _bare_value(self, separators: str) -> str:
        start = self._at
        end = self._text.find("\n", start)
        end = len(self._text) if end < 0 else end
        # Only a vector ends a value in the middle of a line, by its comma or bracket.
        stops = '"=[]#' + separators
        at = start
        while at < end and self._text[at] not in stops:
            at += 1
        ends_here = at == end or (separators and self._text[at] in separators + "]")
        comment = at < end and self._text[at] == "#" and (at == start or self._text[at - 1] in _BLANK)
        if not ends_here and not comment:
            raise _Wrong(at, f"a value with {self._text[at]!r} must be put in quotes")
        self._at = at
        return self._text[start:at].strip(_BLANK)

    def _skip_space(self) -> None:
        """Skip blanks, line ends and comments."""
        self._skip(_SPACE)
        while self._peek() == "#":
            self._skip_line(self._at)
            self._skip(_SPACE)

    def _skip(self, characters: str) -> None:
        text, at, end = self._text, self._at, len(self._text)
        while at < end and text[at] in characters:
            at += 1
        self._at = at

    def _skip_line(self, at: int) -> None:
        end = self._text.find("\n", at)
        self._at = len(self._text) if end < 0 else end + 1

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _expected(self, what: str) -> _Wrong:
        found = self._peek()
        seen = "the end of the text" if not found else "the end of the line" if found == "\n" else repr(found)
        return _Wrong(self._at, f"expected {what}, found {seen}")

    def _place(self, at: int) -> Place:
        line = bisect_right(self._lines, at)
        return line, at - self._lines[line - 1] + 1

    def _note(self, wrong: _Wrong) -> None:
        self._problems.append(Problem(*self._place(wrong.at), wrong.message))

    def _refuse_control_characters(self) -> None:
        """Note each control character, and read on as if it were a blank."""
        forbidden = forbidden_characters(self._text)
        for char in forbidden:
            at = self._text.find(char)
            while at >= 0 and len(self._problems) < MOST_PROBLEMS:
                self._note(_Wrong(at, f"control character U+{ord(char):04X} is not allowed"))
                at = self._text.find(char, at + 1)
        self._text = self._text.translate({ord(char): " " for char in forbidden})
