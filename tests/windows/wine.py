"""A Windows of its own, played by Wine, and what is installed in it."""

import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from stage import Failed, Stage, wait

SERVICE = "hybrid-connection-manager"
PRODUCT = "Hybrid Connection Manager"
# Exit codes of msiexec; a process of Unix has eight bits of them.
INSTALLED, INSTALL_FAILED, RESTART_NEEDED = 0, 1603 & 0xFF, 3010 & 0xFF
# What Wine says instead of "failed" where an action of the installer has failed.
ACTION_FAILED = 1627 & 0xFF


class Wine(Stage):
    """Owns a prefix; ends everything in it."""

    def __init__(self, programs, world):
        super().__init__(programs, world)
        del self.environment["HCM_HOME"], self.environment["RELAY_EMULATOR_STATE"]
        self.drive = Path(os.environ["WINEPREFIX"]) / "drive_c"
        self.data = self.drive / "ProgramData" / PRODUCT
        self.folder = self.drive / "Program Files" / PRODUCT

    def __exit__(self, *_):
        self.run("wineserver", "-k", check=False)
        super().__exit__()

    def service_pid(self):
        return None

    def boot(self):
        """Makes the prefix, and starts what stays in it until the end."""
        self._quietly("wine", "wineboot", "-i", limit=180)
        shim = self.world / "bcryptprimitives.dll"
        shutil.copy(shim, self.drive / "windows/system32")
        # The service manager of the first start does not know the services made after it.
        self.restart()

    def restart(self):
        """Ends everything, and starts the machine again."""
        self.run("wineserver", "-k", check=False)
        self._quietly("wineserver", "-w")
        # Persistent, so that services do not start anew with each command.
        self._quietly("wineserver", "-p")
        self._quietly("wine", "wineboot")

    def _quietly(self, *command, limit=60):
        # What stays would keep a pipe of ours open.
        quiet = dict.fromkeys(["stdin", "stdout", "stderr"], subprocess.DEVNULL)
        subprocess.run(command, env=self.environment, timeout=limit, check=True, **quiet)

    def run(self, *command, check=True, limit=60, given=""):
        """The output of a command that ends by itself, whatever it leaves running."""
        code, out, error = self._ended(command, limit, given)
        if check and code != 0:
            raise Failed(f"{' '.join(command)} ended with {code}: {out}{error}")
        return out

    def _ended(self, command, limit, given=""):
        # Files, because what stays would keep a pipe open.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as error, \
                tempfile.TemporaryFile() as source:
            source.write(given.encode())
            source.seek(0)
            process = subprocess.Popen(
                command, env=self.environment, stdin=source, stdout=out, stderr=error)
            try:
                code = process.wait(limit)
            except subprocess.TimeoutExpired:
                process.kill()
                raise Failed(f"{' '.join(command)} did not end within {limit} s") from None
            said = []
            for file in [out, error]:
                file.seek(0)
                said.append(file.read().decode(errors="replace"))
            return code, *said

    def wine(self, *command, **options):
        return self.run("wine", *map(str, command), **options)

    def msiexec(self, *arguments, expected=(INSTALLED,)):
        """Installs, repairs or removes, without a person."""
        log = self.world / "msiexec.log"
        command = ["wine", "msiexec", *map(str, arguments), "/qn", "/l*v", f"Z:{log}"]
        ended, *_ = self._ended(command, 120)
        if ended not in expected:
            told = log.read_text(errors="replace") if log.exists() else ""
            # The rest are properties.
            told = [line for line in told.splitlines() if not line.startswith("Property(")]
            raise Failed("\n".join([f"msiexec {arguments} ended with {ended}:", *told[-40:]]))

    def installed(self):
        """The product codes under our name, as "Apps and features" lists them."""
        listed = self.wine("uninstaller", "--list").splitlines()
        return [line.split("|||")[0] for line in listed if line.split("|||")[-1] == PRODUCT]

    def service_state(self, name=SERVICE):
        """RUNNING, STOPPED and so on; None without such a service."""
        told = self.wine("sc", "query", name, check=False)
        state = re.search(r"STATE\s*:\s*\d+\s+(\w+)", told)
        return state and state[1]

    def service_config(self, name):
        """How the service manager starts a service, as the registry has it."""
        return self.registry(rf"SYSTEM\CurrentControlSet\Services\{name}")

    def start_service(self):
        self.wine("net", "start", SERVICE)
        wait("the service runs", 20, lambda: self.service_state() == "RUNNING")

    def stop_service(self):
        self.wine("net", "stop", SERVICE)
        wait("the service has stopped", 20, lambda: self.service_state() == "STOPPED")

    def hcm(self, *arguments, **options):
        """hcm as a terminal finds it: on the PATH that the installer has changed."""
        return self.wine("hcm.exe", *arguments, **options)

    def connections(self):
        return json.loads(self.hcm("list", "-o", "json"))

    def shortcuts(self):
        return sorted(path.stem for path in self.drive.rglob("*.lnk") if PRODUCT in path.stem)

    def registry(self, key, value=None):
        """A key or a value of HKEY_LOCAL_MACHINE as text; empty where there is none."""
        which = ["/v", value] if value else []
        code, told, _ = self._ended(["wine", "reg", "query", f"HKLM\\{key}", *which], 60)
        return told if code == 0 else ""

    def processes(self):
        """Our programs that run in this prefix."""
        listed = self.wine("tasklist", check=False)
        return re.findall(r"^(?:hybrid-connection-manager|hcm)\S*", listed, re.MULTILINE)
