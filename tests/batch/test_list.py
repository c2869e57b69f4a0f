"""`list`: its rows, columns and options."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest

from tests.batch import rows
from tests.batch.rows import NOW, ROOT
from vmconsole.batch import tables
from vmconsole.batch.run import COMMON
from vmconsole.commands import registry
from vmconsole.commands.context import Context
from vmconsole.commands.parsing import parse
from vmconsole.commands.results import Listing, Text
from vmconsole.errors import BadInput, NotFound, Usage
from vmconsole.lifecycle import states as at
from vmconsole.presentation import cells
from vmconsole.store import vm_reading
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import User

HEADER = "  ID USER     GROUP    NAME            STAT  CPU     MEM HOSTNAME         TIME\n"


@pytest.fixture
def filled(session: Session) -> Session:
    """Four VMs of three states, and one that is DONE."""
    rows.rename_founder(session)
    rows.host(session, 0, "host0")
    rows.vm(
        session, 0, "web", at.RUNNING, host_id=0, cpu_percent=12.4, memory_used_kib=1536 * 1024, start_time=NOW - 160
    )
    rows.vm(session, 1, "db", at.POWEROFF, host_id=0, start_time=NOW - 86400 - 23 * 3600 - 11 * 60 - 59, resched=1)
    rows.vm(session, 2, "gone", at.DONE, end_time=NOW)
    rows.vm(session, 3, "new")
    rows.vm(session, 4, "saved", at.STOPPED, host_id=0, memory_used_kib=1024)
    rows.nic(session, 0, 0, mac="02:00:0c:00:4c:dd", ip="10.0.0.7")
    return session


def run(session: Session, *words: str, user: User = ROOT) -> tuple[Listing, dict[str, Any]]:
    """The listing of a command line, and its values."""
    command, rest = registry.find(words)
    values = parse(command, rest, common=COMMON)
    listing = command.read(Context(session, user, "batch", lambda: NOW), values)
    assert isinstance(listing, Listing)
    return listing, values


def text(session: Session, *words: str, user: User = ROOT) -> str:
    listing, values = run(session, *words, user=user)
    return tables.listing(listing, values, colour=False, cells=None)


def ids(session: Session, *words: str, user: User = ROOT) -> list[int]:
    listing, _ = run(session, "list", *words, user=user)
    shown = [row[0] for row in listing.rows]
    assert [document["id"] for document in listing.documents()] == shown  # JSON agrees with the table
    return shown


@pytest.mark.covers("ON-050", "ON-051")
def test_the_list_to_the_byte(filled: Session) -> None:
    assert text(filled, "list") == (
        HEADER
        + "   4 root     oneadmin saved           stop    0   1024K              0d 00h02\n"
        + "   3 root     oneadmin new             pend    0      0K              0d 00h02\n"
        + "   1 root     oneadmin *db             poff    0      0K host0        1d 23h11\n"
        + "   0 root     oneadmin web             runn   12    1.5G host0        0d 00h02\n"
    )


@pytest.mark.covers("ON-051")
def test_the_time_of_a_vm_grows_until_it_is_done(session: Session) -> None:
    rows.vm(session, 0, "web", start_time=NOW - 59)
    rows.vm(session, 1, "db", start_time=NOW - 60)
    rows.vm(session, 2, "old", start_time=NOW - 1000 * 86400)
    rows.vm(session, 3, "skewed", start_time=NOW - 120, end_time=NOW - 60)
    assert [row[8] for row in run(session, "list")[0].rows] == ["  0d 00h01", "1000d 00h0", "  0d 00h01", "  0d 00h00"]


def test_an_empty_list_is_its_header(session: Session) -> None:
    assert text(session, "list") == HEADER
    assert text(session, "list", "--no-header") == ""


def test_columns_are_chosen_by_name_in_any_case_and_under_their_other_names(filled: Session) -> None:
    assert text(filled, "list", "-l", "id,Host,UCPU", "-f", "ID=0") == "  ID HOSTNAME    CPU\n   0 host0        12\n"
    assert text(filled, "list", "--listconf", "user", "--no-header", "-f", "ID=0") == (
        "   0 web             10.0.0.7        runn   12    1.5G host0        0d 00h02\n"
    )


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["-f", "STAT=runn"], [0]),
        (["-f", "STAT!=runn"], [4, 3, 1]),
        (["-f", "CPU>5"], [0]),
        (["-f", "NAME~e"], [4, 3, 0]),
        (["-f", "NAME~e,STAT=pend"], [3]),
        (["-f", "NAME=new,STAT=runn", "--operator", "OR"], [3, 0]),
        (["-f", "HOST=host0"], [1, 0]),
        (["-f", "IP=10.0.0.7"], [0]),
        (["--sort", "NAME"], [1, 3, 4, 0]),
        (["--sort", "-NAME"], [0, 4, 3, 1]),
        (["--sort", "MEM,-ID"], [3, 1, 4, 0]),
        (["--sort", "-CPU,ID"], [0, 1, 3, 4]),
    ],
)
def test_rows_are_filtered_and_sorted_by_their_cells(filled: Session, options: list[str], expected: list[int]) -> None:
    assert ids(filled, *options) == expected


@pytest.mark.parametrize(
    "options",
    [
        ["-l", "COLOUR"], ["-f", "COLOUR=red"], ["-f", "STAT"], ["-f", "=runn"], ["--sort", "COLOUR"],
        ["--size", "NAME"], ["--size", "NAME=0"], ["--size", "COLOUR=3"], ["--adjust", "COLOUR"],
        ["--expand", "COLOUR"],
    ],
)  # fmt: skip
def test_an_unknown_column_or_a_malformed_condition_is_bad_input(session: Session, options: list[str]) -> None:
    with pytest.raises(BadInput):
        run(session, "list", *options)


def test_a_column_is_as_wide_as_asked_for_or_as_its_cells_need(filled: Session) -> None:
    assert text(filled, "list", "-l", "NAME,ID", "-s", "NAME=3", "-f", "ID=4") == "NAM   ID\nsav    4\n"
    assert text(filled, "list", "-l", "NAME,ID", "--adjust", "NAME", "-f", "ID=4") == "NAME    ID\nsaved    4\n"


def test_numbers_and_kilobytes_instead_of_names_and_units(filled: Session) -> None:
    assert text(filled, "list", "-n", "-k", "-l", "USER,GROUP,MEM", "-f", "ID=0", "--no-header") == (
        "0        0        1572864K\n"
    )


def test_describe_explains_every_column_and_lists_nothing(filled: Session) -> None:
    command, _ = registry.find(["list"])
    told = command.read(Context(filled, ROOT, "batch", lambda: NOW), parse(command, ["--describe"], common=COMMON))
    assert isinstance(told, Text)
    assert [line.partition(":")[0].strip() for line in told.text.splitlines()] == [
        "ID", "USER", "GROUP", "NAME", "STAT", "CPU", "MEM", "HOSTNAME", "TIME", "CLUSTER", "IP",
    ]  # fmt: skip


def test_a_long_name_widens_its_column_for_a_program_and_is_cut_for_a_narrow_terminal(session: Session) -> None:
    rows.vm(session, 12345, "n" * 30)
    assert "n" * 30 in text(session, "list")
    listing, values = run(session, "list")
    narrow = tables.listing(listing, values, colour=False, cells=81).splitlines()
    assert {len(line) for line in narrow} == {81}
    assert f" {'n' * 17} " in narrow[1]


def test_the_columns_that_grow_are_those_asked_for_or_none(session: Session) -> None:
    rows.vm(session, 0, "n" * 30)
    for option, shown in (("--expand=NAME", 30), ("--expand=USER", 15), ("--no-expand", 15), ("--no-pager", 30)):
        cell = text(session, "list", "-l", "NAME,ID", option, "--extended", "--no-header").split()[0]
        assert len(cell) == shown, option


def test_a_number_too_long_for_its_column_is_not_cut(session: Session) -> None:
    rows.host(session, 0, "host0")
    rows.vm(session, 0, "web", at.RUNNING, host_id=0, cpu_percent=12800.0)
    assert " 12800 " in text(session, "list")
    rows.vm(session, 1, "w\u00e9b", at.RUNNING, host_id=0, cpu_percent=12800.0)
    assert text(session, "list").count(" 12800 ") == 2


@pytest.mark.parametrize(
    "name",
    [
        "a\x9b31mb",
        "a\x1b]0;x\x07b",
        "\u202egpj",
        "日本語サーバー",
        "e" + "\u0301" * 40,
        "[red]x[/]",
        "\ud800",
        "a\u2028b",
    ],
)
def test_a_hostile_name_is_escaped_and_the_columns_stay_aligned(sqlite_path: str, name: str) -> None:
    with open_session(sqlite_path, create=True) as session:
        rows.vm(session, 0, "plain")
        rows.vm(session, 1, name.encode("utf-8", "replace").decode())
        shown = text(session, "list", "--adjust", "NAME")
    assert all(char == "\n" or char.isprintable() for char in shown)
    header, hostile, plain = shown.splitlines()
    assert cells(hostile) == cells(plain)
    assert cells(header[: header.index("STAT")]) == cells(plain[: plain.index("pend")])


def test_colours_mark_states_and_the_header_and_nothing_else(filled: Session) -> None:
    listing, values = run(filled, "list", "-l", "ID,STAT", "-f", "ID<3", "--sort", "ID")
    assert tables.listing(listing, values, colour=True, cells=None) == (
        "\x1b[1;4m  ID STAT\x1b[0m\n   0 \x1b[32mrunn\x1b[0m\n   1 poff\n"
    )


def test_csv_has_the_columns_and_marks_what_a_spreadsheet_would_run(session: Session) -> None:
    for number, name in enumerate(["=cmd()", "+1", "@x", 'a,"b"', "plain", "l\u2028s"]):
        rows.vm(session, number, name)
    listing, values = run(session, "list", "-l", "ID,NAME", "--sort", "ID")
    assert list(csv.reader(io.StringIO(tables.csv(listing, values)))) == [
        ["ID", "NAME"], ["0", "'=cmd()"], ["1", "'+1"], ["2", "'@x"], ["3", 'a,"b"'], ["4", "plain"],
        ["5", "l\\u{2028}s"],
    ]  # fmt: skip
    listing, values = run(session, "list", "-l", "ID,STAT", "-f", "ID=4", "--no-header", "--csv-del", ";")
    assert tables.csv(listing, values) == "4;pend\n"


@pytest.mark.parametrize("delimiter", ["", ";;", "\n", '"'])
def test_csv_is_separated_by_one_printable_character(session: Session, delimiter: str) -> None:
    listing, values = run(session, "list")
    if delimiter:
        with pytest.raises(Usage):
            tables.csv(listing, values | {"csv_del": delimiter})
    else:
        assert tables.csv(listing, values | {"csv_del": delimiter}).startswith("ID,USER")


def test_the_filter_flag_selects_by_owner_and_group(session: Session) -> None:
    rows.insert(session, "user_group", id=100, name="team")
    anna, ben = rows.user(session, 1, "anna", group=100), rows.user(session, 2, "ben", group=100)
    rows.vm(session, 0, "of-root")
    rows.vm(session, 1, "of-anna", user_id=1, group_id=100, mode=0o640)
    rows.vm(session, 2, "of-ben", user_id=2, group_id=100, mode=0o640)
    rows.vm(session, 3, "elsewhere", user_id=1, group_id=0)
    assert ids(session) == [3, 2, 1, 0]
    assert ids(session, "m", user=anna) == [3, 1]
    assert ids(session, "g", user=anna) == [3, 2, 1]
    assert ids(session, "G", user=ben) == [2, 1]
    assert ids(session, "anna") == ids(session, "1") == [3, 1]
    with pytest.raises(NotFound):
        run(session, "list", "nobody")
    with pytest.raises(NotFound):
        run(session, "list", "9" * 30)


@pytest.mark.covers("ON-056")
def test_a_search_by_mac_returns_exactly_the_vm_that_has_it(filled: Session) -> None:
    rows.nic(filled, 3, 0, mac="02:00:0c:00:4c:de", ip="10.0.0.70")
    assert ids(filled, "--search", "MAC=02:00:0c:00:4c:dd") == [0]
    assert ids(filled, "--search", "mac=02:00:0C:00:4C:DD") == [0]
    assert ids(filled, "--search", "IP=10.0.0.7") == [0]
    assert ids(filled, "--search", "MAC=02:00:00:00:00:00") == []


@pytest.mark.covers("ON-057")
def test_a_search_by_name_returns_every_vm_of_that_name_newest_first(session: Session) -> None:
    for number in (2100, 21005):
        rows.vm(session, number, "test-vm")
    rows.vm(session, 5, "test-vm-2")
    assert ids(session, "--search", "NAME=test-vm") == [21005, 2100]


@pytest.mark.covers("ON-058")
def test_a_search_takes_any_attribute_and_refuses_what_is_no_pair(session: Session) -> None:
    rows.vm(session, 0, "web", attributes={"ENV": "prod 100%", "TEAM": {"LEAD": "zo\u00eb"}})
    rows.vm(session, 1, "db", template={"CONTEXT": {"ROLE": "sql"}, "DISK": [{"SIZE": "10"}, {"SIZE": "20"}]})
    rows.vm(session, 2, "gone", at.DONE, attributes={"ENV": "prod 100%"})
    assert ids(session, "--search", "ENV=prod 100%") == [0]
    assert ids(session, "--search", "ENV=prod") == []
    assert ids(session, "--search", "env=prod%") == []
    assert ids(session, "--search", "LEAD=zo\u00eb") == [0]
    assert ids(session, "--search", "ROLE=sql") == [1]
    assert ids(session, "--search", "SIZE=20") == [1]
    assert ids(session, "--search", "GROUP=oneadmin", "-f", "NAME=db") == [1]
    for malformed in ("ENV", "=x", "", " =x"):
        if malformed:
            with pytest.raises(BadInput):
                run(session, "list", "--search", malformed)


def test_a_search_finds_only_what_the_user_may_see(session: Session) -> None:
    anna = rows.user(session, 1, "anna")
    rows.vm(session, 0, "web")
    rows.vm(session, 1, "web", user_id=1)
    assert ids(session, "--search", "NAME=web", user=anna) == [1]


def test_many_filtered_vms_are_read_completely_and_in_order(session: Session) -> None:
    with session.write():
        session.executemany(
            "INSERT INTO vm (id, uuid, name, user_id, group_id, mode, state, lcm_state, prev_state, prev_lcm_state,"
            " state_since, start_time, cpu, vcpu, memory_mib) VALUES (?, ?, ?, 0, 0, 384, 1, 0, 1, 0, 0, 0, 1, 1, 64)",
            [(number, f"uuid-{number}", f"vm{number}") for number in range(vm_reading.CHUNK * 2 + 3)],
        )
    assert ids(session, "--sort", "ID", "-f", "ID>1") == list(range(2, vm_reading.CHUNK * 2 + 3))
