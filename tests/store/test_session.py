"""What a session promises on both engines."""

from __future__ import annotations

import pytest

from vmconsole.errors import Conflict, Internal, VmconsoleError
from vmconsole.store.session import Session, open_session


def test_a_new_store_holds_its_founder_the_default_datastores_and_the_default_network(session: Session) -> None:
    assert session.query("SELECT id, group_id, administrator FROM user_account") == [(0, 0, 1)]
    assert session.query("SELECT id, name, type, pool, directory FROM datastore ORDER BY id") == [
        (0, "system", "system", "vmconsole-system", "system"),
        (1, "default", "image", "vmconsole-images", "images"),
        (2, "files", "file", "vmconsole-files", "files"),
    ]
    assert session.query("SELECT id, name, source_kind, source FROM network") == [(0, "default", "network", "default")]
    assert len(session.query("SELECT value FROM meta WHERE key = ?", ("instance",))[0][0]) == 32


def test_a_second_session_finds_the_same_store(store_url: str) -> None:
    instances = set()
    for _ in range(2):
        with open_session(store_url, create=True) as session:
            instances |= set(session.query("SELECT value FROM meta WHERE key = 'instance'"))
    assert len(instances) == 1


def test_a_store_is_not_made_when_that_was_not_asked_for(store_url: str) -> None:
    with pytest.raises(VmconsoleError) as refused:
        open_session(store_url, create=False)
    assert (refused.value.code, refused.value.exit) == ("DB_MISSING", 78)


def test_ids_start_at_zero_continue_after_the_first_rows_and_are_not_reused_after_a_restart(store_url: str) -> None:
    with open_session(store_url, create=True) as session, session.write():
        assert [session.next_value("vm"), session.next_value("vm")] == [0, 1]
        assert session.next_value("datastore") == 3
    with open_session(store_url, create=True) as session, session.write():
        assert session.next_value("vm") == 2


def test_an_exception_takes_back_the_whole_block(session: Session) -> None:
    def interrupted() -> None:
        with session.write():
            session.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert session.query("SELECT 1 FROM meta WHERE key = 'a'") == []
    with session.write():
        assert session.execute("UPDATE meta SET value = ? WHERE key = ?", ("c", "absent")) == 0


def test_executemany_inserts_every_row(session: Session) -> None:
    with session.write():
        session.executemany("INSERT INTO meta (key, value) VALUES (?, ?)", [(f"k{i}", str(i)) for i in range(50)])
    assert session.query("SELECT count(*) FROM meta WHERE key LIKE ?", ("k%",)) == [(50,)]


def test_a_write_inside_a_write_is_a_bug(session: Session) -> None:
    with pytest.raises(Internal), session.write(), session.write():
        pass


def test_a_change_outside_a_transaction_is_a_bug(session: Session) -> None:
    with pytest.raises(Internal):
        session.execute("DELETE FROM meta")
    with pytest.raises(Internal):
        session.executemany("DELETE FROM meta WHERE key = ?", [("instance",)])
    assert session.query("SELECT 1 FROM meta WHERE key = 'instance'") == [(1,)]


def test_a_duplicate_key_and_a_missing_reference_are_told_apart(session: Session) -> None:
    with pytest.raises(Conflict) as duplicate, session.write():
        session.execute("INSERT INTO cluster (id, name) VALUES (1, 'default')")
    with pytest.raises(Conflict) as dangling, session.write():
        session.execute("INSERT INTO membership (user_id, group_id) VALUES (77, 0)")
    assert (duplicate.value.code, dangling.value.code) == ("DB_DUPLICATE", "DB_CONSTRAINT")


def test_a_block_that_passes_over_a_failed_statement_is_taken_back_on_both_engines(session: Session) -> None:
    def careless() -> None:
        with session.write():
            session.execute("INSERT INTO cluster (id, name) VALUES (1, 'new')")
            with pytest.raises(Conflict):
                session.execute("INSERT INTO cluster (id, name) VALUES (2, 'default')")

    with pytest.raises(Internal):
        careless()
    assert session.query("SELECT name FROM cluster") == [("default",)]
    with session.write():
        session.execute("INSERT INTO cluster (id, name) VALUES (1, 'new')")


def test_a_wrong_statement_is_a_bug_not_a_fault_of_the_store(session: Session) -> None:
    with pytest.raises(Internal):
        session.query("SELECT nothing FROM nowhere")


def test_a_flag_may_be_given_as_bool_on_both_engines(session: Session) -> None:
    with session.write():
        session.execute("UPDATE datastore SET shared = ? WHERE id = 1", (True,))
    assert session.query("SELECT shared FROM datastore WHERE shared = ?", (True,)) == [(1,)]


def test_the_marker_changes_when_another_session_commits_and_only_then(store_url: str) -> None:
    with (
        open_session(store_url, create=True) as writer,
        open_session(store_url, create=True, read_only=True) as watcher,
    ):
        before = watcher.changed_marker()
        assert watcher.changed_marker() == before
        with writer.write():
            writer.next_change()
        assert watcher.changed_marker() != before


def test_a_read_only_session_sees_new_rows_and_changes_nothing(store_url: str) -> None:
    with open_session(store_url, create=True, read_only=True) as reader, open_session(store_url, create=True) as writer:
        with pytest.raises(VmconsoleError), reader.write():
            reader.execute("DELETE FROM meta")
        with writer.write():
            writer.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')")
        assert reader.query("SELECT value FROM meta WHERE key = 'a'") == [("b",)]


def test_closing_twice_is_allowed_and_takes_back_an_open_block(store_url: str) -> None:
    session = open_session(store_url, create=True)
    session.write().__enter__()
    session.execute("INSERT INTO meta (key, value) VALUES ('a', 'b')")
    session.close()
    session.close()
    with open_session(store_url, create=True) as another:
        assert another.query("SELECT 1 FROM meta WHERE key = 'a'") == []


def test_numbers_taken_together_follow_each_other_and_are_not_given_out_again(session: Session) -> None:
    with session.write():
        assert session.next_values("things", 3) == range(3)
        assert session.next_value("things") == 3
        assert session.next_values("things", 2) == range(4, 6)
