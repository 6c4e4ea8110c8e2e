#!/usr/bin/env bash
# A service from the .tar.gz that upgrades itself.
# shellcheck source=tests/linux/packages/by-setup.sh
source /test/by-setup.sh

check_what_all_have_in_common
check_kills
cut_power
