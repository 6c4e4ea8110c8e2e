#!/usr/bin/env bash
# Plays an administrator with Prometheus: it reads the metrics of the real service, which carries
# streams of the real emulator; promtool looks at them and at the examples of docs/METRICS.md, and
# each query of the Grafana dashboard has an answer. With prometheus and python3. Called with the
# folder of the programs.
set -euo pipefail
name=hybrid-connection-manager
if [ $# -ne 1 ] || [ ! -x "$1/$name-service" ] || [ ! -x "$1/relay-emulator" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
here=$(realpath "$(dirname "$0")")
programs=$(realpath "$1")
# shellcheck source=tests/linux/stage.sh
source "$here/stage.sh"
free_port() { python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'; }

# Azure, and an endpoint that answers.
python3 "$here/metrics.py" echo >"$work/endpoint" &
children+=($!)
soon grep -q . "$work/endpoint"
relay-emulator --state "$work/azure" run --port 0 --log error \
    --hybrid-connection "contoso/hc=$(cat "$work/endpoint")" \
    --hybrid-connection contoso/down=127.0.0.1:1 >"$work/azure.said" &
children+=($!)
soon grep -q EntityPath=down "$work/azure.said"
string() { relay-emulator --state "$work/azure" connection-string "contoso/$1"; }

# The service, with something that is wrong: its log is in the way of its own folder.
mkdir -m 700 "$HCM_HOME"
touch "$HCM_HOME/logs"
$name-service run --quiet 2>"$work/said" </dev/null &
children+=($!)
soon hcm status --check live
hcm settings set network.extra_ca_certificates "$work/azure/ca.pem" >"$work/last"
string hc | hcm add - >"$work/last"
string down | hcm add - >"$work/last"
string hc | sed 's/EntityPath=hc/EntityPath=missing/' | hcm add - >"$work/last"
check "a connection is connected" hcm status contoso/hc --wait 30
port=$(free_port)
check "a setting opens the metrics" hcm settings set metrics.listen "127.0.0.1:$port"
check "an address that others reach takes a word more" \
    says "0.0.0.0:9464 remote" hcm settings set metrics.listen 0.0.0.0:9464

# Prometheus.
cat >"$work/prometheus.yml" <<YAML
global: {scrape_interval: 1s}
scrape_configs:
  - job_name: hybrid-connection-manager
    static_configs: [{targets: ["127.0.0.1:$port"]}]
YAML
prometheus=$(free_port)
prometheus --config.file="$work/prometheus.yml" --storage.tsdb.path="$work/tsdb" \
    --web.listen-address="127.0.0.1:$prometheus" --log.level=error 2>"$work/prometheus" &
children+=($!)

# Apps: streams come and go, those to the endpoint that is down are refused.
for connection in hc down; do
    relay-emulator --state "$work/azure" send "contoso/$connection" --local 0 \
        >"$work/send.$connection" 2>/dev/null &
    children+=($!)
    soon grep -q 127.0.0.1 "$work/send.$connection"
done
port_of() { grep -o '127.0.0.1:[0-9]*' "$work/send.$1" | head -n 1 | cut -d : -f 2; }
python3 "$here/metrics.py" apps "$(port_of hc)" "$(port_of down)" &
children+=($!)

look() { python3 "$here/metrics.py" "$@"; }
check "promtool has nothing to say of the metrics" look lint "$port"
check "promtool takes the examples of the documentation" \
    look examples "$here/../../docs/METRICS.md" "$work"
check "Prometheus reads the metrics" look scraped "$prometheus"
check "each query of the dashboard has an answer" \
    look dashboard "$prometheus" "$here/../../installer/grafana/dashboard.json"

[ "$failed" = 0 ] || tail -n 20 "$work/said" "$work/prometheus"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
