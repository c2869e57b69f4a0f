"""The help page, made from the key map that is in force."""

from __future__ import annotations

import textwrap

from vmconsole.console.keys import COMMAND_KEYS, LIST_KEYS, SCREEN_KEYS, SNAPSHOT_KEYS
from vmconsole.console.line_view import Line
from vmconsole.presentation import fit

_KEY_WIDTH = 10
_TEXT_WIDTH = 62

_MORE = (
    ("/ line", "words are looked for in name, id, host, user, group, state, address and tags; all must be found"),
    ("", "state=runn host=h1 cpu>50 mem>=2048 tag=prod compare one field; ! before a term turns it round"),
    (": line", "every command of --batch; Tab completes, up and down go through what was typed before"),
    ("mouse", "a click puts the cursor, a double click shows the VM, a click on a heading sorts, the wheel scrolls"),
)


def lines() -> list[Line]:
    """Every key with what it does and, for commands, the line it stands for."""
    found: list[Line] = [
        [("Actions", "title"), ("  on the marked VMs, else on the one under the cursor;", "dim")],
        [("         in a shell: vmconsole and the same line", "dim")],
    ]
    for key in COMMAND_KEYS:
        line = key.lines[0].replace("{vm}", "VM").strip()
        found.append([(f"  {fit(key.shown, 3)}", "key"), (fit(f":{line}", 23), "strong"), (key.help, "text")])
    found += [[], [("Screen", "title")]]
    for other in (*SCREEN_KEYS, *LIST_KEYS):
        found += _entry(other.shown, other.help)
    found += [[], [("Snapshots", "title"), ("  in their pane, on the one under the cursor", "dim")]]
    for key in SNAPSHOT_KEYS:
        found += _entry(key.shown, key.help)
    found += [[], [("Moving", "title")]]
    for keys, text in (
        ("up down", "one VM; also k and j"),
        ("pgup pgdn", "one page; ctrl+u and ctrl+d half a page"),
        ("home end", "the first and the last; also g and G"),
        ("shift+up", "mark and move, also shift+down"),
    ):
        found += _entry(keys, text)
    found += [[], [("Lines", "title")]]
    for name, text in _MORE:
        found += _entry(name, text)
    return found


def _entry(key: str, text: str) -> list[Line]:
    """A key and what it does, broken between words so that it can be read at 80 columns."""
    rows = textwrap.wrap(text, _TEXT_WIDTH)
    return [[(f"  {fit('' if index else key, _KEY_WIDTH)}", "key"), (row, "text")] for index, row in enumerate(rows)]
