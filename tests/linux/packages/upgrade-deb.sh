#!/usr/bin/env bash
# A service from a .deb that upgrades itself, with the window beside it.
# shellcheck source=tests/linux/packages/upgrade.sh
source /test/upgrade.sh

deb() { echo "/packages/$1_$2-1_amd64.deb"; }
fetch() { apt-get -q -y -o APT::Keep-Downloaded-Packages=true --no-install-recommends install "$@"; }
install_old() { fetch "$(deb $name "$old")" "$(deb $name-gui "$old")"; }
back() {
    fetch --allow-downgrades "$(deb $name "$old")" "$(deb $name-gui "$old")" >/run/back 2>&1
}
version() { dpkg-query -W -f '${Version}' $name | sed 's/-1$//'; }
in_order() {
    is "" "$(dpkg --audit)" &&
        is "$(dpkg-query -W -f '${Status} ${Version}' $name-gui)" "install ok installed $(version)-1"
}
installer() { process_of dpkg; }

check_what_all_have_in_common
check_kills

back
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
check "where packages may restart nothing" says "not restarted: systemctl restart" upgrade
check "the old version runs on" soon says "^service  *$old\$" hcm version
check "and says so" failed_with upgrade-not-running
rm /usr/sbin/policy-rc.d
systemctl restart $unit
check "until it is restarted" whole "$new"

back
systemctl mask -q --now $name-upgrade.path
systemctl restart $unit
check "where the upgrader is switched off" connected
check "an upgrade says how it is done" says "in the way in which this one was installed" upgrade
check "and changes nothing" runs "$old"
systemctl unmask -q $name-upgrade.path
systemctl restart $unit
check "it is Connected" connected
cut_power
