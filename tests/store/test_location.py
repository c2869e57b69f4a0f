"""Which store is meant."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from vmconsole.errors import Denied, Unusable
from vmconsole.store.location import is_postgres, run_dir, store_url, without_password
from vmconsole.store.session import open_session


def test_the_option_is_stronger_than_the_environment_and_that_than_the_default() -> None:
    environ = {"VMCONSOLE_DB": "/e/store.db", "XDG_STATE_HOME": "/state"}
    assert store_url("/o/store.db", environ) == "/o/store.db"
    assert store_url(None, environ) == "/e/store.db"
    assert store_url(None, {"XDG_STATE_HOME": "/state"}) == "/state/vmconsole/vmconsole.db"


def test_a_relative_path_is_meant_from_here_and_a_tilde_from_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ann")
    assert store_url("a/../b.db", {}) == os.path.join(os.getcwd(), "b.db")
    assert store_url("~/b.db", {}) == "/home/ann/b.db"


@pytest.mark.parametrize(
    ("uid", "environ", "expected"),
    [
        (0, {}, "/var/lib/vmconsole/vmconsole.db"),
        (1000, {}, "/home/ann/.local/state/vmconsole/vmconsole.db"),
        (1000, {"XDG_STATE_HOME": "relative"}, "/home/ann/.local/state/vmconsole/vmconsole.db"),
    ],
)
def test_the_default_belongs_to_the_user_or_to_the_system(
    monkeypatch: pytest.MonkeyPatch, uid: int, environ: dict[str, str], expected: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    monkeypatch.setenv("HOME", "/home/ann")
    assert store_url(None, environ) == expected


def test_a_url_of_postgresql_is_taken_as_it_is() -> None:
    for url in ("postgresql://h/db", "postgres://h/db"):
        assert is_postgres(store_url(url, {}))
        assert store_url(url, {}) == url
    assert not is_postgres("/a/postgresql.db")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://me:secret@h:5432/db", "postgresql://me@h:5432/db"),
        ("postgresql://me:se:c@ret@h/db", "postgresql://me@h/db"),
        ("postgresql://h/db?user=me&password=secret&sslpassword=secret", "postgresql://h/db?user=me"),
        ("postgresql://h/db", "postgresql://h/db"),
    ],
)
def test_a_password_is_left_out_where_the_url_is_shown(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_the_run_directory_of_a_file_lies_beside_it_and_is_private(tmp_path: Path) -> None:
    directory = run_dir(str(tmp_path / "deep" / "store.db"))
    assert directory == str(tmp_path / "deep" / "store.run")
    assert os.stat(directory).st_mode & 0o777 == 0o700
    assert run_dir(str(tmp_path / "deep" / "store.db")) == directory


def test_each_database_has_a_run_directory_and_the_password_makes_no_difference(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path)}
    first = run_dir("postgresql://me:old@h/db", environ)
    assert first == run_dir("postgresql://me:new@h/db", environ)
    assert first != run_dir("postgresql://me@h/other", environ)
    assert os.path.dirname(first) == str(tmp_path / "vmconsole")


def test_a_run_directory_that_others_may_enter_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.run").mkdir(mode=0o755)
    with pytest.raises(Unusable) as refused:
        run_dir(str(tmp_path / "store.db"))
    assert refused.value.code == "DB_UNSAFE"


def test_a_run_directory_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "store.run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unusable):
        run_dir(str(tmp_path / "store.db"))


def test_a_run_directory_that_cannot_be_made_is_denied() -> None:
    with pytest.raises(Denied):
        run_dir("/proc/vmconsole/store.db")


def test_without_the_driver_of_postgresql_one_is_told_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "vmconsole.store.postgres", raising=False)
    with pytest.raises(Unusable) as refused:
        open_session("postgresql:///any", create=True)
    assert refused.value.code == "DB_DRIVER"
    assert "vmconsole[postgresql]" in refused.value.hint
