"""Conditions on the state of a row of ``vm`` as statements have them, spelt from the table of states."""

from __future__ import annotations

from vmconsole.lifecycle import states

ALIVE = f"vm.state <> {states.DONE.state}"
"""It is not done: it holds its disks, its addresses and its name."""
LISTED = f"vm.state NOT IN ({states.INIT.state}, {states.DONE.state})"
RUNS = f"vm.state = {states.RUNNING.state} AND vm.lcm_state = {states.RUNNING.lcm}"
