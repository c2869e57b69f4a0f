"""A picture of the console over two real hosts: ``python -m tests.terminal.picture FILE.svg [COLUMNSxROWS]``, as root.

`docs/console.png` is made of it, in an environment of its own, for what draws is no dependency of the project:
``resvg_py.svg_to_bytes(svg_path="console.svg", font_dirs=["/usr/share/fonts/truetype/dejavu"])``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.lab.guests import build_guest
from tests.lab.hosts import Lab
from tests.lab.product import BARE, GUEST, Product, known
from vmconsole.console.app import Console
from vmconsole.store.session import open_session
from vmconsole.store.users import current_user

HOSTS = ("berlin", "zurich")
GUESTS = ("web-1", "web-2", "db-1", "cache-1")
OTHERS = (
    "api-1",
    "api-2",
    "build",
    "mail",
    "monitor",
    "proxy",
    "queue",
    "registry",
    "staging",
    "wiki",
    "archive",
    "git",
)
STUBBORN = ("legacy-erp",)
"""Guests that do not hear when they are asked to shut down."""
SAMPLES = 40.0
"""Seconds in which the controller measures before the picture is taken."""
_WANTED_FONT = "Fira Code"


def main(words: list[str]) -> int:
    if not 1 <= len(words) <= 2:
        print(__doc__, file=sys.stderr)
        return 2
    columns, rows = map(int, (words[1] if len(words) > 1 else "120x34").split("x"))
    os.umask(0o077)
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vmconsole-picture-")))
        lab = stack.enter_context(Lab(work / "lab", hosts=len(HOSTS), shared=True))
        product = stack.enter_context(Product(work))
        furnish(product, lab)
        Path(words[0]).write_text(asyncio.run(taken(str(product.store), (columns, rows), product)))
    return 0


def furnish(product: Product, lab: Lab) -> None:
    """A small fleet in many states, some of it under load."""
    product.settings(sweep_period=2, placement_period=1)
    for host, name in zip(lab.hosts, HOSTS, strict=True):
        product.run("host", "create", known(lab, host), "--name", name)
    guest = build_guest()
    for name, path in (("guest", guest.image), ("deaf", guest.deaf_image)):
        product.run("image", "create", "--name", name, "--path", path, "--type", "os")
        product.add_template(name, GUEST.format(image=name))
    product.add_template("bare", BARE)
    for template, names in (("bare", OTHERS), ("guest", GUESTS), ("deaf", STUBBORN)):
        for name in names:
            product.instantiate(template, "--name", name)
    numbers = {vm["name"]: str(vm["id"]) for vm in product.json("list")}
    for number in numbers.values():
        product.until(int(number), "runn", timeout=120)
    for command, name in (
        ("poweroff --hard", "archive"), ("suspend", "staging"), ("pause", "build"), ("suspend", "registry"),
        ("poweroff --hard", "mail"), ("stop", "queue"), ("resume", "registry"),
    ):  # fmt: skip
        product.run(*command.split(), numbers[name])
    time.sleep(SAMPLES)


async def taken(url: str, size: tuple[int, int], product: Product) -> str:
    """The console's screen as SVG, a VM chosen and an operation under way."""
    with open_session(url, create=False) as session:
        user = current_user(session, os.environ)
    console = Console(url, user, sweep_period=2)
    async with console.run_test(size=size) as pilot:
        await pilot.pause(2)
        await pilot.press("down", "down", "down")
        product.submit("poweroff", STUBBORN[0])
        here = next(vm["host"] for vm in product.json("list") if vm["name"] == "db-1")
        product.submit("migrate", "--live", "db-1", next(host for host in HOSTS if host != here))
        for _ in range(100):
            await pilot.pause(0.02)
            if any(map(_moves, console.model.work.operations.values())):
                break
        return console.export_screenshot(title="vmconsole").replace(_WANTED_FONT, "DejaVu Sans Mono")


def _moves(job: dict[str, Any]) -> bool:
    return job["command"] == "live-migrate" and bool(job["progress"])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
