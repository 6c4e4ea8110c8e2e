#!/usr/bin/env bash
# The manifests for Kubernetes: against the schemas of its versions, the rules of the level
# "restricted", the image's definition, and the real programs, which run as the pod says.
#
#   tests/kubernetes/run.sh FOLDER_OF_THE_PROGRAMS
#
# Their packages are installed into kubernetes-schemas beside that folder, once. The last line
# says how many passed; the exit code is 0 when none failed.
set -uo pipefail

# shellcheck source=tests/clients.sh
source "$(dirname "$0")/../clients.sh"

python_environment kubernetes-schemas
export PYTHONDONTWRITEBYTECODE=1 RELAY_EMULATOR_STATE="$work/state"
timeout 300 "$environment/bin/python" check.py "$programs" ../../installer "$work"
