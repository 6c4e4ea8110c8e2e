#!/usr/bin/env bash
# The tests beside the code that only Windows compiles, and of its sockets, under Wine.
#
#   tests/windows/units.sh
set -euo pipefail
cd "$(dirname "$0")/../.."
target=x86_64-pc-windows-gnu
told=$(cargo test --locked --all-features --target "$target" --lib --no-run 2>&1) || {
    echo "$told" >&2
    exit 1
}
program=$(sed -n 's/.*Executable .*(\(.*\.exe\))$/\1/p' <<<"$told")
program=$(realpath "$program")

# shellcheck source=tests/windows/world.sh
. tests/windows/world.sh
# What stays in Wine would keep a pipe open.
wine wineboot -i </dev/null >/dev/null 2>&1
cp "$world/bcryptprimitives.dll" "$WINEPREFIX/drive_c/windows/system32"
# What Wine 8 does not do: pipes with a first instance, the owner and the access list that a file was
# given, and the replacement of a file that somebody reads.
lacking=(
    platform::front::
    platform::files::tests::a_file_is_replaced_as_a_whole_and_closed_to_others
    platform::files::tests::a_reader_sees_old_or_new
    platform::files::tests::what_is_set_aside_never_overwrites
    platform::permissions::os::tests::the_machines_folder
    platform::permissions::os::tests::what_is_for_administrators
    platform::windows_security::tests::an_access_list_is_read_as_it_was_written
)
ended=0
timeout 300 wine "$program" --test-threads 2 "${lacking[@]/#/--skip=}" \
    platform:: store:: ipc:: tls:: network:: http:: upgrader:: \
    </dev/null >"$world/units.log" 2>&1 || ended=$?
cat "$world/units.log"
exit "$ended"
