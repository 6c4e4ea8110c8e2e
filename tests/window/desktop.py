"""A Wayland desktop that nobody sees, and the window on it."""

import json
import os
import time

from hands import Hands
from stage import Failed, wait
from window import LIMIT, PROGRAM, Window

WIDTH, HEIGHT = 1280, 800
SCREEN = "HEADLESS-1"
CONFIG = f"""output {SCREEN} mode {WIDTH}x{HEIGHT} position 0 0
default_border normal 0
xwayland disable
focus_on_window_activation focus
focus_follows_mouse no
for_window [app_id=".*"] floating enable
"""


def begin(stage):
    """Starts the desktop; returns the hands of the person in front of it."""
    config = stage.world / "desktop.conf"
    config.write_text(CONFIG)
    runtime = os.environ["XDG_RUNTIME_DIR"]
    address = f"{runtime}/desktop.sock"
    stage.environment |= {"SWAYSOCK": address}
    # It refuses to run as root; in a namespace of its own it is not.
    command = ["sway", "-c", str(config)]
    if os.geteuid() == 0:
        command = ["unshare", "--user", "--map-user=1000", "--map-group=1000", *command]
    desktop = stage.start(command, "desktop.log", WLR_BACKENDS="headless", WLR_RENDERER="pixman",
                          WLR_LIBINPUT_NO_DEVICES="1", XDG_CONFIG_HOME=str(stage.world))
    display = wait("the desktop", 20, lambda: ready(desktop, address, runtime, stage))
    stage.environment |= {"WAYLAND_DISPLAY": display, "XDG_SESSION_TYPE": "wayland"}
    return Hands(f"{runtime}/{display}", WIDTH, HEIGHT)


def ready(desktop, address, runtime, stage):
    if desktop.poll() is not None:
        raise Failed("the desktop did not start: " + stage.said("desktop.log"))
    names = [name for name in os.listdir(runtime)
             if name.startswith("wayland-") and not name.endswith(".lock")]
    return names[0] if names and os.path.exists(address) else None


class WaylandWindow(Window):
    """The window, with the hands of a person and the eyes of the desktop."""

    def __init__(self, stage, names, out, hands, *arguments, **options):
        self.hands, self.scale = hands, 1
        super().__init__(stage, names, out, *arguments, **options)

    def _find_window(self):
        if self.process.poll() is not None:
            raise Failed(f"the window ended with {self.process.returncode}: "
                         + self.stage.said(self.log))
        found = self.windows()
        return found[0]["id"] if found else None

    def windows(self):
        """What the desktop knows of the windows of this program."""
        def below(node):
            yield node
            for child in node.get("nodes", []) + node.get("floating_nodes", []):
                yield from below(child)
        tree = json.loads(self.stage.run("swaymsg", "-t", "get_tree", "-r"))
        return [node for node in below(tree) if node.get("app_id") == PROGRAM]

    def tell(self, command):
        """Has the desktop do something with the window."""
        self.stage.run("swaymsg", f"[app_id={PROGRAM}] {command}")

    def scaled_to(self, scale):
        """Has the screen draw each point of the desktop in `scale` of its own, both ways."""
        self.stage.run("swaymsg", f"output {SCREEN} scale {scale}")
        self.scale, self.hands.size = scale, (WIDTH // scale, HEIGHT // scale)

    def click_at(self, place, button=1):
        assert button == 1, "the left button is the only one"
        self.hands.click(*self.on_screen(place))

    def on_screen(self, place):
        """The middle of what is there in the window, where the pointer finds it."""
        x, y, width, height = place
        left, top, *_ = self.place()
        middle = ((x + width / 2) / self.scale, (y + height / 2) / self.scale)
        return left + middle[0], top + middle[1]

    def keys(self, *names):
        self.hands.keys(*names)

    def type(self, text):
        self.hands.type(text)

    def paste(self, text):
        # It stays as the clipboard's owner, until another program is.
        self.stage.start(["sh", "-c", 'printf %s "$CLIP" | wl-copy --foreground'], "copy.log",
                         CLIP=text)
        wait("the clipboard", LIMIT, lambda: self.clipboard() == text)
        self.keys("ctrl+v")

    def clipboard(self):
        return self.stage.run("wl-paste", "--no-newline", check=False)

    def is_active(self):
        return [window["focused"] for window in self.windows()] == [True]

    def count(self):
        return len(self.windows())

    def place(self):
        """Left and upper edge on the screen, width and height, of what the window draws."""
        window, = self.windows()
        outer, inner = window["rect"], window["window_rect"]
        return (outer["x"] + inner["x"], outer["y"] + inner["y"], inner["width"], inner["height"])

    def put(self, left, top, width, height):
        self.tell(f"resize set {width} {height}")
        self.tell(f"move absolute position {left} {top}")

    def shot(self, name, only_window=False):
        """Keeps a picture of the screen once it rests."""
        picture, end = self.out / f"{name}.png", time.monotonic() + 4
        before = None
        while time.monotonic() < end:
            self.stage.run("grim", str(picture))
            now = picture.read_bytes()
            if now == before:
                break
            before = now
            time.sleep(0.4)
        return picture

    def close(self, limit=LIMIT):
        """Closes it as the desktop does; returns its exit code."""
        self.tell("kill")
        return self.ended(limit)
