"""New images and templates: each is its owner's alone, under a name that he has given to no other (ON-144)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.volumes import IMAGES
from vmconsole.errors import Conflict
from vmconsole.lifecycle.permissions import default_mode

if TYPE_CHECKING:
    from vmconsole.store.session import Store


def add_image(
    store: Store, name: str, kind: str, *, user_id: int, now: int, persistent: bool = False, source: str = ""
) -> int:
    """The row of an image that has no content yet: locked until it has. Returns its id.

    Args:
        kind: OS, DATABLOCK or CDROM.
        source: what its content is to come from, for who looks for the row again.

    Raises:
        Conflict: the owner has an image of this name.
    """
    refuse_twin(store, "image", name, user_id)
    number = store.next_value("image")
    store.execute(
        "INSERT INTO image (id, name, user_id, group_id, mode, datastore_id, type, persistent, state, source,"
        " registered, changed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'lock', ?, ?, ?)",
        (
            number, name, user_id, _group_of(store, user_id), default_mode(), IMAGES, kind, int(persistent), source,
            now, store.next_change(),
        ),
    )  # fmt: skip
    return number


def add_template(store: Store, name: str, body: str, *, user_id: int, now: int) -> int:
    """The row of a template. Returns its id. Raises Conflict: the owner has a template of this name."""
    refuse_twin(store, "template", name, user_id)
    number = store.next_value("template")
    store.execute(
        "INSERT INTO template (id, name, user_id, group_id, mode, registered, body, changed)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, name, user_id, _group_of(store, user_id), default_mode(), now, body, store.next_change()),
    )
    return number


def refuse_twin(store: Store, kind: str, name: str, user_id: int) -> None:
    """Raise Conflict if the user has another image, or template, of this name."""
    if store.query(f"SELECT 1 FROM {kind} WHERE user_id = ? AND name = ?", (user_id, name)):
        raise Conflict(f"there is {_ARTICLES[kind]} {kind} {name!r} already", code=f"{kind.upper()}_DUPLICATE")


_ARTICLES = {"image": "an", "template": "a"}


def _group_of(store: Store, user_id: int) -> int:
    return int(store.query("SELECT group_id FROM user_account WHERE id = ?", (user_id,))[0][0])
