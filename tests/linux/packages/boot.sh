#!/usr/bin/env bash
# The first process of a system's namespaces: mounts what a machine has, and becomes its systemd.
set -euo pipefail
root=$1 lower=$2 packages=$3 tests=$4 emulator=$5 story=$6 old=$7 new=$8

mount --make-rprivate /
ip link set lo up
mount -t overlay overlay "$root" -o "lowerdir=$lower,upperdir=$root.upper,workdir=$root.work"
cd "$root"
mkdir -p test told packages
mount -t proc proc proc
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs tmpfs test
mount -t tmpfs -o mode=755 tmpfs dev
for device in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
    IFS=: read -r node major minor <<<"$device"
    mknod -m 666 "dev/$node" c "$major" "$minor"
done
ln -s /proc/self/fd dev/fd
mkdir dev/shm dev/pts
mount -t devpts -o newinstance,ptmxmode=666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
mount --bind "$packages" packages
mount --bind "$root.told" told
cp "$tests/checks.sh" "$tests/packages/common.sh" "$tests/packages/upgrade.sh" \
    "$tests/packages/by-setup.sh" "$tests/packages/echo.pl" "$emulator" test/
cp "$tests/packages/$story.sh" test/play.sh
printf '%s %s %s\n' "$old" "$new" "$(cat told/boots)" >test/versions
mkdir -p run/old
pivot_root . run/old
umount -l /run/old
mount --make-rshared /
export container=other
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin container=other \
    /lib/systemd/systemd --system --unit=play.service --log-target=journal </dev/null
