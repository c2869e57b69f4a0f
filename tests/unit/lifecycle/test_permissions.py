"""Rights, modes and locks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from vmconsole.lifecycle.permissions import (
    BadMode,
    Lock,
    Right,
    default_mode,
    granted,
    is_administrator,
    locked,
    mask_text,
    may_unlock,
    parse_mode,
    right_to_chmod,
)

modes = some.integers(0, 0o777)
few = some.integers(0, 3)
groups = some.frozensets(few)
rights = some.sampled_from(Right)


@given(right=rights, user=few, groups=groups, owner=few, group=few, mode=modes)
def test_any_class_that_grants_a_right_is_enough_and_no_class_takes_it_away(
    right: Right, user: int, groups: frozenset[int], owner: int, group: int, mode: int
) -> None:
    text = mask_text(mode).split()
    letter = {Right.USE: "u", Right.MANAGE: "m", Right.ADMIN: "a"}[right]
    classes = [True if index == 2 else user == owner if index == 0 else group in groups for index in range(3)]
    expected = any(applies and letter in bits for applies, bits in zip(classes, text, strict=True))
    found = granted(right, user=user, groups=groups, admin=False, owner=owner, group=group, mode=mode)
    assert found == expected


@given(right=rights, lock=some.sampled_from(Lock), mode=modes, user=few)
def test_administrators_pass_everything_but_a_lock(right: Right, lock: Lock, mode: int, user: int) -> None:
    found = granted(right, user=user, groups=frozenset(), admin=True, owner=9, group=9, mode=mode, lock=lock)
    assert found == (not locked(right, lock))


@pytest.mark.parametrize(
    ("lock", "passing"),
    [
        (Lock.NONE, {Right.USE, Right.MANAGE, Right.ADMIN}),
        (Lock.USE, set()),
        (Lock.MANAGE, {Right.USE}),
        (Lock.ADMIN, {Right.USE, Right.MANAGE}),
        (Lock.ALL, set()),
    ],
)
def test_a_lock_refuses_its_level_and_what_needs_more(lock: Lock, passing: set[Right]) -> None:
    assert {right for right in Right if not locked(right, lock)} == passing


def test_a_rule_of_the_administrators_grants_beyond_the_bits() -> None:
    def stranger(*, rule: bool, lock: Lock = Lock.NONE) -> bool:
        who = frozenset({7})
        return granted(
            Right.MANAGE, user=7, groups=who, admin=False, owner=1, group=1, mode=0o600, rule=rule, lock=lock
        )

    assert not stranger(rule=False)
    assert stranger(rule=True)
    assert not stranger(rule=True, lock=Lock.USE)


def test_a_new_vm_is_its_owners_alone_and_he_has_no_admin_right() -> None:
    assert mask_text(default_mode()) == "um- --- ---"
    assert mask_text(default_mode(administrator=True)) == "um- --- ---"
    assert mask_text(default_mode(0o007, administrator=True)) == "uma uma ---"


def test_640_lets_the_group_see_the_vm_but_not_stop_it() -> None:
    mode = parse_mode("640")
    assert mask_text(mode) == "um- u-- ---"
    found = {
        right
        for right in Right
        if granted(right, user=5, groups=frozenset({3}), admin=False, owner=1, group=3, mode=mode)
    }
    assert found == {Right.USE}


@given(mode=modes)
def test_octal_modes_round_trip(mode: int) -> None:
    assert parse_mode(f"{mode:03o}") == mode


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("u=rwx,g=r,o=", 0o000, 0o740),
        ("u=rw", 0o777, 0o677),
        ("g+r,o+r", 0o600, 0o644),
        ("go-rwx", 0o777, 0o700),
        ("a=r", 0o700, 0o444),
    ],
)
def test_symbolic_modes_change_only_what_they_name(text: str, before: int, after: int) -> None:
    assert parse_mode(text, before) == after


@pytest.mark.parametrize("text", ["", "64", "0640", "888", "6a0", "u", "u=q", "x=r", "=r", "u=r,", "u==r", "\uff1640"])
def test_a_mode_that_is_not_understood_is_refused_and_named(text: str) -> None:
    with pytest.raises(BadMode, match="octal"):
        parse_mode(text)


@given(old=modes, new=modes)
def test_changing_any_admin_bit_needs_the_admin_right(old: int, new: int) -> None:
    changes = [before != after for before, after in zip(mask_text(old), mask_text(new), strict=True)]
    assert right_to_chmod(old, new) is (Right.ADMIN if any(changes[2::4]) else Right.MANAGE)


def test_a_lock_is_taken_off_by_who_set_it_or_an_administrator() -> None:
    assert may_unlock(user=4, admin=False, locked_by=4)
    assert may_unlock(user=0, admin=True, locked_by=4)
    assert not may_unlock(user=5, admin=False, locked_by=4)


def test_user_0_and_members_of_group_0_are_administrators() -> None:
    assert is_administrator(0, frozenset({5}))
    assert is_administrator(5, frozenset({0, 5}))
    assert not is_administrator(5, frozenset({5}))
