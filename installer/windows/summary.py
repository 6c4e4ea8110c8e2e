"""Writes into an installer what tells it from others, and when it was made.

    summary.py INSTALLER PACKAGE_CODE SECONDS_SINCE_1970

wixl invents the one and takes the other from the clock: the same input would give another file each
time.
"""

import pathlib
import struct
import sys

# The set of properties of the summary: {F29F85E0-4FF9-1068-AB91-08002B27B3D9} (MS-OLEPS, 2.21).
SUMMARY = bytes.fromhex("e0859ff2f94f6810ab9108002b27b3d9")
# What comes before it in its stream.
HEADER = 28
# The properties (PIDSI_REVNUMBER, PIDSI_CREATE_DTM and PIDSI_LASTSAVE_DTM), and their types.
PACKAGE_CODE, CREATED, SAVED = 9, 12, 13
STRING, FILETIME = 30, 64
# From 1601 to 1970, in seconds; a FILETIME counts tenths of microseconds.
EPOCH = 11_644_473_600


def places(data):
    """Where the value of each property of the summary is, with its type."""
    if data.count(SUMMARY) != 1:
        sys.exit("the installer has no summary, or more than one")
    at = data.index(SUMMARY)
    (offset,) = struct.unpack_from("<I", data, at + len(SUMMARY))
    section = at - HEADER + offset
    _, count = struct.unpack_from("<II", data, section)
    for number in range(count):
        name, place = struct.unpack_from("<II", data, section + 8 + 8 * number)
        (kind,) = struct.unpack_from("<I", data, section + place)
        yield (name, kind), section + place + 4


def main(installer, package_code, seconds):
    path = pathlib.Path(installer)
    data = bytearray(path.read_bytes())
    found = dict(places(data))
    code = f"{{{package_code}}}\0".encode("ascii")
    time = struct.pack("<Q", (int(seconds) + EPOCH) * 10_000_000)
    try:
        at = found[PACKAGE_CODE, STRING]
        times = [found[CREATED, FILETIME], found[SAVED, FILETIME]]
    except KeyError as missing:
        sys.exit(f"the summary of {installer} has no property {missing}")
    if struct.unpack_from("<I", data, at) != (len(code),):
        sys.exit(f"the package code of {installer} has another form than expected")
    data[at + 4 : at + 4 + len(code)] = code
    for at in times:
        data[at : at + len(time)] = time
    path.write_bytes(data)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*sys.argv[1:])
