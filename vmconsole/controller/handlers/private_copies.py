"""Copies of templates: the template alone, or with a persistent copy of each of its images (ON-139, ON-144).

Everything has its row from the beginning, so that a VM can be made on the copies and wait for them; what was made is
noted in the operation's arguments, where an interrupted attempt finds it again.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vmconsole.controller.handlers import image_copies
from vmconsole.controller.registration import add_image, add_template
from vmconsole.controller.supply import Supply
from vmconsole.errors import BadInput
from vmconsole.templates import syntax, vm
from vmconsole.templates.errors import BadInput as BadTemplate

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings
    from vmconsole.store.session import Store
    from vmconsole.templates.devices import DiskSpec
    from vmconsole.templates.template import Template


class Copy(NamedTuple):
    """A copy of a template, registered."""

    template_id: int
    template: Template


async def copied(
    job: Job,
    around: Surroundings,
    template: Template,
    name: str,
    *,
    images: bool,
    besides: Callable[[Store, Copy], dict[str, Any]] = lambda store, copy: {},
) -> Effect:
    """Register a copy of a template under a name; returns what then tells of it.

    Args:
        images: whether each image is copied too, as ``name-disk-0`` and so on; CD-ROMs are shared as they are.
        besides: what else is made in the transaction that registers the copy; its result is told too.

    Raises:
        NotFound, Denied, Conflict, BadInput: an image is not to be had, or a name is taken; nothing was registered.
        Unavailable: the content of an image cannot be reached; its copy is in error.
    """
    if "made" not in job.arguments:
        with around.journal.write() as store:
            made, filling = _register(store, job, template, name, int(around.clock()), images=images)
            result = {"template_id": made.template_id, **besides(store, made)}
            job.arguments = {**job.arguments, "made": result, "filling": filling}
            store.execute("UPDATE operation SET arguments = ? WHERE id = ?", (json.dumps(job.arguments), job.id))
    for source, number in job.arguments["filling"]:
        await image_copies.fill(around, source, number, again=job.again)
    return lambda store: job.arguments["made"]


def _register(
    store: Store, job: Job, template: Template, name: str, now: int, *, images: bool
) -> tuple[Copy, list[tuple[int, int]]]:
    """The copy of the template, and the images to be filled: each source with its copy."""
    copy = template.copy()
    copy.set("NAME", name)
    filling = []
    if images:
        copy.remove("DISK")
        supply = Supply(store, job.user_id, job.asked_by)
        for index, disk in enumerate(_disks(template)):
            image = None if disk.volatile is not None else supply.image(disk)
            vector = dict(template.vectors("DISK")[index])
            if image is not None and image.type != "CDROM":
                kind = image_copies.require_copyable(store, image.id)
                number = add_image(
                    store, f"{name}-disk-{index}", kind, user_id=job.user_id, now=now, persistent=True,
                    source=f"image:{image.id}",
                )  # fmt: skip
                filling.append((image.id, number))
                vector = {key: value for key, value in vector.items() if key not in ("IMAGE", "IMAGE_UNAME")}
                vector["IMAGE_ID"] = str(number)
            copy.add("DISK", vector)
    template_id = add_template(store, name, syntax.render(copy), user_id=job.user_id, now=now)
    return Copy(template_id, copy), filling


def _disks(template: Template) -> tuple[DiskSpec, ...]:
    try:
        return vm.check(template).disks
    except BadTemplate as error:
        raise BadInput(str(error), code="INPUT_TEMPLATE") from error
