"""Microsoft's own clients against the emulator: what they list has to be what the
configuration and the emulator itself say. One line a check; run.sh starts it.

    azure_clients.py EMULATOR CONFIG PORT
"""

import html
import json
import logging
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
import webbrowser

from azure.core.exceptions import HttpResponseError, ResourceNotFoundError
from azure.identity import (
    ClientSecretCredential,
    DeviceCodeCredential,
    InteractiveBrowserCredential,
    ManagedIdentityCredential,
)
from azure.mgmt.relay import RelayAPIMgmtClient
from azure.mgmt.subscription import SubscriptionClient

EMULATOR, CONFIG, PORT = sys.argv[1:4]
HTTP, HTTPS = f"http://localhost:{PORT}", f"https://localhost:{PORT}"
SCOPES = [f"{HTTPS}/.default"]
APP = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"
YOU = "you@contoso.com"

with open(CONFIG, encoding="utf-8") as file:
    config = json.load(file)
azure = config["azure"]
passed, failed = 0, 0
# What is refused on purpose is no news.
logging.getLogger("azure.identity").setLevel(logging.CRITICAL)


def check(what, got, wanted):
    global passed, failed
    if got == wanted:
        passed += 1
        print(f"ok: {what}")
    else:
        failed += 1
        print(f"FAILED: {what}: {got!r} instead of {wanted!r}")


def attempt(what, act):
    """Runs a group of checks; an error is one that failed."""
    global failed
    try:
        return act()
    except Exception as error:  # pylint: disable=broad-except
        failed += 1
        print(f"FAILED: {what}: {type(error).__name__}: {error}")
        return None


def emulator(*arguments):
    return subprocess.run([EMULATOR, *arguments], check=True, capture_output=True, text=True).stdout


def common(tenant):
    return {
        "authority": HTTPS,
        "tenant_id": tenant,
        "client_id": APP,
        "disable_instance_discovery": True,
    }


def subscriptions(credential):
    client = SubscriptionClient(credential, base_url=HTTPS, credential_scopes=SCOPES)
    return sorted(client.subscriptions.list(), key=lambda there: there.display_name)


def named(tenant):
    return sorted(s["name"] for s in azure["subscriptions"] if s["tenant"] == tenant)


def by_secret():
    principal = azure["servicePrincipals"][0]
    secret = ClientSecretCredential(
        principal["tenant"],
        principal["clientId"],
        principal["secret"],
        authority=HTTPS,
        disable_instance_discovery=True,
    )
    found = [there.display_name for there in subscriptions(secret)]
    check("ClientSecretCredential lists subscriptions", found, named("contoso.com"))
    wrong = ClientSecretCredential(
        principal["tenant"],
        principal["clientId"],
        "wrong",
        authority=HTTPS,
        disable_instance_discovery=True,
    )
    try:
        wrong.get_token(*SCOPES)
        check("a wrong secret is refused", "a token", "an error")
    except Exception as error:  # pylint: disable=broad-except
        check("a wrong secret is refused", "AADSTS7000215" in str(error), True)
    return secret


def by_device():
    def prompt(uri, code, _expires):
        address = f"{uri}?code={code}&account={YOU}"
        with urllib.request.urlopen(address) as page:
            page.read()

    credential = DeviceCodeCredential(prompt_callback=prompt, **common("contoso.com"))
    found = [there.display_name for there in subscriptions(credential)]
    check("DeviceCodeCredential lists subscriptions", found, named("contoso.com"))
    return credential


def by_browser():
    def browse(address, *_):
        def person():
            with urllib.request.urlopen(address.replace(HTTPS, HTTP) + f"&account={YOU}") as page:
                text = page.read().decode()
            # The answer is a form that the browser posts, or the redirect led there already.
            back = re.search(r'<form method="post" action="([^"]*)"', text)
            if back:
                fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', text)
                fields = [(name, html.unescape(value)) for name, value in fields]
                data = urllib.parse.urlencode(fields).encode()
                with urllib.request.urlopen(html.unescape(back[1]), data) as page:
                    page.read()

        threading.Thread(target=person, daemon=True).start()
        return True

    webbrowser.open = browse
    credential = InteractiveBrowserCredential(timeout=30, **common("fabrikam.com"))
    found = [there.display_name for there in subscriptions(credential)]
    check("InteractiveBrowserCredential lists a guest's", found, named("fabrikam.com"))


def by_managed_identity():
    found = [there.display_name for there in subscriptions(ManagedIdentityCredential())]
    check("ManagedIdentityCredential lists subscriptions", found, named("contoso.com"))


def tenants(credential):
    client = SubscriptionClient(credential, base_url=HTTPS, credential_scopes=SCOPES)
    found = list(client.tenants.list())
    check("tenants", len({there.tenant_id for there in found}), len(azure["tenants"]))
    for there in subscriptions(credential):
        got = client.subscriptions.get(there.subscription_id)
        check(f"subscription {there.display_name}", (got.id, got.state), (there.id, "Enabled"))


def relay(credential):
    state = json.loads(emulator("state", "--json"))
    wanted_rules = {there["id"]: there["rules"] for there in state["hybridConnections"]}
    for there in subscriptions(credential):
        wanted = next(s for s in azure["subscriptions"] if s["name"] == there.display_name)
        groups = wanted.get("resourceGroups", [])
        client = RelayAPIMgmtClient(
            credential, there.subscription_id, base_url=HTTPS, credential_scopes=SCOPES
        )
        names = sorted(name for group in groups for name in group["namespaces"])
        check(
            f"namespaces of {there.display_name}",
            sorted(namespace.name for namespace in client.namespaces.list()),
            names,
        )
        for group in groups:
            found = list(client.namespaces.list_by_resource_group(group["name"]))
            check(
                f"namespaces in {group['name']}",
                sorted((namespace.name, namespace.location) for namespace in found),
                sorted((name, group["location"]) for name in group["namespaces"]),
            )
            for namespace in found:
                in_namespace(client, group["name"], namespace, wanted_rules)


def in_namespace(client, group, namespace, wanted_rules):
    wanted = next(n for n in config["namespaces"] if n["name"] == namespace.name)
    host = f"{namespace.name}.servicebus.localhost"
    got = client.namespaces.get(group, namespace.name)
    endpoint = got.service_bus_endpoint
    check(f"endpoint of {namespace.name}", endpoint, f"https://{host}:{PORT}/")
    check(f"times of {namespace.name}", None in (got.created_at, got.updated_at), False)
    rules = list(client.namespaces.list_authorization_rules(group, namespace.name))
    named_rules = wanted.get("rules", [{"name": "RootManageSharedAccessKey"}])
    check(
        f"rules of {namespace.name}",
        sorted(rule.name for rule in rules),
        sorted(rule["name"] for rule in named_rules),
    )
    there = wanted.get("hybridConnections", [])
    found = list(client.hybrid_connections.list_by_namespace(group, namespace.name))
    check(
        f"hybrid connections of {namespace.name}",
        sorted(connection.name for connection in found),
        sorted(connection["name"] for connection in there),
    )
    for connection in found:
        one = next(c for c in there if c["name"] == connection.name)
        metadata = one.get("userMetadata")
        if metadata is None:
            metadata = json.dumps(
                [{"key": "endpoint", "value": one["endpoint"]}], separators=(",", ":")
            )
        got = client.hybrid_connections.get(group, namespace.name, connection.name)
        check(
            f"{namespace.name}/{connection.name}",
            (got.user_metadata, got.requires_client_authorization, got.listener_count),
            (metadata, one.get("requiresClientAuthorization", True), 0),
        )
        keys_of(client, group, namespace.name, connection.name, wanted_rules)


def keys_of(client, group, namespace, name, wanted_rules):
    operations = client.hybrid_connections
    rules = list(operations.list_authorization_rules(group, namespace, name))
    of_emulator = next(
        rules
        for key, rules in wanted_rules.items()
        if key.split(".")[0].endswith(namespace) and key.endswith(f"/{name}")
    )
    check(
        f"rules of {namespace}/{name}",
        sorted((rule.name, [str(getattr(r, "value", r)) for r in rule.rights]) for rule in rules),
        sorted((rule["name"], rule["rights"]) for rule in of_emulator),
    )
    for rule in rules:
        keys = operations.list_keys(group, namespace, name, rule.name)
        own = emulator("connection-string", f"{namespace}/{name}", "--rule", rule.name).strip()
        check(
            f"keys of {namespace}/{name}/{rule.name}",
            f"{keys.primary_connection_string};EntityPath={name}" == own,
            True,
        )


def refusals(secret, person):
    there = next(s for s in subscriptions(secret) if s.display_name == "Production")
    client = RelayAPIMgmtClient(
        person, there.subscription_id, base_url=HTTPS, credential_scopes=SCOPES, retry_total=3
    )
    try:
        client.namespaces.list_keys("rg-orders", "orders", "RootManageSharedAccessKey")
        check("a missing right is told", "keys", "an error")
    except HttpResponseError as error:
        told = (error.status_code, error.error.code)
        check("a missing right is told", told, (403, "AuthorizationFailed"))
    try:
        client.hybrid_connections.get("rg-orders", "orders", "nix")
        check("what is not there is told", "something", "an error")
    except ResourceNotFoundError as error:
        check("what is not there is told", error.error.code, "ResourceNotFound")
    emulator("fault", "azure", "throttle", "1", "--path", "namespaces", "--times", "1")
    found = len(list(client.namespaces.list()))
    check("throttling is waited out", found, 3)


secret = attempt("ClientSecretCredential", by_secret)
person = attempt("DeviceCodeCredential", by_device)
attempt("InteractiveBrowserCredential", by_browser)
attempt("ManagedIdentityCredential", by_managed_identity)
if person:
    attempt("tenants", lambda: tenants(person))
if secret:
    attempt("relay", lambda: relay(secret))
if secret and person:
    attempt("refusals", lambda: refusals(secret, person))
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
