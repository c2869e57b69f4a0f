"""What the feed brings, and what it does not."""

from __future__ import annotations

import os
from pathlib import Path

from tests.console.fleet import change_some, fill_large, insert_operation, vm
from vmconsole.lifecycle import states as at
from vmconsole.store import feed as feeds
from vmconsole.store.detail import read_detail
from vmconsole.store.feed import Feed
from vmconsole.store.session import Session, open_session
from vmconsole.store.users import User, current_user


def test_the_opening_brings_the_newest_vms_first(feed: Feed) -> None:
    opening = feed.opening(3)
    assert [row.id for row in opening.vms] == [11, 10, 9]
    assert [row.id for portion in feed.rest(9) for row in portion] == [8, 7, 6, 5, 4, 3, 2, 1, 0]


def test_a_row_knows_its_addresses_tags_and_host(feed: Feed) -> None:
    opening = feed.opening(50)
    web = next(row for row in opening.vms if row.name == "web-1")
    assert (web.ips, web.tags, opening.hosts[0].name) == (("10.0.0.10",), ("prod",), "h1")


def test_running_operations_are_part_of_the_opening(feed: Feed) -> None:
    assert [job["vm"] for job in feed.opening(50).operations] == [4]


def test_there_is_no_news_while_nobody_writes(feed: Feed) -> None:
    feed.opening(50)
    assert feed.news() is None


def test_only_changed_vms_are_news(url: str, feed: Feed) -> None:
    feed.opening(50)
    with open_session(url, create=False) as other:
        change_some(other, [3, 5], 12.5)
        news = feed.news()
        assert news is not None
        assert [(row.id, row.cpu) for row in news.vms] == [(3, 12.5), (5, 12.5)]
        assert feed.news() is None


def test_a_vm_that_is_done_is_gone(url: str, feed: Feed) -> None:
    feed.opening(50)
    with open_session(url, create=False) as other, other.write():
        other.execute("UPDATE vm SET state = 6, lcm_state = 0, changed = ? WHERE id = 3", (other.next_change(),))
    news = feed.news()
    assert news is not None
    assert (news.vms, news.gone) == ([], [3])


def test_an_operation_that_ends_is_news(url: str, feed: Feed) -> None:
    feed.opening(50)
    with open_session(url, create=False) as other, other.write():
        insert_operation(other, "01ENDED", 0, state="done", command="suspend")
    news = feed.news()
    assert news is not None
    assert [(job["id"], job["state"]) for job in news.operations] == [("01ENDED", "done")]


def test_who_may_not_use_a_vm_does_not_see_it(store: Session) -> None:
    stranger = User(9, "stranger", 1, frozenset({1}), administrator=False, asked_by="stranger")
    feed = Feed(store, stranger)
    assert feed.opening(50).vms == []
    assert read_detail(store, stranger, 0) is None


def test_all_portions_together_are_the_whole_fleet(tmp_path: Path) -> None:
    url = str(tmp_path / "large.db")
    fill_large(url, 2500)
    with open_session(url, create=False) as session:
        feed = Feed(session, current_user(session, os.environ))
        opening = feed.opening(200)
        portions = list(feed.rest(opening.vms[-1].id))
    assert [len(portion) for portion in portions] == [1000, 1000, 300]
    assert len({row.id for portion in (opening.vms, *portions) for row in portion}) == 2500


def test_a_large_change_comes_in_portions_that_together_are_all_of_it(tmp_path: Path) -> None:
    url = str(tmp_path / "large.db")
    fill_large(url, 700)
    with open_session(url, create=False) as session, open_session(url, create=False) as other:
        feed = Feed(session, current_user(session, os.environ))
        feed.opening(700)
        with other.write():
            change = other.next_change()
            other.execute("UPDATE vm SET cpu_percent = 77, changed = ? WHERE id < 600", (change,))
            other.execute("UPDATE vm SET state = 6, lcm_state = 0 WHERE id = 599")
        news = feed.news()
        assert news is not None
        rest = list(feed.more_news())
        assert feed.news() is None
    assert [len(news.vms), *(len(vms) for vms, _ in rest)] == [250, 250, 99]
    assert {row.id for vms in (news.vms, *(vms for vms, _ in rest)) for row in vms} == set(range(599))
    assert rest[-1][1] == [599]


def test_why_a_vm_is_in_a_failure_state_is_known_from_the_start(url: str, feed: Feed) -> None:
    with open_session(url, create=False) as other, other.write():
        insert_operation(other, "01BOOT", 6, state="failed", command="deploy", error='{"message": "no room"}')
    failed = [job for job in feed.opening(50).operations if job["state"] == "failed"]
    assert [(job["vm"], job["error"]["message"]) for job in failed] == [(6, "no room")]


def test_details_hold_what_hangs_on_a_vm(store: Session) -> None:
    detail = read_detail(store, current_user(store, os.environ), 0)
    assert detail is not None
    assert detail.document["name"] == "web-1"
    assert len(detail.samples) == 200
    assert detail.samples[0][0] < detail.samples[-1][0]


def test_names_are_read_for_completion(store: Session) -> None:
    assert feeds.names_of(store, "host") == ["h1", "h2"]
    assert feeds.names_of(store, "text") == []


def test_the_fixture_can_make_any_state() -> None:
    assert vm(1, "x", at.RUNNING, 0)[6:8] == (3, 3)
