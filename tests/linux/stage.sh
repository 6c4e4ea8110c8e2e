# shellcheck shell=bash
# Sourced by what is played with the real programs, which are in the folder `programs`: `work`, a folder of
# its own, and `children`, processes. Both go at the end; what else there is ends `leave`. With the checks.
work=$(mktemp -d)
children=()
leave() { :; }
finish() {
    set +e
    for child in "${children[@]}"; do
        kill -9 "$child" 2>/dev/null && wait "$child" 2>/dev/null
    done
    leave 2>/dev/null
    rm -rf "$work"
}
trap finish EXIT
export PATH=${programs:?}:$PATH HCM_HOME=$work/home
unset HCM_DECLARED NOTIFY_SOCKET
for proxy in http_proxy https_proxy all_proxy no_proxy; do unset "$proxy" "${proxy^^}"; done

scratch=$work
# shellcheck source=tests/linux/checks.sh
source "$(dirname "${BASH_SOURCE[0]}")/checks.sh"
