"""A file that is not a usable store is refused and left exactly as it was."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from vmconsole.errors import Unusable
from vmconsole.store.session import open_session
from vmconsole.store.sqlite_file import APPLICATION_ID


@pytest.fixture
def path(sqlite_path: str) -> Path:
    """A sound store that nobody uses."""
    open_session(sqlite_path, create=True).close()
    return Path(sqlite_path)


def fingerprint(directory: Path) -> dict[str, str]:
    return {each.name: hashlib.sha256(each.read_bytes()).hexdigest() for each in directory.iterdir() if each.is_file()}


def refused_untouched(path: Path, code: str, *, read_only: bool = False) -> None:
    before = fingerprint(path.parent)
    with pytest.raises(Unusable) as refused:
        open_session(str(path), create=True, read_only=read_only)
    assert (refused.value.code, refused.value.exit) == (code, 78)
    assert fingerprint(path.parent) == before


def overwrite(path: Path, offset: int, content: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(offset)
        file.write(content)


def foreign(path: Path, *, wal: bool = False) -> None:
    path.unlink()
    other = sqlite3.connect(path)
    other.execute(f"PRAGMA journal_mode = {'wal' if wal else 'delete'}")
    other.execute("CREATE TABLE precious (value)")
    other.commit()
    other.close()


def zero_bytes(path: Path) -> None:
    path.write_bytes(b"")


def no_database(path: Path) -> None:
    path.write_text("a letter to my aunt\n" * 100)


def damaged_header(path: Path) -> None:
    overwrite(path, 0, os.urandom(100))


@pytest.mark.parametrize("damage", [foreign, zero_bytes, no_database, damaged_header])
@pytest.mark.parametrize("read_only", [False, True])
def test_a_file_that_is_not_ours_is_left_untouched(path: Path, damage: Callable[[Path], None], read_only: bool) -> None:
    damage(path)
    path.chmod(0o600)
    refused_untouched(path, "DB_NOT_OURS", read_only=read_only)


def test_the_unfinished_journal_of_another_program_is_not_replayed(path: Path) -> None:
    foreign(path, wal=True)
    other = sqlite3.connect(path)
    other.execute("INSERT INTO precious VALUES (1)")
    other.commit()
    for each in path.parent.iterdir():
        each.chmod(0o600)
    refused_untouched(path, "DB_NOT_OURS")
    other.close()


def test_a_directory_in_place_of_the_file_is_refused(path: Path) -> None:
    path.unlink()
    path.mkdir()
    with pytest.raises(Unusable) as refused:
        open_session(str(path), create=True)
    assert refused.value.code == "DB_NOT_OURS"


def test_a_newer_store_is_left_untouched(path: Path) -> None:
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    refused_untouched(path, "DB_TOO_NEW")
    refused_untouched(path, "DB_TOO_NEW", read_only=True)


def test_a_newer_version_that_stands_in_the_journal_only_is_noticed(path: Path) -> None:
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA wal_autocheckpoint = 0")
    newer.execute("PRAGMA user_version = 99")
    with pytest.raises(Unusable) as refused:
        open_session(str(path), create=True)
    newer.close()
    assert refused.value.code == "DB_TOO_NEW"


def first_page_lost(path: Path) -> None:
    overwrite(path, 100, b"\xff" * 3996)


def cut_short(path: Path) -> None:
    os.truncate(path, 6000)


@pytest.mark.parametrize("damage", [first_page_lost, cut_short])
def test_a_damaged_store_is_reported_as_such_and_kept(path: Path, damage: Callable[[Path], None]) -> None:
    damage(path)
    before = path.read_bytes()
    with pytest.raises(Unusable) as refused, open_session(str(path), create=True) as session:
        session.query("SELECT * FROM operation")
    assert (refused.value.code, refused.value.exit) == ("DB_CORRUPT", 78)
    assert path.read_bytes() == before


def test_a_symbolic_link_is_not_followed(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    refused_untouched(link, "DB_UNSAFE")


def test_a_link_to_nowhere_does_not_create_its_target(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path.with_name("absent.db"))
    refused_untouched(link, "DB_UNSAFE")
    assert not path.with_name("absent.db").exists()


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_store_that_others_may_write_is_refused(path: Path, mode: int) -> None:
    path.chmod(mode)
    refused_untouched(path, "DB_UNSAFE")


def test_a_store_that_others_may_only_read_is_accepted(path: Path) -> None:
    path.chmod(0o644)
    open_session(str(path), create=True, read_only=True).close()


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777])
def test_a_directory_that_others_may_write_is_refused(path: Path, mode: int) -> None:
    path.parent.chmod(mode)
    refused_untouched(path, "DB_UNSAFE")
    with pytest.raises(Unusable) as refused:
        open_session(str(path.with_name("new.db")), create=True)
    assert refused.value.code == "DB_UNSAFE"


def test_a_parent_directory_in_which_others_may_exchange_ours_is_refused(path: Path) -> None:
    path.parent.parent.chmod(0o777)
    refused_untouched(path, "DB_UNSAFE")


def test_a_directory_with_the_sticky_bit_is_accepted(path: Path) -> None:
    path.parent.chmod(0o1777)
    open_session(str(path), create=True).close()


def test_file_directory_and_side_files_belong_to_their_owner_alone(path: Path) -> None:
    session = open_session(str(path), create=True)
    with session.write():
        session.next_change()
    modes = {each.name.removeprefix(path.name): each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    session.close()
    assert modes == {"": 0o600, "-wal": 0o600, "-shm": 0o600}
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_new_store_is_in_wal_mode_and_carries_our_mark(path: Path) -> None:
    plain = sqlite3.connect(path)
    assert plain.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert plain.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)
    plain.close()


def test_a_session_writes_through_to_the_disk_and_checks_references(path: Path) -> None:
    with open_session(str(path), create=True) as session:
        assert session.query("PRAGMA synchronous") == [(2,)]
        assert session.query("PRAGMA foreign_keys") == [(1,)]


def test_a_name_with_the_signs_of_a_uri_names_that_file(tmp_path: Path) -> None:
    path = tmp_path / "a b?mode=memory#%41 ü.db"
    open_session(str(path), create=True).close()
    assert path.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file of another user")
def test_a_store_of_another_user_is_refused_even_to_root(path: Path) -> None:
    os.chown(path, 65534, 65534)
    refused_untouched(path, "DB_UNSAFE")
