"""Ids that a client makes."""

from __future__ import annotations

import re
import time

from vmconsole.store.ids import new_operation_id

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def test_ids_sort_in_the_order_they_were_made_and_are_never_equal() -> None:
    ids = [new_operation_id() for _ in range(20_000)]
    assert sorted(set(ids)) == ids
    assert all(re.fullmatch(f"[{ALPHABET}]{{26}}", each) for each in ids)


def test_an_id_tells_when_it_was_made() -> None:
    before = time.time_ns() // 1_000_000
    number = 0
    for sign in new_operation_id()[:10]:
        number = number * 32 + ALPHABET.index(sign)
    assert before <= number <= time.time_ns() // 1_000_000 + 1
