#!/usr/bin/env bash
# A service from a .rpm that upgrades itself. It is a Debian: what dpkg has installed is unknown to
# rpm, so dependencies are not asked for here.
# shellcheck source=tests/linux/packages/upgrade.sh
source /test/upgrade.sh

package() { echo "/packages/$1-$2-1.x86_64.rpm"; }
cat >/usr/local/sbin/rpm <<'RPM'
#!/bin/sh
case $1 in -i | -U | -V | --upgrade) set -- "$@" --nodeps ;; esac
exec /usr/bin/rpm --force-debian "$@"
RPM
chmod 755 /usr/local/sbin/rpm
rpm() { /usr/local/sbin/rpm "$@"; }
install_old() { rpm -i "$(package $name "$old")"; }
back() { rpm -U --oldpackage "$(package $name "$old")" >/run/back 2>&1; }
version() { rpm -q --queryformat '%{VERSION}' $name; }
in_order() { rpm -V $name && is "$(rpm -q $name)" "$name-$(version)-1.x86_64"; }
installer() { process_of rpm; }

check_what_all_have_in_common
check_kills
cut_power
