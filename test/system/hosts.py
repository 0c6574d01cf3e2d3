# SPDX-License-Identifier: MIT
"""A simulated host for each program of a cluster: network namespaces with a
cable each to a common switch. Cables can be pulled, pairs of hosts parted.

Where the machine does not allow that, everybody lives on loopback, and tests
that need a cable are skipped.
"""
import atexit
import contextlib
import ctypes
import functools
import os
import re
import subprocess

NEW_NETWORK = 0x40000000  # CLONE_NEWNET
# An unused MAC address: packets to it are lost.
NOWHERE = "02:00:00:00:00:01"


def run(*words, check=True):
    return subprocess.run(words, check=check, capture_output=True, text=True,
                          timeout=20)


@functools.cache
def allowed():
    """The reason why namespaces cannot be created here, or nothing."""
    name = f"edgeless-{os.getpid()}-probe"
    try:
        done = run("ip", "netns", "add", name, check=False)
        if done.returncode != 0:
            return "no network namespaces: " + done.stderr.strip()
        try:
            done = run("ip", "-n", name, "link", "add", "bridge0", "type",
                       "bridge", check=False)
            return "no bridges: " + done.stderr.strip() \
                if done.returncode != 0 else ""
        finally:
            run("ip", "netns", "del", name, check=False)
    except OSError as e:
        return f"no ip command: {e}"


class Hosts:
    """Network namespaces by host name. Removed by close(), at the latest at the
    end of this process."""
    count = 0

    def __init__(self):
        Hosts.count += 1
        self.prefix = f"edgeless-{os.getpid()}-{Hosts.count}-"
        self.addresses = {}
        self.switch = self.prefix + "switch"
        atexit.register(self.close)
        run("ip", "netns", "add", self.switch)
        self.ip("switch", "link", "add", "bridge0", "type", "bridge",
                "forward_delay", "0", "mcast_snooping", "0")
        self.ip("switch", "link", "set", "bridge0", "up")

    def namespace(self, host):
        return self.prefix + host

    def ip(self, host, *words):
        return run("ip", "-n", self.namespace(host), *words)

    def add(self, host):
        """Adds a host; returns its address."""
        if host in self.addresses:
            return self.addresses[host]
        number = len(self.addresses) + 1
        self.addresses[host] = f"10.99.0.{number}"
        run("ip", "netns", "add", self.namespace(host))
        self.ip("switch", "link", "add", f"port{number}", "type", "veth",
                "peer", "name", "cable", "netns", self.namespace(host))
        self.ip("switch", "link", "set", f"port{number}", "master", "bridge0",
                "up")
        self.ip(host, "addr", "add", self.addresses[host] + "/24", "dev",
                "cable")
        self.ip(host, "link", "set", "cable", "up")
        self.ip(host, "link", "set", "lo", "up")
        return self.addresses[host]

    def port(self, host):
        return "port" + self.addresses[host].rsplit(".", 1)[1]

    def inside(self, host, words):
        """The command that runs `words` on the host, with the same pid."""
        return ["ip", "netns", "exec", self.namespace(host), *map(str, words)]

    @contextlib.contextmanager
    def visit(self, host):
        """Within the context, new sockets of this thread belong to the host."""
        libc = ctypes.CDLL(None, use_errno=True)

        def enter(path):
            with open(path) as there:
                if libc.setns(there.fileno(), NEW_NETWORK) != 0:
                    raise OSError(ctypes.get_errno(), "setns " + path)
        home = f"/proc/self/task/{os.getpid()}/ns/net"
        with open(home) as back:
            enter("/run/netns/" + self.namespace(host))
            try:
                yield
            finally:
                libc.setns(back.fileno(), NEW_NETWORK)

    # -- faults ----------------------------------------------------------------

    def pull(self, host):
        """Takes the link of the host down: both ends see that."""
        self.ip("switch", "link", "set", self.port(host), "down")

    def plug(self, host):
        self.ip("switch", "link", "set", self.port(host), "up")

    def part(self, one, other):
        """Drops all packets between two hosts silently."""
        for host, peer in ((one, other), (other, one)):
            self.ip(host, "neigh", "replace", self.addresses[peer], "lladdr",
                    NOWHERE, "dev", "cable", "nud", "permanent")

    def mend(self, one, other):
        for host, peer in ((one, other), (other, one)):
            self.ip(host, "neigh", "del", self.addresses[peer], "dev", "cable")

    def lose(self, host, percent):
        """Drops a share of the packets to a host at random; false if not
        supported by this machine."""
        rules = (["table", "ip", "lossy"],
                 ["chain", "ip", "lossy", "input",
                  "{ type filter hook input priority 0; }"],
                 ["rule", "ip", "lossy", "input", "numgen", "random", "mod",
                  "100", "<", str(percent), "counter", "drop"])
        return all(run(*self.inside(host, ["nft", "add", *x]),
                       check=False).returncode == 0 for x in rules)

    def packets_lost(self, host):
        said = run(*self.inside(host, ["nft", "list", "table", "ip", "lossy"]))
        return int(re.search(r"packets (\d+)", said.stdout).group(1))

    def close(self):
        for host in [*self.addresses, "switch"]:
            run("ip", "netns", "del", self.namespace(host), check=False)
        self.addresses.clear()
        atexit.unregister(self.close)
