"""Parts of metrics.sh: an endpoint, apps, and what is asked of the metrics and of Prometheus."""

import json
import math
import re
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request

PATIENCE = 45


def echo():
    """An endpoint that gives back what it hears."""
    server = socket.create_server(("127.0.0.1", 0))
    print(f"127.0.0.1:{server.getsockname()[1]}", flush=True)

    def serve(client):
        with client:
            while data := client.recv(65536):
                client.sendall(data)

    while True:
        threading.Thread(target=serve, args=(server.accept()[0],), daemon=True).start()


def apps(up, down):
    """Streams one after the other, until killed; one stays open."""
    kept = socket.create_connection(("127.0.0.1", int(up)))
    kept.sendall(b"here")
    kept.recv(4)
    while True:
        for port in (up, down):
            try:
                with socket.create_connection(("127.0.0.1", int(port)), timeout=5) as stream:
                    stream.sendall(b"x" * 1000)
                    stream.recv(1000)
            except OSError:
                pass
        time.sleep(0.1)


def get(url, **headers):
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=10) as answer:
        return answer.read().decode()


def lint(port):
    text = get(f"http://127.0.0.1:{port}/metrics")
    said = subprocess.run(["promtool", "check", "metrics"], input=text, text=True,
                          capture_output=True, check=False)
    if said.returncode or said.stdout or said.stderr:
        sys.exit(f"{said.stdout}{said.stderr}")


def examples(document, work):
    with open(document, encoding="utf-8") as file:
        config, rules = re.findall(r"```yaml\n(.*?)```", file.read(), re.DOTALL)
    for kind, text in (("config", config), ("rules", rules)):
        path = f"{work}/{kind}.yml"
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        subprocess.run(["promtool", "check", kind, path], check=True)


def ask(port, path, **parameters):
    """What Prometheus answers."""
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
    try:
        answer = json.loads(get(url))
    except urllib.error.HTTPError as error:
        sys.exit(f"{parameters}: {error.read().decode()}")
    return answer["data"]


def soon(wanted, problem):
    """Waits until it is so; `problem` says what is not."""
    deadline = time.monotonic() + PATIENCE
    while not wanted():
        if time.monotonic() > deadline:
            sys.exit(problem())
        time.sleep(0.5)


def targets(port):
    try:
        return ask(port, "targets")["activeTargets"]
    except OSError:
        return []


def scraped(port):
    def is_up():
        found = targets(port)
        return len(found) == 1 and found[0]["health"] == "up" and not found[0]["lastError"]

    soon(is_up, lambda: json.dumps(targets(port)))
    page = targets(port)[0]["lastScrapeDuration"]
    print(f"one read took {page} s")


def dashboard(port, path):
    with open(path, encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", [])]
    if len(queries) < 20:
        sys.exit(f"only {len(queries)} queries")

    def filled(query):
        for variable, value in (("$__rate_interval", "15s"), ("$instance", ".*"),
                                ("$namespace", ".*"), ("$name", ".*")):
            query = query.replace(variable, value)
        if "$" in query:
            sys.exit(f"a variable is not known: {query}")
        return query

    def is_empty(query):
        data = ask(port, "query", query=filled(query))
        values = [float(one["value"][1]) for one in data["result"]]
        return not any(math.isfinite(value) for value in values)

    def empty():
        return [query for query in queries if is_empty(query)]

    soon(lambda: not empty(), lambda: "without an answer:\n" + "\n".join(empty()))
    # What the apps do is what is seen.
    for query in ('sum(hcm_connection_streams{name="hc"}) >= 1',
                  'hcm_connection_up{name="hc"} == 1',
                  'sum(hcm_connection_fault{name="missing"}) == 1',
                  'hcm_service_fault{code="logs-unwritable"} == 1',
                  'increase(hcm_connection_streams_refused_total'
                  '{name="down",code="endpoint-refused"}[15s]) > 0',
                  'rate(hcm_connection_carried_bytes_total{name="hc"}[15s]) > 0',
                  'hcm_ready == 0'):
        if is_empty(query):
            sys.exit(f"it is not so: {query}")
    print(f"{len(queries)} queries")


if __name__ == "__main__":
    globals()[sys.argv[1]](*sys.argv[2:])
