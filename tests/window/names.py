"""What a program shows, as a screen reader gets it: names, kinds and places, over AT-SPI."""

from gi.repository import Gio, GLib

REGISTRY = "org.a11y.atspi.Registry"
ROOT = "/org/a11y/atspi/accessible/root"
CACHE = "/org/a11y/atspi/cache"
LIMIT_MS = 20_000

# The numbers are those of AT-SPI; roles that no test asks for stay numbers.
ROLES = {7: "check box", 10: "column header", 11: "combo box", 16: "dialog", 23: "frame",
         29: "label", 40: "password text", 43: "button", 44: "radio button", 55: "table",
         79: "entry", 88: "link", 90: "row"}
CHECKED, FOCUSED, SENSITIVE = 1 << 4, 1 << 12, 1 << 24


class Widget:
    """One widget, as it was when it was looked at."""

    def __init__(self, names, item):
        (self._bus, self._path), _, _, _, _, self._kinds, self.name, role, _, states = item
        self._names = names
        self.role = ROLES.get(role, str(role))
        self.focused = bool(states[0] & FOCUSED)
        self.checked = bool(states[0] & CHECKED)
        self.enabled = bool(states[0] & SENSITIVE)

    def __repr__(self):
        return f"{self.role} {self.name!r}" + ("" if self.enabled else " (disabled)")

    def is_same(self, other):
        return other is not None and (self._bus, self._path) == (other._bus, other._path)

    def place(self):
        """Left and upper edge on the screen, width and height; nothing once it has gone."""
        return self._ask("Component", "GetExtents", GLib.Variant("(u)", (0,)))

    def text(self):
        """What is written in it, as far as it is read aloud."""
        whole = GLib.Variant("(ii)", (0, -1))
        is_text = "org.a11y.atspi.Text" in self._kinds
        return self._ask("Text", "GetText", whole) if is_text else ""

    def _ask(self, kind, what, values):
        return self._names.call(self._bus, self._path, "org.a11y.atspi." + kind, what, values)


class Names:
    """The way to ask the programs of this session."""

    def __init__(self):
        session = Gio.bus_get_sync(Gio.BusType.SESSION)
        # Programs tell their names only while somebody listens.
        wants = GLib.Variant("(ssv)", ("org.a11y.Status", "IsEnabled", GLib.Variant("b", True)))
        where = ("org.a11y.Bus", "/org/a11y/bus")
        session.call_sync(*where, "org.freedesktop.DBus.Properties", "Set", wants, None,
                          Gio.DBusCallFlags.NONE, LIMIT_MS)
        address = session.call_sync(*where, "org.a11y.Bus", "GetAddress", None, None,
                                    Gio.DBusCallFlags.NONE, LIMIT_MS).unpack()[0]
        kind = (Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT
                | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION)
        self._bus = Gio.DBusConnection.new_for_address_sync(address, kind, None, None)

    def call(self, bus, path, interface, what, values=None):
        """The answer, or nothing from what has gone."""
        try:
            answer = self._bus.call_sync(bus, path, interface, what, values, None,
                                         Gio.DBusCallFlags.NONE, LIMIT_MS)
        except GLib.Error:
            return None
        return answer.unpack()[0]

    def widgets(self):
        """Everything that all programs show."""
        found = []
        programs = self.call(REGISTRY, ROOT, "org.a11y.atspi.Accessible", "GetChildren")
        for bus, _ in programs or []:
            items = self.call(bus, CACHE, "org.a11y.atspi.Cache", "GetItems")
            found += [Widget(self, item) for item in items or []]
        return found
