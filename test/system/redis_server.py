# SPDX-License-Identifier: MIT
"""A real redis-server for one test, clients for it, and a hostile server."""
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading

from cluster import free_ports, wait_for


class Redis:
    """A redis-server on a free port of loopback, with its own folder."""

    def __init__(self):
        if shutil.which("redis-server") is None:
            raise AssertionError("redis-server is missing: apt-get install it")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeless-redis-"))
        self.port, = free_ports(1)
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process = None
        self.options = []

    def start(self):
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
             "--dir", self.folder, "--save", "", "--appendonly", "no",
             *self.options],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("redis-server", self.answers)
        return self

    def answers(self):
        try:
            return self.ask("PING") == "PONG"
        except OSError:
            return False

    def signal(self, number):
        os.kill(self.process.pid, number)

    def kill(self):
        if self.process:
            self.signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- commands --------------------------------------------------------------

    def ask(self, *words):
        with Connection(self.port) as connection:
            return connection.ask(*words)

    def keys(self, pattern="*"):
        result, cursor = [], "0"
        while True:
            cursor, found = self.ask("SCAN", cursor, "MATCH", pattern,
                                     "COUNT", "1000")
            result += found
            if cursor == "0":
                return sorted(set(result))

    def texts(self, prefix):
        """Key without the prefix -> value, for all keys with the prefix."""
        return {key[len(prefix):]: self.ask("GET", key)
                for key in self.keys(prefix + "*")}


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 5)
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def ask(self, *words):
        words = [str(x).encode() for x in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(x), x) for x in words))
        return self.read()

    def read(self):
        line = self.file.readline()[:-2].decode(errors="replace")
        if not line:
            raise OSError("redis closed the connection")
        kind, rest = line[0], line[1:]
        if kind == ":":
            return int(rest)
        if kind == "$":
            if rest == "-1":
                return None
            text = self.file.read(int(rest) + 2)[:-2]
            return text.decode(errors="replace")
        if kind == "*":
            return None if rest == "-1" else [self.read()
                                              for _ in range(int(rest))]
        return line if kind == "-" else rest


class Monitor(threading.Thread):
    """Records every command that the server executes."""

    def __init__(self, redis):
        super().__init__(daemon=True)
        self.connection = Connection(redis.port)
        self.connection.ask("MONITOR")
        self.connection.socket.settimeout(None)
        self.lines = []
        self.start()

    def run(self):
        try:
            while True:
                self.lines.append(self.connection.read())
        except (OSError, ValueError):
            pass


class Hostile(threading.Thread):
    """Accepts connections and sends the given bytes over and over."""

    def __init__(self, answer, endless=False):
        super().__init__(daemon=True)
        self.answer, self.endless = answer, endless
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"redis://127.0.0.1:{self.socket.getsockname()[1]}"
        self.served = 0
        self.start()

    def run(self):
        while True:
            try:
                peer, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=[peer],
                             daemon=True).start()

    def serve(self, peer):
        with peer:
            try:
                while peer.recv(65536):
                    self.served += 1
                    peer.sendall(self.answer)
                    while self.endless:
                        peer.sendall(self.answer)
            except OSError:
                pass

    def close(self):
        self.socket.close()
