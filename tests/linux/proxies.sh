#!/usr/bin/env bash
# Plays an administrator in a network whose only way out is a proxy: a network namespace with the
# service, and another one with the proxies (squid, tinyproxy, microsocks, and mitmproxy, which
# inspects TLS) and Azure behind them. Each flow is looked for in what the proxy has written. As root,
# with squid, tinyproxy-bin, microsocks, openssl, iproute2, python3 and its venv. Called with the
# folder of the programs; mitmproxy is installed into a folder beside it, once.
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
export RELAY_EMULATOR_STATE=$work/azure
chmod 755 "$work"
azure=hcm-azure-$$ office=hcm-office-$$
leave() {
    for space in "$azure" "$office"; do
        ip netns pids "$space" | xargs -r kill -9
        ip netns del "$space"
        rm -rf "/etc/netns/$space"
    done
}

environment=$(dirname "$programs")/mitmproxy
if [ ! -x "$environment/bin/mitmdump" ]; then
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check \
        -r "$here/proxies-requirements.txt"
fi

# The proxies are at 10.99.0.1 and look names up; the service is at 10.99.0.2 and can do neither
# that nor reach anything else.
ip netns add "$azure"
ip netns add "$office"
ip link add veth0 netns "$azure" type veth peer name veth0 netns "$office"
ip -n "$azure" addr add 10.99.0.1/30 dev veth0
ip -n "$office" addr add 10.99.0.2/30 dev veth0
for space in "$azure" "$office"; do
    ip -n "$space" link set lo up
    ip -n "$space" link set veth0 up
    mkdir -p "/etc/netns/$space"
    echo "nameserver 127.0.0.1" >"/etc/netns/$space/resolv.conf"
done
echo "127.0.0.1 localhost" >"/etc/netns/$office/hosts"
{
    echo "127.0.0.1 localhost contoso.relay.test feed.relay.test"
    for gateway in $(seq 0 255); do
        echo "127.0.0.1 g$gateway-emulator-001-sb.servicebus.localhost"
    done
} >"/etc/netns/$azure/hosts"
beyond() { ip netns exec "$azure" "$@"; }
hcm() { ip netns exec "$office" "$programs/hcm" "$@"; }
# start LOG COMMAND…: a program that runs until the end.
start() {
    local log=$1
    shift
    "$@" >"$work/$log" 2>&1 </dev/null &
    children+=($!)
}
listens() { beyond ss -Hltn "sport = :$1" | grep -q .; }

# Azure, a feed, and an endpoint in the office.
start endpoint ip netns exec "$office" python3 "$here/metrics.py" echo
soon grep -q . "$work/endpoint"
start emulator beyond relay-emulator run --config "$here/../python/config.json" --port 0 --log error \
    --hybrid-connection "contoso.relay.test/hc=$(cat "$work/endpoint")"
soon grep -q EntityPath=hc "$work/emulator"
port=$(sed -n 's|^Azure Resource Manager: https://localhost:||p' "$work/emulator")
string=$(relay-emulator connection-string contoso.relay.test/hc)
start app beyond relay-emulator send contoso.relay.test/hc --local 0
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Feed CA" -keyout "$work/ca.key" \
    -out "$work/ca.pem" 2>/dev/null
# certificate NAME HOST: one of that CA.
certificate() {
    openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout "$work/$1.key" 2>/dev/null |
        openssl x509 -req -days 2 -CA "$work/ca.pem" -CAkey "$work/ca.key" -CAcreateserial \
            -extfile <(echo "subjectAltName=$3:$2") -out "$work/$1.pem" 2>/dev/null
    chmod 644 "$work/$1.key"
}
certificate feed feed.relay.test DNS
certificate squid 10.99.0.1 IP
start feed-port beyond python3 -u "$here/proxies.py" feed "$work/feed.pem" "$work/feed.key"
soon grep -q '^[0-9]' "$work/feed-port"
feed=$(grep -m 1 "^[0-9]*$" "$work/feed-port")
cat "$work/azure/ca.pem" "$work/ca.pem" >"$work/trusted.pem"
soon grep -q '[0-9]' "$work/app"
app=$(grep -o '127.0.0.1:[0-9]*' "$work/app" | head -n 1 | cut -d: -f2)

# squid: 3128 for all, 3129 with a password, 3130 with NTLM alone, 3131 for nobody, 3132 in TLS,
# 3133 with Negotiate alone, that takes NTLM, and 3134 with one that takes it from nobody.
password='p@s:/ ü%41'
mkdir "$work/squid"
chown proxy "$work/squid"
echo "CORP\\me:$(openssl passwd -apr1 "$password")" >"$work/squid/users"
cat >"$work/squid.conf" <<CONF
http_port 10.99.0.1:3128 name=open
http_port 10.99.0.1:3129 name=password
http_port 10.99.0.1:3131 name=closed
https_port 10.99.0.1:3132 name=tls tls-cert=$work/squid.pem tls-key=$work/squid.key
hosts_file /etc/hosts
auth_param basic program /usr/lib/squid/basic_ncsa_auth $work/squid/users
auth_param basic realm office
auth_param basic casesensitive on
auth_param basic utf8 on
acl on_closed myportname closed
acl on_password myportname password
acl known proxy_auth REQUIRED
http_access deny on_closed
http_access deny on_password !known
http_access allow all
access_log stdio:$work/squid/access.log
cache_log $work/squid/cache.log
cache deny all
pid_filename none
shutdown_lifetime 0 seconds
visible_hostname squid.test
CONF
# The other side of NTLM is Samba's, which knows one user.
mkdir "$work/samba"
chown proxy "$work/samba"
{
    echo "[global]"
    for folder in private lock state cache pid; do
        case $folder in private) echo "private dir = $work/samba" ;; *) echo "$folder directory = $work/samba" ;; esac
    done
} >"$work/smb.conf"
# helper NAME PROTOCOL: one that speaks it with squid.
helper() {
    cat >"$work/$1-helper" <<HELPER
#!/bin/sh
SMB_CONF_PATH=$work/smb.conf exec ntlm_auth --helper-protocol=$2 --username=me --domain=CORP --password='$password'
HELPER
    chmod 755 "$work/$1-helper"
}
helper ntlm squid-2.5-ntlmssp
helper negotiate gss-spnego
printf '#!/bin/sh\nwhile read -r line; do echo "BH not this"; done\n' >"$work/kerberos-helper"
chmod 755 "$work/kerberos-helper"
# with_login NAME SCHEME PORT: a squid that takes SCHEME alone.
with_login() {
    {
        echo "auth_param $2 program $work/$1-helper"
        echo "http_port 10.99.0.1:$3 name=password"
        sed -e '/^http.*_port/d' -e '/^auth_param/d' \
            -e "s/access\.log/$1.log/; s/cache\.log/$1-cache.log/" "$work/squid.conf"
    } >"$work/$1.conf"
    start "$1-said" beyond squid -N -f "$work/$1.conf"
}
start squid-said beyond squid -N -f "$work/squid.conf"
with_login ntlm ntlm 3130
with_login negotiate negotiate 3133
with_login kerberos negotiate 3134
# tinyproxy: 8888, and 8889 with a password; microsocks: 1080, and 1081 with a password.
for at in "8888 " "8889 BasicAuth me secret"; do
    printf 'Port %s\nListen 10.99.0.1\nLogLevel Connect\nConnectPort %s\nConnectPort %s\n%s\n' \
        "${at%% *}" "$port" "$feed" "${at#* }" >"$work/tiny-${at%% *}.conf"
    start "tiny-${at%% *}" beyond tinyproxy -d -c "$work/tiny-${at%% *}.conf"
done
start socks-1080 beyond microsocks -i 10.99.0.1 -p 1080
start socks-1081 beyond microsocks -i 10.99.0.1 -p 1081 -u me -P "$password"
start mitm-8080 beyond "$environment/bin/mitmdump" --listen-host 10.99.0.1 -p 8080 --set \
    "confdir=$work/mitm" --set "ssl_verify_upstream_trusted_ca=$work/trusted.pem" \
    --set connection_strategy=lazy
for at in 3128 3129 3130 3131 3132 3133 3134 8888 8889 1080 1081 8080; do
    patience=300 soon listens "$at" || { head -n 5 "$work"/*-said "$work"/tiny-* "$work"/socks-* "$work"/mitm-* "$work"/squid/*cache.log; exit 1; }
done

# The service; its environment names no proxy yet.
mkdir -m 700 "$HCM_HOME"
serve() {
    ip netns exec "$office" env "$@" "$programs/$name-service" run --quiet 2>>"$work/said" </dev/null &
    service=$!
    children+=("$service")
    soon hcm status --check live
}
set_proxy() { hcm settings set network.proxy "$1" >"$work/last"; }
serve
for setting in "network.extra_ca_certificates $work/trusted.pem" "azure.cloud custom" \
    "azure.authority https://localhost:$port" "azure.resource_manager https://localhost:$port" \
    "upgrade.feed https://feed.relay.test:$feed/"; do
    # shellcheck disable=SC2086 # name and value
    hcm settings set $setting >"$work/last"
done
hcm add - <<<"$string" >"$work/last"
fault() { patience=${3:-150} soon says "\[$1\]" hcm show contoso.relay.test/hc && says "$2" hcm show contoso.relay.test/hc; }
check "without a proxy there is no way" fault namespace-not-resolved "contoso.relay.test"

export AZURE_TENANT_ID=contoso.com AZURE_CLIENT_ID=5a0bd7a4-4a39-4f3b-9f0c-0f9a3f6f0b11
export AZURE_CLIENT_SECRET="a secret of no value"
connected() { hcm restart contoso.relay.test/hc && hcm status contoso.relay.test/hc --wait 20; }
# times N: the listener has connected N times since it was added.
times() { is "$(hcm show contoso.relay.test/hc -o json | grep -c '"Connected (')" "$1"; }
asked_feed() {
    hcm upgrade --check || true
    logged feed-port "GET /stable/manifest.json"
}
logged() { grep -q -- "$2" "$work/$1" || { tail -n 20 "$work/$1"; return 1; }; }
stream() { beyond python3 "$here/proxies.py" talk "$app"; }
# Some proxies write of a connection when it ends.
rest() { hcm disable contoso.relay.test/hc && hcm enable contoso.relay.test/hc; }

# every_flow WORDS LOG PATTERN PROXY: each flow goes through PROXY, whose LOG names each host as PATTERN
# does, where HOST stands for it.
every_flow() {
    local words=$1 log=$2 pattern=$3 proxy=$4
    : >"$work/feed-port"
    check "$words: it is set" set_proxy "$proxy"
    : >"$work/$log"
    check "$words: the listener is connected" connected
    check "$words: a stream goes through" stream
    check "$words: an account signs in" hcm login --sign-in environment
    check "$words: the feed is asked" asked_feed
    rest >"$work/last"
    for host in "contoso.relay.test:$port" "emulator-001-sb.servicebus.localhost:$port" \
        "localhost:$port" "feed.relay.test:$feed"; do
        check "$words: its log has $host" soon logged "$log" "${pattern//HOST/$host}"
    done
    # What Azure knows is read before the listener connects, and again after it.
    check "$words: what Azure knows is asked for through it, and the listener goes through it" \
        soon twice "$log" "${pattern//HOST/contoso.relay.test:$port}"
}
twice() { is "$(($(grep -c -- "$2" "$work/$1") > 1))" 1; }

every_flow "squid" squid/access.log "TCP_TUNNEL/200 .* CONNECT .*HOST " http://10.99.0.1:3128
every_flow "squid in TLS" squid/access.log "TCP_TUNNEL/200 .* CONNECT .*HOST " https://10.99.0.1:3132
every_flow "SOCKS" socks-1080 "connected to .*HOST" socks5://10.99.0.1:1080
every_flow "tinyproxy" tiny-8888 "CONNECT .*HOST HTTP" 10.99.0.1:8888

# Passwords.
encoded='p%40s%3A%2F%20%C3%BC%2541'
set_proxy http://10.99.0.1:3129
check "squid that wants a password" fault proxy-login "wants a user and a password (407"
set_proxy http://CORP%5Cme:wr0ng@10.99.0.1:3129
check "a wrong password" fault proxy-login "does not take this user and password (407"
export HCM_PROXY_PASSWORD=$password
every_flow "squid with a password" squid/access.log "TCP_TUNNEL/200 .* CONNECT .*HOST CORP.*me " \
    "http://CORP%5Cme:$encoded@10.99.0.1:3129"
check "the status tells the proxy without it" \
    says "Proxy: http://CORP%5Cme:\*\*\*@10.99.0.1:3129, from network.proxy in the settings" hcm status
check "an account is told of a wrong one" says "does not take this user and password (407" \
    ip netns exec "$office" env HCM_PROXY_PASSWORD=wr0ng "$programs/hcm" login --sign-in environment
set_proxy socks5://10.99.0.1:1081
check "SOCKS that wants a password" fault proxy-login "10.99.0.1:1081 wants a user and a password"
set_proxy socks5://me:wr0ng@10.99.0.1:1081
check "SOCKS with a wrong one" fault proxy-login "10.99.0.1:1081 does not take this user"
every_flow "SOCKS with a password" socks-1081 "connected to .*HOST" "socks5://me:$encoded@10.99.0.1:1081"
hcm settings set log.level trace >"$work/last"
every_flow "NTLM alone" squid/ntlm.log "TCP_TUNNEL/200 .* CONNECT .*HOST .*me " \
    "http://CORP%5Cme:$encoded@10.99.0.1:3130"
every_flow "Negotiate alone" squid/negotiate.log "TCP_TUNNEL/200 .* CONNECT .*HOST .*me " \
    "http://CORP%5Cme:$encoded@10.99.0.1:3133"
keeps_secrets() { ! grep -rF -e "$password" -e "$encoded" -e wr0ng "$work/home/logs" "$work/said"; }
check "no password is in a log" keeps_secrets
# A password can be guessed of a login by NTLM: of its messages, in hexadecimal and in base64.
keeps_logins() {
    grep -rqE "TRACE|DEBUG" "$work/home/logs" || { echo "little is logged"; return 1; }
    ! grep -rliE -e '4e ?54 ?4c ?4d ?53 ?53 ?50' -e TlRMTVNTU -e 'NTLMSSP' "$work/home/logs" "$work/said"
}
check "no login by NTLM is in a log" keeps_logins
hcm settings set log.level info >"$work/last"

# What a proxy does wrong.
set_proxy http://10.99.0.1:3130
check "NTLM alone wants a user" fault proxy-login "wants a user and a password (407"
set_proxy "http://CORP%5Cme:wr0ng@10.99.0.1:3130"
check "a wrong password for NTLM" fault proxy-login "does not take this user and password (407"
check "an account is told of it" says "does not take this user and password (407" \
    ip netns exec "$office" env HCM_PROXY_PASSWORD=wr0ng "$programs/hcm" login --sign-in environment
set_proxy "http://CORP%5Cme:$encoded@10.99.0.1:3134"
check "Negotiate that is Kerberos alone" fault proxy-login-unsupported "so it wants Kerberos (407"
set_proxy http://10.99.0.1:3131
check "a proxy that lets nobody through" fault proxy-refused "does not open the way to contoso.relay.test:$port (403"
set_proxy http://10.99.0.1:9
check "a proxy that is not there" fault proxy-unreachable "10.99.0.1:9 refused the connection"
set_proxy http://no-such-proxy.corp:8080
check "a proxy of a name that nobody knows" fault proxy-unreachable "no-such-proxy.corp could not be resolved"
set_proxy https://10.99.0.1:3128
check "TLS to a proxy that speaks none" fault proxy-tls "10.99.0.1:3128"
set_proxy http://10.99.0.1:1080
check "SOCKS taken for an HTTP proxy" fault proxy-unreachable "10.99.0.1:1080 took the connection"

# TLS is looked into.
set_proxy http://10.99.0.1:8080
check "a proxy that inspects TLS" fault tls-untrusted "contoso.relay.test"
cat "$work/mitm/mitmproxy-ca-cert.pem" >>"$work/trusted.pem"
cp "$work/trusted.pem" "$work/more.pem"
hcm settings set network.extra_ca_certificates "$work/more.pem" >"$work/last"
check "with its CA the listener is connected" connected
check "and a stream goes through" stream
check "and an account signs in" hcm login --sign-in environment
check "and the feed is asked" asked_feed
check "what was inspected is in its log" logged mitm-8080 "contoso.relay.test"

# The environment of the service.
again() {
    kill "$service"
    wait "$service" || true
    serve "$@"
}
set_proxy ""
: >"$work/tiny-8889"
again HTTPS_PROXY=http://me:secret@10.99.0.1:8889 NO_PROXY=.corp,10.0.0.0/8
check "HTTPS_PROXY: the listener is connected" hcm status contoso.relay.test/hc --wait 20
check "HTTPS_PROXY: the proxy has seen it" logged tiny-8889 "CONNECT contoso.relay.test:$port HTTP"
check "HTTPS_PROXY: the status says who names it" \
    says "http://me:\*\*\*@10.99.0.1:8889, from HTTPS_PROXY in the environment, not for .corp, 10.0.0.0/8" \
    hcm status
check "HTTPS_PROXY: the feed is asked" asked_feed
check "none goes straight whatever the environment says" set_proxy none
hcm restart contoso.relay.test/hc >"$work/last"
check "and there is no way" fault namespace-not-resolved "contoso.relay.test"
set_proxy ""
check "the environment counts again at once" hcm status contoso.relay.test/hc --wait 20
again HTTPS_PROXY=http://10.99.0.1:8888 NO_PROXY=relay.test
check "NO_PROXY goes straight" fault namespace-not-resolved "contoso.relay.test"
again https_proxy=http://10.99.0.1:3129
check "a fault says who names the proxy" \
    fault proxy-login "(this proxy is from https_proxy in the environment)"
again ALL_PROXY=gopher://me:secret@10.99.0.1:70
check "a variable that names no proxy is told" says "proxy-unusable" hcm status
says_no_secret() { ! hcm status | grep secret; }
check "and no password in it" says_no_secret

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
