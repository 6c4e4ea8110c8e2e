# make_accounts FILE: the account of the service, and the group of those who may manage it, as the
# FILE for systemd-sysusers says; or the same with useradd, or with busybox's adduser.
make_accounts() {
    if command -v systemd-sysusers >/dev/null 2>&1 && systemd-sysusers "$1"; then
        return 0
    fi
    for group in hcm hybrid-connection-manager; do
        known group "$group" || make_group "$group" || return 1
    done
    known passwd hybrid-connection-manager || make_user
}

known() {
    getent "$1" "$2" >/dev/null 2>&1 || grep -q "^$2:" "/etc/$1" 2>/dev/null
}

make_group() {
    if command -v groupadd >/dev/null 2>&1; then
        groupadd --system "$1"
    elif command -v addgroup >/dev/null 2>&1; then
        addgroup -S "$1"
    else
        echo "This system has no program that makes accounts: systemd-sysusers, useradd or adduser." >&2
        echo "Make the groups hcm and hybrid-connection-manager and an account of the latter name." >&2
        return 1
    fi
}

make_user() {
    for shell in /usr/sbin/nologin /sbin/nologin /bin/false; do
        [ ! -x "$shell" ] || break
    done
    if command -v useradd >/dev/null 2>&1; then
        useradd --system --gid hybrid-connection-manager --no-create-home \
            --home-dir /var/lib/hybrid-connection-manager --shell "$shell" \
            --comment "Hybrid Connection Manager" hybrid-connection-manager
    else
        adduser -S -D -H -h /var/lib/hybrid-connection-manager -s "$shell" \
            -G hybrid-connection-manager -g "Hybrid Connection Manager" hybrid-connection-manager
    fi
}
