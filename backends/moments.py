"""A domain's past: its disks' layers, snapshots of all of it, copies and backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from backends.specs import DiskSpec
from backends.values import Progress, SnapshotSeen, VolumeSeen


class Moments(Protocol):
    """A disk's tree is one volume per node: frozen nodes, and on one of them the layer that is written to.

    Snapshots of the whole domain freeze nothing: an overlay made on a disk that has them would read wrong data after a
    revert. So a disk of a domain with such snapshots gets no new layer (WrongState); that a domain with a tree gets no
    snapshot is for the caller to see to, who alone knows a tree from an image's copy-on-write clone.
    """

    # The layers of a disk ---------------------------------------------------------------------------------------

    async def create_overlay(self, pool: str, name: str, backing: str) -> VolumeSeen:
        """An empty layer on the file `backing`, which from then on must not be written to."""
        ...

    async def repoint_disk(self, uuid: str, target: str, spec: DiskSpec) -> None:
        """Have a disk of a domain that is off be another file. Raises WrongState while it runs."""
        ...

    async def snapshot_disk_live(self, uuid: str, target: str, overlay_path: str, *, quiesce: bool = False) -> bool:
        """Have a running guest write into the overlay from now on, running and kept definition alike.

        Args:
            quiesce: freeze the guest's file systems meanwhile, if its agent answers.

        Returns:
            whether they were frozen.
        """
        ...

    async def volume_chain(self, pool: str, name: str) -> Sequence[VolumeSeen]:
        """The volume and all that it lies on, the topmost first. What is no volume of an active pool ends it."""
        ...

    async def pull_disk(self, uuid: str, target: str, base: str | None, progress: Progress | None = None) -> None:
        """Have a running guest's topmost layer take into itself all that lies between it and `base` (None: all).

        The layers between are then without use to this disk; they are not deleted.
        """
        ...

    async def pull_volume(self, pool: str, name: str, base: str | None, progress: Progress | None = None) -> None:
        """The same for a layer that nothing uses, topmost or not."""
        ...

    async def commit_disk(self, uuid: str, target: str, layer: str, progress: Progress | None = None) -> None:
        """Undo `snapshot_disk_live`: write a running guest's topmost layer into the next one, which it then uses.

        The topmost layer's file is deleted. Nothing else may lie on the next one.

        Args:
            layer: path of the topmost layer; when the guest uses another one, the work has been done.
        """
        ...

    # Snapshots of the whole domain ------------------------------------------------------------------------------

    async def create_snapshot(self, uuid: str, name: str, description: str = "") -> SnapshotSeen:
        """Disks, and memory if it runs, inside the disks' files. One of the name that is there is returned."""
        ...

    async def snapshots(self, uuid: str) -> Sequence[SnapshotSeen]:
        """All of them, parents before children."""
        ...

    async def revert_snapshot(self, uuid: str, name: str, *, run: bool | None = None) -> None:
        """Make the domain what it was: power, memory, disks, and the whole definition. Its checkpoints are gone then.

        Devices plugged in since are gone from it, title and tag are old: the caller writes the tag anew.

        Args:
            run: True to have it running afterwards, False paused, None as it was.
        """
        ...

    async def delete_snapshot(
        self, uuid: str, name: str, *, children: bool = False, metadata_only: bool = False
    ) -> None:
        """Delete; its children get its parent, unless they go too. Gone is fine.

        Args:
            metadata_only: keep the data in the disks' files, to be found again by `redefine_snapshot`.
        """
        ...

    async def redefine_snapshot(self, uuid: str, text: str, *, current: bool = False) -> None:
        """Make a snapshot known whose data the disks' files hold. Parents come first."""
        ...

    # Copies -----------------------------------------------------------------------------------------------------

    async def copy_disk(
        self, uuid: str | None, target: str, source: tuple[str, str], copy: tuple[str, str], *,
        format: str = "qcow2", progress: Progress | None = None,
    ) -> VolumeSeen:  # fmt: skip
        """An independent copy of a disk as it is now, layers merged.

        Args:
            uuid: the domain whose disk it is; while it runs, the copy is what the disk was at one moment.
            source: pool and volume of the disk; `copy`: those of the copy.

        Raises:
            Busy: a backup of the domain is running.
        """
        ...

    async def backup_begin(
        self, uuid: str, disks: Mapping[str, tuple[str, str]], *, checkpoint: str = "", incremental_from: str = "",
        lying_on: Mapping[str, tuple[str, str]] = ..., format: str = "qcow2", quiesce: bool = False,
    ) -> bool:  # fmt: skip
        """Begin to write what a running guest's disks are now into new volumes.

        Args:
            disks: pool and volume by the disk's target.
            checkpoint: name of the mark from which the next increment can be taken; a raw disk keeps none. A checkpoint
                that is there means that this backup has been begun.
            incremental_from: the checkpoint since which increments have what has changed.
            lying_on: of the disks of which only an increment is written, by target, pool and volume of the backup that
                belongs to that checkpoint: what the new volume lies on.
            quiesce: freeze the guest's file systems at that moment, if its agent answers.

        Returns:
            whether they were frozen.

        Raises:
            Busy: another backup is running.
            NotFound: a disk, the checkpoint, or a backup that is to be lain on is not there.
        """
        ...

    async def backup_wait(self, uuid: str, progress: Progress | None = None) -> None:
        """Return when the backup has been written. Raises Aborted, NoSpace, Refused; its volumes are void then."""
        ...

    async def checkpoints(self, uuid: str) -> Sequence[str]:
        """Names of the checkpoints, the oldest first."""
        ...

    async def delete_checkpoint(self, uuid: str, name: str) -> None:
        """Delete; gone is fine. Raises WrongState while the domain is off: the marks are in its disks."""
        ...
