"""The console: one screen with a header, the list, a pane, running operations, and lines to type on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.message import Message
from textual.widgets import Static

from vmconsole.commands import registry
from vmconsole.console import action_menu, header, jobs, key_bar, palette
from vmconsole.console.columns import NAMES
from vmconsole.console.command_line import CommandLine, FileLine, FilterLine, TypedLine
from vmconsole.console.completion import Completion, complete
from vmconsole.console.conductor import Conductor
from vmconsole.console.empty import what_to_type
from vmconsole.console.export import export
from vmconsole.console.filtering import SelectionError
from vmconsole.console.fleet import FleetModel
from vmconsole.console.freshness import Freshness
from vmconsole.console.keys import COMMAND_KEYS, SCREEN_KEYS, CommandKey
from vmconsole.console.line_view import LineView
from vmconsole.console.names import Names
from vmconsole.console.panes import PANES
from vmconsole.console.reader import Answer, Complete, Portion, Reader, Report, Trouble, Unanswered
from vmconsole.console.screens import help as help_page
from vmconsole.console.screens.confirm import Question
from vmconsole.console.screens.menu import Choice, Menu
from vmconsole.console.screens.pager import Pager
from vmconsole.console.screens.palette import Commands
from vmconsole.console.side import Side, Tabs
from vmconsole.console.terminal import on_ending
from vmconsole.console.vm_table import VmTable
from vmconsole.errors import VmconsoleError
from vmconsole.presentation import safe
from vmconsole.store import feed

if TYPE_CHECKING:
    from textual.driver import Driver

    from vmconsole.commands.declaration import Command
    from vmconsole.store.users import User

DRAIN_FOR = 0.004
"""Seconds of news taken in at once; the rest waits for the next turn, behind the keys."""
SETTLE_EVERY = 0.5
"""Seconds between two new orders of the list while the fleet changes, at least."""
SETTLE_SHARE = 20
"""Ordering takes at most one part in this many of the time."""
REST = 0.12
"""Seconds the cursor must rest before the pane follows it."""
JOB_LINES, HEADER_LINES = 5, 5


class Console(App[int]):
    """The full-screen console.

    Args:
        url: the store.
        user: who is at the keyboard.
        sweep_period: seconds between two looks at a host, by which freshness is judged.
        notice: what was chosen for the user at the start, shown in the header.
        clock: Unix seconds now.
    """

    CSS_PATH = "console.tcss"
    TITLE = "vmconsole"
    COMMANDS = {Commands}
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (24, "-small"), (60, "-narrow"), (140, "-wide"), (180, "-huge")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (6, "-low"), (16, "-high")]
    BINDINGS: list[BindingType] = [
        *(Binding(key.key, f"command_key({index})", key.label, show=False) for index, key in enumerate(COMMAND_KEYS)),
        *(Binding(key.key, key.action, key.label, show=False) for key in SCREEN_KEYS if key.key != "ctrl+p"),
    ]

    class Arrived(Message):
        """The reader has reports."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Console.Arrived)

    def __init__(
        self,
        url: str,
        user: User,
        *,
        sweep_period: float,
        notice: str = "",
        clock: Callable[[], float] = time.time,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class)
        self.animation_level = "none"
        self.model = FleetModel()
        self._clock = clock
        self._freshness = Freshness(sweep_period)
        self._notice = notice
        self._trouble = ""
        self._reports: SimpleQueue[Report] = SimpleQueue()
        self._reader = Reader(url, user, self._report)
        self._names = Names(self.model, self._ask)
        self._conductor = Conductor(self, url, self.model, self.tell)
        self._settled = self._settle_cost = 0.0
        self._settle_waits = False
        self._looked_at: int | None = None
        self._look_timer: Any = None

    # Building

    def get_theme_variable_defaults(self) -> dict[str, str]:
        theme = self.current_theme
        return palette.ANSI if theme.ansi else palette.DARK if theme.dark else palette.LIGHT

    def compose(self) -> ComposeResult:
        yield LineView(id="header")
        with Horizontal(id="body"):
            yield VmTable(self.model, self._freshness, self._clock)
            yield Side(self._clock, id="side")
        yield LineView(id="jobs")
        yield FilterLine(id="filter")
        yield CommandLine(self._complete, id="command")
        yield FileLine(id="file")
        yield LineView(id="keys")
        yield Static("terminal too small", id="small")

    def on_mount(self) -> None:
        self.register_theme(palette.CALM_DARK)
        self.register_theme(palette.CALM_LIGHT)
        self.theme = "vmconsole-dark"
        self.table = self.query_one(VmTable)
        self.side = self.query_one(Side)
        for id in ("header", "jobs", "keys"):
            self.query_one(f"#{id}").can_focus = False
        self.table.focus()
        self.set_interval(1.0, self._tick)
        if not self.is_headless:
            on_ending(self.exit)
        self._reader.start()

    def on_unmount(self) -> None:
        self._reader.close()

    async def on_event(self, event: events.Event) -> None:
        """Keys and clicks from before a question was seen do not answer it."""
        asked = self.screen if self._screen_stacks[self._current_mode] else None
        if isinstance(asked, Question) and isinstance(event, events.InputEvent) and event.time < asked.deaf_until:
            return
        await super().on_event(event)

    # News

    def _report(self, report: Report) -> None:
        """Called in the reader's thread."""
        self._reports.put(report)
        self.post_message(self.Arrived())

    def _ask(self, question: Callable[[Any, Any], Any], then: Callable[[Any], None]) -> None:
        self._reader.ask(question, then)

    def on_console_arrived(self) -> None:
        until = time.perf_counter() + DRAIN_FOR
        changed = False
        while not self._reports.empty():
            changed = self._take(self._reports.get()) or changed
            if time.perf_counter() > until:
                break
        if changed:
            self._fleet_changed()
        if not self._reports.empty():
            self.post_message(self.Arrived())

    def _take(self, report: Report) -> bool:
        """Take in one report; True when the list has to be drawn again."""
        match report:
            case Answer(then, value):
                then(value)
                return False
            case Unanswered(error):
                self.tell(error.message, "error")
                return False
            case Portion(vms):
                self.model.put(vms)
            case Complete():
                self.model.complete = True
                self.model.stale = True
            case Trouble(error):
                self._trouble = error.message
            case feed.News():
                self._trouble = ""
                self.model.apply(report)
                self._look_again(report)
                self._tell_ended()
        return True

    def _fleet_changed(self) -> None:
        if self.model.stale:
            wait = max(SETTLE_EVERY, SETTLE_SHARE * self._settle_cost) - (time.monotonic() - self._settled)
            if wait <= 0 or not self.model.order:
                self._settle()
                return
            if not self._settle_waits:
                self._settle_waits = True
                self.set_timer(wait, self._settle)
        self._draw()

    def _settle(self) -> None:
        self._settle_waits = False
        begun = time.perf_counter()
        self.model.settle()
        self._settle_cost = time.perf_counter() - begun
        self._settled = time.monotonic()
        self._draw()

    def _tell_ended(self) -> None:
        """Tell of operations asked for here; what others do is in the history."""
        ended = [job for job in self.model.take_ended() if job["id"] in self._conductor.submitted]
        self._conductor.submitted.difference_update(job["id"] for job in ended)
        if len(ended) > 3:
            worst = "error" if any(job["state"] != "done" for job in ended) else "information"
            self.tell(jobs.summary(ended), worst)
            return
        for job in ended:
            self.tell(*jobs.ending(self.model, job))

    # Drawing

    def _tick(self) -> None:
        self._draw()
        if self._pane_is_seen:
            self.side.draw()

    def _draw(self) -> None:
        """Everything but the pane; only lines that changed are sent to the terminal."""
        if not self.is_mounted or not self._screen_stack:
            return
        self.table.empty_text = what_to_type(self.model)
        self.table.fleet_changed()
        self._draw_bars()
        if self.model.cursor != self._looked_at:
            self._look_soon()

    def _draw_bars(self) -> None:
        now, width = self._clock(), self.size.width
        found = header.lines(
            self.model, self._freshness, now, width, notice=self._notice, trouble=self._trouble
        )[:HEADER_LINES]
        self._show_bar("#header", found)
        self._show_bar("#jobs", jobs.lines(self.model, now, width, JOB_LINES))
        self._draw_keys()

    def _draw_keys(self) -> None:
        in_pane = self.screen_stack[0].has_class("-pane-open") or self.focused is not self.table
        found = key_bar.lines(self.model.targets()[:50], self.size.width, in_pane=in_pane and self._pane_is_seen)
        self._show_bar("#keys", found)

    def _show_bar(self, selector: str, lines: list[Any]) -> None:
        bar = self.screen_stack[0].query_one(selector, LineView)
        if bar.styles.height is None or bar.styles.height.value != len(lines):
            bar.styles.height = len(lines)
        bar.show(lines)

    def on_resize(self) -> None:
        self.call_after_refresh(self._draw)

    def tell(self, sentence: str, severity: str = "information") -> None:
        """Show a sentence for a while."""
        kind: Any = severity
        self.notify(safe(sentence, 400), severity=kind, timeout=4 if severity == "information" else 10, markup=False)

    # The pane

    @property
    def _pane_is_seen(self) -> bool:
        return bool(self.side.display) and self.side.size.width > 0

    @on(VmTable.Moved)
    def _moved(self) -> None:
        self._draw_keys()
        self._look_soon()

    def _look_soon(self) -> None:
        if self._look_timer is not None:
            self._look_timer.stop()
        self._look_timer = self.set_timer(REST, self._look)

    def _look(self) -> None:
        """Have the VM under the cursor read for the pane, if one is seen."""
        number = self.model.cursor
        if not self._pane_is_seen:
            return
        self._looked_at = number
        if number is None:
            self.side.show_detail(None)
        else:
            self._reader.ask(lambda session, user: feed.detail(session, user, number), self._looked)

    def _looked(self, detail: feed.Detail | None) -> None:
        if detail is None or detail.document["id"] == self.model.cursor:
            self.side.show_detail(detail)

    def _look_again(self, news: feed.News) -> None:
        number = self._looked_at
        if number is not None and (
            any(row.id == number for row in news.vms) or any(job["vm"] == number for job in news.operations)
        ):
            self._look_soon()

    @on(VmTable.Entered)
    def _entered(self) -> None:
        self.action_pane(0)

    @on(VmTable.Sorted)
    def _sorted(self, event: VmTable.Sorted) -> None:
        self.model.sort_by(event.column)
        self._draw()

    @on(Tabs.Chosen)
    def _tab_chosen(self, event: Tabs.Chosen) -> None:
        self.side.choose(event.index)

    def action_pane(self, index: int) -> None:
        """Show a pane of the VM under the cursor, and go there where it covers the list."""
        self.side.choose(index)
        if not self._pane_is_seen:
            self.screen.add_class("-pane-open")
            self.call_after_refresh(self._pane_opened)
        self._look_soon()

    def _pane_opened(self) -> None:
        self.query_one("#pane").focus()
        self._look()
        self._draw_keys()

    def action_close_pane(self) -> None:
        self.screen.remove_class("-pane-open")
        self.table.focus()
        self.call_after_refresh(self._draw)

    def action_turn_pane(self, by: int) -> None:
        self.action_pane((self.side.current + by) % len(PANES))

    def action_switch_side(self) -> None:
        if self._pane_is_seen and self.focused is self.table:
            self.query_one("#pane").focus()
        else:
            self.table.focus()
        self._draw_keys()

    # Typing

    def _complete(self, line: str) -> Completion:
        return complete(line, registry.every(), self._names)

    def open_line(self, text: str) -> None:
        """Open the command line with `text` on it."""
        self._names.refresh(self.query_one(CommandLine).refresh_candidates)
        self.query_one(CommandLine).open_with(text)

    def open_command(self, command: Command) -> None:
        """Open the command line at a command, or run it when it needs no more words."""
        if any(not argument.optional for argument in command.arguments):
            vms = command.arguments[0].kind in ("vm", "vms")
            targets = self.model.targets() if vms else []
            words = f"{command.words} {action_menu.vm_list(targets)} " if targets else f"{command.words} "
            self.open_line(words)
        else:
            self._conductor.run(command.words)

    @on(CommandLine.Submitted)
    def _submitted(self, event: CommandLine.Submitted) -> None:
        if event.text in ("q", "quit", "exit"):
            self.exit(0)
        else:
            self._conductor.run(event.text)

    @on(FilterLine.Changed)
    def _filter_changed(self, event: FilterLine.Changed) -> None:
        line = self.query_one(FilterLine)
        try:
            self.model.set_filter(event.text)
        except SelectionError as error:
            line.tell([[(f" {error}", "unknown")]])
            return
        line.tell([])
        self._draw()

    @on(TypedLine.Closed)
    def _line_closed(self) -> None:
        pane = self.screen.has_class("-pane-open")
        self.query_one("#pane" if pane else VmTable).focus()
        self._draw()

    def action_command(self) -> None:
        self.open_line("")

    def action_filter(self) -> None:
        self.action_close_pane()
        self.query_one(FilterLine).open_with(self.model.filter.text)

    # Commands

    def action_command_key(self, index: int) -> None:
        self.press_command_key(COMMAND_KEYS[index])

    def press_command_key(self, key: CommandKey) -> None:
        """Do what a key stands for to the marked VMs, else the one under the cursor."""
        targets = self.model.targets()
        if "{vm}" in key.lines[0] and not targets:
            self.tell("no VM is chosen", "warning")
            return
        line = next((line for line in key.lines if self._legal(line, targets)), key.lines[0])
        self._begin(line.replace("{vm}", action_menu.vm_list(targets)))

    def _legal(self, line: str, targets: Iterable[feed.FleetRow]) -> bool:
        action = action_menu.action_of(line)
        return action is None or any(action_menu.is_legal(action, row) for row in targets)

    def _begin(self, line: str) -> None:
        if line.endswith(" "):
            self.open_line(line)
        else:
            self._conductor.run(line)

    def action_menu(self) -> None:
        targets = self.model.targets()
        if not targets:
            self.tell("no VM is chosen", "warning")
            return
        title = targets[0].name if len(targets) == 1 else f"{len(targets):,} VMs"
        self.push_screen(Menu(title, action_menu.choices(targets)), self._menu_chosen)

    def _menu_chosen(self, line: str | None) -> None:
        if line:
            self._begin(line)

    def action_again(self) -> None:
        if self._conductor.last_line:
            self._conductor.run(self._conductor.last_line)

    def action_copy(self) -> None:
        row = self.model.current
        texts = [] if row is None else [("name", row.name), ("id", str(row.id)), *(("address", ip) for ip in row.ips)]
        if self._conductor.last_line:
            texts.append(("last command", f"vmconsole {self._conductor.last_line}"))
        choices = [Choice(safe(text), [(f"{name:14}", "dim"), (text, "strong")]) for name, text in texts]
        self.push_screen(Menu("Copy", choices), self._copy)

    def _copy(self, text: str | None) -> None:
        if text:
            self.copy_to_clipboard(text)
            self.tell(f"copied: {text}")

    def action_serial(self) -> None:
        self.tell("the serial console is not built yet; virsh console reaches it on the host", "warning")

    def action_export(self) -> None:
        self.query_one(FileLine).open_with("vms.csv")

    @on(FileLine.Submitted)
    def _export(self, event: FileLine.Submitted) -> None:
        try:
            self.tell(f"{export(self.model, event.path):,} VMs written to {event.path}")
        except VmconsoleError as error:
            self.tell(error.message, "error")

    # Marks and order

    def action_mark(self) -> None:
        self.table.action_mark_and_move(1)
        self._draw_bars()

    def action_mark_all(self) -> None:
        self.model.mark_shown()
        self._draw()

    def action_unmark(self) -> None:
        self.model.marks.clear()
        self._draw()

    def action_invert_marks(self) -> None:
        self.model.invert_marks()
        self._draw()

    def action_sort(self, by: int) -> None:
        self.model.sort_by(NAMES[(NAMES.index(self.model.sort) + by) % len(NAMES)])
        self._draw()

    def action_invert_order(self) -> None:
        self.model.invert_order()
        self._draw()

    # The screen

    def action_help(self) -> None:
        self.push_screen(Pager("Keys", help_page.lines()))

    def action_reload(self) -> None:
        self._names.forget()
        self._draw()
        self._look()

    def action_back(self) -> None:
        """One layer back."""
        if self.screen.has_class("-pane-open") or self.focused is not self.table:
            self.action_close_pane()
        elif self.model.filter:
            self.model.set_filter("")
            self._draw()
        elif self.model.marks:
            self.action_unmark()

    def action_quit_or_back(self) -> None:
        if self.screen.has_class("-pane-open") or self.focused is not self.table:
            self.action_close_pane()
        else:
            self.exit(0)
