#!/bin/sh
# The first process of a host: FOLDER and NAME. It has its own mount, uts, pid and network namespaces already; it gives the
# host its own files, says "ready" and then only collects the orphans.
set -eu
folder=$1
name=$2

mount --make-rprivate /
hostname "$name"
# Our copy of the other hosts' network namespaces would keep them alive after their end.
umount -R /run/netns 2>/dev/null || true

for place in etc/libvirt etc/ssh etc/hosts etc/passwd etc/shadow var/lib/libvirt var/log/libvirt var/cache/libvirt; do
    mount --bind "$folder/$place" "/$place"
done
mount -t tmpfs -o mode=755 run /run
mkdir -m 755 /run/sshd
mkdir -m 1777 /run/lock  # libvirt locks the terminals of open consoles there
mkdir -m 700 /run/root

# No kvm: where the node exists but does not work, libvirt probes QEMU for 48 s at every define.
dev=$folder/dev
mount -t tmpfs -o mode=755 dev "$dev"
mkdir "$dev/net" "$dev/pts" "$dev/shm"
for node in null zero full random urandom tty net/tun; do
    : >"$dev/$node"
    mount --bind "/dev/$node" "$dev/$node"
done
# QEMU's serial consoles need pseudo terminals of this host alone.
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$dev/pts"
mount -t tmpfs -o mode=1777 shm "$dev/shm"
ln -s pts/ptmx "$dev/ptmx"
ln -s /proc/self/fd "$dev/fd"
ln -s /proc/self/fd/0 "$dev/stdin"
ln -s /proc/self/fd/1 "$dev/stdout"
ln -s /proc/self/fd/2 "$dev/stderr"
mount --move "$dev" /dev

echo ready
exec >/dev/null 2>&1
sleep infinity &
wait
