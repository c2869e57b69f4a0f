"""The key map: one table for bindings, footer, help, palette and copy menu.

The dialect is the one terminal users of VMs share: lower case starts and looks, upper case is heavier, `d` is harmless.
"""

from __future__ import annotations

from typing import NamedTuple


class CommandKey(NamedTuple):
    """A key that stands for a command line.

    Args:
        key: as Textual names it.
        label: in the footer, one or two words.
        lines: command lines, `{vm}` standing for the VMs acted on; the first that is legal there is taken. Of one
            that ends in a blank the form is opened instead.
        help: one line.
        rank: how early it shows in the footer; 0 never.
    """

    key: str
    label: str
    lines: tuple[str, ...]
    help: str
    rank: int = 0

    @property
    def shown(self) -> str:
        return self.key


class ScreenKey(NamedTuple):
    """A key that acts on the screen only. `action` is of the screen or, in `LIST_KEYS`, of the list."""

    key: str
    label: str
    action: str
    help: str
    rank: int = 0

    @property
    def shown(self) -> str:
        """The key as it is written."""
        return _WRITTEN.get(self.key, self.key)


_WRITTEN = {
    "enter,d": "enter",
    "slash": "/",
    "colon": ":",
    "question_mark,f1": "?",
    "asterisk": "*",
    "less_than_sign": "<",
    "greater_than_sign": ">",
    "ctrl+r,f5": "ctrl+r",
    "escape": "esc",
    "7,L": "7 L",
}

COMMAND_KEYS = (
    CommandKey("s", "start", ("resume {vm}", "release {vm}"), "start, resume, or release a held VM", 20),
    CommandKey("S", "shutdown", ("poweroff {vm}",), "shut the guest down, keep its place on the host", 21),
    CommandKey("D", "off", ("poweroff --hard {vm}",), "cut the power, keep its place on the host", 22),
    CommandKey("r", "reboot", ("reboot {vm}",), "ask the guest to reboot"),
    CommandKey("R", "reset", ("reboot --hard {vm}",), "press reset"),
    CommandKey("p", "pause", ("pause {vm}", "resume {vm}"), "freeze its processors, or let them go on"),
    CommandKey("Z", "suspend", ("suspend {vm}",), "save memory to disk, keep its place on the host"),
    CommandKey("X", "terminate", ("terminate {vm}",), "shut down and remove it with its disks"),
    CommandKey("u", "undo", ("undo {vm}",), "go back to before the last action that was preceded by a snapshot"),
    CommandKey("M", "migrate", ("migrate --live {vm} ", "migrate {vm} "), "move to another host", 25),
    CommandKey("n", "new", ("template instantiate ",), "new VM from a template"),
    CommandKey("z", "resize", ("resize {vm} ",), "change CPU, VCPU or memory"),
    CommandKey("w", "schedule", ("schedule create {vm} ",), "have something done later, or again and again"),
    CommandKey("e", "edit", ("update {vm}",), "edit its attributes in your editor"),
)

SCREEN_KEYS = (
    ScreenKey("enter,d", "show", "pane(0)", "show everything about the VM", 10),
    ScreenKey("slash", "filter", "filter", "filter the list as you type", 11),
    ScreenKey("colon", "command", "command", "command line: what --batch understands, completed as you type", 12),
    ScreenKey("m", "actions", "open('actions')", "every action on the VM, and why some are not possible now", 13),
    ScreenKey("c", "console", "open('serial')", "serial console of the guest", 23),
    ScreenKey("v", "display", "open('display')", "ways to the VNC or SPICE display of the guest"),
    ScreenKey("t", "snapshots", "pane(1)", "snapshots of the VM", 24),
    ScreenKey("question_mark,f1", "help", "help", "this help", 9),
    ScreenKey("W", "agenda", "open('agenda')", "schedules of the whole fleet: time line, calendar, dry run"),
    ScreenKey("J", "jobs", "open('jobs')", "operations that run or wait; enter calls one off"),
    ScreenKey("l", "history", "pane(4)", "operations on the VM and its records"),
    ScreenKey("1", "list", "close_pane", "back to the list"),
    ScreenKey("2", "show", "pane(0)", "pane Show"),
    ScreenKey("3", "snapshots", "pane(1)", "pane Snapshots"),
    ScreenKey("4", "schedules", "pane(2)", "pane Schedules"),
    ScreenKey("5", "graphs", "pane(3)", "pane Graphs"),
    ScreenKey("6", "history", "pane(4)", "pane History"),
    ScreenKey("7,L", "life-cycle", "pane(5)", "pane Life: the state it is in, and every way that leads on"),
    ScreenKey("left_square_bracket", "pane before", "turn_pane(-1)", "the pane before"),
    ScreenKey("right_square_bracket", "next pane", "turn_pane(1)", "the next pane"),
    ScreenKey("tab", "other side", "switch_side", "from the list to the pane and back"),
    ScreenKey("y", "copy", "copy", "copy the VM's name, id, address, or the command line of the last action"),
    ScreenKey("full_stop", "again", "again", "the last command once more"),
    ScreenKey("ctrl+r,f5", "reload", "reload", "read everything again"),
    ScreenKey("ctrl+s", "export", "export", "write the list as it is shown to a file, .csv or .json"),
    ScreenKey("ctrl+p", "palette", "app.command_palette", "every command by name"),
    ScreenKey("escape", "back", "back", "one layer back: pane, filter, marks"),
    ScreenKey("q", "quit", "quit_or_back", "back, and at the top leave the console"),
)
LIST_KEYS = (
    ScreenKey("space", "mark", "mark_and_move(1)", "mark the VM and move on; commands then go to all marked", 14),
    ScreenKey("ctrl+a", "mark all", "mark_all", "mark every VM the filter shows"),
    ScreenKey("U", "unmark", "unmark", "take all marks away"),
    ScreenKey("asterisk", "invert marks", "invert_marks", "mark what is not marked and the other way round"),
    ScreenKey("less_than_sign", "sort left", "sort(-1)", "sort by the column to the left"),
    ScreenKey("greater_than_sign", "sort right", "sort(1)", "sort by the column to the right"),
    ScreenKey("I", "invert order", "invert_order", "turn the order round"),
)
"""Keys that the list takes while it has the focus."""

SNAPSHOT_KEYS = (
    CommandKey("n", "new", ("disk-snapshot-create {vm} {disk} ", "snapshot-create {vm} "), "take a snapshot"),
    CommandKey(
        "v",
        "revert",
        ("disk-snapshot-revert {vm} {disk} {snapshot}", "snapshot-revert {vm} {snapshot}"),
        "go back to the snapshot",
    ),
    CommandKey(
        "x",
        "delete",
        ("disk-snapshot-delete {vm} {disk} {snapshot}", "snapshot-delete {vm} {snapshot}"),
        "delete the snapshot",
    ),
    CommandKey("e", "rename", ("disk-snapshot-rename {vm} {disk} {snapshot} ",), "give the snapshot another name"),
    CommandKey("w", "save as", ("disk-saveas {vm} {disk} --snapshot {snapshot} ",), "make an image of the snapshot"),
    CommandKey(
        "C",
        "compare",
        ("disk-snapshot-diff {vm} {disk} {snapshot} {other}", "snapshot-diff {vm} {snapshot} {other}"),
        "compare it with the one marked by space, else with what is now",
    ),
)
"""Keys that the Snapshots pane takes while it has the focus, on the snapshot under its cursor; their first line is for
a snapshot of a disk, the second for one of memory."""
_WRITTEN |= {"left_square_bracket": "[", "right_square_bracket": "]", "full_stop": "."}


def in_footer() -> list[CommandKey | ScreenKey]:
    """The keys of the footer, the most needed first."""
    ranked: list[CommandKey | ScreenKey] = [key for key in (*SCREEN_KEYS, *LIST_KEYS, *COMMAND_KEYS) if key.rank]
    return sorted(ranked, key=lambda key: key.rank)
