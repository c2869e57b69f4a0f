"""The model of the list: rows, filter, order, cursor, marks. No terminal."""

from __future__ import annotations

import pytest

from tests.console.fleet import change_some, insert_operation, insert_vms, vm
from vmconsole.console.filtering import FIELDS, Filter, SelectionError
from vmconsole.console.fleet import FleetModel
from vmconsole.lifecycle import states as at
from vmconsole.store.feed import Feed
from vmconsole.store.session import Session, open_session
from vmconsole.templates.selection import search_filter


@pytest.fixture
def model(feed: Feed) -> FleetModel:
    """The small fleet, read and in order."""
    model = FleetModel()
    model.apply(feed.opening(50))
    model.complete = True
    model.settle()
    return model


def names(model: FleetModel) -> list[str]:
    return [model.rows[number].name for number in model.order]


def test_the_newest_vm_stands_on_top_and_has_the_cursor(model: FleetModel) -> None:
    assert model.order == list(range(11, -1, -1))
    assert model.cursor == 11


def test_the_cursor_stays_on_its_vm_when_the_order_changes(model: FleetModel) -> None:
    model.move_to(4)
    kept = model.cursor
    model.sort_by("NAME")
    assert model.cursor == kept
    assert model.order[model.cursor_index] == kept


def test_a_new_vm_does_not_move_the_cursor(url: str, feed: Feed, model: FleetModel) -> None:
    model.move_to(2)
    kept = model.cursor
    with open_session(url, create=False) as other, other.write():
        insert_vms(other, iter([vm(12, "new", at.PENDING, None, changed=other.next_change())]))
    news = feed.news()
    assert news is not None
    model.apply(news)
    assert model.stale
    model.settle()
    assert model.order[0] == 12
    assert model.cursor == kept


def test_when_the_vm_under_the_cursor_goes_its_neighbour_takes_over(url: str, feed: Feed, model: FleetModel) -> None:
    model.move_to(3)
    gone = model.cursor
    model.toggle_mark(gone or 0)
    with open_session(url, create=False) as other, other.write():
        other.execute("UPDATE vm SET state = 6, changed = ? WHERE id = ?", (other.next_change(), gone))
    news = feed.news()
    assert news is not None
    model.apply(news)
    assert gone not in model.order
    assert gone not in model.marks
    assert model.cursor == model.order[3]


def test_states_are_counted_as_they_change(url: str, feed: Feed, model: FleetModel) -> None:
    assert model.states["runn"] == 4
    with open_session(url, create=False) as other, other.write():
        other.execute("UPDATE vm SET state = 8, lcm_state = 0, changed = ? WHERE id = 0", (other.next_change(),))
    news = feed.news()
    assert news is not None
    model.apply(news)
    assert (model.states["runn"], model.states["poff"]) == (3, 2)


def load(url: str, feed: Feed, model: FleetModel, cpu: float) -> None:
    """VM 0 is measured anew."""
    with open_session(url, create=False) as other:
        change_some(other, [0], cpu)
        news = feed.news()
    assert news is not None
    model.apply(news)


def test_a_change_that_the_order_does_not_depend_on_asks_for_no_new_order(
    url: str, feed: Feed, model: FleetModel
) -> None:
    load(url, feed, model, 3.0)
    assert not model.stale


def test_a_change_of_what_is_sorted_by_asks_for_a_new_order(url: str, feed: Feed, model: FleetModel) -> None:
    model.sort_by("CPU")
    load(url, feed, model, 99.0)
    assert model.stale
    model.settle()
    assert model.order[0] == 0


def test_a_second_sort_by_the_same_column_turns_the_order_round(model: FleetModel) -> None:
    model.sort_by("NAME")
    ascending = names(model)
    model.sort_by("NAME")
    assert names(model) == ascending[::-1]
    with pytest.raises(KeyError):
        model.sort_by("SHOE SIZE")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("web", {"web-1", "web-2"}),
        ("WEB-1", {"web-1"}),
        ("prod !web", {"db"}),
        ("tag=prod host=h2", {"web-2"}),
        ("state=runn", {"web-1", "web-2", "db", "übung-日本"}),
        ("state=BOOT_FAILURE", {"queue"}),
        ("10.0.0.13", {"mail"}),
        ("host=h1 !state=runn", {"build", "queue"}),
        ("cpu>1 name~b", {"web-1", "web-2", "db", "übung-日本"}),
        ("resched=1", {"db"}),
        ("nothing-like-this", set()),
    ],
)
def test_the_filter_shows_what_it_says(model: FleetModel, text: str, found: set[str]) -> None:
    model.set_filter(text)
    assert set(names(model)) == found


@pytest.mark.parametrize("text", ["web !db", "state=runn", "cpu>=40", "mem<900", "host!=h1", "tag=prod", "ip~10.0.0.1"])
def test_the_fast_filter_agrees_with_the_grammar(model: FleetModel, text: str) -> None:
    plain = search_filter(text, FIELDS)
    documents = {
        number: {name: value(model, row) for name, (_, value) in FIELDS.items()} for number, row in model.rows.items()
    }
    assert Filter(text).passing(model, model.rows) == [number for number in model.rows if plain(documents[number])]


def test_a_half_typed_filter_is_refused_and_the_old_one_stays(model: FleetModel) -> None:
    model.set_filter("web")
    with pytest.raises(SelectionError):
        model.set_filter("state=")
    assert names(model) == ["web-2", "web-1"]


def test_a_filter_on_load_follows_the_load(url: str, feed: Feed, model: FleetModel) -> None:
    model.set_filter("cpu>95")
    assert model.order == []
    with open_session(url, create=False) as other:
        change_some(other, [1], 97.0)
    news = feed.news()
    assert news is not None
    model.apply(news)
    model.settle()
    assert model.order == [1]


def test_commands_go_to_the_marked_vms_else_to_the_one_under_the_cursor(model: FleetModel) -> None:
    assert [row.id for row in model.targets()] == [11]
    model.toggle_mark(2)
    model.toggle_mark(0)
    assert [row.id for row in model.targets()] == [2, 0]


def test_marks_that_the_filter_hides_are_counted(model: FleetModel) -> None:
    model.toggle_mark(0)
    model.toggle_mark(3)
    model.set_filter("web")
    assert model.hidden_marks == 1
    model.invert_marks()
    assert sorted(model.marks) == [1, 3]
    model.mark_shown()
    assert sorted(model.marks) == [0, 1, 3]


def test_the_operation_that_runs_is_shown_rather_than_one_that_waits(url: str, feed: Feed, model: FleetModel) -> None:
    assert model.work.by_vm[4]["progress"] == 43.0
    with open_session(url, create=False) as other, other.write():
        insert_operation(other, "01LATER", 4, state="queued", started=None, progress=None)
        insert_operation(other, "01SECOND", 0, state="queued", started=None, progress=None)
    news = feed.news()
    assert news is not None
    model.apply(news)
    assert model.work.by_vm[4]["state"] == "running"
    assert model.work.by_vm[0]["id"] == "01SECOND"


def test_an_operation_that_ended_is_told_once(url: str, feed: Feed, model: FleetModel, store: Session) -> None:
    with open_session(url, create=False) as other, other.write():
        other.execute("UPDATE operation SET state = 'done', changed = ? WHERE vm_id = 4", (other.next_change(),))
    news = feed.news()
    assert news is not None
    model.apply(news)
    model.apply(news)
    assert [job["vm"] for job in model.work.take_ended()] == [4]
    assert model.work.take_ended() == []
    assert 4 not in model.work.by_vm


def test_a_vm_without_capacity_on_a_host_shows_no_host(model: FleetModel) -> None:
    shown = {row.name: model.host_name(row) for row in model.rows.values()}
    assert shown["archive"] == ""
    assert shown["mail"] == "h2"


def test_a_renamed_host_is_found_by_its_new_name(url: str, feed: Feed, model: FleetModel) -> None:
    model.set_filter("host=h9")
    assert model.order == []
    with open_session(url, create=False) as other, other.write():
        other.execute("UPDATE host SET name = 'h9' WHERE name = 'h1'")
    news = feed.news()
    assert news is not None
    model.apply(news)
    model.settle()
    assert "web-1" in names(model)


def test_what_is_not_read_again_is_gone(model: FleetModel) -> None:
    first, rest = list(model.rows.values())[:2], list(model.rows)[2:]
    model.toggle_mark(rest[0])
    model.begin()
    assert not model.complete
    model.put(first)
    model.end()
    assert set(model.rows) == {row.id for row in first}
    assert model.marks == {}
    assert model.order == sorted((row.id for row in first), reverse=True)
