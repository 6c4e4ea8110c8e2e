"""The story that the window must live through; run.sh starts it."""

import json
import os
import re
import signal
import sys
import time
from pathlib import Path

import azure
from names import Names
from stage import Failed, Stage, wait
from texts import pattern, text
from traffic import Echo, round_trip
from window import PROGRAM, Window

BEGUN = time.monotonic()
NAME, CONNECTION = "web", "demo/web"
BYTES = 1 << 20
NO_WGPU = {"WGPU_BACKEND": "vulkan", "VK_ICD_FILENAMES": "/nonexistent",
           "VK_DRIVER_FILES": "/nonexistent"}
NO_GL = {"__GLX_VENDOR_LIBRARY_NAME": "nonexistent", "LIBGL_DRIVERS_PATH": "/nonexistent",
         "__EGL_VENDOR_LIBRARY_FILENAMES": "/nonexistent"}


def step(what):
    print(f"{time.monotonic() - BEGUN:6.1f} s  {what}", flush=True)


def check(holds, what):
    if not holds:
        raise Failed(f"this must hold: {what}")


def row(*parts):
    """A pattern of the table's row of the one connection, as it is read aloud."""
    return re.compile(", ".join([NAME, *parts]) + ".*")


CONNECTED = text("status-connected")


def is_connected(stage):
    wait("the connection is there", 30, stage.connections)
    stage.hcm("status", CONNECTION, "--wait", "30")


def starts_from_nothing(stage, window):
    step("no service: the window says so, and starts it")
    window.see(text("product-gui"), "frame")
    known = stage.run("xprop", "-id", window.id, "WM_CLASS")
    check(f'"{PROGRAM}"' in known, f"a dock finds its menu entry {PROGRAM}.desktop: {known}")
    window.see(text("banner-not-running"))
    window.see(text("empty-demo"))
    window.shot("01-no-service")
    window.click(text("service-start"))
    window.see(text("service-running"))
    check(stage.service_pid() is not None, "the service that the window has started answers")
    for name in ["empty-title", "select-with-azure", "use-connection-string", "new", "settings",
                 "diagnose"]:
        window.see(text(name))
    window.shot("02-empty")
    stage.trust_emulator()


def adds_by_typing(stage, window):
    step("a connection is added by typing and clicking")
    window.keys("ctrl+n")
    window.see(text("new-title"), "dialog")
    window.see(text("create"), "button", enabled=False)
    window.see_focus_on(text("paste-field"))
    window.type(stage.connection_string(CONNECTION))
    window.see(re.compile(pattern("check-endpoint", endpoint=f"127.0.0.1:{stage.echo.port}")))
    window.see(re.compile(pattern("check-reachable")))
    window.shot("03-new")
    key = re.search("SharedAccessKey=([^;]+)", stage.connection_string(CONNECTION))[1]
    told = window.see(text("paste-field"), "password text").text()
    check(key not in told, "a screen reader does not get the key")
    check(not stage.connections(), "nothing is added before Create")
    window.click(text("create"), "button")
    is_connected(stage)
    window.see(row(CONNECTED))
    window.see(re.compile(pattern("added", name=CONNECTION)))
    window.shot("04-connected")


def carries_data(stage, window):
    step("data goes through it")
    stage.sender = stage.start_sender(CONNECTION)
    round_trip(stage.sender, BYTES)
    wait("hcm counts the bytes", 10, lambda: carried(stage) == (BYTES, BYTES))
    # The details of the new connection are open.
    window.see(re.compile(pattern("details-streams", active=0, total=1)))


def carried(stage):
    traffic = stage.connections()[0]["Traffic"]
    return traffic["BytesToEndpoint"], traffic["BytesToAzure"]


def tells_of_a_broken_endpoint(stage, window):
    step("the endpoint breaks, and is mended")
    stage.echo.break_down()
    window.click(text("reach-check"))
    refused = re.compile(f".*{re.escape(f'127.0.0.1:{stage.echo.port}')}, .*refused.*", re.I)
    window.see(refused, "row")
    check(stage.connections()[0]["Reachability"]["Fault"], "hcm sees the fault as well")
    window.shot("05-endpoint-broken")
    window.click(text("diagnose"))
    window.see(text("diagnose-again"), "button", enabled=True)
    window.see(re.compile(pattern("diagnose-cause", what="TCP to the endpoint")))
    window.shot("05-endpoint-broken-diagnosed")
    window.keys("Escape")
    stage.echo.mend()
    window.click(text("reach-check"))
    window.see(re.compile(pattern("reach-checked", what="TCP.*").replace(r"TCP\.\*", "TCP.*")))
    window.see_no_more(refused)
    round_trip(stage.sender, BYTES)


def outlives_its_service(stage, window):
    step("the service is killed, and started again")
    os.kill(stage.service_pid(), signal.SIGKILL)
    window.see(re.compile(pattern("banner-lost") + "|" + pattern("banner-not-running")))
    window.see(row(), "row")
    window.shot("06-service-lost")
    window.click(text("service-start"))
    window.see(text("service-running"))
    is_connected(stage)
    window.see(row(CONNECTED), "row")
    round_trip(stage.sender, BYTES)


def removes_by_keyboard(stage, window):
    step("the connection is removed by keyboard alone")
    window.tab_to(text("table"))
    window.keys("Down", "Delete")
    title = re.compile(pattern("remove-title", name=NAME))
    window.see(title, "dialog")
    window.see_focus_on(text("cancel"))
    window.shot("07-remove")
    window.keys("Tab")
    window.see_focus_on(text("remove-do"))
    window.keys("Return")
    wait("the connection is gone", 30, lambda: not stage.connections())
    window.see(text("empty-title"))
    window.shot("08-removed")


def is_one_window(stage, window):
    step("a second start brings it to the front")
    window.minimize()
    begun = time.monotonic()
    stage.run(stage.program(PROGRAM), limit=3)
    took = time.monotonic() - begun
    wait("the window is in front again", 10, window.is_active)
    check(window.count() == 1, "there is one window")
    step(f"  (it ended after {took:.2f} s)")


def remembers_its_place(stage, window):
    step("it closes and leaves the service; its place is remembered")
    place = window.put(120, 90, 1000, 640)
    kept = stage.home / "window.json"
    wait("the place is written", 10, lambda: json.loads(kept.read_text())["window"]["width"] == 1000)
    check(window.close() == 0, "a window that is closed ends with 0")
    check(stage.service_pid() is not None, "the service goes on without the window")
    return place


def draws_with_the_other(stage, out, place, other):
    step(f"the other renderer, {other}; added by keyboard and pasting, removed with the mouse")
    window = Window(stage, stage.names, out, "--renderer", other, log="other.log")
    window.see(text("empty-title"))
    wait(f"the place is {place}", 10, lambda: near(window.place(), place))
    check(other in renderer(stage), f"the log names {other}")
    window.keys("ctrl+n")
    window.see_focus_on(text("paste-field"))
    window.paste(stage.connection_string(CONNECTION))
    window.see(text("create"), "button", enabled=True)
    window.tab_to(text("create"))
    window.keys("Return")
    is_connected(stage)
    window.see(row(CONNECTED))
    window.shot("09-other-renderer")
    window.click(row(CONNECTED), "row", button=3)
    pointer = window.pointer
    left = window.see(text("details-show"), "button").place()[0]
    check(pointer[0] <= left <= pointer[0] + 40, f"the menu is where the pointer is: {pointer}")
    window.shot("10-menu")
    # The details have a button of the same name.
    entry = next(widget for widget in window.all(text("remove")) if widget.place()[0] == left)
    window.click_at(entry.place())
    window.click(text("remove-do"), "button")
    wait("the connection is gone", 30, lambda: not stage.connections())
    window.see(text("empty-title"))
    window.keys("ctrl+q")
    check(window.ended() == 0, "Ctrl+Q ends the window with 0")


def near(place, other):
    return all(abs(a - b) <= 1 for a, b in zip(place, other))


def log_of_window(stage):
    logs = sorted((stage.home / "logs").glob("window*.log"))
    return "".join(log.read_text(encoding="utf-8") for log in logs)


def renderer(stage):
    """The last line of the log that says what draws."""
    lines = [line for line in log_of_window(stage).splitlines() if "the window is drawn" in line]
    return lines[-1] if lines else ""


def falls_back(stage, out, first, other):
    step(f"no {first}: it takes {other} by itself")
    impossible = NO_WGPU if first == "wgpu" else NO_GL
    window = Window(stage, stage.names, out, log="fallback.log", **impossible)
    window.see(text("empty-title"))
    check(other in renderer(stage), f"the log says that {other} draws")
    check("does not work here" in log_of_window(stage), "the log says what did not work")
    window.shot("11-fallback")
    check(window.close() == 0, "it ends with 0 all the same")


def says_that_none_works(stage):
    step("nothing that draws: a plain message")
    process = stage.start([stage.program(PROGRAM)], "none.log", **NO_WGPU, **NO_GL)
    code = process.wait(60)
    said = stage.said("none.log")
    check(code not in (0, None) and code > 0, f"the exit code says that it failed ({code})")
    names = ["hcm list", "wgpu", "glow"]
    check(all(name in said for name in names), f"the message names hcm and what failed: {said}")
    check(stage.service_pid() is not None, "the service is not touched")


def selects_with_azure(stage, out):
    step("in the demo: signs in to Azure in a browser, chooses two, creates them")
    window = azure.open_demo(stage, stage.names, out)
    window.see(re.compile("hello, " + CONNECTED + ".*"), "row")
    azure.open_sign_in(window)
    window.shot("12-azure-sign-in")
    azure.sign_in(window)
    azure.choose(window, "crm-sql", "print-server")
    window.see(re.compile(".*" + pattern("azure-selected", count=2)))
    window.shot("13-azure-chosen")
    window.click(re.compile(pattern("create-several", count=2)), "button")
    for name in ["crm-sql", "print-server"]:
        window.see(re.compile(f"{name}, {CONNECTED}.*"), "row")
    window.shot("14-azure-connected")
    check(window.close() == 0, "a window that is closed ends with 0")
    told = stage.said("azure.log") + log_of_window(stage)
    check("eyJ" not in told, "no token is in the log")


def shows_no_key(stage):
    step("no key is in any log")
    key = re.search("SharedAccessKey=([^;]+)", stage.connection_string(CONNECTION))[1]
    logs = [*stage.world.glob("[!e]*.log"), *(stage.home / "logs").iterdir()]
    check(any(CONNECTION.rpartition("/")[2] in log.read_text(errors="replace") for log in logs),
          "the logs tell of the connection")
    for log in logs:
        check(key not in log.read_text(errors="replace"), f"{log.name} holds no key")


def main():
    programs, out = sys.argv[1], Path(sys.argv[2])
    with Stage(programs, os.environ["WORLD"]) as stage:
        stage.start_display()
        try:
            live(stage, out)
        except Failed as failed:
            stage.run("import", "-window", "root", "-silent", str(out / "failed.png"), check=False)
            stage.tell(failed)
            return 1
    step("all is well")
    return 0


def live(stage, out):
    stage.names = Names()
    stage.echo = Echo()
    stage.start_emulator({CONNECTION: f"127.0.0.1:{stage.echo.port}"})
    window = Window(stage, stage.names, out)
    starts_from_nothing(stage, window)
    drawn = renderer(stage).rpartition("renderer=")[2]
    step("  drawn by: " + drawn)
    first, other = ("glow", "wgpu") if "glow" in drawn else ("wgpu", "glow")
    adds_by_typing(stage, window)
    carries_data(stage, window)
    tells_of_a_broken_endpoint(stage, window)
    outlives_its_service(stage, window)
    removes_by_keyboard(stage, window)
    is_one_window(stage, window)
    place = remembers_its_place(stage, window)
    draws_with_the_other(stage, out, place, other)
    falls_back(stage, out, first, other)
    selects_with_azure(stage, out)
    says_that_none_works(stage)
    shows_no_key(stage)


if __name__ == "__main__":
    sys.exit(main())
