#!/usr/bin/env bash
# Plays an administrator behind a firewall that lets nothing out: hcm makes the list of what is
# needed from a DNS that answers as Azure's does, nftables takes it, and then the way is open. As
# root, in a network of its own: nothing of this machine is changed. With iproute2, nftables,
# dnsmasq-base and python3. Called with the folder of the programs.
set -euo pipefail
if [ $# -ne 1 ] || [ ! -x "$1/hcm" ]; then
    echo "usage: $0 FOLDER_OF_THE_PROGRAMS" >&2
    exit 2
fi
if [ -z "${HCM_INSIDE:-}" ]; then
    HCM_INSIDE=1 exec unshare --net --mount --propagation private "$0" "$1"
fi
here=$(realpath "$(dirname "$0")")
programs=$(realpath "$1")
# shellcheck source=tests/linux/stage.sh
source "$here/stage.sh"
leave() { umount -l /etc/resolv.conf; }
# No service runs in this home.
mkdir -m 700 "$HCM_HOME"
has() { grep -q -e "$1" "$2" || { cat "$2"; return 1; }; }
# ends CODE COMMAND…: with this number; what it says is in `out` and `err`.
ends() {
    local code=0 wanted=$1
    shift
    "$@" >"$work/out" 2>"$work/err" || code=$?
    is "$code" "$wanted" || { cat "$work/out" "$work/err"; return 1; }
}
lines() { is "$(grep -c -e "$1" "$work/out")" "$2"; }

# A network without any other machine, and Azure in it.
ip link set lo up
ip address add 203.0.113.200/32 dev lo
ip address add 203.0.113.1/32 dev lo
ip address add 2001:db8::1/128 dev lo nodad
echo "nameserver 127.0.0.1" >"$work/resolv.conf"
mount --bind "$work/resolv.conf" "$(realpath /etc/resolv.conf)"
suffix=servicebus.windows.net
{
    echo "host-record=ns-sb2-prod-am3-010.cloudapp.net,203.0.113.200"
    echo "cname=contoso.$suffix,ns-sb2-prod-am3-010.cloudapp.net"
    echo "host-record=closed.privatelink.$suffix,10.1.2.3"
    echo "cname=closed.$suffix,closed.privatelink.$suffix"
    echo "host-record=other.$suffix,203.0.113.77"
    for number in $(seq 0 99); do
        echo "host-record=g$number-prod-am3-010-sb.$suffix,203.0.113.$((number % 8 + 1))"
    done
    echo "host-record=gv0-prod-am3-010-sb.$suffix,203.0.113.1,2001:db8::1"
    echo "host-record=g0.example.net,203.0.113.1,2001:db8::1"
    echo "local=/net/"
} >"$work/dnsmasq.conf"
dnsmasq --keep-in-foreground --conf-file="$work/dnsmasq.conf" --no-resolv --no-hosts \
    --listen-address=127.0.0.1 --bind-interfaces --user=root --pid-file= &
dns=$!
children+=("$dns")
soon ends 0 hcm firewall contoso

check "the list has the namespace, by its stamp" ends 0 hcm firewall contoso
check "and all of its gateways" lines '^gv\?[0-9]*-prod-am3-010-sb\..*TCP 443' 256
check "those that are there with their addresses" has 'g12-prod-am3-010-sb.*TCP 443  203.0.113.5$' "$work/out"
check "and those that are not" lines '(no such name now)' 155
check "how many, in words" has '101 have addresses now, 155 are names that Azure may give later' "$work/out"
check "a namespace with a private endpoint needs more ports" ends 0 hcm firewall closed
check "and says so" has 'TCP 443,9400-9599  10.1.2.3$' "$work/out"
check "with a stamp that is given too" ends 0 hcm firewall closed --stamp am3-010 --format csv
check "in each row" lines ',gateway,TCP,"443,9400-9599",' 257
check "and beside them" has 'A listener needs the ports 9400 to 9599' "$work/err"
check "a namespace whose name tells no stamp has no whole list" ends 14 hcm firewall other
check "but one with the stamp of a person" ends 0 hcm firewall other --stamp am3-010
check "and none with one that is none" ends 14 hcm firewall other --stamp zz9-999
check "in words" has 'DNS knows none of the 256 gateways of other' "$work/err"
check "nor with one that is another's" ends 14 hcm firewall contoso --stamp zz9-999
check "in words" has 'DNS tells the stamp prod-am3-010 for contoso' "$work/err"
check "a name that is none is said" ends 14 hcm firewall nobody
check "in words" has 'is no name that DNS knows here' "$work/out"
check "and makes no rules" ends 14 hcm firewall nobody --format nftables
check "at all" is "$(cat "$work/out")" ""
check "JSON has the same" ends 0 hcm firewall contoso -o json
check "as a program reads it" python3 -c 'import json, sys
told = json.load(open(sys.argv[1]))
assert told["Stamp"] == "prod-am3-010" and len(told["Hosts"]) == 257, told["Stamp"]
assert told["CanonicalName"] == "ns-sb2-prod-am3-010.cloudapp.net"' "$work/out"
check "Azure Firewall gets a template" ends 0 hcm firewall contoso --format azure-firewall
check "with every name" python3 -c 'import json, sys
group = json.load(open(sys.argv[1]))["resources"][0]["properties"]["ruleCollections"][0]
assert len(group["rules"][0]["targetFqdns"]) == 257' "$work/out"

# Somebody who is Azure, on two of the addresses.
python3 - >"$work/azure" <<'PY' &
import socket, threading
def serve(family, address):
    with socket.create_server((address, 443), family=family) as server:
        print(address, flush=True)
        while True:
            server.accept()[0].close()
for family, address in ((socket.AF_INET, "203.0.113.1"), (socket.AF_INET6, "2001:db8::1")):
    threading.Thread(target=serve, args=(family, address)).start()
PY
children+=($!)
soon grep -q 2001:db8::1 "$work/azure"
check "without a firewall Azure answers" ends 0 hcm test 203.0.113.1:443

# A firewall that lets out DNS, and what answers.
nft -f - <<'NFT'
table inet filter {
    chain output {
        type filter hook output priority filter; policy drop;
        ct state established,related accept
        udp dport 53 accept
        tcp dport 53 accept
    }
}
NFT
# The addresses of a gateway; what it answers is not of interest.
gateway=g0.example.net:443
blocked() { ends 7 timeout 15 hcm test "$gateway" && has 'did not answer within 10 s' "$work/out"; }
check "with it Azure does not" blocked
hcm firewall contoso --format nftables >"$work/rules.nft" 2>"$work/remarks"
check "remarks stand beside the rules" has 'addresses now' "$work/remarks"
check "nftables takes the rules" nft -c -f "$work/rules.nft"
nft -f "$work/rules.nft"
nft insert rule inet filter output jump hcm_contoso
check "and then Azure answers" ends 0 hcm test "$gateway"
check "on IPv4" has '203.0.113.1:443 answers' "$work/out"
check "and IPv6" has '2001:db8::1.:443 answers' "$work/out"
elements() { nft list set inet filter hcm_contoso_v4 | grep -o '203\.0\.113\.[0-9]*' | sort -u | wc -l; }
check "the set has each address once" is "$(elements)" 9
nft add element inet filter hcm_contoso_v4 "{ 198.51.100.1 }"
check "read again, the rules are those of now" nft -f "$work/rules.nft"
check "and nothing else" is "$(nft list set inet filter hcm_contoso_v4 | grep -c 198.51.100.1)" 0
check "each of them once" is "$(nft list chain inet filter hcm_contoso | grep -c accept)" 2
check "still Azure answers" ends 0 hcm test "$gateway"

# DNS is silent: nobody waits for long, and what is known is told.
kill -STOP "$dns"
start=$SECONDS
check "a DNS that is silent is said" ends 14 hcm firewall contoso --stamp am3-010
check "in words" has 'of 256 DNS gave no answer' "$work/out"
check "within half a minute" [ $((SECONDS - start)) -le 30 ]
check "and of an endpoint" ends 7 hcm test sql01.corp.net:1433
check "within 10 seconds" has 'sql01.corp.net: the \(resolver did not answer within 10 s\|name could not be looked up\)' "$work/out"
kill -CONT "$dns"

echo "$passed checks passed, $failed failed"
[ "$failed" = 0 ]
