# SPDX-License-Identifier: MIT
"""Hostile peers at every port of the real programs: no program crashes, memory
stays bounded, other peers are served, and refusals are counted."""
import contextlib
import os
import random
import socket
import ssl
import struct
import threading
import time
import unittest
import uuid

from cluster import GENERATOR, LOG, Cluster, SystemTest, wait_for
from test_tls import TlsCluster

# BASP, CAF's protocol: the kinds of frames.
SERVER_HANDSHAKE, HANDSHAKE, DIRECT, ROUTED, MONITOR, DOWN, HEARTBEAT = range(7)
BOUND_KIB = 64 * 1024  # memory that hostile peers may cost a program


def frame(kind, payload=b"", size=None, flags=0, data=0, source=0, target=0):
    """A frame, optionally with a wrong size in its header."""
    return struct.pack(">BBBBIQQQ", kind, 0, 0, flags,
                       len(payload) if size is None else size, data, source,
                       target) + payload


def atom(text):
    """An atom of CAF: six bits for each letter."""
    letters = " 0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"
    result = 0xF
    for x in text:
        result = result << 6 | letters.index(x)
    return struct.pack(">Q", result)


def greeting():
    """A valid handshake of a new client."""
    return frame(HANDSHAKE, atom("default") + struct.pack(">I", 7)
                 + os.urandom(20))


def request(door, verb, number):
    """A request without arguments to the published actor; number 0: an
    asynchronous message, which has no reply."""
    signature = b"@<>+@atom"
    payload = b"\x00" + struct.pack(">H", 0) + bytes([len(signature)]) \
        + signature + atom(verb)
    return frame(DIRECT, payload, data=1 << 60 | number, source=11,
                 target=door)


def read_exactly(peer, size):
    result = b""
    while len(result) < size:
        part = peer.recv(size - len(result))
        if not part:
            raise OSError("connection closed")
        result += part
    return result


def greet(peer):
    """Completes the handshake; returns the id of the published actor."""
    peer.sendall(greeting())
    header = read_exactly(peer, 32)
    payload = read_exactly(peer, int.from_bytes(header[4:8], "big"))
    at = 32  # behind the node id: a list of atoms
    count, at = payload[at], at + 1
    for _ in range(count):
        at += 1 + payload[at]
    return int.from_bytes(payload[at:at + 8], "big")


class Port:
    """A port of a program. With TLS, `speak` presents a certificate of a role
    that is admitted there."""

    def __init__(self, name, number, speak=lambda x: x):
        self.name, self.number, self.speak = name, number, speak

    def reach(self, timeout=5, room=None):
        """A connection, or None. `room` is the size of the receive buffer; it is
        set before connect(), since shrinking an announced window would make
        the kernel drop packets, acknowledgements included."""
        peer = socket.socket()
        peer.settimeout(timeout)
        if room is not None:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        try:
            peer.connect(("127.0.0.1", self.number))
            return peer
        except OSError:
            peer.close()
            raise

    def connect(self, timeout=5, room=None):
        peer = self.reach(timeout, room)
        try:
            return self.speak(peer)
        except OSError:
            peer.close()
            raise


def say(peer, data):
    """All bytes that a peer receives until the connection is closed."""
    with contextlib.suppress(OSError):
        peer.sendall(data)


def is_cut(peer, timeout=30):
    """Whether the program closes the connection: reads until the end."""
    peer.settimeout(timeout)
    try:
        while peer.recv(65536):
            pass
        return True
    except socket.timeout:
        return False
    except OSError:
        return True


class Hostile(SystemTest):
    keep_alive = 0.5
    encrypted = False

    def setUp(self):
        kind = TlsCluster if self.encrypted else Cluster
        self.cluster = kind(self.keep_alive, metered=True)
        self.addCleanup(self.cluster.close)
        c = self.cluster
        if self.encrypted:
            # A node that never joins; its identity is admitted everywhere.
            c.issue("node", str(uuid.uuid4()), "unjoined")
        c.start_all("n1", "n2")
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 2)
        self.pids = {name: x.pid for name, x in c.running.items()}
        self.before = self.resident()

    def ports(self):
        """The ports of all programs."""
        c = self.cluster
        numbers = {"controller": c.controller_port,
                   "orchestrator": c.orchestrator_port, "n1": c.ports["n1"]}
        if not self.encrypted:
            return [Port(name, number) for name, number in numbers.items()]
        # The roles that are admitted at each port.
        roles = {"controller": "cli", "orchestrator": "controller",
                 "n1": "unjoined"}
        return [Port(name, number, self.speaker(roles[name]))
                for name, number in numbers.items()]

    def speaker(self, certificate):
        """A TLS context for this certificate; host names are not checked."""
        folder = self.cluster.folder / "tls"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.load_verify_locations(folder / "ca.pem")
        context.load_cert_chain(folder / f"{certificate}.pem",
                                folder / f"{certificate}.key")
        return context.wrap_socket

    def resident(self):
        result = {}
        for name, pid in self.pids.items():
            with open(f"/proc/{pid}/status") as file:
                result[name] = int(file.read().split("VmRSS:")[1].split()[0])
        return result

    def refused(self, name, *reasons):
        """The refusals counted by the program, for these reasons or all."""
        return sum(value for series, value in self.cluster.scrape(name).items()
                   if series.startswith("edgeless_transport_refusals_total")
                   and (not reasons or any(f'"{x}"' in series
                                           for x in reasons)))

    def whisper(self, talks):
        """Sends a message byte by byte until all connections are closed."""
        before = {port: self.refused(port.name, "silent", "handshake_aborted")
                  for port, _, _ in talks}
        begin, said, left = time.monotonic(), 0, list(talks)
        while left:
            for talk in list(left):
                try:
                    talk[1].sendall(talk[2][said:said + 1])
                except OSError:
                    left.remove(talk)
            said += 1
            time.sleep(0.3)
            self.assertLess(time.monotonic() - begin, 15,
                            [port.name for port, _, _ in left])
            self.assertLess(said, min(len(text) for _, _, text in talks))
        for port, peer, _ in talks:
            self.assertTrue(is_cut(peer), port.name)
            peer.close()
            wait_for("the count", lambda: self.refused(
                port.name, "silent", "handshake_aborted") > before[port])

    def check_unharmed(self):
        c = self.cluster
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 5)
        self.assertEqual(c.cli("domain", "list").stdout,
                         "domain domain-1 (2 nodes)\n")
        workflow = c.start([("guest", "noop", {}, {})])
        _, node, instance = c.inspect(workflow)["guest"]
        c.cli("function", "invoke", "cast",
              f"http://127.0.0.1:{c.ports[node]}", c.node_ids[node], instance,
              "hello")
        c.cli("workflow", "stop", workflow)
        for name, process in c.running.items():
            self.assertIsNone(process.poll(), name)
            self.assertEqual(process.pid, self.pids[name])
        after = self.resident()
        for name, kib in self.before.items():
            self.assertLess(after[name] - kib, BOUND_KIB, name)
        self.assertEqual(c.scrape("orchestrator")
                         ["edgeless_orchestrator_nodes_lost_total"], 0)


class Frames(Hostile):
    def test_random_bytes(self):
        rng = random.Random(1)
        for port in self.ports():
            before = self.refused(port.name)
            for number in range(100):
                with port.connect() as peer:
                    if number % 2:
                        say(peer, greeting())
                    # Never a valid start of a handshake.
                    say(peer, b"\xff" + rng.randbytes(rng.randrange(2000)
                                                         + 64))
            wait_for("the count", lambda: self.refused(port.name)
                     >= before + 100)
        self.check_unharmed()

    def test_forged_headers(self):
        sizes = (0, 1, 2 ** 21 + 1, 2 ** 31, 2 ** 32 - 1)
        for port in self.ports():
            for kind in range(9):
                for size in sizes:
                    if kind == HEARTBEAT and size == 0:
                        continue  # a valid header
                    with port.connect() as peer:
                        say(peer, greeting() + frame(kind, b"x" * 64, size))
                        peer.shutdown(socket.SHUT_WR)
                        self.assertTrue(is_cut(peer), (port.name, kind, size))
            self.assertGreater(self.refused(
                port.name, "bad_header", "too_large", "late_handshake",
                "routed", "bad_content"), 20, port.name)
        self.check_unharmed()

    def test_truncated_and_oversized_frames(self):
        whole = frame(DIRECT, b"\x00" * 1000, data=1, source=1, target=1)
        for port in self.ports():
            for length in (1, 16, 31, 32, 33, 500, 1031):
                with port.connect() as peer:
                    say(peer, greeting() + whole[:length])
            with port.connect() as peer:
                say(peer, greeting()
                    + frame(DIRECT, b"x" * 2 ** 22, data=1, source=1,
                            target=1))
                self.assertTrue(is_cut(peer), port.name)
            self.assertGreater(self.refused(port.name, "too_large"), 0,
                               port.name)
        self.check_unharmed()

    def test_nested_bombs(self):
        """Messages nested as deeply as the frame size allows, and lists that
        announce a large length."""
        signature = b"@<>+@message"
        level = struct.pack(">H", 0) + bytes([len(signature)]) + signature
        nested = b"\x00" + level * (1_900_000 // len(level))
        signature = b"@<>+@atom+@charbuf"
        long = b"\x00" + struct.pack(">H", 0) + bytes([len(signature)]) \
            + signature + bytes(8) + b"\xff\xff\xff\xff\x07" + b"x" * 20
        for port in self.ports():
            before = self.refused(port.name)
            for payload in (nested, long):
                with port.connect() as peer:
                    say(peer, greeting()
                        + frame(DIRECT, payload, data=1, source=1, target=1))
                    self.assertTrue(is_cut(peer), port.name)
            wait_for("the count", lambda: self.refused(port.name)
                     >= before + 2)
        self.check_unharmed()


class Connections(Hostile):
    def test_a_slow_sender_without_a_handshake_is_closed(self):
        self.whisper([(port, port.connect(), greeting())
                      for port in self.ports()])
        self.check_unharmed()

    def test_thousands_of_silent_connections(self):
        for port in self.ports():
            silent = []
            for _ in range(2000):
                with contextlib.suppress(OSError):
                    silent.append(port.reach())
            # New connections replace the oldest or are refused.
            wait_for("the count", lambda: self.refused(
                port.name, "too_many_connections", "silent") > 1000)
            for peer in silent:
                peer.close()
        self.check_unharmed()

    def test_a_flood_of_connections(self):
        ports, done = self.ports(), threading.Event()

        def flood(port):
            while not done.is_set():
                with contextlib.suppress(OSError), port.connect() as peer:
                    say(peer, b"\xff" * 64)

        floods = [threading.Thread(target=flood, args=[x], daemon=True)
                  for x in ports]
        for x in floods:
            x.start()
        try:
            self.check_unharmed()
        finally:
            done.set()
        for x in floods:
            x.join(10)
        for port in ports:
            self.assertGreater(self.refused(port.name, "no_handshake",
                                            "too_many_connections",
                                             "bad_header"), 10,
                               port.name)

    def test_a_peer_that_never_reads(self):
        """It sends requests and leaves the replies in the socket."""
        idle = []
        for port in self.ports():
            for _ in range(50):
                peer = port.connect(room=1024)
                say(peer, greeting() + frame(HEARTBEAT) * 1000)
                idle.append(peer)
        self.check_unharmed()
        for peer in idle:
            peer.close()
        self.check_unharmed()


class Requests(Hostile):
    def test_a_client_that_never_reads_replies_is_closed(self):
        """Its unread replies must not fill the memory."""
        c = self.cluster
        for _ in range(20):
            c.start([("guest", "noop", {}, {})])
        controller, orchestrator, _ = self.ports()
        for port, verb in ((controller, "list"), (orchestrator, "describe")):
            with port.connect(room=4096) as peer:
                door = greet(peer)
                peer.settimeout(30)
                asked = 0
                with self.assertRaises(OSError, msg=port.name):
                    while asked < 3_000_000:
                        peer.sendall(b"".join(
                            request(door, verb, asked + i + 1)
                            for i in range(1000)))
                        asked += 1000
            wait_for("the count", lambda: self.refused(
                port.name, "too_many_requests", "unread") == 1)
        self.check_unharmed()

    def test_messages_without_request_numbers_are_refused(self):
        for port, verb in zip(self.ports(), ("list", "describe")):
            with port.connect() as peer:
                say(peer, request(greet(peer), verb, 0))
                self.assertTrue(is_cut(peer), port.name)
            self.assertEqual(self.refused(port.name, "no_request"), 1)
        self.check_unharmed()

    def test_a_client_with_many_requests_that_reads_is_served(self):
        """Nearly as many outstanding requests as allowed: all get replies."""
        port = self.ports()[0]
        with port.connect() as peer:
            door = greet(peer)
            for i in range(1000):
                peer.sendall(request(door, "list", i + 1))
            for _ in range(1000):
                header = read_exactly(peer, 32)
                while header[0] != DIRECT:
                    read_exactly(peer, int.from_bytes(header[4:8], "big"))
                    header = read_exactly(peer, 32)
                read_exactly(peer, int.from_bytes(header[4:8], "big"))
        self.assertEqual(self.refused(port.name, "too_many_requests",
                                      "unread"), 0)
        self.check_unharmed()


class EncryptedFrames(Frames):
    encrypted = True


class EncryptedConnections(Connections):
    encrypted = True


class EncryptedRequests(Requests):
    encrypted = True


class TlsHandshakes(Hostile):
    """Hostile behaviour during the TLS handshake, before any certificate."""
    encrypted = True

    def opening(self):
        """The first message of a valid client."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        out = ssl.MemoryBIO()
        with contextlib.suppress(ssl.SSLWantReadError):
            context.wrap_bio(ssl.MemoryBIO(), out).do_handshake()
        return out.read()

    def test_garbage_instead_of_a_handshake(self):
        rng, opening = random.Random(2), self.opening()
        record = b"\x16\x03\x01"
        texts = [greeting(), b"GET / HTTP/1.1\r\n\r\n", record + b"\xff\xff",
                 record + b"\x40\x00" + rng.randbytes(2 ** 14),
                 opening[:5], opening[:len(opening) // 2],
                 opening + b"\xff" * 1000, opening + opening]
        for _ in range(40):
            bent = bytearray(opening)
            for _ in range(3):
                bent[rng.randrange(9)] ^= 1 << rng.randrange(8)
            texts += [rng.randbytes(rng.randrange(1, 3000)), bytes(bent)]
        for port in self.ports():
            before = self.refused(port.name)
            for text in texts:
                with port.reach() as peer:
                    say(peer, text)
                    with contextlib.suppress(OSError):
                        peer.shutdown(socket.SHUT_WR)
                    self.assertTrue(is_cut(peer), port.name)
            wait_for("the count", lambda: self.refused(port.name)
                     >= before + len(texts))
            self.assertGreater(self.refused(port.name, "bad_tls"), 40,
                               port.name)
        self.check_unharmed()

    def test_a_client_that_sends_its_handshake_slowly_is_closed(self):
        opening = self.opening()
        self.whisper([(port, port.reach(), opening) for port in self.ports()])
        self.check_unharmed()

    def test_hundreds_of_handshakes_that_never_end(self):
        """The program has replied and keeps the state of each handshake."""
        opening, halfway = self.opening(), []
        for port in self.ports():
            reasons = "too_many_connections", "silent", "handshake_aborted"
            before = self.refused(port.name, *reasons)
            for _ in range(500):
                with contextlib.suppress(OSError):
                    peer = port.reach(room=1024)
                    halfway.append(peer)
                    say(peer, opening)
            wait_for("the count", lambda: self.refused(
                port.name, *reasons) > before + 100)
        self.check_unharmed()
        for peer in halfway:
            peer.close()

    def test_a_certificate_of_a_role_that_is_not_admitted(self):
        speak = self.speaker("cli")
        port = Port("orchestrator", self.cluster.orchestrator_port, speak)
        for _ in range(20):
            with contextlib.suppress(OSError), port.connect() as peer:
                say(peer, greeting())
                self.assertTrue(is_cut(peer))
        wait_for("the count", lambda: self.refused(
            port.name, "wrong_role") >= 20)
        self.check_unharmed()


class SilentPeers(Hostile):
    def test_a_node_that_announces_a_url_that_never_answers(self):
        """The announced port accepts connections and never sends a byte."""
        c = self.cluster
        hole = socket.create_server(("127.0.0.1", 0), backlog=1)
        self.addCleanup(hole.close)
        c.add_node_file("liar", file_log=False)
        file = c.folder / "liar.toml"
        file.write_text(file.read_text().replace(
            'invocation_url_announced = ""', 'invocation_url_announced = '
            f'"http://127.0.0.1:{hole.getsockname()[1]}"'))
        c.start_node("liar")
        wait_for("the refusal on both sides", lambda: all(
            "does not lead to this node" in c.log(x)
            for x in ("liar", "orchestrator")))
        c.terminate("liar")
        c.wait_for_nodes(2)
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 5)

    def test_a_node_that_joins_and_is_silent(self):
        """It completes the handshake at the orchestrator, then is silent."""
        c = self.cluster
        silent = []
        for port in self.ports():
            for _ in range(300):
                peer = port.connect()
                say(peer, greeting())
                silent.append(peer)
        self.check_unharmed()
        # They are closed after the timeout.
        for peer in silent[::100]:
            self.assertTrue(is_cut(peer, 60))
        for peer in silent:
            peer.close()
        for port in self.ports():
            wait_for("them to be gone", lambda: c.scrape(port.name)
                     ["edgeless_transport_connections"] < 10, 60)


class Scrapes(Hostile):
    """The metrics port: an attack on it delays scrapes only."""

    def test_the_metrics_port_survives_hostile_clients(self):
        c = self.cluster
        asleep = []
        for name in ("controller", "orchestrator", "n1"):
            port = Port(name, c.metrics[name])
            for number in range(100):
                peer = port.connect()
                if number % 4 == 1:
                    say(peer, b"GET /metrics HTTP/1.1\r\nX: ")
                elif number % 4 == 2:
                    say(peer, os.urandom(3000))
                elif number % 4 == 3:
                    say(peer, b"GET /metrics HTTP/1.1\r\nContent-Length: "
                        b"99999999999\r\n\r\n")
                asleep.append(peer)
        threads = {name: len(os.listdir(f"/proc/{pid}/task"))
                   for name, pid in self.pids.items()}
        seen = len(c.lines("events.log"))
        wait_for("more events", lambda: len(c.lines("events.log")) > seen + 5)
        self.assertEqual(c.cli("domain", "list").stdout,
                         "domain domain-1 (2 nodes)\n")
        for name in self.pids:
            # A bounded number of threads serves them, however many there are.
            self.assertLessEqual(len(os.listdir(
                f"/proc/{self.pids[name]}/task")), threads[name] + 2, name)
        for peer in asleep:
            peer.close()
        # Each of them was disconnected after a second.
        for name in ("controller", "orchestrator", "n1"):
            wait_for("its scrape", lambda: c.scrape(name), 60)
        self.check_unharmed()


if __name__ == "__main__":
    unittest.main()
