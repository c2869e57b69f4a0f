"""Domain specifications to start from."""

from __future__ import annotations

from backends.base import DiskSpec, DomainSpec, GraphicsSpec, HostInfo, NicSpec, Tag

UUID = "11111111-2222-3333-4444-555555555555"
TAG = Tag(instance="9b2f", vm=7, generation=3, operation="01J", record='{"name":"<web> & \\"co\\""}')

SPEC = DomainSpec(
    name="one-7",
    uuid=UUID,
    title="web",
    memory_kib=65536,
    vcpus=2,
    cpu_shares=1024,
    disks=(DiskSpec("vda", "/pool/a.qcow2", "qcow2"),),
    nics=(NicSpec("52:54:00:00:00:01", "network", "default"),),
    graphics=(GraphicsSpec("vnc", password="hidden"),),
    tag=TAG,
)

KVM_HOST = HostInfo(
    hostname="h1",
    uuid="",
    cpus=4,
    memory_kib=1 << 22,
    hypervisor="QEMU",
    hypervisor_version="7.2.0",
    libvirt_version="9.0.0",
    domain_type="kvm",
    machine_archs=("x86_64", "i686"),
    cpu_model="",
)
