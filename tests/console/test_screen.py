"""The console as its user meets it: keys in, screen and operations out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot

from tests.console.fleet import NOW, change_some, insert_hosts, insert_operation, insert_vms, vm
from tests.console.screen import play, reaction, shown, until
from vmconsole.console.app import Console
from vmconsole.console.command_line import CommandLine, FileLine
from vmconsole.console.screens.confirm import AskInOneLine, Confirm
from vmconsole.console.screens.menu import Menu
from vmconsole.console.screens.pager import Pager
from vmconsole.console.vm_table import VmTable
from vmconsole.lifecycle import states as at
from vmconsole.store import operations
from vmconsole.store.session import open_session

GOLDEN = Path(__file__).parent / "golden"


def submitted(url: str) -> list[tuple[str, int | None]]:
    """Command and VM of what was asked for on the screen, oldest first."""
    with open_session(url, create=False) as session:
        found = [job for job in operations.recent(session) if job["face"] == "console"]
    return [(job["command"], job["vm"]) for job in reversed(found)]


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 12)], ids=lambda size: f"{size[0]}x{size[1]}")
def test_the_screen_looks_as_it_did(url: str, size: tuple[int, int]) -> None:
    """A change here is meant or a fault; `UPDATE_GOLDEN=1` writes it down as meant."""
    golden = GOLDEN / f"{size[0]}x{size[1]}.txt"

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end")
        if size[0] >= 140:
            await until(pilot, lambda: "10.0.0.10" in shown(console).partition("NICs")[2])
        await pilot.pause(0.3)
        if os.environ.get("UPDATE_GOLDEN"):
            golden.parent.mkdir(exist_ok=True)
            golden.write_text(shown(console) + "\n")
        assert shown(console) + "\n" == golden.read_text()

    play(url, scene, size=size)


@pytest.mark.parametrize("size", [(1, 1), (10, 3), (23, 30), (60, 5), (40, 12), (60, 18), (200, 60)])
def test_every_size_is_survived(url: str, size: tuple[int, int]) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("down", "m")
        await pilot.press("escape", "question_mark", "escape", "X", "escape")
        await pilot.resize_terminal(1, 1)
        await pilot.resize_terminal(*size)
        await pilot.pause()

    play(url, scene, size=size)


def test_a_terminal_too_small_says_so(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        assert "too small" in shown(console)

    play(url, scene, size=(20, 4))


def test_changes_in_the_store_appear_by_themselves(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        with open_session(url, create=False) as session:
            change_some(session, [0], 77.7)
        await until(pilot, lambda: "77.7" in shown(console))

    play(url, scene)


def test_the_list_narrows_while_one_types_and_esc_brings_it_back(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", "w", "e", "b")
        assert [console.model.rows[number].name for number in console.model.order] == ["web-2", "web-1"]
        assert "staging" not in shown(console)
        await pilot.press("enter")
        assert console.focused is console.query_one(VmTable)
        assert "/web" in shown(console)
        await pilot.press("escape")
        assert len(console.model.order) == 12

    play(url, scene)


def test_a_filter_that_is_wrong_says_why_and_keeps_the_list(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"web", "equals_sign", "4")
        assert "there is no field" in shown(console)
        assert len(console.model.order) == 2

    play(url, scene)


def test_a_key_becomes_an_operation_with_its_batch_line_told(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"cache", "enter", "s")
        await until(pilot, lambda: submitted(url))
        await until(pilot, lambda: "vmconsole resume 5" in shown(console))

    play(url, scene)
    assert submitted(url) == [("resume", 5)]


def test_s_releases_a_vm_on_hold(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"held", "enter", "s")
        await until(pilot, lambda: submitted(url))

    play(url, scene)
    assert submitted(url) == [("release", 10)]


def test_what_is_not_possible_is_refused_with_the_reason(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"mail", "enter", "Z")
        await until(pilot, lambda: "POWEROFF" in shown(console))

    play(url, scene)
    assert submitted(url) == []


def test_a_graceful_shutdown_is_asked_in_one_line_and_only_y_does_it(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "up")
        for key in ("n", "enter"):
            await pilot.press("S")
            await until(pilot, lambda: isinstance(console.screen, AskInOneLine))
            await reaction()
            await pilot.press(key)
            await until(pilot, lambda: not isinstance(console.screen, AskInOneLine))
        assert submitted(url) == []
        await pilot.press("S")
        await until(pilot, lambda: isinstance(console.screen, AskInOneLine))
        await reaction()
        await pilot.press("y")
        await until(pilot, lambda: submitted(url))

    play(url, scene)
    assert submitted(url) == [("poweroff", 1)]


def test_what_will_be_lost_is_said_in_a_dialog_even_of_a_graceful_shutdown(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "S")
        await until(pilot, lambda: isinstance(console.screen, Confirm))
        assert "its system snapshots are lost: clean" in shown(console)
        assert "Snapshot, then" not in shown(console), "it would be lost with the others"

    play(url, scene)


def test_before_damage_every_vm_is_named_and_enter_alone_cancels(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"web", "enter", "ctrl+a", "S")
        await until(pilot, lambda: isinstance(console.screen, Confirm))
        await reaction()
        text = shown(console)
        for word in ("web-1", "web-2", "h1", "h2", "runn", "2 VMs", "vmconsole poweroff 0,1"):
            assert word in text
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(console.screen, Confirm))

    play(url, scene)
    assert submitted(url) == []


def test_damage_is_done_after_an_explicit_yes(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "D")
        await until(pilot, lambda: isinstance(console.screen, Confirm))
        await reaction()
        assert "have not written" in shown(console)
        await pilot.press("tab", "enter")
        await until(pilot, lambda: submitted(url))

    play(url, scene)
    assert submitted(url) == [("poweroff-hard", 0)]


def test_damage_is_preceded_by_a_snapshot_at_the_choice_of_a_button_and_u_takes_it_back(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "up", "D")
        await until(pilot, lambda: isinstance(console.screen, Confirm))
        await reaction()
        await pilot.press("left", "enter")
        await until(pilot, lambda: len(submitted(url)) == 2)
        await pilot.press("u")
        await until(pilot, lambda: "nothing was done with --snapshot" in shown(console))  # it waits still

    play(url, scene)
    assert submitted(url) == [("disk-snapshot-create", 1), ("poweroff-hard", 1)]


def test_the_cursor_of_the_snapshot_pane_stands_for_the_commands_of_its_keys(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "t")
        await until(pilot, lambda: "before-update" in shown(console))
        for _ in range(2):
            await pilot.press("down")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(console.screen, Confirm))
        assert "disk-snapshot-delete 0 0 0" in shown(console)
        await reaction()
        await pilot.press("tab", "enter")
        await until(pilot, lambda: submitted(url))
        await pilot.press("up", "up", "e")
        await until(pilot, lambda: "choose a snapshot" in shown(console))

    play(url, scene, size=(100, 40))
    assert submitted(url) == [("disk-snapshot-delete", 0)]


def test_keys_typed_before_a_question_was_seen_do_not_answer_it(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "up", "S")
        await until(pilot, lambda: isinstance(console.screen, AskInOneLine))
        await pilot.press("y")
        await reaction()
        assert isinstance(console.screen, AskInOneLine)
        await pilot.press("escape")

    play(url, scene)
    assert submitted(url) == []


def test_what_cannot_be_taken_back_wants_the_name_typed(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "X")
        await until(pilot, lambda: isinstance(console.screen, Confirm))
        await reaction()
        assert console.screen.query_one("#yes").disabled
        await pilot.press(*"web-", "enter")
        assert console.screen.query_one("#yes").disabled
        await pilot.press("1", "enter", "enter")
        await until(pilot, lambda: submitted(url))

    play(url, scene)
    assert submitted(url) == [("terminate", 0)]


def test_for_several_the_count_is_typed_and_protected_vms_are_spared(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"tag=prod", "enter", "ctrl+a", "X")
        await until(pilot, lambda: isinstance(console.screen, Confirm))
        await reaction()
        assert "db (protected)" in shown(console)
        await pilot.press("2", "enter", "enter")
        await until(pilot, lambda: submitted(url))

    play(url, scene)
    assert sorted(submitted(url)) == [("terminate", 0), ("terminate", 1)]


def test_space_marks_and_moves_on(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("space", "space")
        assert list(console.model.marks) == [11, 10]
        assert console.model.cursor == 9
        assert "2 marked" in shown(console)
        await pilot.press("escape")
        assert not console.model.marks

    play(url, scene)


def test_the_action_menu_lists_all_and_says_why_not(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "m")
        await until(pilot, lambda: isinstance(console.screen, Menu))
        assert "suspend" in shown(console)
        await pilot.press("end", "pagedown")
        menu = console.screen
        assert isinstance(menu, Menu)
        refused = [choice for choice in menu._choices if not choice.possible]
        assert any("resume" in choice.value and "RUNNING" in choice.line[-1][0] for choice in refused)
        await pilot.press("escape")
        assert not isinstance(console.screen, Menu)

    play(url, scene)


def test_a_reading_command_opens_a_page(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("colon", *"host", "space", *"list", "enter")
        await until(pilot, lambda: isinstance(console.screen, Pager))
        await until(pilot, lambda: "h2" in shown(console))
        await pilot.press("escape")

    play(url, scene)


def test_tab_completes_commands_vms_and_hosts(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("colon", *"susp", "tab")
        line = console.query_one(CommandLine)
        assert line.input.value == "suspend "
        await pilot.press(*"web-2", "tab")
        assert line.input.value == "suspend web-2 "
        await pilot.press("escape", "colon", *"migrate", "space", "0", "space")
        await until(pilot, lambda: "h2" in "".join(span for row in _candidates(console) for span, _ in row))

    play(url, scene)


def _candidates(console: Console) -> list[list[tuple[str, str]]]:
    from vmconsole.console.line_view import LineView

    return console.query_one(CommandLine).query_one(LineView).lines


def test_a_wrong_command_is_told_in_one_line_with_what_to_do(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("colon", *"suspnd", "enter")
        await until(pilot, lambda: "there is no command" in shown(console))

    play(url, scene)


def test_enter_shows_the_vm_and_esc_comes_back(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end", "enter")
        await until(pilot, lambda: "00000000-0000-4000-8000-000000000000" in shown(console))
        await pilot.press("t")
        await until(pilot, lambda: "before-update" in shown(console))
        await pilot.press("right_square_bracket")
        await until(pilot, lambda: "snapshot-create" in shown(console))
        await pilot.press("escape")
        await until(pilot, lambda: "staging" in shown(console))

    play(url, scene)


def test_q_goes_back_first_and_leaves_at_the_top(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("enter")
        await pilot.pause()
        await pilot.press("q")
        await pilot.pause()
        assert console.is_running
        assert console.focused is console.query_one(VmTable)
        await pilot.press("q")

    assert play(url, scene).return_value == 0


def test_the_pane_stands_beside_the_list_where_there_is_room(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("end")
        await until(pilot, lambda: "8000-000000000000" in shown(console))
        assert "staging" in shown(console)
        await pilot.press("up")
        await until(pilot, lambda: "8000-000000000001" in shown(console))

    play(url, scene, size=(160, 40))


def test_a_click_chooses_and_a_click_on_a_heading_sorts(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.click(VmTable, offset=(10, 3))
        assert console.model.cursor_index == 2
        await pilot.click(VmTable, offset=(8, 0))
        assert console.model.sort == "NAME"

    play(url, scene)


def test_the_list_is_written_to_a_file_but_never_over_one(url: str, tmp_path: Path) -> None:
    target = tmp_path / "out.csv"

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        for _ in range(2):
            await pilot.press("ctrl+s")
            console.query_one(FileLine).input.value = str(target)
            await pilot.press("enter")
            await pilot.pause()

    play(url, scene)
    assert target.read_text().splitlines()[1].startswith("11,")
    assert target.stat().st_mode & 0o777 == 0o600


def test_hostile_names_are_shown_harmless(tmp_path: Path) -> None:
    url = str(tmp_path / "hostile.db")
    with open_session(url, create=True) as session, session.write():
        insert_hosts(session)
        insert_vms(session, iter([vm(0, "evil\x1b]0;owned\x07[red]\u202e", at.RUNNING, None)]))

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("X")
        await until(pilot, lambda: isinstance(console.screen, Confirm))
        text = shown(console)
        assert "\\u{1b}" in text
        assert not any(char in text for char in "\x1b\x07\u202e")
        await pilot.press("escape")

    play(url, scene)


def test_an_empty_store_says_what_to_type(tmp_path: Path) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await until(pilot, lambda: "no host yet" in shown(console))
        assert ":host create" in shown(console)

    play(str(tmp_path / "empty.db"), scene)


def test_a_filter_that_matches_nothing_says_so(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"zzz", "enter")
        assert "no VM matches zzz" in shown(console)

    play(url, scene)


def test_a_host_that_is_down_is_named_and_its_vms_are_dimmed(url: str) -> None:
    with open_session(url, create=False) as session, session.write():
        session.execute(
            "UPDATE host SET state = 3, down_since = ?, message = 'no route to host' WHERE name = 'h2'", (NOW - 300,)
        )

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        text = shown(console)
        assert "1 down" in text
        assert "host h2 down for 5m since 14:08:20: no route to host" in text
        assert next(line for line in text.splitlines() if "web-2" in line).count("? runn 5m") == 1
        assert "● runn" in next(line for line in text.splitlines() if "web-1" in line)

    play(url, scene, size=(110, 24))


def test_a_reading_that_fails_is_told_and_the_list_stays_live(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        console._reader.ask(lambda session, user: session.query("SELECT 1 FROM nothing"), print)
        await until(pilot, lambda: "nothing" in shown(console))
        with open_session(url, create=False) as session:
            change_some(session, [0], 66.6)
        await until(pilot, lambda: "66.6" in shown(console))

    play(url, scene)


def test_letters_typed_right_behind_the_key_that_opens_a_line_belong_to_the_line(url: str) -> None:
    """Each of them is a command in the list: `s` would start a VM."""

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        for character in "/sDX":
            console.post_message(events.Key({"/": "slash"}.get(character, character), character))
        await until(pilot, lambda: console.model.filter.text == "sDX")

    play(url, scene)
    assert submitted(url) == []


def test_a_failure_is_told_with_its_hint_stays_in_the_history_and_is_shown_in_the_row(url: str) -> None:
    error = '{"message": "no room on h2", "hint": "free space in the pool"}'

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"cache", "enter", "s")
        await until(pilot, lambda: submitted(url))
        with open_session(url, create=False) as session, session.write():
            session.execute(
                "UPDATE operation SET state = 'failed', error = ?, ended = ?, changed = ? WHERE command = 'resume'",
                (error, NOW, session.next_change()),
            )
        await until(pilot, lambda: "resume 5 cache: no room on h2; free space in the pool" in shown(console))
        assert "no room on h2" in next(line for line in shown(console).splitlines() if " cache " in line)
        await pilot.press("l")
        await until(pilot, lambda: "free space in the pool" in shown(console).partition("Records")[0])

    play(url, scene, size=(119, 30))


def test_a_running_operation_is_called_off_from_the_action_menu(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"build", "enter", "m")
        await until(pilot, lambda: "call off live-migrate 4 build" in shown(console))
        await pilot.press("enter")
        await until(pilot, lambda: "cancelling" in shown(console))

    play(url, scene, size=(100, 30))
    with open_session(url, create=False) as session:
        assert operations.recent(session, vm_id=4)[0]["cancel_requested"]


def test_any_operation_is_called_off_from_the_list_of_those_under_way(url: str) -> None:
    with open_session(url, create=False) as session, session.write():
        insert_operation(session, "01WAITS", 0, state="queued", command="suspend", started=None, progress=None)

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        await pilot.press("J")
        await until(pilot, lambda: "live-migrate 4 build, running, 43% done" in shown(console))
        await pilot.press("down", "enter")
        await until(pilot, lambda: "01WAITS" not in console.model.work.operations)
        await pilot.press("J")
        await pilot.pause(0.1)
        assert "suspend 0" not in shown(console)

    play(url, scene, size=(100, 30))
    with open_session(url, create=False) as session:
        assert operations.recent(session, vm_id=0)[0]["state"] == "cancelled"


def test_ctrl_r_reads_the_fleet_again(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        with open_session(url, create=False) as session, session.write():
            # Behind the back of everybody: without a new change number this is no news.
            session.execute("UPDATE vm SET name = 'renamed' WHERE id = 1")
            session.execute("UPDATE vm SET state = 6 WHERE id = 10")
        await pilot.pause(0.5)
        assert "renamed" not in shown(console)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "renamed" in shown(console) and "held" not in shown(console))
        assert console.model.complete

    play(url, scene)


def test_domains_that_are_no_vms_are_offered_to_be_taken_over(url: str) -> None:
    with open_session(url, create=False) as session, session.write():
        session.execute(
            "INSERT INTO wild (host_id, uuid, name, power, reason, vcpu, memory_kib, description, changed)"
            " VALUES (1, '00000000-0000-4000-8000-00000000ffff', 'stray', 1, 0, 1, 1024, '{}', 0)"
        )

    async def scene(console: Console, pilot: Pilot[int]) -> None:
        assert "1 unmanaged VM on the hosts; take over with :host importvm h2 --all" in shown(console)

    play(url, scene)


def test_news_takes_the_place_of_the_keys_for_a_moment_and_moves_no_line_of_the_list(url: str) -> None:
    async def scene(console: Console, pilot: Pilot[int]) -> None:
        before = shown(console).splitlines()
        console.tell("all is well", "information")
        await pilot.pause(0.1)
        after = shown(console).splitlines()
        assert after[:-1] == before[:-1]
        assert after[-1] == " » all is well"
        console.tell("still well", "information")
        await pilot.pause(0.1)
        assert "all is well" not in shown(console)

    play(url, scene)
