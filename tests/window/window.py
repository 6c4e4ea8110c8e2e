"""The window as a person has it: names that are read aloud, a pointer and keys.

What is there is asked as a screen reader asks, so every step also shows that its widgets
have the names that they need. Clicks and keys come from the X server.
"""

import re
import subprocess
import time
from pathlib import Path

from stage import Failed, end, wait

TITLE = "Hybrid Connection Manager GUI"
PROGRAM = "hybrid-connection-manager-gui"
LIMIT = 30
# A picture is kept once it has not changed for so long; one that moves all the time, after
# the longer time.
REST, MOST_REST = 0.6, 3
# A dialog grows and moves when something is added to it.
STILL = 0.2


class Window:
    """A window that was started, until it is closed."""

    def __init__(self, stage, names, out, *arguments, log="window.log", before=(), **environment):
        self.stage, self.names, self.out, self.log = stage, names, Path(out), log
        command = [*before, stage.program(PROGRAM), *arguments]
        self.process = stage.start(command, log, **environment)
        self.id = wait("the window", LIMIT, self._find_window)

    def _find_window(self):
        if self.process.poll() is not None:
            raise Failed(f"the window ended with {self.process.returncode}: "
                         + self.stage.said(self.log))
        found = self._visible()
        return found[-1] if found else None

    def _visible(self):
        title = f"^{TITLE}$"
        return self._xdotool("search", "--onlyvisible", "--name", title, check=False).split()

    def _xdotool(self, *arguments, check=True):
        return self.stage.run("xdotool", *arguments, check=check)

    # What is there

    def all(self, name, role=None, enabled=None):
        """The widgets of which the name is `name`, or matches it if it is a pattern."""
        is_it = name.fullmatch if isinstance(name, re.Pattern) else name.__eq__
        return [widget for widget in self.names.widgets()
                if is_it(widget.name) and role in (None, widget.role)
                and enabled in (None, widget.enabled)]

    def find(self, name, role=None, enabled=None):
        """The first of them."""
        return next(iter(self.all(name, role, enabled)), None)

    def see(self, name, role=None, enabled=None, limit=LIMIT):
        """Waits until that is there."""
        try:
            return wait(f"the window shows {name!r}", limit,
                        lambda: self.find(name, role, enabled))
        except Failed as failed:
            shown = "\n  ".join(map(str, self.names.widgets()))
            raise Failed(f"{failed}\nWhat it shows:\n  {shown}") from None

    def see_no_more(self, name, role=None, limit=LIMIT):
        """Waits until that is gone."""
        wait(f"the window no longer shows {name!r}", limit,
             lambda: self.names.widgets() and not self.find(name, role))

    def focus(self):
        """The widget that gets the keys."""
        return next((widget for widget in self.names.widgets() if widget.focused), None)

    def see_focus_on(self, name, limit=LIMIT):
        """Waits until the keys go there."""
        try:
            wait(f"{name!r} has the keyboard", limit,
                 lambda: (focus := self.focus()) and focus.name == name)
        except Failed as failed:
            raise Failed(f"{failed}; it is on: {self.focus()}") from None

    # What a person does

    def click(self, name, role=None, button=1):
        """Clicks in the middle of it, once it is there, can be clicked and lies still."""
        seen, since = None, 0

        def lies_still():
            nonlocal seen, since
            before, seen = seen, self.see(name, role, enabled=True).place()
            since = since if seen and seen == before else time.monotonic()
            return time.monotonic() - since > STILL
        wait(f"{name!r} lies still", LIMIT, lies_still)
        self.click_at(seen, button)

    def click_at(self, place, button=1):
        x, y, width, height = place
        self.pointer = (x + width // 2, y + height // 2)
        self._xdotool("mousemove", *map(str, self.pointer), "click", str(button))

    def point_at(self, x, y):
        self._xdotool("mousemove", str(x), str(y))

    def keys(self, *names):
        self._xdotool("key", "--clearmodifiers", "--delay", "30", *names)

    def type(self, text):
        self._xdotool("type", "--clearmodifiers", "--delay", "4", text)

    def paste(self, text):
        # xclip stays behind as the clipboard's owner, until another takes it.
        self.stage.start(["sh", "-c", 'printf %s "$CLIP" | xclip -selection clipboard -quiet'],
                         "xclip.log", CLIP=text)
        wait("the clipboard", LIMIT, lambda: self.stage.run(
            "xclip", "-selection", "clipboard", "-o", check=False) == text)
        self.keys("ctrl+v")

    def tab_to(self, name, limit=40):
        """Goes to the widget called `name` with the Tab key alone."""
        self.see(name)
        for _ in range(limit):
            before = self.focus()
            if before and before.name == name:
                return
            self.keys("Tab")
            wait(f"the Tab key leads away from {before}", 10,
                 lambda: (now := self.focus()) and not now.is_same(before))
        raise Failed(f"the Tab key does not lead to {name!r}")

    # The window among others

    def is_active(self):
        return self._xdotool("getactivewindow", check=False).strip() == self.id

    def count(self):
        """How many windows of this program can be seen."""
        return len(self._visible())

    def minimize(self):
        self._xdotool("windowminimize", self.id)
        wait("the window is minimized", LIMIT, lambda: "Iconic" in self.stage.run(
            "xprop", "-id", self.id, "WM_STATE"))

    def place(self):
        """Left and upper edge on the screen, width and height, of what the window draws."""
        told = self._xdotool("getwindowgeometry", "--shell", self.id)
        values = dict(line.split("=") for line in told.split())
        return tuple(int(values[key]) for key in ("X", "Y", "WIDTH", "HEIGHT"))

    def put(self, left, top, width, height):
        """Moves and sizes it; returns its place once it rests there."""
        before = self.place()
        self._xdotool("windowsize", self.id, str(width), str(height))
        self._xdotool("windowmove", self.id, str(left), str(top))

        def rests():
            place = self.place()
            return place if place[2:] == (width, height) and place[:2] != before[:2] else None
        return wait("the window is moved", LIMIT, rests)

    def shot(self, name, only_window=False):
        """Keeps a picture of the screen, or only of what the window draws."""
        picture, begun = self.out / f"{name}.png", time.monotonic()
        seen, since = None, begun

        def rests():
            nonlocal seen, since
            # The names are told before the picture is drawn.
            what = self.id if only_window else "root"
            self.stage.run("import", "-window", what, "-silent", str(picture))
            before, seen = seen, self.stage.run("identify", "-format", "%#", str(picture))
            now = time.monotonic()
            since = since if before == seen else now
            return now - since > REST or now - begun > MOST_REST
        wait("the picture rests", LIMIT, rests)

    def close(self, limit=LIMIT):
        """Closes it as its title bar does; returns its exit code."""
        wait("the window is active", LIMIT, self.is_active)
        self.keys("alt+F4")
        return self.ended(limit)

    def ended(self, limit=LIMIT):
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            raise Failed(f"the window did not end within {limit} s") from None

    def end(self):
        end(self.process)
