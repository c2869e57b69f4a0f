"""What is done on a host while a VM passes a transient state, and what becomes of the record it is about."""

from __future__ import annotations

from enum import StrEnum


class Step(StrEnum):
    """The work of one stage. The executor has exactly one piece of code for each."""

    CLONE_IMAGES = "clone_images"
    PROLOG = "prolog"
    """Image datastore to host: first deployment."""
    FETCH = "fetch"
    """System datastore to host: back from STOPPED or UNDEPLOYED."""
    TRANSFER = "transfer"
    """Old host to new host."""
    TAKE_OVER = "take_over"
    """What the old host, which may be silent, had of a VM that is unknown: on the new host."""
    STORE = "store"
    """Host to system datastore."""
    EPILOG = "epilog"
    """Images to be saved go home, the host is cleaned."""
    CLEANUP = "cleanup"
    """What `recovery.Cleanup` says; never fails in a way anyone waits for."""

    BOOT = "boot"
    RESTORE = "restore"
    SAVE = "save"
    PAUSE = "pause"
    UNPAUSE = "unpause"
    SHUTDOWN = "shutdown"
    DESTROY = "destroy"
    MIGRATE_LIVE = "migrate_live"

    ATTACH_DISK = "attach_disk"
    DETACH_DISK = "detach_disk"
    ATTACH_NIC = "attach_nic"
    DETACH_NIC = "detach_nic"
    UPDATE_CONTEXT = "update_context"
    RESIZE = "resize"
    RESIZE_DISK = "resize_disk"
    SAVE_AS = "save_as"
    BACKUP = "backup"
    CREATE_SNAPSHOT = "create_snapshot"
    REVERT_SNAPSHOT = "revert_snapshot"
    DELETE_SNAPSHOT = "delete_snapshot"
    CREATE_DISK_SNAPSHOT = "create_disk_snapshot"
    REVERT_DISK_SNAPSHOT = "revert_disk_snapshot"
    DELETE_DISK_SNAPSHOT = "delete_disk_snapshot"


class Variant(StrEnum):
    """Which of the operations that share a transient state is in flight."""

    PLAIN = ""
    HARD = "hard"
    POFF = "poff"
    POFF_HARD = "poff-hard"
    PAUSED = "paused"
    HELD = "held"
    ATTACH = "attach"
    DETACH = "detach"
    CONTEXT = "context"
    CREATE = "create"
    REVERT = "revert"
    DELETE = "delete"


class Entry(StrEnum):
    """What becomes of the record an operation is about: a disk, NIC, snapshot, size, image or backup."""

    NONE = "none"
    KEEP = "keep"
    REMOVE = "remove"
    ACTIVATE = "activate"
    """A disk snapshot is kept and becomes the active one."""
    RESTORE = "restore"
    """The values from before the operation come back."""
    READY = "ready"
    ERROR = "error"


_ENTRIES: dict[Step, tuple[Entry, Entry]] = {
    Step.ATTACH_DISK: (Entry.KEEP, Entry.REMOVE),
    Step.DETACH_DISK: (Entry.REMOVE, Entry.KEEP),
    Step.ATTACH_NIC: (Entry.KEEP, Entry.REMOVE),
    Step.DETACH_NIC: (Entry.REMOVE, Entry.KEEP),
    Step.UPDATE_CONTEXT: (Entry.KEEP, Entry.RESTORE),
    Step.RESIZE: (Entry.KEEP, Entry.RESTORE),
    Step.RESIZE_DISK: (Entry.KEEP, Entry.RESTORE),
    Step.SAVE_AS: (Entry.READY, Entry.ERROR),
    Step.BACKUP: (Entry.KEEP, Entry.REMOVE),
    Step.CREATE_SNAPSHOT: (Entry.KEEP, Entry.REMOVE),
    Step.REVERT_SNAPSHOT: (Entry.KEEP, Entry.KEEP),
    Step.DELETE_SNAPSHOT: (Entry.REMOVE, Entry.KEEP),
    Step.CREATE_DISK_SNAPSHOT: (Entry.ACTIVATE, Entry.REMOVE),
    Step.REVERT_DISK_SNAPSHOT: (Entry.ACTIVATE, Entry.KEEP),
    Step.DELETE_DISK_SNAPSHOT: (Entry.REMOVE, Entry.KEEP),
}


def entry_after(step: Step, *, success: bool) -> Entry:
    """What becomes of the record `step` is about. Recovery by hand does the same (ON-098, ON-099)."""
    on_success, on_failure = _ENTRIES.get(step, (Entry.NONE, Entry.NONE))
    return on_success if success else on_failure
