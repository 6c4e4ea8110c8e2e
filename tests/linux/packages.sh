#!/usr/bin/env bash
# Plays administrators with the packages on clean systems: installs, upgrades, reboots, removes and
# purges, by .deb, by .rpm and by setup.sh, each under a systemd in namespaces of its own, and by
# setup.sh where there is no systemd and where there is nothing but busybox. The systems have no
# network but their own loopback, with an emulator of Azure Relay on it.
#
#   tests/linux/packages.sh FOLDER_OF_THE_PACKAGES OLD_VERSION NEW_VERSION RELAY_EMULATOR [STORY…]
#
# The folder is what releases.sh has made. Without stories all are played.
# As root, with debootstrap, apt and its mirror, systemd, iproute2, util-linux, busybox-static,
# lintian, desktop-file-utils and appstream. The last line says how many passed.
set -euo pipefail
if [ $# -lt 4 ] || [ ! -x "$4" ]; then
    sed -n '2,11s/^# \{0,1\}//p' "$0" >&2
    exit 2
fi
packages=$(realpath "$1") old=$2 new=$3 emulator=$(realpath "$4")
shift 4
stories=${*:-deb rpm setup upgrade-deb upgrade-rpm upgrade-setup upgrade-back files plain}
here=$(realpath "$(dirname "$0")")
name=hybrid-connection-manager
# What is mounted goes with the last process.
if [ -z "${HCM_APART:-}" ]; then
    # shellcheck disable=SC2086 # several stories
    HCM_APART=yes exec unshare --mount "$0" "$packages" "$old" "$new" "$emulator" $stories
fi

# shellcheck source=tests/linux/namespaces.sh
source "$here/namespaces.sh"
work=$(mktemp -d)
trap 'finish' EXIT
finish() {
    local story
    for story in "${!children[@]}"; do
        child=${children[$story]} cgroup=${cgroups[$story]} leave_namespaces
    done
    umount --recursive --lazy "$work" || true
    rmdir "$work"
}
declare -A children cgroups
mount -t tmpfs -o mode=755 tmpfs "$work"
cd "$work"

# The systems: a minimal Debian, and the same with systemd and rpm. What the packages depend on
# lies ready for apt, and is not installed.
. /etc/os-release
mirror() {
    apt-get indextargets --format "\$(REPO_URI)" "Created-By: Packages" \
        "Codename: $VERSION_CODENAME" | head -n 1
}
# Without its lists apt does not know what its mirrors have.
[ -n "$(mirror)" ] || apt-get update -qq
debootstrap --variant=minbase "$VERSION_CODENAME" "$work/plain" "$(mirror)" >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    exit 1
}
cp -r /etc/apt/sources.list* "$work/plain/etc/apt/"
cat >"$work/plain/etc/hosts" <<HOSTS
127.0.0.1 localhost contoso.servicebus.localhost
HOSTS
: >"$work/plain/etc/resolv.conf"

# over LOWER… ROOT: a root of its own over others.
over() {
    local root=${*: -1} lower=${*:1:$#-1}
    mkdir -p "$root.upper" "$root.work" "$root"
    mount -t overlay overlay "$root" \
        -o "lowerdir=${lower// /:},upperdir=$root.upper,workdir=$root.work"
}
# apt_for ROOT COMMAND…: this machine's apt, for another root.
apt_for() {
    local root=$1
    shift
    DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends \
        -o Dir::State="$root/var/lib/apt" -o Dir::State::status="$root/var/lib/dpkg/status" \
        -o Dir::Cache="$root/var/cache/apt" -o APT::Sandbox::User=root \
        -o APT::Update::Post-Invoke-Success= -o APT::Update::Post-Invoke= \
        -o DPkg::Post-Invoke= "$@" >"$work/log" 2>&1 || {
        tail -n 20 "$work/log" >&2
        exit 1
    }
}
over "$work/plain" "$work/systemd"
apt_for "$work/systemd" update
apt_for "$work/systemd" install --download-only systemd rpm \
    "$packages/${name}_$old-1_amd64.deb" "$packages/$name-gui_$old-1_amd64.deb"
chroot "$work/systemd" env DEBIAN_FRONTEND=noninteractive apt-get -qq -y \
    --no-install-recommends -o APT::Keep-Downloaded-Packages=true install systemd rpm \
    >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    exit 1
}
units=$work/systemd/etc/systemd/system
for unit in systemd-logind getty.target systemd-udevd apt-daily.timer apt-daily-upgrade.timer \
    dpkg-db-backup.timer e2scrub_all.timer fstrim.timer; do
    [[ $unit = *.* ]] || unit=$unit.service
    ln -sf /dev/null "$units/$unit"
done
mkdir -p "$work/systemd/var/log/journal"
cat >"$units/emulator.service" <<UNIT
[Unit]
Before=$name.service
[Service]
ExecStart=/test/relay-emulator run --state /var/relay --port 10443 \\
    --hybrid-connection contoso/web=127.0.0.1:7000
UNIT
cat >"$units/echo.service" <<UNIT
[Service]
ExecStart=/usr/bin/perl /test/echo.pl
UNIT
cat >"$units/play.service" <<UNIT
[Unit]
Requires=multi-user.target emulator.service echo.service
After=multi-user.target emulator.service echo.service
[Service]
Type=oneshot
ExecStart=/bin/bash /test/play.sh
StandardOutput=file:/told/said
StandardError=inherit
TimeoutStartSec=390
FailureAction=exit-force
UNIT
umount "$work/systemd"

# begin STORY: starts it in a root and namespaces of its own, or goes on with it after a reboot.
begin() {
    local root=$work/$1
    mkdir -p "$root.upper" "$root.work" "$root" "$root.told"
    : >"$root.told/said"
    [ -e "$root.told/boots" ] || echo 0 >"$root.told/boots"
    echo $(($(cat "$root.told/boots") + 1)) >"$root.told/boots"
    in_namespaces "hcm-packages-$1-$$" "$root.console" --net \
        "$here/packages/boot.sh" "$root" "$work/systemd.upper:$work/plain" "$packages" \
        "$here" "$emulator" "$1" "$old" "$new"
    children[$1]=$child cgroups[$1]=$cgroup
}
# end STORY: waits for it and shows it.
end() {
    local child=${children[$1]} cgroup=${cgroups[$1]} root=$work/$1 well=0
    await_result "$root.told/said" 400 || well=1
    leave_namespaces
    unset "children[$1]" "cgroups[$1]"
    echo "--- $1, boot $(cat "$root.told/boots")"
    cat "$root.told/said"
    [ $well = 0 ] || {
        echo "--- its console and journal:"
        tail -n 20 "$root.console"
        journalctl --no-pager --quiet --directory "$root.upper/var/log/journal" 2>/dev/null | tail -n 60
    }
    total=$((total + $(grep -c '^ok:' "$root.told/said")))
    return $well
}

# among STORY…: those of them that are to be played.
among() {
    local story
    for story in "$@"; do
        [[ " $stories " != *" $story "* ]] || echo "$story"
    done
}
# told WHAT FILE COMMAND…: what the command says, with a head.
told() {
    local what=$1 file=$2
    shift 2
    "$@" >"$file" 2>&1 || result=1
    [ -z "$what" ] || echo "--- $what"
    cat "$file"
    total=$((total + $(grep -c '^ok:' "$file")))
}

total=0 result=0
# Those that are started again where the first boot has left them.
again=$(among deb upgrade-deb upgrade-rpm upgrade-setup)
for together in "deb rpm setup upgrade-back" "upgrade-deb upgrade-rpm upgrade-setup"; do
    # shellcheck disable=SC2086 # several stories
    for story in $(among $together); do
        begin "$story"
    done
    [[ $together != deb* || -z $(among files) ]] ||
        told "" "$work/files" "$here/packages/files.sh" "$packages" "$new"
    # shellcheck disable=SC2086 # several stories
    for story in $(among $together); do
        end "$story" || result=1
    done
done
for story in $again; do
    begin "$story"
done
for story in $again; do
    end "$story" || result=1
done
for kind in $([ -z "$(among plain)" ] || echo debian busybox); do
    told "setup.sh without systemd, $kind" "$work/said" "$here/packages/plain.sh" "$kind" \
        "$work/plain" "$work/without-$kind" "$packages" "$old" "$new"
done
[ $result = 0 ] || {
    echo "$total passed, and others failed"
    exit 1
}
echo "$total passed, 0 failed"
