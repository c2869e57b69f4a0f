"""Operations outside the transition table: each reaches out first and then gives back what is to be written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmconsole.controller.handlers import (
    acl,
    backup,
    cluster,
    datastore,
    domain_snapshots,
    first_host,
    host,
    image,
    image_settings,
    leftovers,
    measuring,
    network,
    ownership,
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
    "vm.measure": measuring.measure,
    "domain.snapshots": domain_snapshots.read,
    "domain.snapshot-create": domain_snapshots.create,
    "domain.snapshot-revert": domain_snapshots.revert,
    "domain.snapshot-delete": domain_snapshots.delete,
    "domain.snapshot-redefine": domain_snapshots.redefine,
    "vm.withdraw": leftovers.withdraw,
    "vm.resolve": leftovers.resolve,
    "template.create": template.create,
    "template.clone": template.clone,
    "template.update": template.update,
    "template.delete": template.delete,
    "host.create": host.create,
    "host.first": first_host.take,
    "host.delete": host.delete,
    "host.enable": host.enable,
    "host.disable": host.disable,
    "host.offline": host.offline,
    "host.update": host.update,
    "host.confirm-off": host.confirm_off,
    "host.importvm": host.importvm,
    "host.trust": host.trust,
    "host.keys": host.keys,
    "image.create": image.create,
    "image.delete": image.delete,
    "image.clone": image.clone,
    "image.change": ownership.change,
    "image.enable": image_settings.enable,
    "image.disable": image_settings.disable,
    "image.persistent": image_settings.make_persistent,
    "image.nonpersistent": image_settings.make_nonpersistent,
    "backup.delete": backup.delete,
    "backup.restore": backup.restore,
    "schedule.create": schedule.create,
    "schedule.update": schedule.update,
    "schedule.delete": schedule.delete,
    "schedule.pause": schedule.pause,
    "schedule.resume": schedule.resume,
    "schedule.run": schedule.run,
    "template.change": ownership.change,
    "datastore.change": ownership.change,
    "datastore.create": datastore.create,
    "datastore.snapshots": datastore.keep_snapshots,
    "datastore.delete": datastore.delete,
    "network.change": ownership.change,
    "network.create": network.create,
    "network.addar": network.add_range,
    "network.rmar": network.remove_range,
    "network.hold": network.hold,
    "network.release": network.release,
    "network.delete": network.delete,
    "user.create": user.create,
    "user.chgrp": user.change_group,
    "user.addgroup": user.add_group,
    "user.delgroup": user.remove_group,
    "group.create": user.create_group,
    "acl.create": acl.create,
    "acl.delete": acl.delete,
    "cluster.create": cluster.create,
    "cluster.delete": cluster.delete,
    "cluster.addhost": cluster.add_host,
    "cluster.delhost": cluster.remove_host,
    "cluster.adddatastore": cluster.add,
    "cluster.deldatastore": cluster.remove,
    "cluster.addnetwork": cluster.add,
    "cluster.delnetwork": cluster.remove,
    "zone.create": cluster.create_zone,
    "zone.delete": cluster.delete_zone,
    "setting.set": setting.change,
}

__all__ = ["HANDLERS", "IN_PLACE"]
