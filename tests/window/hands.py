"""The hands of a person at a Wayland desktop: a pointer and a keyboard of their own, and the
desktop's leave to bring a window to the front. It speaks the protocol itself, as far as it
needs it, and keeps its devices until it ends.
"""

import array
import os
import select
import socket
import struct
import tempfile
import time

LEFT = 0x110
SHIFT, CONTROL = 42, 29
# The modifiers, as bits of the state of a keyboard of this kind.
MODIFIER_BITS = {SHIFT: 1, CONTROL: 4}
# Keys as Linux numbers them, of a keyboard of the United States.
ROWS = {2: "1234567890-=", 16: "qwertyuiop[]", 30: "asdfghjkl;'", 43: "\\zxcvbnm,./", 41: "`",
        57: " "}
SHIFTED = {2: "!@#$%^&*()_+", 16: "QWERTYUIOP{}", 30: 'ASDFGHJKL:"', 43: "|ZXCVBNM<>?", 41: "~"}
CODES = {character: (first + at, False) for first, row in ROWS.items()
         for at, character in enumerate(row)}
CODES |= {character: (first + at, True) for first, row in SHIFTED.items()
          for at, character in enumerate(row)}
NAMED = {"Return": 28, "Tab": 15, "Escape": 1, "Delete": 111, "Down": 108}
KEYMAP = """xkb_keymap {
xkb_keycodes { include "evdev+aliases(qwerty)" };
xkb_types { include "complete" };
xkb_compat { include "complete" };
xkb_symbols { include "pc+us+inet(evdev)" };
};"""
PAUSE = 0.012


class Hands:
    """A client of the desktop at `path`, whose screen has this size."""

    def __init__(self, path, width, height):
        self.size = (width, height)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        self.last, self.buffer, self.events = 1, b"", {}
        self.serial = None
        self.globals = {}
        registry = self._new()
        self.registry = registry
        self.events[registry] = self._on_global
        self._send(1, 1, "u", registry)
        self._round_trip()
        seat = self._bind("wl_seat", 1)
        pointers = self._bind("zwlr_virtual_pointer_manager_v1", 1)
        self.pointer = self._new()
        self._send(pointers, 0, "uu", seat, self.pointer)
        keyboards = self._bind("zwp_virtual_keyboard_manager_v1", 1)
        self.keyboard = self._new()
        self._send(keyboards, 0, "uu", seat, self.keyboard)
        keymap = tempfile.TemporaryFile()
        keymap.write(KEYMAP.encode() + b"\0")
        keymap.flush()
        self._send(self.keyboard, 0, "uu", 1, len(KEYMAP) + 1, fd=keymap.fileno())
        self.seat = seat
        self._round_trip()

    # What a person does

    def move(self, x, y):
        self._send(self.pointer, 1, "uuuuu", now(), int(x), int(y), *self.size)
        self._frame()

    def click(self, x, y, button=LEFT):
        self.move(x, y)
        for pressed in (1, 0):
            self._send(self.pointer, 2, "uuu", now(), button, pressed)
            self._frame()

    def keys(self, *names):
        """Presses keys, as `ctrl+n` or `Return`, one after the other."""
        for name in names:
            *held, key = name.split("+") if len(name) > 1 else [name]
            code, shift = (NAMED[key], False) if key in NAMED else CODES[key]
            self._press(code, [CONTROL] * ("ctrl" in held) + [SHIFT] * shift)

    def type(self, text):
        for character in text:
            code, shift = CODES[character]
            self._press(code, [SHIFT] * shift)

    def _press(self, code, held):
        bits = 0
        for modifier in held:
            bits |= MODIFIER_BITS[modifier]
            self._key(modifier, 1)
        self._send(self.keyboard, 2, "uuuu", bits, 0, 0, 0)
        for pressed in (1, 0):
            self._key(code, pressed)
        for modifier in reversed(held):
            self._key(modifier, 0)
        self._send(self.keyboard, 2, "uuuu", 0, 0, 0, 0)
        self._round_trip()

    def _key(self, code, pressed):
        self._send(self.keyboard, 1, "uuu", now(), code, pressed)
        self._round_trip()
        time.sleep(PAUSE)

    def _frame(self):
        self._send(self.pointer, 4, "")
        self._round_trip()
        time.sleep(PAUSE)

    def leave(self):
        """The desktop's leave to bring a window to the front, as the program has it in which a
        person has just chosen it: such a one has a window, and the keyboard."""
        surface = self._window_with_keyboard()
        activation = self._bind("xdg_activation_v1", 1)
        token, told = self._new(), []
        self.events[token] = lambda _, body: told.append(body[4:].split(b"\0")[0].decode())
        self._send(activation, 1, "u", token)
        self._send(token, 0, "uu", self.serial, self.seat)
        self._send(token, 2, "u", surface)
        self._send(token, 3, "")
        self._until(lambda: told)
        return told[0]

    def _window_with_keyboard(self):
        keyboard = self._new()
        self.events[keyboard] = self._on_keyboard
        self._send(self.seat, 1, "u", keyboard)
        compositor, memory = self._bind("wl_compositor", 1), self._bind("wl_shm", 1)
        shell = self._bind("xdg_wm_base", 1)
        surface, window, top = self._new(), self._new(), self._new()
        self._send(compositor, 0, "u", surface)
        configured = []
        self.events[window] = lambda _, body: configured.append(body)
        self.events[shell] = lambda _, body: self._send(shell, 3, "u", *struct.unpack("=I", body))
        self._send(shell, 2, "uu", window, surface)
        self._send(window, 1, "u", top)
        self._send(surface, 6, "")
        self._until(lambda: configured)
        self._send(window, 4, "u", *struct.unpack("=I", configured[0]))
        pixels = tempfile.TemporaryFile()
        pixels.truncate(64 * 64 * 4)
        pool, picture = self._new(), self._new()
        self._send(memory, 0, "uu", pool, 64 * 64 * 4, fd=pixels.fileno())
        self._send(pool, 0, "uuuuuu", picture, 0, 64, 64, 64 * 4, 1)
        self._send(surface, 1, "uuu", picture, 0, 0)
        self._send(surface, 2, "uuuu", 0, 0, 64, 64)
        self._send(surface, 6, "")
        self._until(lambda: self.serial is not None)
        return surface

    # The wire

    def _new(self):
        self.last += 1
        return self.last

    def _bind(self, interface, version):
        name, bound = self.globals[interface], self._new()
        text = interface.encode() + b"\0"
        text = struct.pack("=I", len(text)) + text + b"\0" * (-len(text) % 4)
        body = struct.pack("=I", name) + text + struct.pack("=II", version, bound)
        self._write(self.registry, 0, body)
        return bound

    def _send(self, sender, opcode, kinds, *values, fd=None):
        body = b"".join(struct.pack("=I", value) for value in values)
        assert len(kinds) == len(values), (kinds, values)
        self._write(sender, opcode, body, fd)

    def _write(self, sender, opcode, body, fd=None):
        message = struct.pack("=II", sender, (len(body) + 8) << 16 | opcode) + body
        files = [] if fd is None else [(socket.SOL_SOCKET, socket.SCM_RIGHTS,
                                        array.array("i", [fd]))]
        self.socket.sendmsg([message], files)

    def _round_trip(self):
        back, done = self._new(), []
        self.events[back] = lambda *_: done.append(True)
        self._send(1, 0, "u", back)
        self._until(lambda: done)

    def _until(self, condition, limit=20):
        end = time.monotonic() + limit
        while not condition():
            if not select.select([self.socket], [], [], end - time.monotonic())[0]:
                raise OSError("the desktop does not answer")
            data, *_ = self.socket.recvmsg(65536, 4096)
            if not data:
                raise OSError("the desktop has gone")
            self.buffer += data
            self._take()

    def _take(self):
        while len(self.buffer) >= 8:
            sender, head = struct.unpack("=II", self.buffer[:8])
            length, opcode = head >> 16, head & 0xFFFF
            if len(self.buffer) < length:
                return
            body, self.buffer = self.buffer[8:length], self.buffer[length:]
            if sender == 1 and opcode == 0:
                raise OSError(f"the desktop refuses: {body[12:]!r}")
            handler = self.events.get(sender)
            if handler:
                handler(opcode, body)

    def _on_global(self, opcode, body):
        if opcode == 0:
            name, length = struct.unpack("=II", body[:8])
            interface = body[8:8 + length - 1].decode()
            self.globals[interface] = name

    def _on_keyboard(self, opcode, body):
        # The keyboard enters the window.
        if opcode == 1:
            self.serial = struct.unpack("=I", body[:4])[0]


def now():
    return int(time.monotonic() * 1000) & 0xFFFFFFFF
