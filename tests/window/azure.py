"""A person who selects hybrid connections of the demo's Azure."""

import re
from pathlib import Path

from texts import pattern, text
from window import Window

BROWSER = Path(__file__).resolve().with_name("browser.py")


def open_demo(stage, names, out):
    """A window with the demo, whose browser picks an account at once."""
    return Window(stage, names, out, "--demo", log="azure.log", BROWSER=str(BROWSER))


def open_sign_in(window):
    window.click(text("new"), "button")
    window.click(text("select-with-azure"))
    window.see(text("azure-sign-in"), "button", enabled=True)


def sign_in(window):
    """Signs in, and has the first subscription read."""
    window.click(text("azure-sign-in"), "button")
    window.see(re.compile(pattern("azure-account", name="you@contoso.com")))
    window.click(text("azure-subscription"))
    window.click("Contoso Production")
    window.see(re.compile(pattern("azure-read")))


def choose(window, *names):
    """Checks these; each is brought into sight by the filter, which keeps the last one."""
    for name in names:
        filter_by(window, name)
        window.click(re.compile(f"{name}, .*"), "check box")


def filter_by(window, name):
    window.click(text("azure-filter"))
    window.keys("ctrl+a", "BackSpace")
    if name:
        window.type(name)
