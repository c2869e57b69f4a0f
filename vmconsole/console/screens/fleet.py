"""The main screen: header, list, pane, running operations, keys, and lines to type on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from vmconsole.console import action_menu
from vmconsole.console.bars import Bars
from vmconsole.console.command_line import CommandLine, TypedLine
from vmconsole.console.empty import what_to_type
from vmconsole.console.fleet import FleetModel
from vmconsole.console.following import Follower
from vmconsole.console.forms.opening import Forms
from vmconsole.console.freshness import Freshness
from vmconsole.console.keys import COMMAND_KEYS, SCREEN_KEYS, CommandKey
from vmconsole.console.menus import Menus
from vmconsole.console.names import Names
from vmconsole.console.pane_view import PaneView
from vmconsole.console.panes import PANES
from vmconsole.console.prompt import Prompt
from vmconsole.console.screens import help as help_page
from vmconsole.console.screens.pager import Pager
from vmconsole.console.side import Side, Tabs
from vmconsole.console.vm_table import VmTable

if TYPE_CHECKING:
    from vmconsole.console.conductor import Conductor
    from vmconsole.console.reader import Reader
    from vmconsole.store.feed import FleetRow

REST = 0.12
"""Seconds the cursor must rest before the pane and the keys follow it."""


class FleetScreen(Screen[None]):
    """Shows the model and turns keys into command lines.

    Args:
        conductor: runs command lines.
        reader: reads the store.
        url: the store, for forms.
        clock: Unix seconds now.
        notice: what was chosen for the user at the start, shown in the header.
    """

    BINDINGS = [
        *(Binding(key.key, f"command_key({index})", key.label, show=False) for index, key in enumerate(COMMAND_KEYS)),
        *(Binding(key.key, key.action, key.label, show=False) for key in SCREEN_KEYS),
    ]

    def __init__(
        self,
        model: FleetModel,
        conductor: Conductor,
        reader: Reader,
        *,
        url: str,
        freshness: Freshness,
        clock: Callable[[], float],
        notice: str,
    ) -> None:
        super().__init__()
        self.model = model
        self._conductor = conductor
        self._reader = reader
        self._clock = clock
        self._names = Names(model, reader.ask)
        self._look_timer: Timer | None = None
        self.table = VmTable(model, freshness, clock)
        self.side = Side(clock, id="side")
        self._follower = Follower(model, reader.ask, self.side.show_detail)
        self._prompt = Prompt(model, self._names, conductor.run, self.tell)
        self._menus = Menus(lambda: self.app, url, model, reader.ask, self.begin, self.tell, clock)
        self._forms = Forms(lambda: self.app, url, model, self._names, conductor.run_form, self.tell, clock)
        self.bars = Bars(model, freshness, notice)

    def compose(self) -> ComposeResult:
        yield self.bars.header
        with Horizontal(id="body"):
            yield self.table
            yield self.side
        yield self.bars.jobs
        yield self._prompt
        yield self.bars.footer
        yield Static("terminal too small", id="small")

    def on_mount(self) -> None:
        self.table.focus()
        self.set_interval(1.0, self._tick)

    # Drawing

    def tell(self, sentence: str, severity: str) -> None:
        """Show a sentence for a while; severity is information, warning or error."""
        self.bars.footer.tell(sentence, severity)

    def _tick(self) -> None:
        """A second has gone by: the clock, and whatever shows an age."""
        if not self.is_attached:
            return
        self.bars.draw_times(self._clock(), self.size.width)
        self.table.refresh_changed()
        if self.pane_is_seen:
            self.side.draw()

    def draw(self) -> None:
        """Bring everything up to date; only lines that changed are sent to the terminal."""
        if not self.is_attached:
            return
        self.table.empty_text = what_to_type(self.model)
        self.table.fleet_changed()
        self.bars.draw(self._clock(), self.size.width, in_pane=self._is_in_pane)
        if self._follower.is_behind:
            self._look_soon()

    def _draw_keys(self) -> None:
        self.bars.draw_keys(in_pane=self._is_in_pane)

    @property
    def _is_in_pane(self) -> bool:
        return self.pane_is_seen and self.focused is not self.table

    def on_resize(self, event: events.Resize) -> None:
        if event.size == self.app.size:
            self.call_after_refresh(self.draw)
        else:
            # When the size changes while the framework starts, it goes on sending the old and the new one in turns.
            event.prevent_default()

    # The pane

    @property
    def pane_is_seen(self) -> bool:
        """Whether there is room for the pane, or it was opened over the list."""
        return bool(self.side.display) and self.side.size.width > 0

    def took(self, vms: Sequence[FleetRow], operations: Sequence[dict[str, Any]]) -> None:
        """The model has taken this in: look again at the VM in the pane if it is about that."""
        if self._follower.concerned(vms, operations):
            self._look_soon()

    @on(VmTable.Moved)
    def _look_soon(self) -> None:
        if self._look_timer is not None:
            self._look_timer.stop()
        self._look_timer = self.set_timer(REST, self._look)

    def _look(self) -> None:
        self._draw_keys()
        if self.pane_is_seen:
            self._follower.look()

    def action_pane(self, index: int) -> None:
        """Show a pane of the VM under the cursor; where it covers the list or has a cursor of its own, go there."""
        self._show_pane(index)
        if self.pane_is_seen and PANES[index].rows is not None:
            self.side.focus_pane()
            self.call_after_refresh(self._draw_keys)

    def _show_pane(self, index: int) -> None:
        self.side.choose(index)
        if self.pane_is_seen:
            self._look_soon()
        else:
            self.add_class("-pane-open")
            self.call_after_refresh(self._pane_opened)

    def _pane_opened(self) -> None:
        self.side.focus_pane()
        self._look()

    def action_turn_pane(self, by: int) -> None:
        self._show_pane((self.side.current + by) % len(PANES))

    def action_close_pane(self) -> None:
        self.remove_class("-pane-open")
        self.table.focus()
        self.call_after_refresh(self.draw)

    def action_switch_side(self) -> None:
        if self.pane_is_seen and self.focused is self.table:
            self.side.focus_pane()
        else:
            self.action_close_pane()
        self.call_after_refresh(self._draw_keys)

    @on(VmTable.Entered)
    def _entered(self) -> None:
        self.action_pane(0)

    @on(Tabs.Chosen)
    def _tab_chosen(self, event: Tabs.Chosen) -> None:
        self.side.choose(event.index)

    @on(PaneView.Asked)
    def _asked_in_pane(self, event: PaneView.Asked) -> None:
        self.begin(event.line)

    @on(PaneView.Refused)
    def _refused_in_pane(self, event: PaneView.Refused) -> None:
        self.tell(event.reason, "warning")

    # Lines to type on

    def begin(self, line: str) -> None:
        """Run a command line; of one that ends in a blank the form is opened."""
        if line.endswith(" "):
            self._forms.open(line)
        else:
            self._conductor.run(line)

    @on(CommandLine.FormWanted)
    def _form_wanted(self, event: CommandLine.FormWanted) -> None:
        self._line_closed()
        self._forms.open(event.text)

    def action_command(self) -> None:
        self._prompt.ask_for_command()

    def action_filter(self) -> None:
        self.remove_class("-pane-open")
        self._prompt.ask_for_filter()

    def action_export(self) -> None:
        self._prompt.ask_for_file()

    @on(TypedLine.Closed)
    def _line_closed(self) -> None:
        if self.has_class("-pane-open"):
            self.side.focus_pane()
        else:
            self.table.focus()
        self.draw()

    # Commands

    def action_command_key(self, index: int) -> None:
        self.press(COMMAND_KEYS[index])

    def press(self, key: CommandKey) -> None:
        """Do what a key stands for to the marked VMs, else to the one under the cursor."""
        targets = self.model.targets()
        if "{vm}" in key.lines[0] and not targets:
            self.tell("no VM is chosen", "warning")
        else:
            self.begin(action_menu.line_for(key, targets))

    def action_open(self, what: str) -> None:
        self._menus.open(what)

    def action_copy(self) -> None:
        self._menus.copy(self._conductor.last_line)

    def action_again(self) -> None:
        if self._conductor.last_line:
            self._conductor.run(self._conductor.last_line)

    @on(Prompt.Filtered)
    @on(VmTable.Changed)
    def _list_changed(self) -> None:
        self.draw()

    # Layers

    def action_help(self) -> None:
        self.app.push_screen(Pager("Keys", help_page.lines()))

    def action_reload(self) -> None:
        self._names.forget()
        self._reader.read_again()
        self._look()

    def action_back(self) -> None:
        """One layer back: pane, filter, marks."""
        if self.focused is not self.table:
            self.action_close_pane()
        elif self.model.filter:
            self.model.set_filter("")
            self.draw()
        elif self.model.marks:
            self.table.action_unmark()

    def action_quit_or_back(self) -> None:
        if self.focused is not self.table:
            self.action_close_pane()
        else:
            self.app.exit(0)
