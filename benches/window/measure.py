"""Measures the window; measure.sh starts it."""

import json
import mmap
import os
import re
import struct
import subprocess
import sys
import threading
import time
from statistics import median

from stage import Stage, end, wait
from traffic import App, Numbers

PROGRAM = "hybrid-connection-manager-gui"
CONNECTIONS = 25
RATE, WAVE = 40_000, 30.0
STARTS, EVENTS, SECONDS = 7, 20, 30
SIZE = (1180, 720)
# The left part of the table, where the status is.
STATUS = (0, 92, 140, 690)


class Screen:
    """What is on the display, without a word to the X server: its frame buffer is a file."""

    def __init__(self, folder):
        with open(folder / "Xvfb_screen0", "rb") as file:
            self.map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        # An XWD file: the size of the header, …, the bytes of a line, …, the colours.
        header = struct.unpack(">25I", self.map[:100])
        self.start, self.stride = header[0] + 12 * header[19], header[12]

    def part(self, left, top, right, bottom):
        """Every third line of this part."""
        lines = range(self.start + top * self.stride, self.start + bottom * self.stride,
                      3 * self.stride)
        return b"".join(self.map[line + 4 * left:line + 4 * right] for line in lines)

    def rest(self):
        """The table's status once it has not changed for a while."""
        seen, since = self.part(*STATUS), time.monotonic()
        while time.monotonic() - since < 1.5:
            time.sleep(0.02)
            now = self.part(*STATUS)
            if now != seen:
                seen, since = now, time.monotonic()
        return seen


class Running:
    """A window that runs."""

    def __init__(self, stage, renderer):
        self.begun = time.monotonic()
        self.process = subprocess.Popen(
            [stage.program(PROGRAM), "--renderer", renderer, "--startup-trace"],
            env=stage.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True, start_new_session=True)
        stage.started.append(self.process)
        self.steps, self.useful, self.outside = {}, threading.Event(), None
        threading.Thread(target=self._read, daemon=True).start()
        wait("the first useful frame", 60, self.useful.is_set)

    def _read(self):
        for line in self.process.stderr:
            if step := re.match(r"\s*([\d.]+) ms  (.*)", line):
                self.steps[step[2]] = float(step[1])
                if step[2] == "first useful frame":
                    self.outside = (time.monotonic() - self.begun) * 1000
                    self.useful.set()

    def memory(self):
        """Resident, proportional and own memory in MiB."""
        with open(f"/proc/{self.process.pid}/smaps_rollup", encoding="ascii") as file:
            sizes = dict(re.findall(r"(\w+):\s+(\d+) kB", file.read()))
        return [int(sizes[key]) / 1024 for key in ("Rss", "Pss", "Anonymous")]

    def load(self, seconds):
        """Percent of one core."""
        before, begun = self._ticks(), time.monotonic()
        time.sleep(seconds)
        used = (self._ticks() - before) / os.sysconf("SC_CLK_TCK")
        return 100 * used / (time.monotonic() - begun)

    def _ticks(self):
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])


class Watch:
    """Another client of the service: when it is told of a new status of one connection."""

    def __init__(self, stage, name):
        self.name, self.told = name, []
        self.process = subprocess.Popen(
            [stage.program("hcm"), "list", "--watch", "-o", "json"], env=stage.environment,
            stdout=subprocess.PIPE, text=True, start_new_session=True)
        stage.started.append(self.process)
        threading.Thread(target=self._follow, daemon=True).start()
        wait("the other client", 20, lambda: self.told)

    def _follow(self):
        last = None
        for line in self.process.stdout:
            now, event = time.monotonic(), json.loads(line)
            known = event.get("Connections", []) + [event.get("Connection", {})]
            for status in [one["Status"] for one in known if one.get("Name") == self.name]:
                if status != last:
                    last = status
                    self.told.append(now)


def show(label, values, unit="ms", limit=None):
    shown = "".join(f"{value:9.1f}" for value in values)
    print(f"  {label:<58}{shown} {unit}" + (f"   (limit {limit})" if limit else ""), flush=True)


def measure_events(stage, screen):
    """From what another client of the service is told to what is on screen, in ms."""
    watch, took = Watch(stage, "c00"), []
    for turn in range(EVENTS):
        before, known = screen.rest(), len(watch.told)
        stage.start([stage.program("hcm"), "-q", ["disable", "enable"][turn % 2], "demo/c00"],
                    "verbs.log")
        deadline = time.monotonic() + 20
        while screen.part(*STATUS) == before:
            if time.monotonic() > deadline:
                raise TimeoutError("nothing changed on screen")
        shown = time.monotonic()
        wait("the event", 20, lambda: len(watch.told) > known)
        took.append(1000 * (shown - watch.told[known]))
    end(watch.process)
    return took


def measure(stage, screen, renderer, apps):
    print(f"\n{renderer}")
    starts = []
    for _ in range(STARTS):
        window = Running(stage, renderer)
        starts.append((window.steps["first useful frame"], window.outside))
        end(window.process)
    show(f"first useful frame, median of {STARTS}: own clock, from outside",
         [median(start[place] for start in starts) for place in (0, 1)], limit="500 ms")
    show("  the slowest of them", [max(start[place] for start in starts) for place in (0, 1)])
    window = Running(stage, renderer)
    print("  a start: " + ", ".join(f"{step} {at:.0f}" for step, at in window.steps.items()))
    screen.rest()
    show(f"processor over {SECONDS} s, nothing happens", [window.load(SECONDS)], "%")
    took = measure_events(stage, screen)
    show(f"event to screen, median and slowest of {EVENTS}", [median(took), max(took)],
         limit="100 ms")
    for app in apps:
        app.going.set()
    time.sleep(20)
    show("memory after 20 s of traffic: RSS, PSS, anonymous", window.memory(), "MiB", "120 MiB")
    show(f"processor over {SECONDS} s, traffic on {CONNECTIONS} rows", [window.load(SECONDS)],
         "%", "1 %")
    for app in apps:
        app.going.clear()
    end(window.process)


def main():
    programs, renderers = sys.argv[1], sys.argv[2:] or ["wgpu", "glow"]
    with Stage(programs, os.environ["WORLD"]) as stage:
        buffer = stage.world / "screen"
        buffer.mkdir()
        stage.start_display(*SIZE, False, "-fbdir", str(buffer))
        screen = Screen(buffer)
        endpoint = Numbers()
        names = [f"demo/c{place:02}" for place in range(CONNECTIONS)]
        stage.start_emulator({name: f"127.0.0.1:{endpoint.port}" for name in names})
        stage.start_service()
        stage.trust_emulator()
        stage.add(*names)
        apps = [App(stage.start_sender(name), 1, RATE, WAVE) for name in names]
        for app in apps:
            app.going.clear()
        for renderer in renderers:
            measure(stage, screen, renderer, apps)


if __name__ == "__main__":
    main()
