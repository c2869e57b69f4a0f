"""A tree of snapshots built, walked and taken down by keys, in the console in a real terminal, on real hosts."""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterator

import pyte
import pytest

from tests.terminal.term import Term
from tests.terminal.test_console import ENQUIRY

from .disks import active, content, disk, scribble, tree
from .guests import GuestFiles
from .hosts import Lab
from .product import BARE, Document, Product, furnished
from .vms import running

pytestmark = pytest.mark.lab

ONLY = "0"
COLUMNS, ROWS = 100, 30
FORM = "enter do it"
UP, DOWN, TAB, ENTER, ESCAPE = "\x1b[A", "\x1b[B", "\t", "\r", "\x1b"


@pytest.fixture(scope="module")
def product(session_lab: Lab, guest: GuestFiles, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    with furnished(session_lab, tmp_path_factory.mktemp("keys"), guest) as product:
        product.run("image", "create", "--name", "data", "--size", "4")
        product.add_template("still", f'{BARE}DISK = [ IMAGE = "data" ]')
        yield product


class Pane:
    """The Snapshots pane of one VM in a terminal."""

    def __init__(self, term: Term, product: Product, number: int) -> None:
        self._term = term
        self._product = product
        self._number = number
        self._screen = pyte.Screen(COLUMNS, ROWS)
        self._stream = pyte.ByteStream(self._screen)
        self._fed = 0

    def shows(self, fact: Callable[[str], bool], timeout: float = 60) -> str:
        """What the terminal shows, as soon as the fact holds for it."""
        deadline = time.monotonic() + timeout
        while not fact(text := self._shown()):
            assert time.monotonic() < deadline, text
            self._term.read(0.2)
        return text

    def _shown(self) -> str:
        new = bytes(self._term.output[self._fed :])
        self._fed += len(new)
        self._stream.feed(ENQUIRY.sub(b"", new))
        return "\n".join(self._screen.display)

    def press(self, keys: str, *, then: str) -> None:
        """Press keys, and wait until a text is on the screen."""
        self._term.keys(keys)
        self.shows(lambda text: then in text)

    def point(self, snapshot: int) -> None:
        """Move the cursor to a snapshot: the first line is that of the disk, below it is the tree."""
        shown = self.shows(lambda text: bool(re.search(rf"[○●] {snapshot} ", text)))
        order = [int(found) for found in re.findall(r"[○●] (\d+) ", shown)]
        self._term.keys(UP * (len(order) + 1) + DOWN * (order.index(snapshot) + 1))

    def agree(self, *, to: str) -> None:
        """Answer the question before damage, once it is heard."""
        self.shows(lambda text: to in text and "Do it" in text)
        self._term.read(1.0)
        self._term.keys(TAB + ENTER)
        self.shows(lambda text: "Do it" not in text)

    def until(self, fact: Callable[[Document], bool]) -> Document:
        """The VM as soon as a fact holds for it and nothing is being done to it."""
        return self._product.eventually(self._look, lambda vm: fact(vm) and not vm["operation"])

    def _look(self) -> Document:
        self._term.read(0.1)  # a terminal that nobody reads would stop the console
        return self._product.vm(self._number)


def names(vm: Document) -> list[str]:
    return [found["name"] for found in vm["disk_snapshots"]]


def test_a_tree_is_built_walked_compared_and_taken_down_by_keys(session_lab: Lab, product: Product) -> None:
    number, host = running(product, session_lab, "still")
    product.run("poweroff", "--hard", str(number))
    line = [sys.executable, "-m", "vmconsole"]
    with Term(line, columns=COLUMNS, rows=ROWS, VMCONSOLE_DB=str(product.store)) as term:
        pane = Pane(term, product, number)
        pane.shows(lambda text: "poff" in text)
        pane.press("t", then="Disk 0 (vda)")
        sums = {}

        def take(name: str) -> Document:
            """A snapshot by keys; the cursor stays where it is."""
            step = len(product.vm(number)["disk_snapshots"])
            pane.press("n", then=FORM)
            term.keys(f"{name}{ENTER}")
            vm = pane.until(lambda vm: len(vm["disk_snapshots"]) == step + 1)
            pane.shows(lambda text: f"● {step} {name}" in text)
            return vm

        for step, name in enumerate(("first", "second")):
            scribble(host, disk(product.vm(number), ONLY)["path"], step + 1)
            sums[step] = content(host, disk(take(name), ONLY)["path"])
        # Back to the first, with what is lost said before; then a branch.
        term.keys(UP + UP + UP + DOWN)
        pane.press("v", then="on top of snapshot 1 (second")
        pane.agree(to="disk-snapshot-revert")
        vm = pane.until(lambda vm: active(vm, ONLY) == [0])
        assert content(host, disk(vm, ONLY)["path"]) == sums[0]
        pane.shows(lambda text: "● 0 first" in text and "○ 1 second" in text)
        assert tree(take("branch"), ONLY) == {0: -1, 1: 0, 2: 0}
        pane.shows(lambda text: "├─○ 1 second" in text and "└─● 2 branch" in text)
        # A name, a comparison, an image; then the leaf that nothing lies on goes.
        term.keys(DOWN)
        pane.press("e", then=FORM)
        term.keys(f"renamed{ENTER}")
        pane.until(lambda vm: names(vm) == ["first", "renamed", "branch"])
        pane.shows(lambda text: "○ 1 renamed" in text)
        term.keys(" " + DOWN)
        pane.press("C", then="WRITTEN BETWEEN")
        pane.press(ESCAPE, then="Disk 0 (vda)")
        term.keys(UP)
        pane.press("w", then=FORM)
        term.keys(f"saved{ENTER}")
        pane.until(lambda _: ("saved", "rdy") in [(one["name"], one["state"]) for one in product.json("image", "list")])
        (copy,) = product.json("image", "show", "saved")["copies"]
        assert content(host, copy["path"]) == sums[1]
        term.keys("x")
        pane.agree(to="disk-snapshot-delete")
        vm = pane.until(lambda vm: names(vm) == ["first", "branch"])
        assert tree(vm, ONLY) == {0: -1, 2: 0}
        pane.press("q", then="NAME")
        term.keys("q")
        assert term.end(seconds=60) == 0
    product.run("terminate", str(number))


def test_twelve_snapshots_on_three_branches_are_made_reverted_to_and_deleted_by_keys(
    session_lab: Lab, product: Product
) -> None:
    number, host = running(product, session_lab, "still")
    product.run("poweroff", "--hard", str(number))
    sums: dict[int, str] = {}
    parents: dict[int, int] = {}
    line = [sys.executable, "-m", "vmconsole"]
    with Term(line, columns=COLUMNS, rows=ROWS, VMCONSOLE_DB=str(product.store)) as term:
        pane = Pane(term, product, number)
        pane.shows(lambda text: f" {number} still" in text)
        term.keys("g")
        pane.press("t", then="Disk 0 (vda)")

        def take(snapshot: int) -> None:
            scribble(host, disk(product.vm(number), ONLY)["path"], snapshot + 1)
            pane.press("n", then=FORM)
            term.keys(f"s{snapshot}{ENTER}")
            vm = pane.until(lambda vm: active(vm, ONLY) == [snapshot])
            sums[snapshot] = content(host, disk(vm, ONLY)["path"])
            pane.shows(lambda text: f"● {snapshot} " in text)

        def revert(snapshot: int) -> None:
            pane.point(snapshot)
            term.keys("v")
            pane.agree(to="disk-snapshot-revert")
            vm = pane.until(lambda vm: active(vm, ONLY) == [snapshot])
            assert content(host, disk(vm, ONLY)["path"]) == sums[snapshot]
            pane.shows(lambda text: f"● {snapshot} " in text)

        def drop(leaf: int) -> None:
            pane.point(leaf)
            term.keys("x")
            pane.agree(to="disk-snapshot-delete")
            del parents[leaf]
            pane.until(lambda vm: tree(vm, ONLY) == parents)
            pane.shows(lambda text: not re.search(rf"[○●] {leaf} ", text))

        for snapshot in range(12):
            parents[snapshot] = -1 if snapshot == 0 else 0 if snapshot in (4, 8) else snapshot - 1
            if snapshot in (4, 8):
                revert(0)
            take(snapshot)
        assert tree(product.vm(number), ONLY) == parents
        assert len(set(sums.values())) == 12
        for snapshot in reversed(range(12)):
            revert(snapshot)
        for leaf in reversed(range(1, 12)):
            drop(leaf)
        assert content(host, disk(product.vm(number), ONLY)["path"]) == sums[0]
        pane.press("q", then="NAME")
        term.keys("q")
        assert term.end(seconds=60) == 0
    product.run("terminate", str(number))
