"""Accounts and groups. Who somebody is, the operating system says; here is what they may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.errors import Conflict, NotFound
from vmconsole.lifecycle.permissions import ADMINISTRATORS
from vmconsole.store.users import USERS

if TYPE_CHECKING:
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store


async def create(job: Job, around: Surroundings) -> Effect:
    """An account for a user of the operating system who has not been here yet."""
    name = str(job.arguments["name"])
    group_id = int(job.arguments.get("group_id") or USERS)

    def effect(store: Store) -> dict[str, Any]:
        if store.query("SELECT 1 FROM user_account WHERE name = ?", (name,)):
            raise Conflict(f"there is a user {name!r} already", code="USER_DUPLICATE")
        number = store.next_value("user_account")
        store.execute("INSERT INTO user_account (id, name, group_id) VALUES (?, ?, ?)", (number, name, group_id))
        _join(store, number, group_id)
        return {"user_id": number}

    return effect


async def change_group(job: Job, around: Surroundings) -> Effect:
    """Another primary group: what the user makes from now on belongs to it. He stays a member of the old one."""
    user_id, group_id = _pair(job)

    def effect(store: Store) -> None:
        if not store.execute("UPDATE user_account SET group_id = ? WHERE id = ?", (group_id, user_id)):
            raise NotFound(f"user {user_id} does not exist", code="NO_USER")
        _join(store, user_id, group_id)

    return effect


async def add_group(job: Job, around: Surroundings) -> Effect:
    """Make a user a member of one more group."""
    user_id, group_id = _pair(job)
    return lambda store: _join(store, user_id, group_id)


async def remove_group(job: Job, around: Surroundings) -> Effect:
    """Take a user out of a group that is not his primary one; the founder stays an administrator."""
    user_id, group_id = _pair(job)

    def effect(store: Store) -> None:
        rows = store.query("SELECT group_id FROM user_account WHERE id = ?", (user_id,))
        if rows and rows[0][0] == group_id:
            raise Conflict(
                f"group {group_id} is the primary group of user {user_id}",
                code="GROUP_PRIMARY",
                hint=f"vmconsole user chgrp {user_id} GROUP",
            )
        if user_id == ADMINISTRATORS == group_id:
            raise Conflict("who founded the store stays an administrator", code="USER_FOUNDER")
        if not store.execute("DELETE FROM membership WHERE user_id = ? AND group_id = ?", (user_id, group_id)):
            raise NotFound(f"user {user_id} is not in group {group_id}", code="NO_MEMBERSHIP")
        if group_id == ADMINISTRATORS:
            store.execute("UPDATE user_account SET administrator = 0 WHERE id = ?", (user_id,))

    return effect


async def create_group(job: Job, around: Surroundings) -> Effect:
    """A new group, without members."""
    name = str(job.arguments["name"])

    def effect(store: Store) -> dict[str, Any]:
        if store.query("SELECT 1 FROM user_group WHERE name = ?", (name,)):
            raise Conflict(f"there is a group {name!r} already", code="GROUP_DUPLICATE")
        number = store.next_value("user_group")
        store.execute("INSERT INTO user_group (id, name) VALUES (?, ?)", (number, name))
        return {"group_id": number}

    return effect


def _pair(job: Job) -> tuple[int, int]:
    return int(job.arguments["user_id"]), int(job.arguments["group_id"])


def _join(store: Store, user_id: int, group_id: int) -> None:
    """Membership; in the group of the administrators it makes one."""
    store.execute(
        "INSERT INTO membership (user_id, group_id) VALUES (?, ?) ON CONFLICT (user_id, group_id) DO NOTHING",
        (user_id, group_id),
    )
    if group_id == ADMINISTRATORS:
        store.execute("UPDATE user_account SET administrator = 1 WHERE id = ?", (user_id,))
