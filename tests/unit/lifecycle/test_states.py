"""Numbers, names and short states, against data/states.tsv."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys

import pytest

from tests.unit.lifecycle.tables import rows
from vmconsole.lifecycle import states as at


@pytest.mark.covers("ON-026")
def test_every_position_has_the_numbers_name_alias_and_category_of_the_table() -> None:
    written = [
        (row["name"], (int(row["state"]), int(row["lcm"])), row["alias"], row["category"]) for row in rows("states")
    ]
    built = [(place.name, place.numbers, place.alias, place.category) for place in at.POSITIONS]
    assert sorted(built) == sorted(written)


@pytest.mark.covers("ON-026")
def test_number_name_and_alias_lead_back_to_the_same_position() -> None:
    for place in at.POSITIONS:
        assert at.by_numbers(*place.numbers) is place
        assert at.position(place.name) is at.position(place.name.lower()) is place
        assert place in at.positions_shown_as(place.alias)
        assert at.ALIASES[place.numbers] == place.alias


@pytest.mark.covers("ON-026")
def test_reserved_numbers_are_never_produced() -> None:
    assert not {place.lcm for place in at.POSITIONS} & {13, 14, 58}
    assert {place.lcm for place in at.POSITIONS} == {*range(13), *range(15, 58), *range(59, 71)}
    assert {place.state for place in at.POSITIONS} == {*range(7), *range(8, 12)}


def test_lcm_state_is_lcm_init_unless_the_vm_is_active() -> None:
    for place in at.POSITIONS:
        assert (place.lcm == 0) == (place.lcm_name == "LCM_INIT") == (place.state_name != "ACTIVE")
    assert (at.POWEROFF.state_name, at.POWEROFF.lcm_name) == ("POWEROFF", "LCM_INIT")
    assert (at.BOOT.state_name, at.BOOT.lcm_name) == ("ACTIVE", "BOOT")


@pytest.mark.parametrize("pair", [(3, 0), (8, 3), (7, 0), (3, 13), (3, 71), (-1, 0)])
def test_a_pair_that_cannot_occur_has_no_position(pair: tuple[int, int]) -> None:
    with pytest.raises(KeyError):
        at.by_numbers(*pair)


def test_a_filter_may_spell_disk_resize_either_way() -> None:
    assert at.positions_shown_as("drsz") == at.positions_shown_as("DSRZ")
    assert at.positions_shown_as("dsrz") == (at.DISK_RESIZE, at.DISK_RESIZE_POWEROFF, at.DISK_RESIZE_UNDEPLOYED)
    assert at.positions_shown_as("nope") == ()


def test_fail_in_a_list_is_one_of_fifteen_positions() -> None:
    assert len(at.positions_shown_as("fail")) == 15
    assert {place for place in at.POSITIONS if place.is_failure} == set(at.positions_shown_as("fail"))


def test_only_init_is_never_shown_and_only_done_is_left_out_of_lists() -> None:
    assert [place for place in at.POSITIONS if not place.is_visible] == [at.INIT]
    assert [place for place in at.POSITIONS if place.is_visible and not place.is_listed] == [at.DONE]


def test_capacity_is_held_from_prolog_on_and_while_suspended_or_off() -> None:
    free = {"INIT", "PENDING", "HOLD", "STOPPED", "UNDEPLOYED", "DONE", "CLONING", "CLONING_FAILURE"}
    assert {place.name for place in at.POSITIONS if not at.holds_capacity(place)} == free
    assert {place.name for place in at.POSITIONS if not at.shows_host(place)} == free


def test_a_position_survives_copying_as_the_same_object() -> None:
    assert pickle.loads(pickle.dumps(at.RUNNING)) is at.RUNNING
    assert copy.deepcopy(at.RUNNING) is at.RUNNING


def test_importing_the_states_loads_nothing_else() -> None:
    program = (
        "import sys; before = set(sys.modules); import vmconsole.lifecycle.states; "
        "print(*sorted(set(sys.modules) - before))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert set(loaded.split()) <= {"__future__", "vmconsole", "vmconsole.lifecycle", "vmconsole.lifecycle.states"}
