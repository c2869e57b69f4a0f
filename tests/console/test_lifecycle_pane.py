"""The Life pane, the action menu and the graphs: what a VM may do next, and what it did."""

from __future__ import annotations

import os

import pytest
from textual.pilot import Pilot

from tests.console.fleet import NOW
from tests.console.screen import play, shown, until
from vmconsole.commands import registry
from vmconsole.console import action_menu
from vmconsole.console.app import Console
from vmconsole.console.fleet import FleetModel, position
from vmconsole.console.line_view import plain
from vmconsole.console.panes import lifecycle
from vmconsole.console.screens.menu import Menu
from vmconsole.lifecycle import actions
from vmconsole.lifecycle import states as at
from vmconsole.store.detail import Detail, read_detail
from vmconsole.store.feed import Feed
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import current_user


@pytest.fixture
def model(feed: Feed) -> FleetModel:
    model = FleetModel()
    model.apply(feed.opening(50))
    model.settle()
    return model


def page(detail: Detail, width: int = 100) -> str:
    return "\n".join(plain(line) for line in lifecycle.lines(detail, NOW, width))


@pytest.mark.covers("ON-042")
def test_the_pane_shows_where_a_vm_is_and_every_legal_action_with_where_it_leads(store: Session) -> None:
    user = current_user(store, os.environ)
    for number, expected in {
        0: ("[● RUNNING]", "stop                  save » epil » STOPPED", "terminate --hard", "DONE"),
        3: ("[○ POWEROFF]", "resume                boot » RUNNING", "undeploy"),
        4: ("here  » MIGRATE", "then  RUNNING", "else  RUNNING"),
        6: ("here  ! BOOT_FAILURE", "recover --retry", "terminate             clea » DONE"),
        8: ("[· PENDING]", "deploy                prol » boot » RUNNING", "hold"),
    }.items():
        detail = read_detail(store, user, number)
        assert detail is not None
        text = page(detail)
        for words in expected:
            assert words in text, text
        vm = detail.document
        place = at.by_numbers(vm["state_number"], vm["lcm_state_number"])
        for action in actions.ACTIONS:
            legal = actions.legal(action, place, last_action="none") is not None
            assert any(line.strip().startswith(action.title) or f" {action.title} " in line
                       for line in text.splitlines()) or not legal  # fmt: skip


def test_the_life_pane_is_reached_by_a_key(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "L")
        await until(pilot, lambda: "[● RUNNING]" in shown(console))

    play(url, scene)


@pytest.mark.covers("ON-178")
def test_every_action_is_in_the_menu_and_greyed_out_exactly_where_it_is_illegal(model: FleetModel) -> None:
    for row in model.rows.values():
        found = {choice.value.strip(): choice for choice in action_menu.choices([row])}
        for action in actions.ACTIONS:
            choice = found[f"{action.title} {row.id}"]
            legal = actions.legal(action, position(row)) is not None
            assert choice.possible is legal, (action.title, row.name)
            roles = {role for text, role in choice.line if text.strip()}
            assert (roles <= {"dim"}) is not legal
            assert registry.find(["vm", action.command])[0].words == action.command


@pytest.mark.covers("ON-178")
def test_the_menu_offers_the_visits_and_says_why_there_can_be_none(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        for name, words in {
            "web-1": ("type at its serial console", "web-1 has neither a VNC nor a SPICE display"),
            "mail": ("mail does not run: nobody is at its console", "mail does not run: there is nothing to look at"),
        }.items():
            await pilot.press("slash", *name, "enter", "m")
            await until(pilot, lambda: isinstance(console.screen, Menu))
            await pilot.press("end")
            text = shown(console)
            for sentence in words:
                if sentence not in text:
                    await pilot.press("home")
                    text += shown(console)
                assert sentence in text, text
            await pilot.press("escape", "escape")

    play(url, scene, size=(120, 70))


@pytest.mark.covers("ON-175")
def test_cpu_memory_and_network_are_drawn_over_time(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "5")
        await until(pilot, lambda: "Received" in shown(console))
        text = shown(console)
        assert "3h ago … 1m ago" in text
        for title, now in (
            ("CPU", "% of 200%"),
            ("Memory", "1024M of 2G"),
            ("Received", "58.2K/s"),
            ("Sent", "6.5K/s"),
        ):
            line = next(line for line in text.splitlines() if line.strip().startswith(title))
            assert now in line
        rows = [line for line in text.splitlines() if "█" in line]
        assert len(rows) >= 8
        # Received grows all the time, so its chart climbs from the left edge to the right one.
        below = text.partition("Received")[2].partition("Sent")[0].splitlines()[1:5]
        heights = [sum(row[column : column + 1] in "▁▂▃▄▅▆▇█" and row[column : column + 1] != "" for row in below)
                   for column in (2, 30, 70)]  # fmt: skip
        assert heights == sorted(heights)
        assert heights[0] < heights[-1]

    play(url, scene, size=(80, 40))


@pytest.mark.covers("ON-055")
def test_the_load_in_show_follows_the_samples(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "enter")
        await until(pilot, lambda: "of 2 vcpu" in shown(console))
        with open_session(url, create=False) as session, session.write():
            session.execute(
                "UPDATE vm SET cpu_percent = 71.5, memory_used_kib = 700000, net_rx_bytes = 3145728,"
                " net_tx_bytes = 5242880, changed = ? WHERE id = 0",
                (session.next_change(),),
            )
        await until(pilot, lambda: "71.5% of 2 vcpu" in shown(console))
        text = shown(console)
        assert "683.6M of 2G" in text
        assert "in 3M, out 5M" in text

    play(url, scene, size=(80, 40))
