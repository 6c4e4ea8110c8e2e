#!/usr/bin/env bash
# The files for systemd, looked at by its own programs: what they mean, how far the service is shut
# in, which accounts are made, and whether keys can be sealed with a credential as the
# documentation says. Needs no running systemd. Called without arguments.
set -euo pipefail
cd "$(dirname "$0")/../.."

unit=installer/linux/systemd/hybrid-connection-manager.service
accounts=installer/linux/sysusers.d/hybrid-connection-manager.conf
# Exposure of at most 1.5; the option takes ten times that.
most=15
# shellcheck source=tests/linux/steps.sh
source tests/linux/steps.sh

# The programs need not be installed.
for part in .service -upgrade.service -upgrade.path; do
    sed "s|^ExecStart=[^ ]*|ExecStart=/bin/true|" "${unit%.service}$part" \
        >"$work/hybrid-connection-manager$part"
done
for part in .service -upgrade.service -upgrade.path; do
    said=$(cd "$work" && SYSTEMD_UNIT_PATH=$work: systemd-analyze verify --man=no \
        "$work/hybrid-connection-manager$part" 2>&1) || fail "verify: $said"
    # An older systemd passes over the steps between restarts.
    other=$(grep -vE "Unknown key (name )?'Restart(Steps|MaxDelaySec)'" <<<"$said" |
        grep "hybrid-connection-manager" || true)
    [ -z "$other" ] || fail "verify: $other"
done
pass "the units are understood"

table=$(systemd-analyze security --no-pager --offline=true --threshold=$most "$unit") ||
    fail "the service is not shut in far enough: $(tail -n 1 <<<"$table")"
pass "$(tail -n 1 <<<"$table" | sed 's/^[^A-Za-z]*//')"

mkdir -p "$work/root/etc"
systemd-sysusers --root="$work/root" "$PWD/$accounts" >"$work/said" 2>&1 ||
    fail "accounts: $(cat "$work/said")"
grep -q '^hybrid-connection-manager:.*:/var/lib/hybrid-connection-manager:.*nologin$' \
    "$work/root/etc/passwd" || fail "no account that nobody signs in to"
grep -q '^hcm:' "$work/root/etc/group" || fail "no group hcm"
pass "the account and the group are made"

credential=hybrid-connection-manager.key
head -c 32 /dev/urandom >"$work/key"
if systemd-creds encrypt --with-key=tpm2-absent --name=$credential "$work/key" "$work/$credential" 2>"$work/said"; then
    systemd-creds decrypt --name=$credential "$work/$credential" "$work/again" 2>"$work/said" ||
        fail "credential: $(cat "$work/said")"
    cmp -s "$work/key" "$work/again" || fail "the credential is another one after unsealing"
    pass "the credential is sealed and unsealed"
else
    echo "left out: this machine makes no credential: $(cat "$work/said")"
fi
echo "$passed passed, 0 failed"
