"""Making VMs from the command line of the screen: the options are those of a shell."""

from __future__ import annotations

import json

import pytest
from textual.pilot import Pilot

from tests.console.screen import play, shown, until
from vmconsole.console.app import Console
from vmconsole.console.screens.pager import Pager
from vmconsole.store.session import Session
from vmconsole.templates import syntax


async def run_line(console: Console, pilot: Pilot[int], line: str) -> None:
    console._conductor.run(line)
    await pilot.pause()


@pytest.mark.covers("ON-048")
def test_a_machine_described_by_options_is_asked_for_without_an_editor(url: str, store: Session) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await run_line(console, pilot, "create --name web-%i --multiple 3 --memory 64 --disk os:size=100 --hold")
        await until(pilot, lambda: store.query("SELECT 1 FROM operation WHERE command = 'vm.create'"))

    play(url, scene)
    ((text,),) = store.query("SELECT arguments FROM operation WHERE command = 'vm.create'")
    arguments = json.loads(text)
    assert (arguments["name"], arguments["multiple"], arguments["hold"]) == ("web-%i", 3, True)
    template = syntax.parse(arguments["template"])
    assert template.to_data() == {"MEMORY": "64", "DISK": {"IMAGE": "os", "SIZE": "100"}}


def test_a_template_that_is_only_shown_is_a_page(url: str, store: Session) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await run_line(console, pilot, "create --memory 4711 --dry")
        await until(pilot, lambda: isinstance(console.screen, Pager))
        await until(pilot, lambda: "4711" in shown(console))

    play(url, scene)
    assert store.query("SELECT 1 FROM operation WHERE command = 'vm.create'") == []
