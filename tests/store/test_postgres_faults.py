"""What goes wrong with a database server."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.store.cluster import Cluster
from vmconsole.errors import TryAgain, Unavailable, VmconsoleError
from vmconsole.store.session import open_session

pytestmark = pytest.mark.postgres


def refusal(url: str) -> VmconsoleError:
    with pytest.raises(VmconsoleError) as refused:
        open_session(url, create=True)
    return refused.value


def database_of(url: str) -> str:
    return url.partition("@/")[2].partition("?")[0]


def outcome(url: str) -> tuple[str, int]:
    error = refusal(url)
    return error.code, error.exit


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that this test alone may kill."""
    programs = Cluster.programs()
    if programs is None:
        pytest.skip("the PostgreSQL server programs are not installed")
    cluster = Cluster(programs)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.remove()


def test_a_server_that_does_not_answer_is_unreachable(tmp_path: object) -> None:
    assert outcome(f"postgresql:///none?host={tmp_path}") == ("DB_UNREACHABLE", 69)
    assert outcome("postgresql://127.0.0.1:1/none") == ("DB_UNREACHABLE", 69)


def test_a_password_is_never_shown() -> None:
    for url in ("postgresql://me:s3cret@127.0.0.1:1/none", "postgresql://127.0.0.1:1/none?user=me&password=s3cret"):
        error = refusal(url)
        assert "s3cret" not in f"{error} {error.document()}"


def test_a_text_that_is_no_url_is_a_fault_of_the_configuration() -> None:
    assert outcome("postgresql://127.0.0.1/none?no_such_setting=1") == ("DB_URL", 78)


def test_a_wrong_password_is_told_from_a_server_that_is_away(postgres_cluster: Cluster) -> None:
    postgres_cluster.require_password("guarded", "right")
    database = postgres_cluster.create_database(owner="guarded")
    url = postgres_cluster.url(database, user="guarded")
    assert outcome(url.replace("guarded@", "guarded:wrong@")) == ("DB_DENIED", 77)
    open_session(url.replace("guarded@", "guarded:right@"), create=True).close()


def test_a_database_that_does_not_exist_is_missing(postgres_cluster: Cluster) -> None:
    assert outcome(postgres_cluster.url("nowhere")) == ("DB_MISSING", 78)


def test_a_role_without_rights_is_denied(postgres_cluster: Cluster, postgres_url: str) -> None:
    open_session(postgres_url, create=True).close()
    postgres_cluster.administer("CREATE ROLE onlooker LOGIN")
    assert outcome(postgres_cluster.url(database_of(postgres_url), user="onlooker")) == ("DB_DENIED", 77)


def test_the_database_of_another_program_is_left_untouched(postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as other:
        other.execute("CREATE TABLE meta (precious TEXT)")
        assert outcome(postgres_url) == ("DB_NOT_OURS", 78)
        tables = other.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'")
        assert tables.fetchall() == [("meta",)]


def test_a_newer_store_is_left_untouched_and_an_open_session_stops_writing(postgres_url: str) -> None:
    session = open_session(postgres_url, create=True)
    with psycopg.connect(postgres_url, autocommit=True) as newer:
        newer.execute("UPDATE meta SET value = '99' WHERE key = 'schema'")
    assert outcome(postgres_url) == ("DB_TOO_NEW", 78)
    with pytest.raises(VmconsoleError) as refused, session.write():
        session.next_change()
    session.close()
    assert refused.value.code == "DB_TOO_NEW"


def test_a_read_only_copy_of_a_database_is_not_written(postgres_cluster: Cluster, postgres_url: str) -> None:
    open_session(postgres_url, create=True).close()
    postgres_cluster.administer(f"ALTER DATABASE {database_of(postgres_url)} SET default_transaction_read_only = on")
    with open_session(postgres_url, create=True) as session:
        with pytest.raises(Unavailable) as refused, session.write():
            session.next_change()
        assert refused.value.code == "DB_READ_ONLY"


def test_a_lock_that_another_client_keeps_is_waited_for_and_then_reported(postgres_url: str) -> None:
    with open_session(postgres_url, create=True) as session, psycopg.connect(postgres_url) as holder:
        holder.execute("LOCK TABLE counter")
        with pytest.raises(TryAgain) as refused, session.write():
            session.next_change()
        holder.rollback()
        assert (refused.value.code, refused.value.exit) == ("DB_BUSY", 75)
        with session.write():
            assert session.next_change() == 1


@pytest.mark.slow
def test_a_server_killed_in_a_transaction_leaves_nothing_of_it(own_cluster: Cluster) -> None:
    url = own_cluster.url(own_cluster.create_database())
    session = open_session(url, create=True)

    def interrupted() -> None:
        with session.write():
            session.execute("INSERT INTO meta (key, value) VALUES ('half', '')")
            own_cluster.stop("immediate")
            session.execute("INSERT INTO meta (key, value) VALUES ('other half', '')")

    with pytest.raises(Unavailable) as lost:
        interrupted()
    assert (lost.value.code, lost.value.exit) == ("DB_UNREACHABLE", 69)
    session.close()
    own_cluster.launch()
    with open_session(url, create=False) as again:
        assert again.query("SELECT key FROM meta WHERE key LIKE ?", ("%half",)) == []
