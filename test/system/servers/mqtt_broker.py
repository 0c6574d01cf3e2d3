# SPDX-License-Identifier: MIT
"""A real mosquitto for one test, and its own clients."""
import getpass
import pathlib
import shutil
import socket
import subprocess
import tempfile

from cluster import free_ports, wait_for


class Broker:
    """A mosquitto on a free port of loopback, with its own folder."""

    def __init__(self, options="allow_anonymous true\n"):
        if shutil.which("mosquitto") is None:
            raise AssertionError("mosquitto is missing: apt-get install it")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="edgeless-mqtt-"))
        self.port, = free_ports(1)
        self.url = f"mqtt://127.0.0.1:{self.port}"
        self.process = None
        self.clients = []
        (self.folder / "conf").write_text(
            f"user {getpass.getuser()}\nlistener {self.port} 127.0.0.1\n"
            f"max_queued_messages 0\n"
            f"{options}")

    def start(self):
        self.process = subprocess.Popen(
            ["mosquitto", "-c", self.folder / "conf"],
            stdout=subprocess.DEVNULL,
            stderr=open(self.folder / "log", "a"))
        wait_for("mosquitto", self.answers)
        return self

    def answers(self):
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
            return True
        except OSError:
            return False

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def close(self):
        for client in self.clients:
            client.kill()
            client.wait()
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- clients ---------------------------------------------------------------

    def words(self, program, *options):
        return [program, "-h", "127.0.0.1", "-p", str(self.port), *options]

    def publish(self, topic, lines, qos=1, *options):
        subprocess.run(
            self.words("mosquitto_pub", "-t", topic, "-q", str(qos), "-l",
                       *options),
            input="".join(x + "\n" for x in lines), text=True, check=True,
            timeout=60)

    def subscribe(self, topic, qos=1, *options):
        """A subscriber; lines(...) are what it has got."""
        file = self.folder / f"sub-{len(self.clients)}"
        client = subprocess.Popen(
            ["stdbuf", "-oL", *self.words("mosquitto_sub", "-t", topic, "-q",
                                          str(qos), "-d", *options)],
            stdout=open(file, "w"), stderr=subprocess.STDOUT)
        self.clients.append(client)
        wait_for("subscription",
                 lambda: "Subscribed (mid" in file.read_text())
        return file

    @staticmethod
    def lines(file):
        return [x for x in file.read_text().splitlines()
                if not x.startswith(("Client ", "Subscribed (mid"))]
