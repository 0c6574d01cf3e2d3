# SPDX-License-Identifier: MIT
"""A real PostgreSQL for one test, on a free port of loopback."""
import glob
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import tempfile

from cluster import free_ports, wait_for


def programs():
    """The folder of initdb and postgres; None: they are not installed."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"))
    return pathlib.Path(found[-1]).parent if found else None


class Postgresql:
    def __init__(self):
        self.folder = pathlib.Path(
            tempfile.mkdtemp(prefix="edgeless-postgresql-"))
        self.port, = free_ports(1)
        self.url = f"postgresql://edgeless:secret@127.0.0.1:{self.port}/postgres"
        self.process = None
        # It does not run as root.
        self.user = pwd.getpwnam("postgres") if os.getuid() == 0 else None
        if self.user:
            os.chown(self.folder, self.user.pw_uid, self.user.pw_gid)
        password = self.folder / "password"
        password.write_text("secret")
        self.run("initdb", "-D", self.folder / "data", "-U", "edgeless",
                 "--auth=scram-sha-256", f"--pwfile={password}",
                 "--no-sync", "-E", "UTF8", "--locale=C").wait()

    def run(self, program, *arguments):
        identity = {"user": self.user.pw_uid, "group": self.user.pw_gid,
                    "extra_groups": []} if self.user else {}
        return subprocess.Popen([programs() / program, *arguments],
                                cwd=self.folder, stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL, **identity)

    def start(self):
        self.process = self.run(
            "postgres", "-D", "data", "-p", str(self.port), "-h", "127.0.0.1",
            "-c", f"unix_socket_directories={self.folder}", "-c", "fsync=off")
        wait_for("PostgreSQL", lambda: self.ask("SELECT 1") == "1")
        return self

    def ask(self, sql):
        """What psql prints; None: it failed."""
        done = subprocess.run(
            ["psql", "-Atq", "-d", self.url, "-c", sql],
            capture_output=True, text=True, timeout=10)
        return done.stdout.strip() if done.returncode == 0 else None

    def signal_all(self, number):
        """To the server and to the process of each connection."""
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def processes(self):
        children = pathlib.Path(
            f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [self.process.pid, *map(int, children.read_text().split())]

    def kill(self):
        if self.process:
            self.signal_all(signal.SIGCONT)
            self.process.send_signal(signal.SIGQUIT)  # at once, with all others
            self.process.wait()
            self.process = None

    def close(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
