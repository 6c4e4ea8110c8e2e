"""The story that the window must live through on a Wayland desktop; wayland.sh starts it."""

import json
import os
import re
import sys
from pathlib import Path

import desktop
from desktop import WaylandWindow
from names import Names
from stage import Failed, Stage, wait
from story import CONNECTED, CONNECTION, check, log_of_window, renderer, row, step
from texts import pattern, text
from traffic import Echo
from window import PROGRAM


def is_in_the_dock(stage, window):
    step("no service: the window says so, and starts it with a click")
    window.see(text("banner-not-running"))
    known, = window.windows()
    check(known["app_id"] == PROGRAM, f"a dock finds its menu entry {PROGRAM}.desktop: {known}")
    check(known["name"] == text("product-gui"), f"its title is its name: {known['name']}")
    check(known["shell"] == "xdg_shell", "it is a window of Wayland")
    window.shot("01-no-service")
    window.click(text("service-start"))
    window.see(text("service-running"))
    check(stage.service_pid() is not None, "the service that the window has started answers")
    stage.trust_emulator()


def adds_and_copies(stage, window):
    step("a connection is pasted and created by keyboard; its details are copied")
    window.keys("ctrl+n")
    window.see_focus_on(text("paste-field"))
    window.paste(stage.connection_string(CONNECTION))
    window.see(text("create"), "button", enabled=True)
    window.tab_to(text("create"))
    window.keys("Return")
    window.see(row(CONNECTED))
    window.shot("02-connected")
    window.click(text("copy-details"))
    wait("the details are in the clipboard", 10,
         lambda: f"127.0.0.1:{stage.echo.port}" in window.clipboard())
    check("SharedAccessKey" not in window.clipboard(), "and no key")
    window.keys("ctrl+n")
    window.see_focus_on(text("paste-field"))
    window.type("Endpoint=sb://demo.example.net/;")
    wait("what is typed is there", 10, lambda: len(
        window.see(text("paste-field"), "password text").text()) == 32)
    window.keys("Escape")
    window.see_no_more(text("paste-field"))
    window.keys("ctrl+,")
    window.click(text("choose-file"))
    window.see(text("no-file-dialog"))
    window.shot("03-no-file-dialog")
    window.keys("Escape")
    window.see_no_more(text("settings"), "dialog")


def fits_its_size(window):
    step("it follows its size, and twice the size is drawn in all its points")
    window.put(60, 60, 900, 560)
    wait("the window has its new size", 10, lambda: window.place()[2] == 900 and drawn(window) == 900)
    window.shot("04-small")
    window.scaled_to(2)
    # The screen has half as many points of the desktop now.
    window.put(0, 20, 640, 380)
    wait("it draws twice as many points", 10, lambda: drawn(window) == 1280)
    picture = window.shot("05-twice")
    check(is_crisp(window.stage, picture), "letters are drawn in the points of the screen")
    window.click(text("settings"))
    window.see(text("settings"), "dialog")
    window.shot("06-twice-dialog")
    window.keys("Escape")
    window.see_no_more(text("settings"), "dialog")
    window.scaled_to(1)
    window.put(60, 60, 1000, 600)
    wait("it draws as before", 10, lambda: drawn(window) == 1000)
    wait("its size is written", 10, lambda: kept(window.stage)["width"] == 1000)


def kept(stage):
    """What the window remembers of its place."""
    return json.loads((stage.home / "window.json").read_text())["window"]


def drawn(window):
    """Width of what the window draws, in the points of the screen."""
    frame = window.find(text("product-gui"), "frame")
    place = frame and frame.place()
    return place and place[2]


def is_crisp(stage, picture):
    """Whether the picture has more in it than one of half its size."""
    half = picture.with_suffix(".half.png")
    stage.run("convert", str(picture), "-filter", "point", "-resize", "50%", "-resize", "200%",
              str(half))
    told = stage.run("sh", "-c", f"compare -metric AE '{picture}' '{half}' null: 2>&1 || true")
    half.unlink()
    return float(told.split()[0]) > 5000


def comes_to_the_front(stage, window, hands):
    step("a second start brings it to the front, by the leave that the desktop gives")
    stage.run("swaymsg", "workspace other")
    wait("another workspace is shown", 10, lambda: not window.windows()[0]["visible"])
    leave = hands.leave()
    process = stage.start([stage.program(PROGRAM)], "second.log", XDG_ACTIVATION_TOKEN=leave)
    check(process.wait(10) == 0, "the second start ends with 0")
    wait("the window has shown the desktop that leave", 10,
         lambda: f'activate("{leave}"' in stage.said("window.log"))
    wait("the window is in front", 10, window.is_active)
    check(window.windows()[0]["visible"] and window.count() == 1, "it is one window, and is seen")
    process = stage.start([stage.program(PROGRAM)], "third.log")
    check(process.wait(10) == 0, "one without the desktop's leave ends with 0 too")
    check(window.count() == 1, "and opens no other window")


def has_a_title_bar(window):
    step("where the desktop draws no title bar, it has its own")
    window.tell("border csd")
    window.put(60, 60, 1000, 600)
    window.shot("07-own-title-bar")
    left, top, width, _ = window.place()
    # The rightmost of its buttons closes it.
    window.hands.click(left + width - 18, top + 17)
    check(window.ended() == 0, "a window that is closed ends with 0")
    check(window.stage.service_pid() is not None, "the service goes on without the window")


def draws_with_the_other(stage, out, hands, other):
    step(f"the other renderer, {other}")
    window = WaylandWindow(stage, stage.names, out, hands, "--renderer", other, log="other.log")
    window.see(row(CONNECTED))
    check(other in renderer(stage), f"the log names {other}")
    check(drawn(window) == kept(stage)["width"], "it has the size that it was left with")
    window.shot("08-other-renderer")
    window.keys("ctrl+q")
    check(window.ended() == 0, "Ctrl+Q ends the window with 0")


def lives_in_a_home_that_cannot_be_written(stage, out, hands):
    step("its home cannot be written: it says so once, and works")
    before = log_of_window(stage)
    home = stage.home
    in_home = ["unshare", "--map-root-user", "--mount", "sh", "-c",
               'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"', str(home)]
    window = WaylandWindow(stage, stage.names, out, hands, log="closed.log", before=in_home)
    window.see(row(CONNECTED))
    said = re.compile(pattern("preferences-not-saved"))
    window.put(60, 60, 900, 560)
    window.see(said)
    window.put(80, 80, 940, 580)
    window.shot("09-closed-home")
    window.keys("ctrl+n")
    window.see(text("new-title"), "dialog")
    window.keys("Escape")
    window.see_no_more(text("new-title"), "dialog")
    check(len(window.all(said)) <= 1, "it is said once")
    check("keeps no log file" in stage.said("closed.log"), "standard error says it of the log")
    check(log_of_window(stage) == before, "nothing was written")
    check(window.close() == 0, "it ends with 0")


def main():
    programs, out = sys.argv[1], Path(sys.argv[2])
    with Stage(programs, os.environ["WORLD"]) as stage:
        hands = desktop.begin(stage)
        try:
            live(stage, out, hands)
        except Failed as failed:
            stage.run("grim", str(out / "failed.png"), check=False)
            stage.tell(failed)
            return 1
    step("all is well")
    return 0


def live(stage, out, hands):
    stage.names = Names()
    stage.echo = Echo()
    stage.start_emulator({CONNECTION: f"127.0.0.1:{stage.echo.port}"})
    # What it says to the desktop is in its log.
    window = WaylandWindow(stage, stage.names, out, hands, WAYLAND_DEBUG="1")
    is_in_the_dock(stage, window)
    drawn_by = renderer(stage).rpartition("renderer=")[2]
    step("  drawn by: " + drawn_by)
    adds_and_copies(stage, window)
    fits_its_size(window)
    comes_to_the_front(stage, window, hands)
    has_a_title_bar(window)
    draws_with_the_other(stage, out, hands, "wgpu" if "glow" in drawn_by else "glow")
    lives_in_a_home_that_cannot_be_written(stage, out, hands)


if __name__ == "__main__":
    sys.exit(main())
