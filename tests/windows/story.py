"""What an administrator does with the installer, from the first to the last; run.sh starts it.

Weaker than on Windows, because Wine 8 does not do it: Wine asks no access list, so that a user
without rights is not tried here; its pipes have no first instance; it restarts no service that
has failed; it has no Restart Manager, which closes the window before an upgrade; it does not
bring back the old version after an upgrade that failed; it leaves an empty entry on the PATH; it
has no viewer of events; Direct3D 12 fails in it, so that the window always falls back to OpenGL.
"""

import hashlib
import json
import os
import re
import sys
import time
from datetime import datetime
from pathlib import Path

from stage import Failed, wait
from traffic import Echo, round_trip
from wine import ACTION_FAILED, INSTALL_FAILED, INSTALLED, PRODUCT, RESTART_NEEDED, SERVICE, Wine

BEGUN = time.monotonic()
INSTALLER, NEWER, PROGRAMS, OUT = sys.argv[1:5]
RELEASE = "--release" in sys.argv
MIB = 1 << 20
# The tone of what is well, as src/gui/theme/palette.rs has it.
GREEN = "#E6F4EC"
# Height of the window's head in pixels.
HEAD = 60
MICROSOFT = "HybridConnectionManagerService"


def step(what):
    print(f"{time.monotonic() - BEGUN:6.1f} s  {what}", flush=True)


def check(holds, what):
    if not holds:
        raise Failed(f"this must hold: {what}")


def digest(folder):
    """Of every file in it, by name."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files}


def a_small_installer(wine):
    step("sizes")
    installer, service = Path(INSTALLER), Path(PROGRAMS) / f"{SERVICE}-service.exe"
    for path, most in [(installer, 25), (service, 10)]:
        size = path.stat().st_size / MIB
        step(f"  {path.name}: {size:.1f} MiB")
        check(not RELEASE or size < most, f"{path.name} is smaller than {most} MiB")


def microsofts_manager_is_there(wine):
    """What Microsoft's manager leaves on a machine, and must stay as it is."""
    step("Microsoft's manager is installed beside it")
    folder = wine.drive / "ProgramData/HybridConnectionManager"
    folder.mkdir(parents=True)
    (folder / "connections.json").write_text(json.dumps([{"Namespace": "contoso", "Name": "theirs"}]))
    wine.wine("sc", "create", MICROSOFT, "binPath=", r"C:\windows\system32\winedevice.exe")
    return folder, digest(folder), wine.service_config(MICROSOFT)


def installs(wine):
    step("a silent installation")
    begun = time.monotonic()
    wine.msiexec("/i", INSTALLER)
    took = time.monotonic() - begun
    step(f"  took {took:.1f} s")
    check(not RELEASE or took < 10, "it is installed within 10 s")
    is_installed(wine)


def is_installed(wine):
    wait("the service runs", 10, lambda: wine.service_state() == "RUNNING")
    check(len(wine.installed()) == 1, "it is listed once among the installed programs")
    expected = ["Hybrid Connection Manager CLI", "Hybrid Connection Manager GUI"]
    check(wine.shortcuts() == expected, "both entries are in the Start menu")
    for program in ["hcm.exe", "hybrid-connection-manager-gui.exe", f"{SERVICE}-service.exe"]:
        check((wine.folder / program).is_file(), f"{program} is in the program folder")
    templates = sorted(path.suffix for path in (wine.folder / "PolicyDefinitions").rglob("*.adm*"))
    check(templates == [".adml", ".admx"], "the templates for Group Policy are there")
    source = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{PRODUCT}"
    check("service.exe" in wine.registry(source, "EventMessageFile"), "the Event Log knows it")
    config = wine.service_config(SERVICE)
    check(rf"NT SERVICE\{SERVICE}" in config, "it runs as its own account and not as the system")
    check(re.search(r"Start\s+REG_DWORD\s+0x2\b", config), "it starts with the machine")
    check("service  " in wine.hcm("version"), "hcm is on the PATH and finds the service")


def start_emulator(wine, echo, port=0):
    """Azure; returns the connection strings of its listeners, by hybrid connection."""
    log = f"emulator-{port}.log"
    command = ["wine", wine.program("relay-emulator.exe"), "run", "--state", r"C:\relay", "--port", str(port)]
    for name in ["web", "old"]:
        command += ["--hybrid-connection", f"demo/{name}=127.0.0.1:{echo.port}"]
    wine.start(command, log)
    listen = re.compile(r"Listen\s+(\S+EntityPath=(\w+))")
    found = wait("the emulator", 30, lambda: len(listen.findall(wine.said(log))) == 2 and
                 listen.findall(wine.said(log)))
    return {name: string for string, name in found}


def adds_a_connection(wine, strings):
    step("a connection from standard input, against an emulator of Azure")
    wine.hcm("settings", "set", "network.extra_ca_certificates", r"C:\relay\ca.pem")
    wine.hcm("add", "-", given=strings["web"] + "\n")
    wine.hcm("status", "--wait", "30", limit=40)
    kept = (wine.data / "connections.json").read_text()
    check('"dpapi-machine"' in kept, "its key is sealed for this machine")
    check(part(strings["web"], "SharedAccessKey") not in kept, "its key is not in the open")


def part(string, name):
    """What a connection string has under a name."""
    return dict(field.split("=", 1) for field in string.split(";"))[name]


def imports(wine, strings):
    step("the connections of Microsoft's manager are taken over")
    namespace, port = re.match(r"sb://(\S+):(\d+)/?$", part(strings["old"], "Endpoint")).groups()
    folder = wine.drive / "Program Files/Microsoft/HybridConnectionManager 0.7"
    folder.mkdir(parents=True)
    config = folder / "Microsoft.HybridConnectionManager.Listener.exe.config"
    config.write_text(
        "<configuration><hybridConnections><connectionStrings><hybridConnection connectionString="
        f'"Endpoint=sb://{namespace}:{port}/old;SharedAccessKeyName={part(strings["old"], "SharedAccessKeyName")};'
        f'SharedAccessKey={part(strings["old"], "SharedAccessKey")}"/>'
        "</connectionStrings></hybridConnections></configuration>")
    before = config.read_bytes()
    wine.hcm("import", str(Path("C:/") / config.relative_to(wine.drive)), "--dry-run")
    check(names(wine) == ["web"], "a dry run changes nothing")
    wine.hcm("import", str(Path("C:/") / config.relative_to(wine.drive)))
    wine.hcm("status", "--wait", "30", limit=40)
    check(names(wine) == ["old", "web"], "the connection is taken over")
    check(config.read_bytes() == before, "its file is as it was")
    wine.hcm("remove", "demo/old", "--yes")


def names(wine):
    return sorted(it["Name"] for it in wine.connections())


def obeys_the_policy(wine):
    step("a policy that allows no hybrid connection, and its end")
    key = r"HKLM\SOFTWARE\Policies\Hybrid Connection Manager"
    state = lambda: wine.connections()[0]["Status"]
    wine.wine("reg", "add", key, "/v", "AllowHybridConnections", "/t", "REG_DWORD", "/d", "0", "/f")
    wait("it is obeyed", 20, lambda: state() != "Connected")
    check("policy-denied" in wine.hcm("list", "-o", "json"), "the fault names the policy")
    wine.wine("reg", "delete", key, "/f")
    wait("its end is seen", 20, lambda: state() == "Connected")


def carries_bytes(wine):
    step("bytes go through and come back, and each direction ends by itself")
    wine.start(["wine", wine.program("relay-emulator.exe"), "send", "demo/web", "--state", r"C:\relay",
                "--local", "0"], "send.log")
    pattern = re.compile(r"127\.0\.0\.1:(\d+)")
    wait("the sender", 30, lambda: pattern.search(wine.said("send.log")))
    port = int(pattern.search(wine.said("send.log"))[1])
    for size in [0, 1, 65536, 5 * MIB]:
        # The echo ends its direction only after ours has ended.
        round_trip(port, size)


def starts_fast(wine):
    step("a restart of the service")
    begun = time.time()
    wine.stop_service()
    step(f"  stopped {time.time() - begun:.1f} s after it was asked to")
    check(time.time() - begun < 5, "it stops within 5 s")
    begun = time.time()
    wine.wine("net", "start", SERVICE)
    wine.hcm("status", "--wait", "10", limit=20)
    [connection] = wine.connections()
    took = datetime.fromisoformat(connection["Since"]).timestamp() - begun
    step(f"  Connected {took:.1f} s after the start")
    check(0 < took < (2 if RELEASE else 10), "the first connection is Connected within 2 s of the start")


def shot(wine, name):
    """A picture of the window; None while there is none. One that gives way to the next
    renderer goes at any moment."""
    found = wine.run("xdotool", "search", "--name", PRODUCT, check=False).split()
    picture = Path(OUT) / f"{name}.png"
    picture.unlink(missing_ok=True)
    if found:
        wine.run("import", "-window", found[-1], str(picture), check=False)
    return picture if picture.exists() else None


def greens(wine, name):
    """How many pixels of the window have the tone of what is well; -1 without a window. The
    head, which says that the service runs, is left out."""
    picture = shot(wine, name)
    if picture is None:
        return -1
    told = wine.run("convert", str(picture), "-crop", f"99999x99999+0+{HEAD}", "-fill", "black", "+opaque", GREEN,
                    "-fill", "white", "-opaque", GREEN, "-format", "%[fx:int(mean*w*h+0.5)]", "info:")
    return int(told)


def shows_the_window(wine):
    step("the window, with Direct3D that fails")
    gui = wine.start(["wine", str(wine.folder / "hybrid-connection-manager-gui.exe")], "gui.log")
    wait("the window shows Connected", 60, lambda: greens(wine, "connected") > 200)
    logs = wine.drive.glob(f"users/*/AppData/Local/{PRODUCT}/logs/*.log")
    log = "".join(path.read_text(errors="replace") for path in logs)
    check('this renderer does not work here renderer="wgpu"' in log, "wgpu was tried and failed")
    check('the window is drawn renderer="glow"' in log, "OpenGL draws")
    wine.hcm("disable", "demo/web")
    wait("the window shows that it is not", 20, lambda: 0 <= greens(wine, "disabled") < 50)
    wine.hcm("enable", "demo/web")
    wine.hcm("status", "--wait", "30", limit=40)
    return gui


def state(wine):
    """What an upgrade must keep."""
    names = [(it["Namespace"], it["Name"]) for it in wine.connections()]
    return names, wine.hcm("settings", "get", "network.extra_ca_certificates")


def an_upgrade_is_interrupted(wine):
    step("an upgrade that cannot be finished")
    before, kept = state(wine), digest_of_data(wine)
    wine.stop_service()
    aside = wine.data.with_name("aside")
    wine.data.rename(aside)
    wine.data.write_text("in the way")
    wine.msiexec("/i", NEWER, expected=(INSTALL_FAILED, ACTION_FAILED))
    check(wine.data.read_text() == "in the way", "what was in the way is still there")
    wine.data.unlink()
    aside.rename(wine.data)
    check(digest_of_data(wine) == kept, "connections and settings are as they were")
    [old] = wine.installed()
    # Windows has brought back its files by now; Wine does not.
    repair(wine, old)
    if wine.service_state() != "RUNNING":
        wine.start_service()
    is_installed(wine)
    wine.hcm("status", "--wait", "30", limit=40)
    check(state(wine) == before, "connections and settings are kept")


def digest_of_data(wine):
    return {name: digest(wine.data)[name] for name in ["connections.json", "settings.json"]}


def upgrades(wine):
    step("an upgrade, with the window open")
    before = state(wine)
    [old] = wine.installed()
    # The program of the window is in use.
    wine.msiexec("/i", NEWER, expected=(INSTALLED, RESTART_NEEDED))
    is_installed(wine)
    check(wine.installed() != [old], "the new version took the place of the old one")
    wine.hcm("status", "--wait", "30", limit=40)
    check(state(wine) == before, "connections and settings are kept")
    step("a downgrade is refused")
    newer = wine.installed()
    wine.msiexec("/i", INSTALLER, expected=(INSTALL_FAILED,))
    check(wine.installed() == newer, "the newer version stays")
    check(state(wine) == before, "connections and settings are kept")


def restarts_the_machine(wine, echo, port):
    step("a restart of the machine")
    wine.restart()
    start_emulator(wine, echo, port)
    wait("the service runs", 30, lambda: wine.service_state() == "RUNNING")
    wine.hcm("status", "--wait", "30", limit=40)


def repair(wine, code):
    """What "/fa" stands for, which Wine's msiexec does not know."""
    wine.msiexec("/i", code, "REINSTALL=ALL", "REINSTALLMODE=amus")


def repairs(wine):
    step("a repair")
    wine.stop_service()
    (wine.folder / "hcm.exe").unlink()
    [code] = wine.installed()
    repair(wine, code)
    check((wine.folder / "hcm.exe").is_file(), "a file that was gone is back")
    if wine.service_state() != "RUNNING":
        wine.start_service()
    wine.hcm("status", "--wait", "30", limit=40)


def fails_and_rolls_back(wine):
    step("an installation that cannot be finished")
    blocked = wine.data
    blocked.write_text("in the way")
    wine.msiexec("/i", INSTALLER, expected=(INSTALL_FAILED, ACTION_FAILED))
    check(blocked.read_text() == "in the way", "what was in the way is still there")
    check(wine.service_state() is None, "no service is left")
    check(wine.installed() == [], "it is not listed as installed")
    blocked.unlink()


def uninstalls(wine):
    step("an uninstallation that keeps the data")
    kept = (wine.data / "connections.json").read_bytes()
    [code] = wine.installed()
    wine.msiexec("/x", code)
    is_gone(wine)
    check((wine.data / "connections.json").read_bytes() == kept, "connections are kept")
    step("installed again, it has them")
    wine.msiexec("/i", NEWER)
    wine.hcm("status", "--wait", "30", limit=40)
    check([it["Name"] for it in wine.connections()] == ["web"], "the connection is back")
    step("an uninstallation that removes everything")
    [code] = wine.installed()
    wine.msiexec("/x", code, "REMOVEDATA=1")
    is_gone(wine)
    check(not wine.data.exists(), "settings, connections and logs are gone")


def is_gone(wine):
    check(wine.service_state() is None, "the service is gone")
    wait("no program of ours runs", 20, lambda: wine.processes() == [])
    check(wine.shortcuts() == [], "the Start menu has no entry any more")
    left = sorted(path.name for path in wine.folder.glob("*"))
    check(not wine.folder.exists(), f"the program folder is gone; it has {left}")
    path = wine.registry(r"SYSTEM\CurrentControlSet\Control\Session Manager\Environment", "PATH")
    check(path and PRODUCT not in path, "the PATH is as it was")
    source = rf"SYSTEM\CurrentControlSet\Services\EventLog\Application\{PRODUCT}"
    check(wine.registry(source) == "", "the Event Log has forgotten it")


def main():
    with Wine(PROGRAMS, os.environ["WORLD"]) as wine:
        wine.start_display(managed=False)
        step("a new Windows")
        wine.boot()
        a_small_installer(wine)
        theirs, before, config = microsofts_manager_is_there(wine)
        installs(wine)
        echo = Echo()
        strings = start_emulator(wine, echo)
        port = int(part(strings["web"], "Endpoint").strip("/").rpartition(":")[2])
        adds_a_connection(wine, strings)
        carries_bytes(wine)
        imports(wine, strings)
        obeys_the_policy(wine)
        starts_fast(wine)
        an_upgrade_is_interrupted(wine)
        gui = shows_the_window(wine)
        upgrades(wine)
        # Where the installer has not ended it.
        wine.wine("taskkill", "/f", "/im", "hybrid-connection-manager-gui.exe", check=False)
        wait("the window has ended", 20, lambda: gui.poll() is not None)
        restarts_the_machine(wine, echo, port)
        repairs(wine)
        uninstalls(wine)
        fails_and_rolls_back(wine)
        check(digest(theirs) == before, "the files of Microsoft's manager are untouched")
        check(wine.service_config(MICROSOFT) == config, "its service is as it was")
        step("done")


try:
    main()
except Failed as failure:
    sys.exit(f"{time.monotonic() - BEGUN:6.1f} s  {failure}")
