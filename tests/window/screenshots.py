"""Makes the pictures of the README; screenshots.sh starts it."""

import json
import os
import re
import shutil
import socket
import sys
import time
from pathlib import Path

import azure
from names import Names
from stage import Stage, end, wait
from texts import pattern, text
from traffic import App, Numbers
from window import Window

# Name, host and port of the endpoint; streams, bytes a second and length of a wave of the app.
SCENE = [
    ("contoso-weu/erp-sql", "sql01.corp.localhost", 1433, 12, 4_100_000, 95),
    ("contoso-weu/orders-api", "orders.corp.localhost", 8443, 38, 1_300_000, 60),
    ("contoso-weu/file-drop", "files.corp.localhost", 8080, 0, 0, 0),
    ("contoso-neu/warehouse-mq", "mq.depot.localhost", 5672, 0, 0, 0),
    ("contoso-weu/legacy-soap", "soap.corp.localhost", 8444, 0, 0, 0),
    ("contoso-ops/metrics", "prom.corp.localhost", 9090, 4, 86_000, 40),
    ("contoso-ops/mail-relay", "smtp.corp.localhost", 2525, 1, 2_000, 20),
]
# What other machines listen on.
OTHERS = [["contoso-weu/erp-sql", "contoso-weu/orders-api", "contoso-ops/metrics"],
          ["contoso-ops/metrics"]]
REFUSED, LATE = "contoso-weu/legacy-soap", "contoso-neu/warehouse-mq"
NEW, NEW_ENDPOINT = "contoso-weu/time-clock", "clock.corp.localhost"
SIZE = (1180, 720)


def endpoint(port):
    """At the port that such a service has, if it is free here."""
    return Numbers(port if is_free(port) else 0)


def is_free(port):
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True


def build(stage):
    """Emulator, services and traffic."""
    ends = {name: (host, endpoint(port)) for name, host, port, *_ in SCENE}
    ends[NEW] = (NEW_ENDPOINT, endpoint(8081))
    ends = {name: f"{host}:{end.port}" for name, (host, end) in ends.items()}
    # Azure's own port, where this account may have it: addresses without a number.
    stage.start_emulator(ends, 443 if is_free(443) else 0)
    stage.start_service()
    stage.trust_emulator()
    stage.add(*[name for name, *_ in SCENE])
    apps = []
    for name, _, _, streams, rate, wave in SCENE:
        if streams:
            apps.append(App(stage.start_sender(name), streams, rate, wave))
    # Later than the streams, which would be spread over all machines.
    for place, names in enumerate(OTHERS):
        other_machine(stage, place, names)
    # From here on this key is refused.
    stage.emulator("regenerate-keys", REFUSED)
    stage.hcm("restart", REFUSED)
    return apps


def other_machine(stage, place, names):
    """Another service that listens on `names`."""
    mine = stage.environment["HCM_HOME"]
    stage.environment["HCM_HOME"] = str(stage.world / f"other-{place}")
    stage.start_service()
    stage.trust_emulator()
    stage.add(*names)
    stage.environment["HCM_HOME"] = mine


def prefer(stage, **preferences):
    """What the window has in its file when it starts."""
    stage.home.mkdir(exist_ok=True)
    (stage.home / "window.json").write_text(json.dumps(preferences))


def picture(window, name):
    """What the window draws, without the frame around it, in few colours."""
    window.shot(name, only_window=True)
    file = window.out / f"{name}.png"
    if shutil.which("pngquant"):
        window.stage.run("pngquant", "--force", "--quality", "90-100", "--speed", "1",
                         "--output", str(file), str(file), check=False)
    print(f"{name}.png: {file.stat().st_size >> 10} KiB", flush=True)


def take_empty(stage, names, out):
    service = stage.start_service()
    prefer(stage, theme="light")
    window = Window(stage, names, out)
    window.see(text("empty-title"))
    wait("the window is as large as the pictures", 10, lambda: window.place()[2:] == SIZE)
    picture(window, "empty")
    window.close()
    end(service)


def choose_theme(window, key):
    window.click(text("settings"), "button")
    window.click(text(key), "radio button")
    wait("it is chosen", 10, lambda: window.see(text(key), "radio button").checked)
    window.click(text("close"), "button")
    window.see_no_more(text("settings-theme"))


def take_main(stage, names, out, seconds):
    prefer(stage, theme="light")
    apps = build(stage)
    window = Window(stage, names, out)
    window.see(re.compile("legacy-soap, " + text("status-not-connected") + ".*"), "row")
    window.click(re.compile("legacy-soap, .*"), "row")
    window.see(text("details-close"))
    print(f"{seconds} s of traffic", flush=True)
    until = time.monotonic() + seconds
    wait("the charts are full", seconds + 5, lambda: time.monotonic() > until)
    stage.emulator("fault", "--on", LATE, "delay", "20000")
    stage.hcm("restart", LATE)
    window.see(re.compile("warehouse-mq, " + text("status-connecting") + ".*"), "row")
    rest_pointer(window)
    picture(window, "main-light")
    choose_theme(window, "theme-dark")
    stage.hcm("restart", LATE)
    window.see(re.compile("warehouse-mq, " + text("status-connecting") + ".*"), "row")
    rest_pointer(window)
    picture(window, "main-dark")
    window.keys("ctrl+n")
    window.see_focus_on(text("paste-field"))
    window.paste(stage.connection_string(NEW))
    window.see(re.compile(pattern("check-reachable")))
    picture(window, "new-connection-string")
    window.close()
    return apps


def take_azure(stage, names, out):
    """The demo's Azure, and a person who has signed in and chosen."""
    prefer(stage, theme="light")
    window = azure.open_demo(stage, names, out)
    azure.open_sign_in(window)
    azure.sign_in(window)
    azure.choose(window, "print-server", "crm-sql")
    azure.filter_by(window, "")
    window.see(re.compile(".*" + pattern("azure-selected", count=2)))
    rest_pointer(window)
    picture(window, "select-with-azure")
    window.close()


def rest_pointer(window):
    """Where the pointer is, nothing is to look different."""
    left, top, width, height = window.place()
    window.point_at(left + width // 3, top + height - 60)


def main():
    programs, out, seconds = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    with Stage(programs, os.environ["WORLD"]) as stage:
        stage.start_display(1400, 900)
        names = Names()
        take_empty(stage, names, out)
        take_main(stage, names, out, seconds)
        take_azure(stage, names, out)


if __name__ == "__main__":
    main()
