# SPDX-License-Identifier: MIT
"""A real redis-server on a free port of loopback, with nothing on disk."""
import subprocess
import tempfile

from cluster import free_ports, wait_for


class RedisServer:
    def __init__(self, *options):
        self.port, = free_ports(1)
        self.folder = tempfile.TemporaryDirectory(prefix="edgeless-redis-")
        self.url = f"redis://127.0.0.1:{self.port}"
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
             "--save", "", "--dir", self.folder.name, *options],
            stdout=subprocess.DEVNULL)
        wait_for("redis-server", lambda: "PONG" in self.cli("PING")
                 or "NOAUTH" in self.cli("PING"))

    def cli(self, *arguments, text=None):
        done = subprocess.run(["redis-cli", "-p", str(self.port), *arguments],
                              input=text, capture_output=True, text=True,
                              timeout=60)
        return done.stdout.strip() + done.stderr.strip()

    def fill(self, commands):
        """Runs many commands, each a list of words, at once."""
        def packed(words):
            words = [str(x) for x in words]
            return f"*{len(words)}\r\n" + "".join(
                f"${len(x.encode())}\r\n{x}\r\n" for x in words)
        done = self.cli("--pipe", text="".join(packed(x) for x in commands))
        assert "errors: 0" in done, done

    def close(self):
        self.process.kill()
        self.process.wait()
        self.folder.cleanup()
