"""The whole life-cycle on real hosts, against a table written by hand. `./run walk` is this test."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from .conftest import Publish
from .field import field
from .herd import Herd
from .hosts import Lab
from .walk.table import rendered
from .walk.walk import Walk

pytestmark = [pytest.mark.lab, pytest.mark.slow]


@pytest.mark.covers("ON-033", "ON-035", "ON-036", "ON-037", "ON-038", "ON-039")
def test_every_action_does_at_every_place_what_the_table_says(lab: Lab, tmp_path: Path, publish: Publish) -> None:
    begun = time.monotonic()
    with field(lab, tmp_path) as product:
        cells = Walk(Herd(product, lab)).everywhere()
    publish("the walk", rendered(cells, time.monotonic() - begun))
    assert [cell for cell in cells if cell.wrong] == []
