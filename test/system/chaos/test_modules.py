# SPDX-License-Identifier: MIT
"""Hostile modules: whatever becomes of them, the node and its other functions
go on."""
import unittest

from chaos import ChaosTest, canary, function, memory_mib, workflow

INT = 0x7f
ENTRIES = [("edgeless_mem_alloc", 1, True), ("edgeless_mem_free", 2, False),
           ("edgeless_mem_clear", 0, False), ("handle_init_asm", 4, False),
           ("handle_cast_asm", 4, False), ("handle_call_asm", 6, True),
           ("handle_stop_asm", 0, False)]


def unsigned(x):
    result = b""
    while x > 127:
        result += bytes([x & 127 | 128])
        x >>= 7
    return result + bytes([x])


def signed(x):
    result = b""
    while not -64 <= x < 64:
        result += bytes([x & 127 | 128])
        x >>= 7
    return result + bytes([x & 127])


def section(number, content):
    return bytes([number]) + unsigned(len(content)) + content


def listed(items):
    return unsigned(len(items)) + b"".join(items)


def named(text):
    return unsigned(len(text)) + text


def signature(parameters, has_result):
    return b"\x60" + unsigned(parameters) + bytes([INT]) * parameters \
        + (b"\x01\x7f" if has_result else b"\x00")


def module(bodies=(), init=b"", memory=b"\x00\x10", before_code=b"", data=b"",
           start=None, exports=()):
    """A module with the functions of EDGELESS, and further ones without
    parameters."""
    own = [b"\x00\x41\x80\x20\x0b", b"\x00\x0b", b"\x00\x0b",
           b"\x00" + init + b"\x0b", b"\x00\x0b", b"\x00\x41\x00\x0b",
           b"\x00\x0b", *bodies]
    types = [signature(n, result) for _, n, result in ENTRIES]
    exported = [named(b"memory") + b"\x02\x00", *exports]
    exported += [named(name.encode()) + b"\x00" + unsigned(k)
                 for k, (name, _, _) in enumerate(ENTRIES)]
    return (b"\0asm\1\0\0\0" + section(1, listed(types))
            + section(3, listed([unsigned(k) for k in range(7)]
                                + [b"\x02"] * len(bodies)))
            + section(5, b"\x01" + memory) + before_code
            + section(7, listed(exported))
            + (section(8, unsigned(start)) if start is not None else b"")
            + section(10, listed([unsigned(len(x)) + x for x in own]))
            + (section(11, data) if data else b""))


NEVER_ENDING = b"\x03\x40\x0c\x00\x0b"
FILL = b"\x41\x00\x41\x01\x41" + signed(1 << 30) + b"\xfc\x0b\x00"

BOMBS = {
    "many locals": lambda: module(
        [b"\x01" + unsigned(49999) + b"\x7f\x0b"] * 3000),
    "nested blocks": lambda: module(
        [b"\x00" + b"\x02\x40" * 100000 + b"\x0b" * 100001]),
    "many functions": lambda: module([b"\x00\x0b"] * 900000),
    "a large jump table": lambda: module(
        [b"\x00\x41\x00\x0e" + unsigned(1000000) + b"\x00" * 1000001
         + b"\x0b"]),
    "many exports": lambda: module(exports=[
        named(b"e%d" % k) + b"\x00\x00" for k in range(100000)]),
    "many segments": lambda: module(data=unsigned(1000000)
                                    + b"\x00\x41\x00\x0b\x01A" * 1000000),
    "4 GiB": lambda: module(memory=b"\x00" + unsigned(65536)),
    "1 GiB that is filled": lambda: module(
        memory=b"\x00" + unsigned(16384), init=FILL),
    "memory that grows": lambda: module(
        init=b"\x03\x40\x41\x01\x40\x00\x41\x7f\x47\x0d\x00\x0b"
        + NEVER_ENDING),
    "a start section that does not end": lambda: module(
        [b"\x00" + NEVER_ENDING + b"\x0b"], start=7),
    "an init hook that does not end": lambda: module(init=NEVER_ENDING),
    "a recursion": lambda: module([b"\x00\x10\x07\x0b"], b"\x10\x07"),
    "half a module": lambda: module([b"\x00\x0b"] * 1000)[:-700],
}


class Modules(ChaosTest):
    def test_no_module_disturbs_another_function(self):
        c = self.cluster
        c.start_all("n1")
        self.start(canary())
        self.goes_on()
        for name, make in BOMBS.items():
            with self.subTest(name):
                file = c.folder / "bomb.wasm"
                file.write_bytes(make())
                done = self.start(workflow([function("bomb", file)]),
                                  check=False)
                self.assertIn(done.returncode, (0, 1))
                self.assertLess(self.silence("canary.log", 1.5), 1.5)
                if done.returncode == 0:
                    c.cli("workflow", "stop", done.stdout.strip())
                self.assertIsNone(c.running["n1"].poll())
                self.goes_on()
        self.assertLess(memory_mib(c.running["n1"]), 400)


if __name__ == "__main__":
    unittest.main()
