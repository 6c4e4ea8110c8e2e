# What the tests with Microsoft's own clients share; each sources it with its arguments.
# They end with a line "N passed, N failed", and with 0 when none failed.

if [ $# -ne 1 ] || [ ! -x "$1/relay-emulator" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
programs=$(realpath "$1")
emulator=$programs/relay-emulator
cd "$(dirname "$0")" || exit 2
work=$(mktemp -d)
started=()
passed=0
failed=0

finish() {
    for pid in "${started[@]}"; do
        kill "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap finish EXIT

give_up() {
    echo "$1" >&2
    [ -f "$work/log" ] && tail -n 20 "$work/log" >&2
    echo "$passed passed, $((failed + 1)) failed"
    exit 1
}

# wait_for FILE TEXT WHAT: until a line of FILE begins with TEXT, 20 seconds at most.
wait_for() {
    for _ in $(seq 200); do
        grep -q "^$2" "$1" 2>/dev/null && return 0
        sleep 0.1
    done
    give_up "$3 did not start"
}

# python_environment NAME: what requirements.txt names, in the folder NAME beside the programs, which
# is `environment` from then on. What is installed already needs no network.
python_environment() {
    environment=$programs/../$1
    cmp -s requirements.txt "$environment/installed.txt" && return
    python3 -m venv --clear "$environment" >"$work/log" 2>&1 || give_up "python3 -m venv failed"
    "$environment/bin/pip" install --quiet --disable-pip-version-check -r requirements.txt \
        >"$work/log" 2>&1 || give_up "pip install failed"
    cp requirements.txt "$environment/installed.txt"
}
