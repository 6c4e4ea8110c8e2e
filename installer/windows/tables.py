#!/usr/bin/env python3
"""Writes into an installer that wixl has made what wixl cannot say.

    tables.py INSTALLER FOLDER_OF_THE_PROGRAMS
"""

import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import dialogs

NEW_OR_REPAIR = 'NOT REMOVE~="ALL"'
# An upgrade removes the old version too, but nothing that the new one needs: Windows says that it
# upgrades, and does not remove (2) a component that another version has too. Wine says the second
# alone.
GONE_FOR_GOOD = 'REMOVE~="ALL" AND NOT UPGRADINGPRODUCTCODE AND $Service = 2'

# When an action comes: (action, condition, number). Windows Installer stops services at
# 1900, deletes them at 2000, installs files at 4000, services at 5800, and starts them at 5900.
EXECUTE = [
    ("Teardown", f'{GONE_FOR_GOOD} AND NOT (REMOVEDATA="1")', 2001),
    ("TeardownWithData", f'{GONE_FOR_GOOD} AND REMOVEDATA="1"', 2002),
    ("RemoveEnvironmentStrings", "", 3300),
    ("WriteEnvironmentStrings", "", 5200),
    ("UndoSetup", "NOT Installed AND NOT WIX_UPGRADE_DETECTED", 5801),
    ("Setup", NEW_OR_REPAIR, 5802),
    # The old version goes when the new one runs, and takes along only what the new one does not
    # have: what both have is counted twice until then. Inside the transaction: when the
    # new version cannot be installed, the old one is back. At no moment is neither there. The new
    # one is registered after it: Wine forgets the upgrade code with the version that goes.
    ("InstallExecute", "", 5910),
    ("RemoveExistingProducts", "", 5920),
]

# The programs: row of the table File, and name. The new one is written over the old one only where
# Windows Installer knows that it is newer; a row without a version would lose against any
# program that has one.
PROGRAMS = {
    "ServiceProgram": "hybrid-connection-manager-service.exe",
    "CliProgram": "hcm.exe",
    "GuiProgram": "hybrid-connection-manager-gui.exe",
}
# Language of their version: none.
NEUTRAL = "0"

PROPERTIES = [
    *dialogs.PROPERTIES,
    # Every file is replaced, also one with the same numbers: that of a preview, or of a new build.
    ("REINSTALLMODE", "amus"),
]

# Names begin with "=" (set), "-" (remove with the component) and "*" (of the machine).
ENVIRONMENT = [("Path", "=-*PATH", "[~];[INSTALLFOLDER]", "Path")]

# Of which versions a new one takes the place: older ones, and the same numbers too. Windows
# Installer knows numbers alone, and a preview has those of the version that it is a preview of.
# (msidbUpgradeAttributesMigrateFeatures and msidbUpgradeAttributesVersionMaxInclusive.)
REPLACES = 1 | 512

# What the person or script that starts the installer may hand to its elevated part.
SECURE = ["REMOVEDATA"]


def table(name, columns, keys, rows):
    """A table in the form that msibuild imports."""
    lines = [
        "\t".join(column for column, _ in columns),
        "\t".join(kind for _, kind in columns),
        "\t".join([name, *keys]),
        *("\t".join("" if cell is None else str(cell) for cell in row) for row in rows),
    ]
    return "\r\n".join(lines) + "\r\n"


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def sequence(name, rows):
    for action, condition, number in rows:
        yield f"DELETE FROM `{name}` WHERE `Action` = {quoted(action)}"
        yield (
            f"INSERT INTO `{name}` (`Action`, `Condition`, `Sequence`)"
            f" VALUES ({quoted(action)}, {quoted(condition)}, {number})"
        )


def upgrade(installer):
    """The table of what the installer takes the place of; wixl names older versions alone."""
    export = ["msiinfo", "export", installer, "Upgrade"]
    made = subprocess.run(export, check=True, capture_output=True, text=True).stdout
    older, wanted = (f"\t{attributes}\t\tWIX_UPGRADE_DETECTED" for attributes in (1, REPLACES))
    if older not in made:
        sys.exit(f"the Upgrade table of {installer} has another form than expected: {made}")
    return made.replace(older, wanted)


def version_of(program):
    """The version in the resources of a program, as Windows Installer writes it."""
    # VS_FIXEDFILEINFO: its signature and form, and the version of the file in two words.
    found = program.read_bytes().split(struct.pack("<II", 0xFEEF04BD, 0x10000))
    if len(found) != 2:
        sys.exit(f"{program} does not say its version")
    high, low = struct.unpack_from("<II", found[1])
    return f"{high >> 16}.{high & 0xFFFF}.{low >> 16}.{low & 0xFFFF}"


def versions(folder):
    for row, name in PROGRAMS.items():
        yield (
            f"UPDATE `File` SET `Version` = {quoted(version_of(folder / name))},"
            f" `Language` = {quoted(NEUTRAL)} WHERE `File` = {quoted(row)}"
        )
        # A hash is for files without a version.
        yield f"DELETE FROM `MsiFileHash` WHERE `File_` = {quoted(row)}"


def main():
    installer, programs = sys.argv[1], Path(sys.argv[2])
    environment = table(
        "Environment",
        [("Environment", "s72"), ("Name", "l255"), ("Value", "L255"), ("Component_", "s72")],
        ["Environment"],
        ENVIRONMENT,
    )
    secure = ";".join(["WIX_DOWNGRADE_DETECTED", "WIX_UPGRADE_DETECTED", *SECURE])
    statements = [
        *sequence("InstallExecuteSequence", EXECUTE),
        *sequence("InstallUISequence", dialogs.SEQUENCE),
        *versions(programs),
        f"UPDATE `Property` SET `Value` = {quoted(secure)}"
        " WHERE `Property` = 'SecureCustomProperties'",
    ]
    for name, value in PROPERTIES:
        statements.append(
            f"INSERT INTO `Property` (`Property`, `Value`) VALUES ({quoted(name)}, {quoted(value)})"
        )
    with tempfile.TemporaryDirectory() as folder:
        imports = []
        tables = {"Environment": environment, "Upgrade": upgrade(installer)}
        for name, (columns, keys, rows) in dialogs.tables().items():
            tables[name] = table(name, columns, keys, rows)
        for name, text in tables.items():
            path = Path(folder) / f"{name}.idt"
            path.write_bytes(text.encode("utf-8"))
            imports += ["-i", str(path)]
        # At once: each run of it writes the whole installer anew.
        subprocess.run(["msibuild", installer, *imports, "-q", *statements], check=True)


if __name__ == "__main__":
    main()
