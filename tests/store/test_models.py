"""The models describe exactly the tables that the schema scripts make."""

from __future__ import annotations

from collections.abc import Iterator

import peewee
import pytest

from vmconsole.errors import Conflict, Internal
from vmconsole.store.models import TABLES, Cluster, Datastore, FlagField, Row
from vmconsole.store.modelstore import ModelStore, open_model_store

TYPES = {
    "INTEGER": (peewee.IntegerField,),
    "BIGINT": (peewee.BigIntegerField,),
    "DOUBLE PRECISION": (peewee.DoubleField,),
    "TEXT": (peewee.TextField,),
}


@pytest.fixture
def store(store_url: str) -> Iterator[ModelStore]:
    with open_model_store(store_url) as opened:
        yield opened


def described(model: type[Row]) -> dict[str, tuple[str, bool, object]]:
    columns = {}
    for name, field in model._meta.columns.items():
        holder = field.rel_field if isinstance(field, peewee.ForeignKeyField) else field
        default = int(field.default) if isinstance(field, FlagField) and field.default is not None else field.default
        columns[name] = (_type(holder), bool(field.null), default)
    return columns


def _type(field: peewee.Field) -> str:
    for name, kinds in TYPES.items():
        if type(field) in kinds or (name == "INTEGER" and isinstance(field, FlagField)):
            return name
    raise AssertionError(f"{field.model.__name__}.{field.name} has a type that no column has")


def existing(store: ModelStore, table: str) -> dict[str, tuple[str, bool, object]]:
    if isinstance(store.database, peewee.SqliteDatabase):
        rows = store.query(f"SELECT name, type, \"notnull\" OR pk > 0, dflt_value FROM pragma_table_info('{table}')")
    else:
        rows = store.query(
            "SELECT column_name, upper(data_type), is_nullable = 'NO', column_default FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = ?",
            (table,),
        )
    return {name: (kind, not required, _literal(default)) for name, kind, required, default in rows}


def _literal(default: str | None) -> object:
    if default is None:
        return None
    text = default.partition("::")[0].strip("'")
    return text if "'" in default else float(text)


def tables(store: ModelStore) -> set[str]:
    return set(store.database.get_tables()) - {"sqlite_sequence"}


def test_every_table_has_one_model(store: ModelStore) -> None:
    assert tables(store) == {model._meta.table_name for model in TABLES}


def test_the_models_have_the_columns_types_and_defaults_of_the_tables(store: ModelStore) -> None:
    declared = {model._meta.table_name: described(model) for model in TABLES}
    assert declared == {table: existing(store, table) for table in declared}


def test_the_models_have_the_primary_keys_of_the_tables(store: ModelStore) -> None:
    declared = {model._meta.table_name: primary_key(model) for model in TABLES}
    assert declared == {table: set(store.database.get_primary_keys(table)) for table in declared}


def primary_key(model: type[Row]) -> set[str]:
    fields: tuple[peewee.Field, ...] = model._meta.get_primary_keys()  # type: ignore[no-untyped-call]
    return {field.column_name for field in fields}


def test_the_models_have_the_references_of_the_tables(store: ModelStore) -> None:
    declared = {
        model._meta.table_name: {
            (field.column_name, field.rel_model._meta.table_name, field.rel_field.column_name)
            for field in model._meta.refs
        }
        for model in TABLES
    }
    assert declared == {
        table: {(key.column, key.dest_table, key.dest_column) for key in store.database.get_foreign_keys(table)}
        for table in declared
    }


def test_a_model_and_a_statement_share_one_transaction(store: ModelStore) -> None:
    def interrupted() -> None:
        with store.write():
            Cluster.create(id=store.next_value("cluster"), name="by-model")
            assert store.query("SELECT name FROM cluster WHERE name = ?", ("by-model",)) == [("by-model",)]
            store.execute("UPDATE cluster SET name = ? WHERE name = ?", ("by-statement", "by-model"))
            assert Cluster.get(name="by-statement").id == 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        interrupted()
    assert [cluster.name for cluster in Cluster.select()] == ["default"]


def test_atomic_inside_a_write_is_a_savepoint(store: ModelStore) -> None:
    def interrupted() -> None:
        with store.database.atomic():
            Cluster.create(id=2, name="taken back")
            raise ZeroDivisionError

    with store.write():
        Cluster.create(id=1, name="kept")
        with pytest.raises(ZeroDivisionError):
            interrupted()
    assert [cluster.name for cluster in Cluster.select().order_by(Cluster.id)] == ["default", "kept"]


def test_a_model_that_changes_rows_outside_a_write_is_a_bug(store: ModelStore) -> None:
    with pytest.raises(Internal):
        Cluster.create(id=1, name="unguarded")
    with pytest.raises(Internal), store.database.atomic():
        pass
    assert Cluster.select().count() == 1


def test_errors_of_models_belong_to_our_tree(store: ModelStore) -> None:
    with pytest.raises(Conflict) as refused, store.write():
        Cluster.create(id=1, name="default")
    assert refused.value.code == "DB_DUPLICATE"


def test_a_flag_is_a_bool_in_a_model(store: ModelStore) -> None:
    assert Datastore.get_by_id(1).shared is False
    with store.write():
        Datastore.update(shared=True).where(Datastore.id == 1).execute()
    assert [each.id for each in Datastore.select().where(Datastore.shared == True)] == [1]  # noqa: E712


def test_the_models_serve_one_store_at_a_time(store: ModelStore, tmp_path: object) -> None:
    with pytest.raises(Internal):
        open_model_store(f"{tmp_path}/another.db")
