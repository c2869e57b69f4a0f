"""Operations outside the transition table: each reaches out first and then gives back what is to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.handlers import (
    first_host,
    host,
    image,
    image_settings,
    network,
    schedule,
    setting,
    template,
    user,
    vm,
)
from vmconsole.controller.handlers.in_place import IN_PLACE

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from vmconsole.controller.job import Job
    from vmconsole.controller.steps import Effect
    from vmconsole.controller.work import Surroundings

    Handler = Callable[[Job, Surroundings], Awaitable[Effect]]

HANDLERS: dict[str, Handler] = {
    "vm.create": vm.create,
    "vm.cleanup": vm.cleanup,
    "template.create": template.create,
    "template.delete": template.delete,
    "host.create": host.create,
    "host.first": first_host.take,
    "host.delete": host.delete,
    "host.enable": host.enable,
    "host.disable": host.disable,
    "host.offline": host.offline,
    "host.importvm": host.importvm,
    "host.trust": host.trust,
    "host.keys": host.keys,
    "image.create": image.create,
    "image.delete": image.delete,
    "image.clone": image.clone,
    "image.change": image_settings.change,
    "image.enable": image_settings.enable,
    "image.disable": image_settings.disable,
    "image.persistent": image_settings.make_persistent,
    "image.nonpersistent": image_settings.make_nonpersistent,
    "schedule.create": schedule.create,
    "schedule.update": schedule.update,
    "schedule.delete": schedule.delete,
    "schedule.pause": schedule.pause,
    "schedule.resume": schedule.resume,
    "schedule.run": schedule.run,
    "network.create": network.create,
    "network.addar": network.add_range,
    "network.delete": network.delete,
    "user.create": user.create,
    "user.chgrp": user.change_group,
    "user.addgroup": user.add_group,
    "user.delgroup": user.remove_group,
    "group.create": user.create_group,
    "setting.set": setting.change,
}

__all__ = ["HANDLERS", "IN_PLACE"]
