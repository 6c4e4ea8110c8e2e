#!/usr/bin/env bash
# An administrator with setup.sh where there is no systemd: in a minimal Debian, or in a root with
# nothing but busybox.
#
#   plain.sh debian|busybox LOWER ROOT FOLDER_OF_THE_PACKAGES OLD_VERSION NEW_VERSION
#
# shellcheck disable=SC2016,SC2317 # texts of another shell, and what check calls
set -euo pipefail
kind=$1 lower=$2 root=$3 packages=$4 old=$5 new=$6
name=hybrid-connection-manager
own=/usr/lib/$name/setup
page=$(dirname "$0")/../../../docs/LINUX.md
mkdir -p "$root" "$root.upper" "$root.work"
if [ "$kind" = busybox ]; then
    mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/dev" "$root/run" "$root/var/lib" "$root/var/log"
    cp "$(command -v busybox)" "$root/bin/busybox"
    chroot "$root" /bin/busybox --install -s /bin
    echo root:x:0:0:root:/:/bin/sh >"$root/etc/passwd"
    echo root:x:0: >"$root/etc/group"
    echo root:!:::::::: >"$root/etc/shadow"
else
    mount -t overlay overlay "$root" -o "lowerdir=$lower,upperdir=$root.upper,workdir=$root.work"
fi
mkdir -p "$root/proc" "$root/srv"
mount -t proc proc "$root/proc"
[ -e "$root/dev/null" ] || mknod -m 666 "$root/dev/null" c 1 3
for version in "$old" "$new"; do
    tar -xzf "$packages/$name-$version-x86_64.tar.gz" -C "$root/srv"
done

service=''
trap '[ -z "$service" ] || kill "$service"' EXIT
inside() { chroot "$root" /bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
setup() { local version=$1; shift; inside "/srv/$name-$version-x86_64/setup.sh" "$@"; }
failed=0
check() {
    local what=$1
    shift
    if "$@" >"$root.last" 2>&1 </dev/null; then
        echo "ok: $what"
    else
        failed=1
        echo "failed: $what"
        sed 's/^/    /' "$root.last"
    fi
}
says() {
    local pattern=$1 said
    shift
    said=$("$@" 2>&1) || true
    echo "$said"
    grep -q -- "$pattern" <<<"$said"
}
# As docs/LINUX.md says under "Without systemd". The chroot of busybox knows no accounts.
lines=$(sed -n '/^### Without systemd/,/^## /{/^```sh/,/^```$/{/^```/!p}}' "$page")
start() {
    if [ "$kind" = busybox ]; then
        inside sh -c "${lines%exec *}"
        (
            eval "$(grep ^export <<<"$lines")"
            exec chroot --userspec="$name:hcm" "$root" "/usr/bin/$name-service" run
        ) >"$root.log" 2>&1 &
    else
        chroot "$root" /bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin sh -c "$lines" \
            >"$root.log" 2>&1 &
    fi
    service=$!
    for _ in $(seq 100); do
        ! inside hcm status >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    cat "$root.log"
    return 1
}
stop() {
    local ended=$service
    service=''
    kill "$ended" && wait "$ended"
}

if [ "$kind" = busybox ]; then
    # Debian's busybox makes no accounts.
    check "without a program that makes accounts it says what to make" \
        says "Make the groups hcm" setup "$old" --yes
    check "and installs nothing" test ! -e "$root/usr/bin/hcm"
    echo $name:x:999:999::/var/lib/$name:/bin/false >>"$root/etc/passwd"
    printf '%s:x:999:\nhcm:x:998:\n' $name >>"$root/etc/group"
fi
check "it is installed, and says that nothing starts it" says "no systemd here" setup "$old" --yes
check "hcm runs" says "^hcm 0" inside hcm --version
check "there is the account" grep -q "^$name:.*:/var/lib/$name:.*\(nologin\|false\)$" "$root/etc/passwd"
check "there is the group" grep -q "^hcm:" "$root/etc/group"
check "nothing of systemd is there" test ! -e "$root/usr/lib/systemd/system/$name.service"
check "the service starts" start
check "as the account" test "$(stat -c %u "/proc/$service")" = \
    "$(awk -F : "/^$name:/ { print \$3 }" "$root/etc/passwd")"
check "and the group may manage it" test "$(stat -c %a:%g "$root/run/$name/service.sock")" = \
    "660:$(awk -F : '/^hcm:/ { print $3 }' "$root/etc/group")"
check "and is managed" inside hcm settings set service.drain_seconds 10
if [ "$kind" = busybox ]; then
    check "a window that cannot run is refused" says "the window does not run here" \
        setup "$old" --yes --gui
    check "and nothing of it is there" test ! -e "$root/usr/share/applications"
fi
check "an upgrade" setup "$new" --yes
check "is there" says "$new" inside cat $own/version
check "a service that runs is not removed under its feet" says "a service still runs" \
    inside $own/setup.sh remove --yes
check "it ends" stop
check "it is removed" inside $own/setup.sh remove --yes
check "its settings stay" test -e "$root/var/lib/$name/settings.json"
check "a purge" setup "$new" remove --purge --yes
left=$(find "$root" -xdev \( -name "*$name*" -o -name hcm \) -not -path "$root/srv/*" \
    -not -path "$root/run/*" -not -path "$root/proc/*")
check "leaves nothing" test -z "$left"
[ -z "$left" ] || echo "$left"
exit $failed
