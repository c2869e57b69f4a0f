"""Who is at the keyboard."""

from __future__ import annotations

import os
import pwd

import pytest

from vmconsole.store.session import Session, open_session
from vmconsole.store.users import ADMINISTRATORS, NOBODY, USERS, current_user

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def founded_by_another(session: Session) -> Session:
    """A store in which whoever runs the tests is not known yet."""
    with session.write():
        session.execute("UPDATE user_account SET name = 'the-founder' WHERE id = 0")
    return session


def test_whoever_makes_the_store_is_its_administrator(session: Session) -> None:
    user = current_user(session, {})
    assert (user.id, user.name, user.group_id, user.groups) == (0, ME, ADMINISTRATORS, frozenset({ADMINISTRATORS}))
    assert user.administrator


def test_everybody_else_becomes_an_ordinary_user_at_first_sight(founded_by_another: Session) -> None:
    user = current_user(founded_by_another, {})
    assert (user.id, user.name, user.group_id, user.groups) == (1, ME, USERS, frozenset({USERS}))
    assert not user.administrator
    assert current_user(founded_by_another, {}).id == user.id
    assert founded_by_another.query("SELECT count(*) FROM user_account") == [(2,)]


def test_a_session_for_reading_enrols_nobody(founded_by_another: Session, store_url: str) -> None:
    with open_session(store_url, create=False, read_only=True) as reader:
        user = current_user(reader, {})
    assert (user.id, user.name, user.administrator) == (NOBODY, ME, False)
    assert founded_by_another.query("SELECT count(*) FROM user_account") == [(1,)]


def test_further_groups_count(session: Session) -> None:
    with session.write():
        session.execute("INSERT INTO membership (user_id, group_id) VALUES (0, ?)", (USERS,))
    assert current_user(session, {}).groups == {ADMINISTRATORS, USERS}


def test_the_caller_of_sudo_is_recorded_but_only_root_is_believed(session: Session) -> None:
    expected = "ann as root" if os.getuid() == 0 else ME
    user = current_user(session, {"SUDO_USER": "ann"})
    assert (user.name, user.asked_by) == (ME, expected)
    assert current_user(session, {}).asked_by == ME
