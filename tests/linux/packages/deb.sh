#!/usr/bin/env bash
# An administrator of Debian, in the system of the story.
# shellcheck source=tests/linux/packages/common.sh
source /test/common.sh

deb() { echo "/packages/$1_$2-1_amd64.deb"; }
# The network is away; what is to be installed besides lies in apt's cache.
fetch() { apt-get -q -y -o APT::Keep-Downloaded-Packages=true --no-install-recommends install "$@"; }
up() { fetch "$(deb $name "$new")"; }
down() { fetch --allow-downgrades "$(deb $name "$old")"; }
version() { dpkg-query -W -f '${Version}' $name | sed 's/-1$//'; }

if [ "$boot" = 2 ]; then
    check "it is Connected after a reboot" connected
    check "and enabled" is "$(state)" "enabled active"
    rm -r "/etc/systemd/system/$unit.d"
    check "a purge" apt-get -q -y purge $name
    check "leaves nothing" leftovers -not -path '/var/log/apt/*'
    check "and ends the service" not process
    done_with
    exit
fi

check "the package is installed, with what it needs" fetch "$(deb $name "$old")"
check "certificates of CAs came with it" test -s /etc/ssl/certs/ca-certificates.crt
check_installed
# An older systemd passes over the steps between restarts.
check "systemd understands the unit" is "" "$(systemd-analyze verify --man=no $unit 2>&1 |
    grep $name | grep -v "Unknown key 'Restart")"
check "and finds it shut in" systemd-analyze security --no-pager --threshold=15 $unit
check_upgrades up down
check "apt refuses a downgrade" says "allow-downgrades" fetch "$(deb $name "$old")"

check "the window comes with what it needs" fetch "$(deb $name-gui "$new")"
check "and is found" says "^hybrid-connection-manager-gui 0" $name-gui --version
check "it goes alone" apt-get -q -y remove $name-gui
check "and the service stays" connected

tar -xzf "/packages/$name-$new-x86_64.tar.gz" -C /srv
check "setup.sh leaves it to apt" says "the package $name is installed here" \
    "/srv/$name-$new-x86_64/setup.sh" --yes
check "and to remove" says "apt remove $name" "/srv/$name-$new-x86_64/setup.sh" remove --yes
rm -r "/srv/$name-$new-x86_64"

check "it is removed" apt-get -q -y remove $name
check_removed
printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
chmod 755 /usr/sbin/policy-rc.d
check "where policy-rc.d forbids it, an installation" fetch "$(deb $name "$new")"
check "starts nothing" is "$(state)" "enabled inactive"
rm /usr/sbin/policy-rc.d
check "it is removed again" apt-get -q -y remove $name
check "a new installation" fetch "$(deb $name "$new")"
check "is Connected without adding" connected
systemctl disable -q --now $unit
check "one that is disabled is removed" apt-get -q -y remove $name
check "and comes back" fetch "$(deb $name "$new")"
check "disabled" is "$(state)" "disabled inactive"
systemctl enable -q --now $unit
check "it is Connected" connected
done_with
