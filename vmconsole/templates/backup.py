"""BACKUP_CONFIG: how a VM wants to be backed up."""

from __future__ import annotations

from dataclasses import dataclass

from vmconsole.templates import values
from vmconsole.templates.section import Section

FULL, INCREMENT = "FULL", "INCREMENT"


@dataclass(frozen=True, slots=True)
class BackupSpec:
    """What holds unless the command says otherwise; `keep_last` None keeps all backups."""

    incremental: bool = False
    keep_last: int | None = None
    freeze: bool = True
    """Whether file systems are frozen at the moment of a backup, if the guest's agent answers."""
    volatile: bool = False
    """Whether volatile disks are backed up, too."""


def configuration(section: Section) -> BackupSpec:
    """Read BACKUP_CONFIG; problems are noted in the section."""
    spec = BackupSpec(
        incremental=section.read("MODE", values.one_of(FULL, INCREMENT)) == INCREMENT,
        keep_last=section.read("KEEP_LAST", values.whole(1, 100_000)),
        freeze=section.read("FS_FREEZE", values.one_of("NONE", "AGENT")) != "NONE",
        volatile=section.read("BACKUP_VOLATILE", values.flag) or False,
    )
    section.close()
    return spec
