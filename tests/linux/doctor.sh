#!/usr/bin/env bash
# Breaks one thing after another around the real service, and looks whether the first line of
# `hcm doctor` names it. In namespaces of its own: with a DNS that it writes, addresses that nobody
# answers at, proxies, and the real emulator as Azure. With faketime, iproute2, openssl and python3,
# as root. Called with the folder of the programs.
set -euo pipefail
name=hybrid-connection-manager
if [ $# -lt 1 ] || [ ! -x "$1/$name-service" ] || [ ! -x "$1/relay-emulator" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
if [ "${2:-}" != inside ]; then
    exec unshare --net --mount --pid --fork --kill-child "$(realpath "$0")" "$(realpath "$1")" inside
fi
here=$(realpath "$(dirname "$0")")
programs=$1
mount -t proc proc /proc
# shellcheck source=tests/linux/stage.sh
source "$here/stage.sh"
part=(python3 "$here/doctor.py")
# begin NAME COMMAND…: in the background, until it is ready; its process is $child.
begin() {
    local what=$1
    shift
    "$@" >"$work/said.$what" 2>&1 </dev/null &
    child=$!
    children+=("$child")
}
end() { { kill -9 "$1" && wait "$1"; } 2>/dev/null || true; }

faketime=$(dpkg -L libfaketime | grep "libfaketimeMT.so.1$")

# The network: a DNS, an address that refuses, one that says nothing, one without a route.
ip link set lo up
ip addr add 10.77.0.5/32 dev lo
ip addr add 10.77.0.1/32 dev lo
ip link add hole type veth peer name gone
ip link set hole up
ip link set gone up
ip addr add 10.66.0.1/24 dev hole
ip neigh add 10.66.0.9 lladdr 02:00:00:00:00:09 dev hole
ip route add unreachable 10.55.0.0/16
echo "nameserver 127.0.0.53" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" /etc/resolv.conf
stamp=prod-sn3-010
domain=servicebus.test
# zone NAMESPACE GATEWAYS: where both are.
zone() {
    cat >"$work/zone.new" <<ZONE
contoso.$domain CNAME ns-sb2-$stamp.cloudapp.net
ns-sb2-$stamp.cloudapp.net A $1
gv?[0-9]+-$stamp-sb.$domain A $2
fabrikam.servicebus.windows.net A 127.0.0.1
db.corp A 10.77.0.5
hole.corp A 10.66.0.9
noroute.corp A 10.55.0.9
ZONE
    mv "$work/zone.new" "$work/zone"
}
zone 127.0.0.1 127.0.0.1
begin dns "${part[@]}" dns "$work/zone"
begin endpoints "${part[@]}" endpoints 10.77.0.5:5432 10.77.0.5:1434 127.0.0.1:8080
soon grep -q ready "$work/said.endpoints"

# Azure.
azure() { relay-emulator --state "$work/azure" "$@"; }
endpoints=(hc=db.corp:5432 closed=db.corp:5433 hole=hole.corp:5432 unknown=nowhere.corp:5432
    noroute=noroute.corp:5432 empty=db.corp:5432 instance=db.corp:5432 address=10.77.0.5:5432
    loopback=localhost:8080 browser=db.corp:1434 sender=db.corp:5432 spent=db.corp:5432
    gone=db.corp:5432 off=db.corp:5432)
options=()
for endpoint in "${endpoints[@]}"; do options+=(--hybrid-connection "contoso.$domain/$endpoint"); done
options+=(--hybrid-connection fabrikam.servicebus.windows.net/hc=db.corp:5432)
begin azure relay-emulator --state "$work/azure" run --port 443 --log error "${options[@]}"
soon grep -q "^.*EntityPath=off" "$work/said.azure"
azure set "contoso.$domain/empty" --user-metadata ''
azure set "contoso.$domain/instance" \
    --user-metadata '[{"key":"endpoint","value":"db.corp\\SQLEXPRESS:1433"}]'
string() { azure connection-string "contoso.$domain/$1" "${@:2}"; }

# serve COMMAND…: the service, started by the command.
serve() {
    begin service "$@" $name-service run --quiet
    service=$child
    soon hcm status --check live
}
mkdir -m 700 "$HCM_HOME"
serve
hcm settings set network.extra_ca_certificates "$work/azure/ca.pem" >"$work/last"
for endpoint in "${endpoints[@]}"; do
    case $endpoint in
        sender=*) string sender --rule defaultSender | hcm add - >"$work/last" ;;
        spent=*) ;;
        *) string "${endpoint%%=*}" | hcm add - >"$work/last" ;;
    esac
done
signature="SharedAccessSignature sr=http%3A%2F%2Fcontoso.$domain%2Fspent%2F\&sig=eA%3D%3D\&se=1700000000\&skn=defaultListener"
string spent | sed "s|SharedAccessKeyName=.*SharedAccessKey=[^;]*|SharedAccessSignature=$signature|" |
    hcm add - >"$work/last"

# names CODE CONNECTION [SECONDS]: the first line names the code, in time.
names() {
    local code=$1 limit=${3:-15} said begun=$SECONDS
    said=$(hcm doctor ${2:+"contoso/$2"} 2>"$work/stderr") || true
    cat "$work/stderr"
    echo "$said"
    [ $((SECONDS - begun)) -le "$limit" ] || { echo "after $((SECONDS - begun)) s"; return 1; }
    case ${said%%$'\n'*} in *"[$code]"*) ;; *) return 1 ;; esac
}
# ends CODE CONNECTION: the exit code.
ends() {
    local exit=0
    hcm doctor "contoso/$2" || exit=$?
    is "$exit" "$1"
}
connected() { hcm status "contoso/$1" --wait 30; }

azure connection-string fabrikam.servicebus.windows.net/hc | hcm add - >"$work/last"

connected hc >"$work/last"
check "nothing is wrong with what works" says "^contoso/hc: nothing is wrong" hcm doctor contoso/hc
check "and it ends with 0" ends 0 hc
healthy() {
    local begun took
    begun=$(date +%s%N)
    hcm doctor contoso/hc
    took=$((($(date +%s%N) - begun) / 1000000))
    echo "$took ms"
    [ "$took" -lt 3000 ]
}
check "in less than 3 s" healthy
check "all gateways in less than 15 s" says "Reached: 256/256" hcm doctor contoso/hc --all-gateways

check "1: a port that is closed" names endpoint-refused closed
check "and it ends with 17" ends 17 closed
check "2: an endpoint that says nothing" names endpoint-timed-out hole
check "3: an endpoint whose name nobody knows" names endpoint-not-resolved unknown
check "4: an endpoint without a route" names endpoint-unreachable noroute
check "5: no endpoint in Azure" names endpoint-missing empty
check "6: a named instance of SQL Server" names endpoint-missing instance
check "and that is said" says "names a SQL Server instance" hcm doctor contoso/instance
check "7: an IP address instead of a name" names endpoint-is-address address
check "8: localhost" names endpoint-is-loopback loopback
check "9: a port that cannot work" names sql-browser-port browser
check "10: a key that may only send" names forbidden sender
check "11: a signature that has expired" names token-spent spent
hcm disable contoso/off >"$work/last"
check "12: one that is disabled" names connection-disabled off
azure remove "contoso.$domain/gone" >"$work/last"
check "13: one that was removed in Azure" names not-found gone
azure regenerate-keys "contoso.$domain/hc" defaultListener >"$work/last"
check "14: a key that was regenerated, while the listener goes on" names unauthorized hc
azure fault drop >"$work/last"
check "15: and when it does not" soon names unauthorized hc
string hc | hcm add --replace - >"$work/last"

azure fault ip-firewall >"$work/last"
azure fault drop >"$work/last"
check "16: the IP firewall of the namespace" soon names ip-blocked hc
azure clear >"$work/last"
azure fault refuse-listens 403 "QuotaExceeded: MaximumListenersPerEndpoint" >"$work/last"
check "17: as many listeners as there may be" soon names too-many-listeners hc
azure clear >"$work/last"
azure fault refuse-listens 503 >"$work/last"
check "18: Azure is disturbed" soon names service-unavailable hc
azure clear >"$work/last"
check "it is tried, and connected" says "listener was tried\|listener is connected" \
    hcm doctor contoso/hc

hcm settings set network.extra_ca_certificates "" >"$work/last"
check "19: a CA that nobody trusts" names tls-untrusted hc
check "and who signs is said" says "signed by .*Relay emulator" hcm doctor contoso/hc
hcm settings set network.extra_ca_certificates "$work/azure/ca.pem" >"$work/last"

check "20: one who inspects TLS and is trusted" \
    says "^fabrikam/hc: it works.*tls-inspected" hcm doctor fabrikam/hc
# A CA that is trusted, and its certificate for the namespace.
certificate() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "$@" 2>/dev/null; }
certificate -subj "/O=Corp/CN=Corp Inspection" -keyout "$work/ca.key" -out "$work/ca.pem"
certificate -subj "/O=Corp/CN=Azure" -addext "subjectAltName=DNS:fabrikam.servicebus.windows.net" \
    -addext "basicConstraints=critical,CA:FALSE" -CA "$work/ca.pem" -CAkey "$work/ca.key" \
    -keyout "$work/leaf.key" -out "$work/leaf.pem"
cat "$work/leaf.key" "$work/leaf.pem" >"$work/trusted"
cat "$work/azure/ca.pem" "$work/ca.pem" >"$work/cas.pem"
hcm settings set network.extra_ca_certificates "$work/cas.pem" >"$work/last"
sed -i 's/^\(fabrikam.* A\) .*/\1 10.77.0.1/' "$work/zone"
begin refusing "${part[@]}" stranger refusing 10.77.0.1 "$work/trusted"
stranger=$child
soon grep -q ready "$work/said.refusing"
azure fault drop >"$work/last"
refuses() {
    says "^fabrikam/hc: The answer was not one of Azure Relay: Corp Inspection.*signs.*403.*unexpected-answer" \
        hcm doctor fabrikam/hc
}
check "and refuses by itself" soon refuses
end "$stranger"
zone 127.0.0.1 127.0.0.1
hcm settings set network.extra_ca_certificates "$work/azure/ca.pem" >"$work/last"

# The way to Azure.
zone 10.77.0.1 127.0.0.1
check "21: a namespace that refuses" names azure-unreachable hc
begin plain "${part[@]}" stranger plain 10.77.0.1
stranger=$child
soon grep -q ready "$work/said.plain"
check "22: one that speaks no TLS" names tls-failed hc
end "$stranger"
begin silent "${part[@]}" stranger silent 10.77.0.1
stranger=$child
soon grep -q ready "$work/said.silent"
check "23: one that takes the connection and says nothing" names azure-timed-out hc
end "$stranger"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
    -subj "/O=Corp/CN=Corp Inspection" -addext "subjectAltName=DNS:contoso.$domain" \
    -keyout "$work/key" -out "$work/certificate" 2>/dev/null
cat "$work/key" "$work/certificate" >"$work/chain"
begin inspector "${part[@]}" stranger inspector 10.77.0.1 "$work/chain"
stranger=$child
soon grep -q ready "$work/said.inspector"
check "24: one who inspects TLS" names tls-untrusted hc
check "and that one is named" says "signed by Corp Inspection (Corp)" hcm doctor contoso/hc
end "$stranger"
zone 10.66.0.9 127.0.0.1
check "25: a firewall that drops what goes to Azure" names azure-timed-out hc
zone 127.0.0.1 10.77.0.1
check "26: gateways that cannot be reached" names gateways-blocked hc
zone 127.0.0.1 127.0.0.1
sed -i 's/^gv.*/gv?[0-9]+-.* FAILS/' "$work/zone"
check "and whose names the DNS does not tell" names gateways-not-resolved hc
sed -i '/^gv/d' "$work/zone"
check "and whose names it does not know" names gateways-not-resolved hc
zone 127.0.0.1 127.0.0.1
sed -i '/contoso/d' "$work/zone"
check "27: a namespace whose name nobody knows" names namespace-not-resolved hc
echo silent >"$work/zone"
check "28: a DNS that says nothing" names namespace-not-resolved hc
zone 127.0.0.1 127.0.0.1

# Proxies.
hcm settings set network.proxy http://127.0.0.1:3129 >"$work/last"
check "29: a proxy that does not run" names proxy-unreachable hc
begin proxy "${part[@]}" proxy 3128 me:secret
soon grep -q ready "$work/said.proxy"
hcm settings set network.proxy http://127.0.0.1:3128 >"$work/last"
check "30: a proxy that wants a password" names proxy-login hc
hcm settings set network.proxy http://me:wrong@127.0.0.1:3128 >"$work/last"
check "31: a password that the proxy does not take" names proxy-login hc
begin refusing "${part[@]}" proxy 3127 "" "403 Forbidden"
soon grep -q ready "$work/said.refusing"
hcm settings set network.proxy http://127.0.0.1:3127 >"$work/last"
check "32: a proxy that does not let through" names proxy-refused hc
begin other "${part[@]}" endpoints 127.0.0.1:3126
soon grep -q ready "$work/said.other"
hcm settings set network.proxy http://127.0.0.1:3126 >"$work/last"
check "33: what takes connections and opens no way" names proxy-refused hc
hcm settings set network.proxy http://me:secret@127.0.0.1:3128 >"$work/last"
check "nothing is wrong with a proxy that works" soon says "contoso/hc: nothing is wrong" \
    hcm doctor contoso/hc
hcm settings set network.proxy "" >"$work/last"

# Other machines, and a private endpoint.
mkdir -m 700 "$work/other"
begin other env HCM_HOME="$work/other" $name-service run --quiet
other=$child
soon hcm --home "$work/other" status --check live
hcm --home "$work/other" settings set network.extra_ca_certificates "$work/azure/ca.pem" >"$work/last"
string hc | hcm --home "$work/other" add - >"$work/last"
hcm --home "$work/other" status contoso/hc --wait 30 >"$work/last"
check "another machine that listens too is told" \
    says "Other machines listen too.*: 1" hcm doctor contoso/hc
end "$other"
zone 127.0.0.1 127.0.0.1
sed -i "s/^contoso.*/contoso.$domain CNAME contoso.privatelink.$domain/; s/^ns-sb2-/contoso.privatelink.$domain A 127.0.0.1\n&/" \
    "$work/zone"
check "a private endpoint is told" says "reached by its private endpoint" hcm doctor contoso/hc
zone 127.0.0.1 127.0.0.1

# The machine.
mkdir "$work/policy" "$work/neighbour"
mkdir -p /etc/$name /usr/share/HybridConnectionManager
mount --bind "$work/policy" /etc/$name
mount --bind "$work/neighbour" /usr/share/HybridConnectionManager
connected hc >"$work/last"
echo "[{\"Namespace\":\"contoso\",\"Name\":\"hc\",\"Uri\":\"sb://contoso.$domain/hc\"}]" \
    >"$work/neighbour/connections.json"
check "34: Microsoft's manager with the same connection" names microsoft-manager-same hc
rm "$work/neighbour/connections.json"
echo '{"version": 1, "AllowedEndpoints": ["other.corp:443"]}' >"$work/policy/policy.json"
check "35: a policy that does not allow it" soon names policy-denied hc
rm "$work/policy/policy.json"
soon hcm status contoso/hc

report() {
    hcm doctor --report "$work/report" >/dev/null || true
    grep -q "Names and addresses of this network are in it" "$work/report"
    grep -q "endpoint-refused" "$work/report"
    local key
    key=$(string hc | sed "s/.*SharedAccessKey=//; s/;.*//")
    [ ${#key} -gt 20 ] && ! grep -qF "$key" "$work/report"
}
check "the report has no secret and says what is in it" report
json() {
    { hcm doctor contoso/closed -o json || true; } | python3 -c "
import json, sys
[found] = json.load(sys.stdin)
assert found['Cause'] == 'endpoint-tcp', found
assert found['Name'] == 'closed'
assert all(check['Meaning'] for check in found['Checks'])"
}
check "JSON names the cause" json

# The service.
kill -STOP "$service"
check "36: a service that hangs" names service-not-answering hc
kill -CONT "$service"
end "$service"
check "37: a service that does not run" names service-not-running ""
check "and what needs no key is looked at" says "ok  *TCP to the namespace" hcm doctor "contoso.$domain/hc"
check "and it ends with 3" ends 3 hc
serve env HTTPS_PROXY=http://127.0.0.1:3129
check "38: a proxy of the environment that does not run" soon names proxy-unreachable hc
check "and who names it is said" says "from HTTPS_PROXY in the environment" hcm doctor contoso/hc
end "$service"
zone 10.66.0.9 127.0.0.1
serve env HTTPS_PROXY=gopher://proxy.corp:70
check "39: a proxy of the environment that cannot be used, where it is needed" \
    names proxy-unusable hc
end "$service"
zone 127.0.0.1 127.0.0.1
serve env LD_PRELOAD="$faketime" FAKETIME=+3h
check "40: a clock that is wrong" soon names clock-off hc
end "$service"
rm "$work/azure/ca.pem"
serve
check "41: a file of CAs that is gone" names ca-unusable hc

[ "$failed" = 0 ] || tail -n 20 "$work"/said.*
echo "$passed passed, $failed failed, in $SECONDS s"
[ "$failed" = 0 ]
