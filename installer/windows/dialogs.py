"""The dialogs of the installer, as rows of Windows Installer's tables.

Sizes are in installer units, a twelfth of the height of the system's font.
"""

WIDTH, HEIGHT = 370, 270
TEXT, TEXT_WIDTH = 20, 330
BUTTONS, BUTTON_WIDTH = 243, 66
# Where the last button begins, and those before it.
LAST = TEXT + TEXT_WIDTH - BUTTON_WIDTH
BEFORE, BEFORE_THAT = LAST - 72, LAST - 144

# Bits of the attributes of dialogs and controls (Windows Installer documentation).
VISIBLE, ENABLED = 1, 2
MODAL, MINIMIZE = 2, 4
SHOWN = VISIBLE | ENABLED
TRANSPARENT, NO_PREFIX = 0x10000, 0x20000
TITLE = "[ProductName] [ProductVersion]"

PROPERTIES = [
    ("DefaultUIFont", "Body"),
    ("ErrorDialog", "ErrorDialog"),
    ("OPENWINDOW", "1"),
]

# When a dialog comes, without a person to show it to: never. Negative numbers are the ends:
# well, cancelled, failed.
SEQUENCE = [
    ("ExitDialog", "", -1),
    ("UserExitDialog", "", -2),
    ("FatalErrorDialog", "", -3),
    ("WelcomeDialog", "NOT Installed OR WIX_UPGRADE_DETECTED", 1230),
    ("MaintenanceDialog", "Installed AND NOT RESUME AND NOT Preselected", 1240),
    ("ProgressDialog", "", 1280),
]


class Dialog:
    """A dialog and the rows that make it."""

    def __init__(self, name, first, default=None, cancel=None, modal=True):
        self.name = name
        self.row = (
            name, 50, 50, WIDTH, HEIGHT, VISIBLE | (MODAL if modal else 0) | MINIMIZE,
            TITLE, first, default or first, cancel or default or first,
        )
        self.controls, self.events, self.mappings, self.conditions = [], [], [], []
        self.add("Line", "Line", 0, 234, WIDTH, 0, VISIBLE)

    def add(self, name, kind, x, y, width, height, attributes=SHOWN, prop=None, text=None):
        self.controls.append([self.name, name, kind, x, y, width, height, attributes, prop, text, None, None])

    def title(self, text):
        attributes = SHOWN | TRANSPARENT | NO_PREFIX
        self.add("Title", "Text", TEXT, 20, TEXT_WIDTH, 30, attributes, text="{\\Title}" + text)

    def text(self, text, y=60, height=60, name="Text"):
        self.add(name, "Text", TEXT, y, TEXT_WIDTH, height, SHOWN | TRANSPARENT, text=text)

    def button(self, name, x, text, *events):
        """A button, and what happens: (event, argument, condition)."""
        self.add(name, "PushButton", x, BUTTONS, BUTTON_WIDTH, 17, text=text)
        for order, (event, argument, condition) in enumerate(events, 1):
            self.events.append((self.name, name, event, argument, condition, order))

    def check_box(self, name, y, prop, text):
        self.add(name, "CheckBox", TEXT, y, TEXT_WIDTH, 17, prop=prop, text=text)


def linked(dialog):
    """The tab order: each control that can have the keyboard, in a ring."""
    ring = [c for c in dialog.controls if c[2] in ("PushButton", "CheckBox")]
    for control, following in zip(ring, ring[1:] + ring[:1]):
        control[10] = following[1]


def all_dialogs():
    cancel = ("SpawnDialog", "CancelDialog", "1")
    end = lambda how: ("EndDialog", how, "1")

    welcome = Dialog("WelcomeDialog", "Next", "Next", "Cancel")
    welcome.title("Install [ProductName]")
    welcome.text(
        "Apps in Azure reach endpoints in this network through Azure Relay Hybrid Connections, with "
        "outbound connections on port 443 only.",
    )
    welcome.text(
        "This installs the background service, the window and the command line hcm for all users of "
        "this computer. Settings and connections of an earlier version are kept.",
        y=100, name="What",
    )
    welcome.text(
        "The program is free software under the MIT licence; LICENSE.txt in its folder has the text.",
        y=150, name="Licence",
    )
    welcome.button("Next", BEFORE, "&Install", end("Return"))
    welcome.button("Cancel", LAST, "Cancel", cancel)

    maintenance = Dialog("MaintenanceDialog", "Repair", "Repair", "Cancel")
    maintenance.title("[ProductName] is installed")
    maintenance.text("Repair puts its files, its service and its shortcuts right. Remove uninstalls it.")
    maintenance.check_box(
        "RemoveData", 130, "REMOVEDATA",
        "When removing: remove settings, connections, keys and logs &too",
    )
    maintenance.button(
        "Repair", BEFORE_THAT, "Re&pair",
        ("ReinstallMode", "omus", "1"), ("Reinstall", "ALL", "1"), end("Return"),
    )
    maintenance.button("Remove", BEFORE, "&Remove", ("Remove", "ALL", "1"), end("Return"))
    maintenance.button("Cancel", LAST, "Cancel", cancel)

    progress = Dialog("ProgressDialog", "Cancel", "Cancel", "Cancel", modal=False)
    progress.title("Please wait")
    progress.text("", y=100, height=20, name="Action")
    progress.add("Bar", "ProgressBar", TEXT, 130, TEXT_WIDTH, 12, 0x10000 | VISIBLE)
    progress.mappings += [
        ("ProgressDialog", "Action", "ActionText", "Text"),
        ("ProgressDialog", "Bar", "SetProgress", "Progress"),
    ]
    progress.button("Cancel", LAST, "Cancel", cancel)

    finished = Dialog("ExitDialog", "Finish", "Finish", "Finish")
    finished.title("Done")
    finished.text("Find it in the Start menu: [ProductName] GUI, and [ProductName] CLI.")
    finished.check_box("Open", 130, "OPENWINDOW", "&Open the window now")
    for control in ["Text", "Open"]:
        finished.conditions.append(("ExitDialog", control, "Hide", 'REMOVE~="ALL"'))
    finished.button(
        "Finish", LAST, "&Finish",
        ("DoAction", "OpenWindow", 'OPENWINDOW="1" AND NOT (REMOVE~="ALL")'), end("Return"),
    )

    cancelled = Dialog("UserExitDialog", "Finish")
    cancelled.title("Cancelled")
    cancelled.text("Nothing has been changed. Start the installer again when you want to.")
    cancelled.button("Finish", LAST, "&Close", end("Exit"))

    failed = Dialog("FatalErrorDialog", "Finish")
    failed.title("It did not work")
    failed.text(
        "Everything is as it was before. The Event Log (Application, source [ProductName]) has the "
        "reason when the service could not be set up; a log is written by: msiexec /i FILE /l*v LOG.",
    )
    failed.button("Finish", LAST, "&Close", end("Exit"))

    sure = Dialog("CancelDialog", "No", "No", "No")
    sure.title("Cancel?")
    sure.text("Nothing will be changed.")
    sure.button("Yes", BEFORE, "&Yes", end("Exit"))
    sure.button("No", LAST, "&No", end("Return"))

    # Windows Installer fills in the text and shows the buttons that the error has.
    error = Dialog("ErrorDialog", "ErrorText")
    error.row = error.row[:5] + (error.row[5] | 0x10000,) + error.row[6:]
    error.text("", name="ErrorText", height=120)
    for at, (name, text, what) in enumerate([
        ("A", "Cancel", "ErrorAbort"), ("C", "Cancel", "ErrorCancel"),
        ("I", "&Ignore", "ErrorIgnore"), ("N", "&No", "ErrorNo"), ("O", "OK", "ErrorOk"),
        ("R", "&Retry", "ErrorRetry"), ("Y", "&Yes", "ErrorYes"),
    ]):
        error.button(name, 10 + at * 50, text, end(what))

    return [welcome, maintenance, progress, finished, cancelled, failed, sure, error]


def tables():
    """Table by table: columns with their kinds, key columns, rows."""
    dialogs = all_dialogs()
    for dialog in dialogs:
        linked(dialog)
    gather = lambda what: [tuple(row) for dialog in dialogs for row in getattr(dialog, what)]
    return {
        "Dialog": (
            [("Dialog", "s72"), ("HCentering", "i2"), ("VCentering", "i2"), ("Width", "i2"),
             ("Height", "i2"), ("Attributes", "I4"), ("Title", "L128"), ("Control_First", "s50"),
             ("Control_Default", "S50"), ("Control_Cancel", "S50")],
            ["Dialog"], [dialog.row for dialog in dialogs],
        ),
        "Control": (
            [("Dialog_", "s72"), ("Control", "s50"), ("Type", "s20"), ("X", "i2"), ("Y", "i2"),
             ("Width", "i2"), ("Height", "i2"), ("Attributes", "I4"), ("Property", "S72"),
             ("Text", "L0"), ("Control_Next", "S50"), ("Help", "L50")],
            ["Dialog_", "Control"], gather("controls"),
        ),
        "ControlEvent": (
            [("Dialog_", "s72"), ("Control_", "s50"), ("Event", "s50"), ("Argument", "s255"),
             ("Condition", "S255"), ("Ordering", "I2")],
            ["Dialog_", "Control_", "Event", "Argument", "Condition"], gather("events"),
        ),
        "ControlCondition": (
            [("Dialog_", "s72"), ("Control_", "s50"), ("Action", "s50"), ("Condition", "s255")],
            ["Dialog_", "Control_", "Action", "Condition"], gather("conditions"),
        ),
        "EventMapping": (
            [("Dialog_", "s72"), ("Control_", "s50"), ("Event", "s50"), ("Attribute", "s50")],
            ["Dialog_", "Control_", "Event"], gather("mappings"),
        ),
        "CheckBox": (
            [("Property", "s72"), ("Value", "S64")], ["Property"],
            [("REMOVEDATA", "1"), ("OPENWINDOW", "1")],
        ),
        "TextStyle": (
            [("TextStyle", "s72"), ("FaceName", "s32"), ("Size", "i2"), ("Color", "I4"),
             ("StyleBits", "I2")],
            ["TextStyle"], [("Body", "Tahoma", 8, None, 0), ("Title", "Tahoma", 13, None, 1)],
        ),
    }
