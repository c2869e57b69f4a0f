"""What stays of what is made again and again, and what else has to stay for its sake."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmconsole.controller.retention import Product, parted
from vmconsole.schedules.retention import DAY, EVERYTHING, Retention
from vmconsole.templates.errors import TemplateError
from vmconsole.templates.syntax import parse
from vmconsole.templates.vm import check_scheduled_action


@pytest.mark.parametrize(
    ("keep", "stays"),
    [
        (EVERYTHING, [True, True, True]),
        (Retention(last=2), [True, True, False]),
        (Retention(days=1), [True, True, False]),
        (Retention(last=1, days=1), [True, True, False]),
        (Retention(last=3, days=1), [True, True, True]),
    ],
)
def test_what_one_of_the_rules_keeps_stays(keep: Retention, stays: list[bool]) -> None:
    assert [keep.stays(rank, age) for rank, age in enumerate((0, DAY, DAY + 1))] == stays


def test_a_rule_of_nothing_is_no_rule() -> None:
    assert Retention.of({"keep_last": 0, "keep_days": None}) == EVERYTHING
    assert str(Retention(7, 30)) == "the last 7 and 30 days"
    assert str(EVERYTHING) == "everything"


def test_a_template_says_what_its_schedules_keep() -> None:
    read = check_scheduled_action(
        parse(
            'SCHED_ACTION = [ ACTION = "backup", TIME = "1", ARGS = "3,incremental", KEEP_LAST = "5", KEEP_DAYS = "9" ]'
        )
    )
    assert (read.args, read.keep_last, read.keep_days) == (("3", "incremental"), 5, 9)
    for block in (
        'ACTION = "hold", TIME = "1", KEEP_LAST = "5"',
        'ACTION = "backup", ARGS = "3", TIME = "1", KEEP_DAYS = "0"',
    ):
        with pytest.raises(TemplateError, match="KEEP_"):
            check_scheduled_action(parse(f"SCHED_ACTION = [ {block} ]"))


def chain(*ids: int) -> list[Product]:
    """Each lies on the one before."""
    parents = {above: (below,) for below, above in pairwise(ids)}
    return [Product(number, f"b{number}", 0, parents.get(number, ())) for number in ids]


def test_a_chain_goes_from_its_young_end_or_not_at_all() -> None:
    every = [*chain(1, 2, 3), *chain(4, 5)]
    going, staying = parted(every, every[:2])
    assert (going, [(each.id, reason) for each, reason in staying]) == (
        [],
        [(1, "b2 lies on it"), (2, "b3 lies on it")],
    )
    going, staying = parted(every, every[:3])
    assert ([each.id for each in going], staying) == ([3, 2, 1], [])


def test_what_is_needed_itself_stays_with_all_below() -> None:
    root, active = Product(0, "root", 0, (-1,)), Product(1, "active", 0, (0,), "the disk lies on it")
    branch = Product(2, "branch", 0, (0,))
    going, staying = parted([root, active, branch], [root, active, branch])
    assert [each.id for each in going] == [2]
    assert {each.id: reason for each, reason in staying} == {0: "active lies on it", 1: "the disk lies on it"}


@given(st.data())
def test_nothing_goes_on_which_something_lies_that_stays(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    every = [Product(number, f"b{number}", 0, (data.draw(st.integers(-1, number - 1)),)) for number in range(count)]
    outdated = [each for each in every if data.draw(st.booleans())]
    going, staying = parted(every, outdated)
    gone = {each.id for each in going}
    assert gone | {each.id for each, _ in staying} == {each.id for each in outdated}
    assert not [each for each in every if each.id not in gone and gone & set(each.lies_on)]
    for index, each in enumerate(going):  # whatever lies on it has gone before
        assert not [later for later in going[index + 1 :] if each.id in later.lies_on]
