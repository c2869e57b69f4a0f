"""Forms: made from the declarations, checked by the command's own parser, and worth the line they show."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.console.screen import play, shown, until
from tests.console.test_screen import submitted
from vmconsole.commands import registry
from vmconsole.commands.declaration import Command
from vmconsole.console.app import Console
from vmconsole.console.completion import Candidate
from vmconsole.console.forms.fields import ANSWERS, VARIANT, YES, fields_of, of_question
from vmconsole.console.forms.filling import blamed, filled, values_of
from vmconsole.console.forms.suggestions import Suggestions
from vmconsole.console.line_view import plain
from vmconsole.console.orders import understand
from vmconsole.console.screens.form import Form
from vmconsole.console.screens.menu import Menu
from vmconsole.errors import Usage
from vmconsole.store import operations
from vmconsole.store.session import open_session
from vmconsole.templates.user_inputs import InputType, UserInput

SHOP = """NAME = "shop"
CPU = 1
MEMORY = 512
USER_INPUTS = [
  TITLE = "M|text|What it is called",
  PW = "M|password|Password of root",
  SIZE = "O|list|How large|small,big|small",
  NODES = "M|range|How many nodes|1..5|2",
  PARTS = "O|list-multiple|Parts|web,db,mail",
  HA = "O|boolean|Highly available||NO" ]
"""


def add_template(url: str) -> None:
    with open_session(url, create=False) as session, session.write():
        session.execute(
            "INSERT INTO template (id, name, user_id, group_id, mode, registered, body)"
            " VALUES (0, 'shop', 0, 0, 384, 1, ?)",
            (SHOP,),
        )


def form(console: Console) -> Form:
    assert isinstance(console.screen, Form)
    return console.screen


@contextmanager
def controlled(url: str) -> Iterator[None]:
    """Within the block a controller works on the store, whose lease and numbers were written by hand."""
    with open_session(url, create=False) as session, session.write():
        session.execute("UPDATE lease SET holder = ''")
        session.execute("INSERT INTO counter (name, value) VALUES ('vm', 11)")
    environ = {**os.environ, "VMCONSOLE_DB": url, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [sys.executable, "-m", "vmconsole", "controller"]
    with subprocess.Popen(words, env=environ, stderr=subprocess.DEVNULL) as controller:
        try:
            yield
        finally:
            controller.kill()


def made(url: str, count: int) -> set[str]:
    """The names of the VMs made of the template, as soon as there are so many; they get their numbers from %i."""
    names: set[str] = set()
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with open_session(url, create=False) as session:
            names = {row[0] for row in session.query("SELECT name FROM vm WHERE name LIKE 'shop%'")}
        if len(names) == count:
            return names
        time.sleep(0.1)
    raise AssertionError(f"{names} and no more")


async def type_into(console: Console, pilot: Pilot[int], name: str, text: str) -> None:
    """Have a text stand in a field, as if it was typed there."""
    row = next(row for row in form(console)._rows if row.field.name == name)
    row.take_focus()
    await pilot.pause()
    row.put(text)
    await pilot.pause()


def arguments(url: str) -> dict[str, object]:
    """Of the operation that was asked for last."""
    with open_session(url, create=False) as session:
        rows = session.query("SELECT arguments FROM operation WHERE face = 'console' ORDER BY seq DESC LIMIT 1")
    found: dict[str, object] = json.loads(rows[0][0])
    return found


@pytest.mark.parametrize("command", registry.every(), ids=lambda command: command.words)
def test_every_command_has_a_form_whose_line_its_own_parser_takes_back(command: Command) -> None:
    fields = fields_of(command)
    values = {field.name: YES if field.switch else "7" for field in fields}
    for field in fields:
        if field.choices:
            values[field.name] = field.choices[-1].word
    made = filled(command, fields, values)
    order = understand(made.line, made.secrets)
    assert order.command is command
    again = values_of(command, made.line.split()[len(command.words.split()) :])
    missing = {field.name for field in fields if field.secret}
    expected = {name: value for name, value in values.items() if name not in missing and value}
    assert {name: again[name] for name in expected} == expected
    taken = {option.name for option in command.options if option.kind != ANSWERS}
    shown_fields = {field.name for field in fields} | {
        option.name for option in command.options if option.kind == VARIANT
    }
    assert taken <= shown_fields


def test_a_word_that_looks_like_an_option_stays_a_word() -> None:
    command, _ = registry.find(["rename"])
    made = filled(command, fields_of(command), {"vm": "0", "name": "--hard"})
    assert understand(made.line).values["name"] == "--hard"


def test_what_is_left_out_can_only_be_behind_what_is_given() -> None:
    command, _ = registry.find(["migrate"])
    with pytest.raises(Usage, match="HOST is missing"):
        filled(command, fields_of(command), {"vms": "0", "datastore": "ds"})


def test_a_secret_never_stands_on_the_line() -> None:
    command, _ = registry.find(["instantiate"])
    secret = of_question(UserInput("PW", True, InputType.PASSWORD, "Password"))
    fields = [*fields_of(command), secret]
    values = {"template": "shop", secret.name: "s3cret", "vnc_password": "hidden"}
    made = filled(command, fields, values)
    assert "s3cret" not in made.line
    assert "hidden" not in made.line
    assert (made.answers, made.secrets) == ({"PW": "s3cret"}, {"vnc_password": "hidden"})


def test_a_message_is_blamed_on_the_field_it_names() -> None:
    command, _ = registry.find(["resize"])
    fields = fields_of(command)
    assert blamed(fields, "resize: --vcpu needs a whole number, not 'x'") == 2
    assert blamed(fields, "VM 0 (web) is locked") == 0
    assert blamed(fields, "no idea") is None


def test_candidates_narrow_while_one_types_and_go_round_when_one_chooses() -> None:
    offered = Suggestions([Candidate(word, "") for word in ("web", "db", "web-2")], "we")
    assert [plain(line).split()[0] for line in offered.lines("we", 5)] == ["web", "web-2"]
    assert offered.move("we", 1) == "web"
    assert offered.move("web", 1) == "web-2"
    assert offered.move("web-2", 1) == "web"
    several = Suggestions([Candidate(word, "") for word in ("web", "db")], "web,", listed=True)
    assert several.move("web,d", 1) == "web,web"
    assert several.move("web,web", 1) == "web,db"


@pytest.mark.covers("ON-134")
def test_the_resize_form_has_cpu_vcpu_memory_and_enforce_and_its_line_is_done(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"mail", "enter", "z")
        await until(pilot, lambda: isinstance(console.screen, Form))
        await pilot.press(*"0.5", "tab", *"x", "enter")
        await until(pilot, lambda: "--vcpu is a whole number above 0" in shown(console))
        assert isinstance(console.screen, Form)
        await pilot.press("backspace", "2", "tab", *"1G", "tab", "space")
        await until(pilot, lambda: "vmconsole resize 3 --cpu 0.5 --vcpu 2 --memory 1G --enforce" in shown(console))
        await pilot.press("enter")
        await until(pilot, lambda: submitted(url))

    play(url, scene)
    assert submitted(url) == [("resize", 3)]
    assert arguments(url) == {"cpu": 0.5, "vcpu": 2, "memory_mib": 1024, "enforce": True}


def test_escape_leaves_a_form_and_nothing_is_done(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "z", *"2")
        await until(pilot, lambda: isinstance(console.screen, Form))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(console.screen, Form))

    play(url, scene)
    assert submitted(url) == []


def test_an_action_that_is_not_legal_is_refused_in_its_form_with_the_reason(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"cache", "enter", "z")
        await until(pilot, lambda: isinstance(console.screen, Form))
        await pilot.press("2", "enter")
        await until(pilot, lambda: "cannot resize: the VM is SUSPENDED" in " ".join(shown(console).split()))
        assert isinstance(console.screen, Form)

    play(url, scene)
    assert submitted(url) == []


@pytest.mark.covers("ON-046")
def test_the_form_of_a_template_asks_name_number_and_its_questions(url: str) -> None:
    add_template(url)

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("n")
        await until(pilot, lambda: "0, of root" in shown(console))
        await pilot.press("down")
        await until(pilot, lambda: any(row.field.name == "answer:PW" for row in form(console)._rows))
        for name, text in (
            ("name", "shop-%i"),
            ("multiple", "3"),
            ("answer:TITLE", "A, B"),
            ("answer:PARTS", "web,db"),
        ):
            await type_into(console, pilot, name, text)
        await type_into(console, pilot, "answer:NODES", "9")
        await until(pilot, lambda: "expected a number from 1 to 5" in shown(console))
        await type_into(console, pilot, "answer:NODES", "4")
        await pilot.press("enter")
        await until(pilot, lambda: "PW is missing" in shown(console))
        await type_into(console, pilot, "answer:PW", "s3cret")
        password = next(row for row in form(console)._rows if row.field.name == "answer:PW").query_one(Input)
        assert password.password
        assert "s3cret" not in shown(console)
        await type_into(console, pilot, "hold", "")
        await pilot.press("space")
        await pilot.pause(0.4)
        assert "--name shop-%i --multiple 3 --hold" in " ".join(shown(console).replace("│", "").split())
        await pilot.press("enter")
        await until(pilot, lambda: submitted(url))
        assert "s3cret" not in shown(console)
        assert "s3cret" not in console._conductor.last_line

    play(url, scene, size=(100, 60))
    with controlled(url):
        assert made(url, 3) == {"shop-0", "shop-1", "shop-2"}
    asked = arguments(url)
    assert (asked["name"], asked["multiple"], asked["hold"]) == ("shop-%i", 3, True)
    template = str(asked["template"])
    for answer in ('TITLE = "A, B"', 'PW = "s3cret"', 'SIZE = "small"', 'NODES = "4"', 'PARTS = "web,db"', 'HA = "NO"'):
        assert answer in template


def test_hosts_are_offered_with_what_they_have_left(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"web-1", "enter", "M")
        await until(pilot, lambda: "of 64G left" in shown(console))
        await pilot.press("down", "enter")
        await until(
            pilot, lambda: not isinstance(console.screen, Form) and "vmconsole migrate 0 h2 --live" in shown(console)
        )
        await pilot.press("escape")

    play(url, scene)


def test_while_a_rule_is_typed_it_is_shown_in_words_with_its_next_five_firings(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "w")
        await until(pilot, lambda: isinstance(console.screen, Form))
        await type_into(console, pilot, "action", "poweroff")
        await type_into(console, pilot, "cron", "30 2 * * mon-fri")
        text = shown(console)
        assert "every Monday to Friday at 02:30, UTC" in text
        for day in ("09-22", "09-23", "09-24", "09-25", "09-28"):
            assert f"2026-{day} 02:30" in text
        assert "in 12 h 16 min" in text
        await type_into(console, pilot, "cron", "99 * * * *")
        assert "! --cron" in shown(console).replace("│  !", "!")
        await type_into(console, pilot, "cron", "30 2 * * *")
        await pilot.press("enter")
        await until(pilot, lambda: submitted(url))

    play(url, scene)
    asked = arguments(url)
    assert (asked["action"], asked["vm_id"]) == ("poweroff", 0)


@pytest.mark.covers("ON-163")
def test_relative_actions_are_added_in_the_forms_of_a_vm_and_of_a_template(url: str) -> None:
    add_template(url)

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "m")
        await until(pilot, lambda: isinstance(console.screen, Menu))
        menu = console.screen
        assert isinstance(menu, Menu)
        (scheduling,) = [choice for choice in menu._choices if choice.value.startswith("schedule create")]
        assert scheduling.possible
        menu.dismiss(scheduling.value)
        await until(pilot, lambda: isinstance(console.screen, Form))
        await type_into(console, pilot, "action", "terminate")
        await type_into(console, pilot, "schedule", "+259200")
        assert "vmconsole schedule create 0 terminate --schedule +259200" in shown(console)
        await pilot.press("enter")
        await until(pilot, lambda: len(submitted(url)) == 1)
        console.fleet.begin("template schedule shop ")
        await until(pilot, lambda: isinstance(console.screen, Form))
        await type_into(console, pilot, "action", "poweroff")
        await type_into(console, pilot, "schedule", "+3600")
        assert "of a VM that is started now" in shown(console)
        await pilot.press("enter")
        await until(pilot, lambda: len(submitted(url)) == 2)

    play(url, scene)
    with open_session(url, create=False) as session:
        vm, template = [job["arguments"] for job in reversed(operations.recent(session)) if job["face"] == "console"]
    assert (vm["action"], vm["rule"]["time"], vm["rule"]["relative"]) == ("terminate", 259200, 1)
    body = "".join(str(template["body"]).split())
    assert 'SCHED_ACTION=[ACTION="poweroff",TIME="+3600"]' in body


def test_a_schedule_is_changed_from_the_list_of_the_fleet(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("W")
        await until(pilot, lambda: "snapshot-creat" in shown(console))
        assert "every Monday, Wednesday and Friday" in shown(console)
        await pilot.press("enter", "down", "enter")
        await until(pilot, lambda: isinstance(console.screen, Form))
        assert form(console).values["weekly"] == "1,3,5"
        await type_into(console, pilot, "weekly", "0")
        await until(pilot, lambda: "every Sunday at" in shown(console))
        await pilot.press("enter")
        await until(pilot, lambda: submitted(url))

    play(url, scene)
    assert arguments(url)["vm_id"] == 0
    assert dict(arguments(url)["rule"])["days"] == "0"  # type: ignore[call-overload]


def test_f2_goes_on_with_a_typed_line_in_its_form(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "colon", *"resize", "f2")
        await until(pilot, lambda: isinstance(console.screen, Form))
        assert form(console).values["vm"] == "0"

    play(url, scene)


@pytest.mark.parametrize("size", [(1, 1), (40, 12), (80, 24)])
def test_a_form_survives_every_size_and_shows_its_line_where_there_is_room(url: str, size: tuple[int, int]) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        console.fleet.begin("create ")
        await until(pilot, lambda: isinstance(console.screen, Form))
        await pilot.press("tab", "tab", "down", "shift+tab")
        await pilot.pause(0.2)
        if size[1] >= 24:
            assert "$ vmconsole create" in shown(console)
        await pilot.resize_terminal(80, 24)
        await pilot.press("escape")

    play(url, scene, size=size)
