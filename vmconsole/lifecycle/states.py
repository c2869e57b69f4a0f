"""Where a VM can be: one row for every position of its life-cycle.

A VM has two numbers, STATE and LCM_STATE, and the second means something only while the first is ACTIVE. The pairs
that can really occur are the rows below; a pair that cannot occur has no name. They read best through the module:

    from vmconsole.lifecycle import states as at
    at.RUNNING, at.POWEROFF
"""

# Every listing imports this module and pays for it, so it imports nothing: no enum, no typing (5 ms of a 60 ms budget).

from __future__ import annotations

STABLE, TRANSIENT, FAILURE, FINAL, INTERNAL = "stable", "transient", "failure", "final", "internal"
"""Categories: rests; an operation is in flight; one ended badly and waits for `recover`; ended; never shown."""

ACTIVE = 3
"""The STATE under which LCM_STATE means something."""
LCM_INIT = 0
"""The LCM_STATE of every VM that is not ACTIVE (ON-027)."""

RESERVED_STATES = frozenset({7})
RESERVED_LCM = frozenset({13, 14, 58})
"""Numbers of older releases: never produced, never given a new meaning (ON-025, ON-026)."""


class Position:
    """One place of the life-cycle. There is exactly one object per place, so `is` and `==` agree.

    The name is the one errors and `show` print: the LCM_STATE's while the VM is ACTIVE, else the STATE's.
    """

    __slots__ = ("alias", "category", "lcm", "meaning", "name", "state")

    def __init__(self, state: int, lcm: int, alias: str, category: str, meaning: str) -> None:
        self.name = ""
        self.state = state
        self.lcm = lcm
        self.alias = alias
        self.category = category
        self.meaning = meaning

    def __repr__(self) -> str:
        return self.name

    def __reduce__(self) -> tuple[object, tuple[int, int]]:
        return by_numbers, (self.state, self.lcm)

    @property
    def numbers(self) -> tuple[int, int]:
        """(STATE, LCM_STATE) as the store keeps them."""
        return self.state, self.lcm

    @property
    def state_name(self) -> str:
        return "ACTIVE" if self.state == ACTIVE else self.name

    @property
    def lcm_name(self) -> str:
        """Name of the LCM_STATE: LCM_INIT unless the VM is ACTIVE (ON-027)."""
        return self.name if self.state == ACTIVE else "LCM_INIT"

    @property
    def is_transient(self) -> bool:
        return self.category == TRANSIENT

    @property
    def is_failure(self) -> bool:
        return self.category == FAILURE

    @property
    def is_listed(self) -> bool:
        """Whether `list` and `top` show a VM here. DONE is left to `show` (ON-022)."""
        return self.category not in (INTERNAL, FINAL)

    @property
    def is_visible(self) -> bool:
        """Whether anything may show a VM here, or a hook may fire: not while its record is being written (ON-028)."""
        return self.category != INTERNAL


INIT = Position(0, LCM_INIT, "init", INTERNAL, "its record is being written")
PENDING = Position(1, LCM_INIT, "pend", STABLE, "waits for a host")
HOLD = Position(2, LCM_INIT, "hold", STABLE, "kept from the scheduler by its owner")
STOPPED = Position(4, LCM_INIT, "stop", STABLE, "disks and memory image in the system datastore, no host")
SUSPENDED = Position(5, LCM_INIT, "susp", STABLE, "memory image and disks on its host, capacity kept")
DONE = Position(6, LCM_INIT, "done", FINAL, "ended; kept for accounting")
POWEROFF = Position(8, LCM_INIT, "poff", STABLE, "off, disks on its host, capacity kept")
UNDEPLOYED = Position(9, LCM_INIT, "unde", STABLE, "off, disks in the system datastore, no host")
CLONING = Position(10, LCM_INIT, "clon", TRANSIENT, "waits for one of its images to be copied")
CLONING_FAILURE = Position(11, LCM_INIT, "fail", FAILURE, "one of its images could not be copied")

PROLOG = Position(ACTIVE, 1, "prol", TRANSIENT, "disks go to the host")
BOOT = Position(ACTIVE, 2, "boot", TRANSIENT, "the hypervisor is creating it")
RUNNING = Position(ACTIVE, 3, "runn", STABLE, "runs")
MIGRATE = Position(ACTIVE, 4, "migr", TRANSIENT, "moves to another host while it runs")
SAVE_STOP = Position(ACTIVE, 5, "save", TRANSIENT, "memory is saved, to be stopped")
SAVE_SUSPEND = Position(ACTIVE, 6, "save", TRANSIENT, "memory is saved, to be suspended")
SAVE_MIGRATE = Position(ACTIVE, 7, "save", TRANSIENT, "put to rest before it moves")
PROLOG_MIGRATE = Position(ACTIVE, 8, "migr", TRANSIENT, "files move to the new host")
PROLOG_RESUME = Position(ACTIVE, 9, "prol", TRANSIENT, "files of a stopped VM go to the host")
EPILOG_STOP = Position(ACTIVE, 10, "epil", TRANSIENT, "files go to the system datastore, to be stopped")
EPILOG = Position(ACTIVE, 11, "epil", TRANSIENT, "host is cleaned, images go home")
SHUTDOWN = Position(ACTIVE, 12, "shut", TRANSIENT, "shuts down for good")
CLEANUP_RESUBMIT = Position(ACTIVE, 15, "clea", TRANSIENT, "host is cleaned before a fresh start")
UNKNOWN = Position(ACTIVE, 16, "unkn", STABLE, "its host gives no news of it")
HOTPLUG = Position(ACTIVE, 17, "hotp", TRANSIENT, "a disk or its context changes while it runs")
SHUTDOWN_POWEROFF = Position(ACTIVE, 18, "shut", TRANSIENT, "shuts down, to be off")
BOOT_UNKNOWN = Position(ACTIVE, 19, "boot", TRANSIENT, "boots after being unknown")
BOOT_POWEROFF = Position(ACTIVE, 20, "boot", TRANSIENT, "boots after being off")
BOOT_SUSPENDED = Position(ACTIVE, 21, "boot", TRANSIENT, "wakes on its host")
BOOT_STOPPED = Position(ACTIVE, 22, "boot", TRANSIENT, "wakes after being stopped")
CLEANUP_DELETE = Position(ACTIVE, 23, "clea", TRANSIENT, "host is cleaned after a delete")
HOTPLUG_SNAPSHOT = Position(ACTIVE, 24, "snap", TRANSIENT, "a system snapshot is handled")
HOTPLUG_NIC = Position(ACTIVE, 25, "hotp", TRANSIENT, "a NIC changes while it runs")
HOTPLUG_SAVEAS = Position(ACTIVE, 26, "hotp", TRANSIENT, "a disk is exported while it runs")
HOTPLUG_SAVEAS_POWEROFF = Position(ACTIVE, 27, "hotp", TRANSIENT, "a disk is exported while it is off")
HOTPLUG_SAVEAS_SUSPENDED = Position(ACTIVE, 28, "hotp", TRANSIENT, "a disk is exported while it is suspended")
SHUTDOWN_UNDEPLOY = Position(ACTIVE, 29, "shut", TRANSIENT, "shuts down, to be undeployed")
EPILOG_UNDEPLOY = Position(ACTIVE, 30, "epil", TRANSIENT, "files go to the system datastore, to be undeployed")
PROLOG_UNDEPLOY = Position(ACTIVE, 31, "prol", TRANSIENT, "files of an undeployed VM go to the host")
BOOT_UNDEPLOY = Position(ACTIVE, 32, "boot", TRANSIENT, "boots after being undeployed")
HOTPLUG_PROLOG_POWEROFF = Position(ACTIVE, 33, "hotp", TRANSIENT, "a disk is attached while it is off")
HOTPLUG_EPILOG_POWEROFF = Position(ACTIVE, 34, "hotp", TRANSIENT, "a disk is detached while it is off")
BOOT_MIGRATE = Position(ACTIVE, 35, "boot", TRANSIENT, "wakes on its new host")
BOOT_FAILURE = Position(ACTIVE, 36, "fail", FAILURE, "could not be created on the host")
BOOT_MIGRATE_FAILURE = Position(ACTIVE, 37, "fail", FAILURE, "did not wake on the new host")
PROLOG_MIGRATE_FAILURE = Position(ACTIVE, 38, "fail", FAILURE, "files did not reach the new host")
PROLOG_FAILURE = Position(ACTIVE, 39, "fail", FAILURE, "disks did not reach the host")
EPILOG_FAILURE = Position(ACTIVE, 40, "fail", FAILURE, "host not cleaned, or images not home")
EPILOG_STOP_FAILURE = Position(ACTIVE, 41, "fail", FAILURE, "files did not reach the datastore, on the way to stopped")
EPILOG_UNDEPLOY_FAILURE = Position(
    ACTIVE, 42, "fail", FAILURE, "files did not reach the datastore, on the way to undeployed"
)
PROLOG_MIGRATE_POWEROFF = Position(ACTIVE, 43, "migr", TRANSIENT, "files move while it is off")
PROLOG_MIGRATE_POWEROFF_FAILURE = Position(ACTIVE, 44, "fail", FAILURE, "files did not move while it was off")
PROLOG_MIGRATE_SUSPEND = Position(ACTIVE, 45, "migr", TRANSIENT, "files move while it is suspended")
PROLOG_MIGRATE_SUSPEND_FAILURE = Position(ACTIVE, 46, "fail", FAILURE, "files did not move while it was suspended")
BOOT_UNDEPLOY_FAILURE = Position(ACTIVE, 47, "fail", FAILURE, "did not boot after being undeployed")
BOOT_STOPPED_FAILURE = Position(ACTIVE, 48, "fail", FAILURE, "did not wake after being stopped")
PROLOG_RESUME_FAILURE = Position(ACTIVE, 49, "fail", FAILURE, "files of the stopped VM did not reach the host")
PROLOG_UNDEPLOY_FAILURE = Position(ACTIVE, 50, "fail", FAILURE, "files of the undeployed VM did not reach the host")
DISK_SNAPSHOT_POWEROFF = Position(ACTIVE, 51, "snap", TRANSIENT, "a disk snapshot is taken while it is off")
DISK_SNAPSHOT_REVERT_POWEROFF = Position(
    ACTIVE, 52, "snap", TRANSIENT, "a disk goes back to a snapshot while it is off"
)
DISK_SNAPSHOT_DELETE_POWEROFF = Position(ACTIVE, 53, "snap", TRANSIENT, "a disk snapshot is deleted while it is off")
DISK_SNAPSHOT_SUSPENDED = Position(ACTIVE, 54, "snap", TRANSIENT, "a disk snapshot is taken while it is suspended")
DISK_SNAPSHOT_REVERT_SUSPENDED = Position(
    ACTIVE, 55, "snap", TRANSIENT, "a disk goes back to a snapshot while it is suspended"
)
DISK_SNAPSHOT_DELETE_SUSPENDED = Position(
    ACTIVE, 56, "snap", TRANSIENT, "a disk snapshot is deleted while it is suspended"
)
DISK_SNAPSHOT = Position(ACTIVE, 57, "snap", TRANSIENT, "a disk snapshot is taken while it runs")
DISK_SNAPSHOT_DELETE = Position(ACTIVE, 59, "snap", TRANSIENT, "a disk snapshot is deleted while it runs")
PROLOG_MIGRATE_UNKNOWN = Position(ACTIVE, 60, "migr", TRANSIENT, "moves away from a host that gives no news")
PROLOG_MIGRATE_UNKNOWN_FAILURE = Position(
    ACTIVE, 61, "fail", FAILURE, "did not get away from a host that gives no news"
)
DISK_RESIZE = Position(ACTIVE, 62, "dsrz", TRANSIENT, "a disk grows while it runs")
DISK_RESIZE_POWEROFF = Position(ACTIVE, 63, "dsrz", TRANSIENT, "a disk grows while it is off")
DISK_RESIZE_UNDEPLOYED = Position(ACTIVE, 64, "dsrz", TRANSIENT, "a disk grows while it is undeployed")
HOTPLUG_NIC_POWEROFF = Position(ACTIVE, 65, "hotp", TRANSIENT, "a NIC changes while it is off")
HOTPLUG_RESIZE = Position(ACTIVE, 66, "hotp", TRANSIENT, "CPU or memory changes while it runs")
HOTPLUG_SAVEAS_UNDEPLOYED = Position(ACTIVE, 67, "hotp", TRANSIENT, "a disk is exported while it is undeployed")
HOTPLUG_SAVEAS_STOPPED = Position(ACTIVE, 68, "hotp", TRANSIENT, "a disk is exported while it is stopped")
BACKUP = Position(ACTIVE, 69, "back", TRANSIENT, "is backed up while it runs")
BACKUP_POWEROFF = Position(ACTIVE, 70, "back", TRANSIENT, "is backed up while it is off")

_BY_NAME = {name: row for name, row in globals().items() if isinstance(row, Position)}
for _name, _row in _BY_NAME.items():
    _row.name = _name

POSITIONS: tuple[Position, ...] = tuple(_BY_NAME.values())
"""Every position, by STATE first and LCM_STATE second."""

_BY_NUMBERS = {row.numbers: row for row in POSITIONS}
ALIASES: dict[tuple[int, int], str] = {row.numbers: row.alias for row in POSITIONS}
"""Short state by (STATE, LCM_STATE) as stored: the cheap look-up for long listings."""

_ALIAS_SYNONYMS = {"drsz": "dsrz"}


def by_numbers(state: int, lcm: int) -> Position:
    """The position the two stored numbers mean. Raises KeyError for a pair that cannot occur."""
    return _BY_NUMBERS[state, lcm]


def position(name: str) -> Position:
    """The position called `name`, in any case. Raises KeyError for a name no position has."""
    return _BY_NAME[name.upper()]


def positions_shown_as(alias: str) -> tuple[Position, ...]:
    """Every position lists show as `alias`, in any case; none for an unknown alias.

    `drsz`, the spelling of some releases, means `dsrz`.
    """
    wanted = alias.lower()
    wanted = _ALIAS_SYNONYMS.get(wanted, wanted)
    return tuple(row for row in POSITIONS if row.alias == wanted)


def holds_capacity(place: Position) -> bool:
    """Whether CPU and memory are reserved for the VM on its host: while ACTIVE, SUSPENDED or POWEROFF."""
    return place.state == ACTIVE or place is SUSPENDED or place is POWEROFF


def shows_host(place: Position) -> bool:
    """Whether lists fill the HOSTNAME column: exactly where a host keeps capacity for the VM (ON-014 to ON-018)."""
    return holds_capacity(place)
