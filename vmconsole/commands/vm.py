"""The commands on VMs: names, arguments and options of onevm."""

from __future__ import annotations

from vmconsole.commands.declaration import Argument, Command, Option
from vmconsole.commands.listing import LIST_OPTIONS, OWNER, VM_LIST_OPTIONS
from vmconsole.commands.machine_options import MACHINE, MAKING
from vmconsole.commands.ownership import LOCK_LEVELS
from vmconsole.commands.period import PERIOD_OPTIONS
from vmconsole.commands.scheduling import KEEP, SCHED

_VM = Argument("vm", "vm")
_VMS = Argument("vms", "vms")
_MANY = Argument("vms", "vms", many=True)
_HOST = Argument("host", "host")
_DATASTORE = Argument("datastore", "datastore", optional=True)
_DISK_ID = Argument("disk_id", "text")
_SNAPSHOT = Argument("snapshot", "text")
_OTHER = Argument("other", "text", optional=True)

_ACT = "vmconsole.commands.acting:act"


def _variant(long: str, help: str) -> Option:
    """A switch that makes another action of the command."""
    return Option(long, help, kind="variant")


_HARD = _variant("--hard", "at once, without asking the guest")
_BEFORE = Option("--snapshot-before", "take a snapshot first, which `undo` goes back to")
_ENFORCE = Option("--enforce", "refuse a host that has not enough left", short="-e")


def _action(
    words: str,
    arguments: tuple[Argument, ...] = (_MANY,),
    options: tuple[Option, ...] = (),
    preparer: str = _ACT,
) -> Command:
    return Command(words, "", arguments, options, preparer=preparer, action=True)


COMMANDS: tuple[Command, ...] = (
    Command("list", "list VMs", (OWNER,), VM_LIST_OPTIONS, reader="vmconsole.commands.vm_list:list_vms"),
    Command("show", "show one VM", (_VM,), (), reader="vmconsole.commands.vm_show:show"),
    Command(
        "monitoring",
        "list the stored samples of VMs, or of all of them",
        (Argument("vms", "vms", optional=True),),
        (*LIST_OPTIONS, *PERIOD_OPTIONS),
        reader="vmconsole.commands.monitoring:read",
    ),
    Command(
        "accounting",
        "list what VMs have used, stay by stay",
        (),
        (*LIST_OPTIONS, Option("--user", "VMs of one user", short="-u", metavar="USER"), *PERIOD_OPTIONS),
        reader="vmconsole.commands.accounting:read",
    ),
    Command(
        "create",
        "make a VM from a file or from options",
        (Argument("file", "file", optional=True),),
        (*MAKING, *MACHINE),
        preparer="vmconsole.commands.instantiation:create",
    ),
    _action("hold", options=SCHED),
    _action("release", options=SCHED),
    _action("deploy", (_VMS, _HOST, _DATASTORE), (_ENFORCE,)),
    _action("resume", options=SCHED),
    Command(
        "restart",
        "boot, or order the boot that is in flight once more",
        (_MANY,),
        (),
        preparer="vmconsole.commands.acting:restart",
        replaced_by="resume",
    ),
    _action("suspend", options=SCHED),
    _action("pause"),
    _action("stop", options=SCHED),
    _action("poweroff", options=(_HARD, _BEFORE, *SCHED)),
    _action("undeploy", options=(_HARD, _BEFORE, *SCHED)),
    _action("reboot", options=(_HARD, _BEFORE, *SCHED)),
    _action("terminate", options=(_HARD, *SCHED)),
    _action("resched"),
    _action("unresched"),
    _action(
        "migrate",
        (_VMS, _HOST, _DATASTORE),
        (
            _variant("--live", "while it runs"),
            _variant("--poff", "shut down, move, boot"),
            _variant("--poff-hard", "cut the power, move, boot"),
            _ENFORCE,
        ),
    ),
    Command(
        "resolve",
        "of a VM that is alive on two hosts, end all but one",
        (_VM,),
        (Option("--keep", "the host on which it stays", metavar="HOST"),),
        preparer="vmconsole.commands.resolution:resolve",
        level=2,
    ),
    Command(
        "recover",
        "take a stuck or failed operation to an end",
        (_MANY,),
        (
            _variant("--success", "take the step as succeeded"),
            _variant("--failure", "take the step as failed"),
            _variant("--retry", "do the step again"),
            _variant("--delete", "remove the VM from any state, with its disks"),
            _variant("--recreate", "start the VM afresh with new copies of its disks"),
            _variant("--delete-db", "forget the VM, and touch no host"),
            Option("--interactive", "with --retry: ask for each part of a failed transfer whether to do it again"),
            *SCHED,
        ),
        preparer="vmconsole.commands.recovering:recover",
        action=True,
    ),
    _action("disk-attach", (_VM,), (
        Option("--image", "image, by id or name", short="-i", metavar="IMAGE"),
        Option("--file", "template file with one DISK", short="-f", metavar="FILE"),
        Option("--target", "device in the guest", short="-t", metavar="DEVICE"),
    ), preparer="vmconsole.commands.devices:disk_attach"),
    _action("disk-detach", (_VM, _DISK_ID)),
    _action("nic-attach", (_VM,), (
        Option("--network", "network, by id or name", short="-n", metavar="NETWORK"),
        Option("--file", "template file with one NIC", short="-f", metavar="FILE"),
        Option("--ip", "address", short="-i", metavar="IP"),
    ), preparer="vmconsole.commands.devices:nic_attach"),
    _action("nic-detach", (_VM, Argument("nic_id", "text"))),
    _action("disk-snapshot-create", (_VM, _DISK_ID, Argument("name", "text")), (*KEEP, *SCHED)),
    _action("disk-snapshot-revert", (_VM, _DISK_ID, _SNAPSHOT), (_BEFORE, *SCHED)),
    _action("disk-snapshot-delete", (_VM, _DISK_ID, _SNAPSHOT), SCHED),
    _action("disk-snapshot-rename", (_VM, _DISK_ID, _SNAPSHOT, Argument("name", "text"))),
    _action("disk-saveas", (_VM, _DISK_ID, Argument("name", "text")), (
        Option("--type", "type of the new image", short="-t", metavar="TYPE"),
        Option("--snapshot", "snapshot to take", short="-s", metavar="ID"),
    )),
    _action("disk-resize", (_VM, _DISK_ID, Argument("size", "size"))),
    _action("snapshot-create", (_VMS, Argument("name", "text", optional=True)), (*KEEP, *SCHED)),
    _action("snapshot-revert", (_VM, _SNAPSHOT), (_BEFORE, *SCHED)),
    _action("snapshot-delete", (_VM, _SNAPSHOT), SCHED),
    Command(
        "disk-snapshot-diff",
        "compare two snapshots of a disk, or one with what is now",
        (_VM, _DISK_ID, _SNAPSHOT, _OTHER),
        (),
        reader="vmconsole.commands.snapshot_diff:of_disk",
    ),
    Command(
        "snapshot-diff",
        "compare two snapshots of memory and disks, or one with what is now",
        (_VM, _SNAPSHOT, _OTHER),
        (),
        reader="vmconsole.commands.snapshot_diff:of_memory",
    ),
    Command(
        "undo",
        "go back to what was before the last action with --snapshot-before",
        (_VM,),
        (),
        preparer="vmconsole.commands.undoing:undo",
        level=2,
    ),
    _action("resize", (_VM,), (
        Option("--cpu", "CPU share", metavar="CPU"),
        Option("--vcpu", "virtual CPUs", metavar="N"),
        Option("--memory", "memory", metavar="SIZE"),
        _ENFORCE,
    ), preparer="vmconsole.commands.devices:resize"),
    _action("updateconf", (_VM, Argument("file", "file", edited=True)), (
        Option("--append", "merge each section with the VM's own", short="-a"),
    ), preparer="vmconsole.commands.configuration:updateconf"),
    _action("save", (_VM, Argument("name", "text")), (
        Option("--persistent", "make the new images persistent"),
    ), preparer="vmconsole.commands.template_changes:save"),
    _action("backup", (_VM,), (
        Option("--datastore", "backup datastore, if there are several", short="-d", metavar="DATASTORE"),
        Option("--full", "all of every disk: a new chain begins"),
        Option("--reset", "as --full", name="full"),
        Option("--incremental", "only what has changed since the backup before, where that is known"),
        Option("--name", "name of the backup", metavar="NAME"),
        *KEEP,
        *SCHED,
    ), preparer="vmconsole.commands.backup:back_up"),
    _action("rename", (_VM, Argument("name", "text")), preparer="vmconsole.commands.acting:rename"),
    _action("chmod", (_VMS, Argument("mode", "text")), preparer="vmconsole.commands.acting:chmod"),
    _action("chown", (_VMS, Argument("user", "user"), Argument("group", "group", optional=True))),
    _action("chgrp", (_VMS, Argument("group", "group"))),
    _action("lock", (_VMS,), LOCK_LEVELS, preparer="vmconsole.commands.acting:lock"),
    _action("unlock", (_VMS,), preparer="vmconsole.commands.acting:unlock"),
    _action("update", (_VM, Argument("file", "file", edited=True)), (
        Option("--append", "merge with what is there", short="-a"),
    ), preparer="vmconsole.commands.acting:update"),
)  # fmt: skip
