# SPDX-License-Identifier: MIT
"""TLS: which certificates are admitted, and the errors for others."""
import os
import re
import socket
import ssl
import subprocess
import unittest

from cluster import (BIN, GENERATOR, LOG, ROOT, Cluster, SystemTest,
                     free_ports, wait_for)


def own_address():
    """An address of this machine other than loopback, if there is one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        try:
            s.connect(("192.0.2.1", 9))  # sends nothing
            return s.getsockname()[0]
        except OSError:
            return None


class TlsCluster(Cluster):
    """A cluster whose programs all have a [tls] section and a certificate."""

    def __init__(self, keep_alive=2, metered=False):
        super().__init__(keep_alive, metered=metered)
        self.issue_with("certificate", "init", "tls")
        for role, name in [("controller", None), ("orchestrator", "domain-1"),
                           ("client", "tester")]:
            self.issue(role, name, "cli" if role == "client" else role)
        for file in ["controller", "orchestrator", "cli"]:
            self.secure(file, file)

    def issue_with(self, *arguments):
        return subprocess.run([BIN / "edgeless_cli", *arguments],
                              cwd=self.folder, capture_output=True, text=True,
                              check=True, timeout=20).stdout

    def issue(self, role, name, out, *more):
        """Issues tls/OUT.pem and tls/OUT.key."""
        words = [role] if name is None else [role, name]
        return self.issue_with("certificate", "issue", "tls", *words, "--out",
                               "tls/" + out, *more)

    def secure(self, file, certificate):
        text = (self.folder / (file + ".toml")).read_text()
        text = text.split("[tls]")[0]
        self.write(file + ".toml", text + f"""[tls]
ca = "tls/ca.pem"
certificate = "tls/{certificate}.pem"
key = "tls/{certificate}.key"
""")

    def open_up(self, file):
        """Removes the [tls] section."""
        text = (self.folder / (file + ".toml")).read_text()
        self.write(file + ".toml", text.split("[tls]")[0])

    def add_node_file(self, name, **more):
        super().add_node_file(name, **more)
        if not (self.folder / f"tls/{name}.pem").exists():
            self.issue("node", self.node_ids[name], name)
        self.secure(name, name)

    def move_to(self, address):
        for file in self.folder.glob("*.toml"):
            file.write_text(file.read_text().replace("127.0.0.1", address))


class TlsTest(SystemTest):
    def setUp(self):
        self.cluster = TlsCluster(self.keep_alive)
        self.addCleanup(self.cluster.close)

    def run_daemon(self, program, *arguments):
        return subprocess.run([BIN / program, *arguments],
                              cwd=self.cluster.folder, capture_output=True,
                              text=True, timeout=20)

    def refuse(self, done, *words):
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)


class Box(TlsTest):
    def test_inabox_issues_certificates_and_works(self):
        c = self.cluster
        box = c.folder / "box"
        box.mkdir()
        c.folder = box
        try:
            self.assertEqual(self.run_daemon("edgeless_inabox", "-t", "--tls")
                             .returncode, 0)
            for key in box.glob("tls/*.key"):
                self.assertEqual(key.stat().st_mode & 0o777, 0o600, key)
            used = sorted({port for file in box.glob("*.toml") for port in
                           re.findall(r"127.0.0.1:(\d+)", file.read_text())})
            for old, new in zip(used, free_ports(len(used))):
                for file in box.glob("*.toml"):
                    file.write_text(file.read_text().replace(
                        "127.0.0.1:" + old, f"127.0.0.1:{new}"))
            c.launch("box", "edgeless_inabox")
            c.wait_for_nodes(1)
            self.use_box(c, box)
            # The files are not overwritten.
            self.refuse(self.run_daemon("edgeless_inabox", "-t", "--tls"),
                        "already exists")
        finally:
            c.folder = box.parent

    def use_box(self, c, box):
        text = (box / "node.toml").read_text()
        c.node_ids["n1"] = re.search('node_id = "(.*)"', text)[1]
        url = re.search('invocation_url = "(.*)"', text)[1]
        workflow = c.start([GENERATOR, ("doubler", "double",
                                        {"result": "log"}, {})], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 2)
        _, _, instance = c.inspect(workflow)["doubler"]
        done = c.cli("function", "invoke", "cast", url, c.node_ids["n1"],
                     instance, "21")
        self.assertEqual(done.stdout, "event casted\n")
        wait_for("42", lambda: any("42" in x for x in c.lines("events.log")))
        # Clients without a certificate are refused.
        (box / "cli.toml").rename(box / "good.toml")
        c.write("cli.toml", (box / "good.toml").read_text().split("[tls]")[0])
        self.refuse(c.cli("workflow", "list", check=False), "cannot reach")
        self.refuse(c.cli("function", "invoke", "cast", url,
                          c.node_ids["n1"], instance, "4", check=False),
                    "cannot reach")
        (box / "good.toml").rename(box / "cli.toml")

    def test_inabox_tls_needs_new_files(self):
        self.refuse(self.run_daemon("edgeless_inabox", "--tls"),
                    "--templates")


class Hosts(TlsTest):
    keep_alive = 0.5

    def test_programs_with_one_authority_form_a_cluster(self):
        c = self.cluster
        c.start_all("n1", "n2", "n3")
        c.start([("ponger", "pong", {"ping": "pinger"}, {}),
                 ("pinger", "ping", {"ponger": "ponger"}, {})])
        wait_for("a reply", lambda: "Reply" in c.log("n1") + c.log("n2")
                 + c.log("n3"))
        workflow = c.start([GENERATOR], [LOG])
        _, node, _ = c.inspect(workflow)["generator"]
        c.kill(node)
        wait_for("its replacement", lambda:
                 c.inspect(workflow)["generator"][0] == "running"
                 and c.inspect(workflow)["generator"][1] != node)

    def test_the_metrics_collector_joins_as_a_node_of_its_own(self):
        c = self.cluster
        (port, redis) = free_ports(2)
        text = (c.folder / "orchestrator.toml").read_text()
        c.write("orchestrator.toml", text.replace(
            'collector_type = "None"', 'collector_type = "Redis"\n'
            f'redis_url = "redis://127.0.0.1:{redis}"').replace(
            "[general]", "[general]\ninvocation_url = "
            f'"http://127.0.0.1:{port}"'))
        c.start_controller()
        c.start_orchestrator()
        c.wait_for_nodes(1)
        c.terminate("orchestrator")
        # A certificate without a node id is refused.
        c.issue("client", "orchestrator", "poor")
        c.secure("orchestrator", "poor")
        self.refuse(self.run_daemon("edgeless_orc_d"), "tls/poor.pem: names "
                    "edgeless://client/orchestrator",
                    "edgeless://orchestrator/domain-1")

    @unittest.skipUnless(own_address(), "no address beyond loopback")
    def test_with_certificates_any_address_is_accepted(self):
        c = self.cluster
        c.add_node_file("n1")
        c.move_to(own_address())
        # https:// is accepted, too.
        text = (c.folder / "n1.toml").read_text()
        c.write("n1.toml", text.replace("http://", "https://"))
        c.start_all("n1")
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 2)
        for name in c.running:
            self.assertNotIn("insecure", c.log(name))

    @unittest.skipUnless(own_address(), "no address beyond loopback")
    def test_without_certificates_other_addresses_need_insecure(self):
        c = self.cluster
        c.add_node_file("n1")
        for file in ["controller", "orchestrator", "cli", "n1"]:
            c.open_up(file)
        c.move_to(own_address())
        for program, file in [("edgeless_con_d", "controller"),
                              ("edgeless_orc_d", "orchestrator"),
                              ("edgeless_node_d", "n1")]:
            self.refuse(self.run_daemon(program, "-c", file + ".toml"),
                        "[tls]", "insecure = true", own_address())
        self.refuse(c.cli("workflow", "list", check=False), "[tls]",
                    "insecure = true")
        for file in ["controller", "orchestrator", "cli", "n1"]:
            text = (c.folder / (file + ".toml")).read_text()
            c.write(file + ".toml", text + "[tls]\ninsecure = true\n")
        c.start_all("n1")
        for name in c.running:
            self.assertIn("insecure = true", c.log(name))

    def test_https_without_certificates_is_an_error(self):
        c = self.cluster
        c.open_up("controller")
        text = (c.folder / "controller.toml").read_text()
        c.write("controller.toml", text.replace("http://", "https://"))
        self.refuse(self.run_daemon("edgeless_con_d"), "https://", "[tls]")


class Network:
    """Three hosts, 10.99.1.2 to 10.99.3.2, each in a network namespace,
    connected by a router."""

    def __init__(self):
        self.names = [f"edgeless-{os.getpid()}-{x}" for x in
                      ["router", "h1", "h2", "h3"]]
        try:
            self.make()
        except (OSError, subprocess.SubprocessError):
            self.close()
            raise

    def make(self):
        router = self.names[0]
        for name in self.names:
            self.ip("netns", "add", name)
        self.ip("netns", "exec", router, "sh", "-c",
                "echo 1 > /proc/sys/net/ipv4/ip_forward")
        for i, host in enumerate(self.names[1:], 1):
            self.ip("-n", router, "link", "add", f"v{i}", "type", "veth",
                    "peer", "name", "eth0", "netns", host)
            self.ip("-n", router, "addr", "add", f"10.99.{i}.1/24", "dev",
                    f"v{i}")
            self.ip("-n", router, "link", "set", f"v{i}", "up")
            self.ip("-n", host, "addr", "add", f"10.99.{i}.2/24", "dev",
                    "eth0")
            self.ip("-n", host, "link", "set", "eth0", "up")
            self.ip("-n", host, "link", "set", "lo", "up")
            self.ip("-n", host, "route", "add", "default", "via",
                    f"10.99.{i}.1")

    @staticmethod
    def ip(*words):
        subprocess.run(["ip", *words], check=True, capture_output=True,
                       timeout=20)

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "delete", name],
                           capture_output=True, timeout=20)


class Namespaces(TlsTest):
    keep_alive = 0.5

    def setUp(self):
        super().setUp()
        self.network = None
        try:
            self.network = Network()
        except (OSError, subprocess.SubprocessError) as problem:
            self.skipTest(f"no network namespaces here: {problem}")
        # Cleanups run in reverse order.
        self.addCleanup(self.network.close)
        self.addCleanup(self.stop)

    def stop(self):
        for name in list(self.cluster.running):
            self.cluster.kill(name)

    def on(self, host, name, program, *arguments):
        c = self.cluster
        with open(c.folder / (name + ".log"), "a") as log:
            c.running[name] = subprocess.Popen(
                ["ip", "netns", "exec", self.network.names[host],
                 BIN / program, *arguments], cwd=c.folder, stdout=log,
                stderr=subprocess.STDOUT)

    def cli(self, *arguments):
        return subprocess.run(
            ["ip", "netns", "exec", self.network.names[1],
             BIN / "edgeless_cli", *arguments], cwd=self.cluster.folder,
            capture_output=True, text=True, timeout=60)

    def test_three_hosts_form_a_cluster(self):
        c = self.cluster
        c.add_node_file("n1")
        c.add_node_file("n2", file_log=False)
        places = {c.controller_port: 1, c.orchestrator_port: 2,
                  c.ports["n1"]: 2, c.ports["n2"]: 3}
        for file in c.folder.glob("*.toml"):
            text = file.read_text()
            for port, host in places.items():
                text = text.replace(f"127.0.0.1:{port}",
                                    f"10.99.{host}.2:{port}")
            file.write_text(text)
        self.on(1, "controller", "edgeless_con_d")
        self.on(2, "orchestrator", "edgeless_orc_d")
        self.on(2, "n1", "edgeless_node_d", "-c", "n1.toml")
        self.on(3, "n2", "edgeless_node_d", "-c", "n2.toml")
        wait_for("two nodes", lambda: "(2 nodes)" in
                 self.cli("domain", "list").stdout)
        c.workflow([GENERATOR], [LOG])
        for _ in range(2):  # one on each host
            self.assertEqual(self.cli("workflow", "start", "workflow.json")
                             .returncode, 0)
        wait_for("events of both", lambda: all(
            any(c.node_ids[node] in x for x in c.lines("events.log"))
            for node in ["n1", "n2"]))
        # A client on the same network without a certificate.
        c.open_up("cli")
        text = (c.folder / "cli.toml").read_text()
        c.write("cli.toml", text + "[tls]\ninsecure = true\n")
        self.assertIn("cannot reach", self.cli("domain", "list").stderr)


class Mistakes(TlsTest):
    def start_node(self):
        return self.run_daemon("edgeless_node_d", "-c", "n1.toml")

    def test_a_node_cannot_have_the_certificate_of_another(self):
        c = self.cluster
        c.start_all("n1", "n2")
        c.terminate("n1")
        c.secure("n1", "n2")
        self.refuse(self.start_node(), "tls/n2.pem: names edgeless://node/"
                    + c.node_ids["n2"], c.node_ids["n1"])
        c.secure("cli", "n2")
        self.refuse(c.cli("workflow", "list", check=False),
                    "this is edgeless://client")

    def test_invalid_files_are_named(self):
        c = self.cluster
        c.add_node_file("n1")
        c.issue("node", c.node_ids["n1"], "other")
        tls = c.folder / "tls"
        key = (tls / "n1.key").read_text()
        (tls / "n1.key").write_text((tls / "other.key").read_text())
        self.refuse(self.start_node(), "tls/n1.key", "is not the key of")
        (tls / "n1.key").write_text("nothing")
        self.refuse(self.start_node(), "tls/n1.key", "no private key")
        (tls / "n1.key").unlink()
        self.refuse(self.start_node(), "tls/n1.key", "No such file")
        (tls / "n1.key").write_text(key)
        c.issue_with("certificate", "init", "elsewhere")
        (tls / "ca.pem").write_text(
            (c.folder / "elsewhere/ca.pem").read_text())
        self.refuse(self.start_node(), "tls/n1.pem", "is not trusted by",
                    "tls/ca.pem")

    def test_an_expired_certificate_is_named(self):
        c = self.cluster
        c.add_node_file("n1")
        c.issue("node", c.node_ids["n1"], "brief", "--days", "0.00001")
        c.secure("n1", "brief")
        done = wait_for("its end", lambda: (
            lambda x: x if x.returncode == 1 else None)(self.start_briefly()))
        self.assertIn("tls/brief.pem: has expired on ", done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def start_briefly(self):
        try:
            return subprocess.run(
                [BIN / "edgeless_node_d", "-c", "n1.toml"],
                cwd=self.cluster.folder, capture_output=True, text=True,
                timeout=2)
        except subprocess.TimeoutExpired as late:
            return subprocess.CompletedProcess(late.cmd, 0, "", "")

    def test_an_authority_is_not_overwritten(self):
        c = self.cluster
        done = c.cli("certificate", "init", "tls", check=False)
        self.refuse(done, "tls/ca", "is there already")
        for words, why in [(["node", "n1"], "is no UUID"),
                           (["client"], "name of the client is missing"),
                           (["king", "x"], "none of node")]:
            self.refuse(c.cli("certificate", "issue", "tls", *words,
                              check=False), why)


class UnknownClients(TlsTest):
    def dial(self, version=None, certificate=None):
        """The result of a connection of another TLS client (openssl)."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        if version:
            context.maximum_version = version
        if certificate:
            tls = self.cluster.folder / "tls"
            context.load_cert_chain(tls / (certificate + ".pem"),
                                    tls / (certificate + ".key"))
        with socket.create_connection(
                ("127.0.0.1", self.cluster.orchestrator_port), 10) as s:
            try:
                with context.wrap_socket(s) as t:
                    return t.recv(100)
            except OSError as problem:
                return "refused: " + str(problem)

    def refused(self, *words):
        def is_logged():
            log = self.cluster.log("orchestrator")
            return all(x in log for x in words)
        wait_for(f"a line with {words}", is_logged)

    def test_unknown_clients_are_refused_and_logged(self):
        c = self.cluster
        c.start_all("n1")
        self.assertIn("certificate required", str(self.dial()).lower())
        self.refused("reason=bad_certificate: peer sent no certificate")
        self.assertIn("protocol version", str(self.dial(
            ssl.TLSVersion.TLSv1_2)).lower())
        # At most one log line per second.
        wait_for("TLS 1.2 in the log", lambda: self.dial(
            ssl.TLSVersion.TLSv1_2) and "unsupported protocol" in
            c.log("orchestrator"))
        wait_for("the client in the log", lambda: self.dial(
            certificate="cli") is not None and "wrong_role: the certificate of "
            "edgeless://client/tester; expected: node or controller" in
            c.log("orchestrator"))
        with socket.create_connection(
                ("127.0.0.1", c.orchestrator_port), 10) as s:
            s.sendall(b"GET / HTTP/1.1\r\n\r\n")
            while s.recv(100):
                pass
        c.start([GENERATOR], [LOG])
        wait_for("events", lambda: len(c.lines("events.log")) > 2)


class Renewal(TlsTest):
    def replace(self, name, by):
        tls = self.cluster.folder / "tls"
        for ending in [".key", ".pem"]:
            os.replace(tls / (by + ending), tls / (name + ending))

    def test_certificates_are_renewed_without_a_restart(self):
        c = self.cluster
        c.start_all("n1")
        c.add_node_file("n2")
        before = (c.folder / "tls/orchestrator.pem").read_text()
        c.issue("orchestrator", "domain-1", "new")
        self.assertNotEqual(before, (c.folder / "tls/new.pem").read_text())
        self.replace("orchestrator", "new")
        c.start_node("n2")
        c.wait_for_nodes(2)
        wait_for("the new certificate", lambda: c.cli("domain", "list") and
                 self.dial_once() and "certificate reloaded: file="
                 in c.log("orchestrator"))

        (c.folder / "tls/orchestrator.pem").write_text("half a certi")
        wait_for("a warning", lambda: self.dial_once() and
                 "the certificate that was read before stays in use" in
                 c.log("orchestrator"))
        c.add_node_file("n3")
        c.start_node("n3")
        c.wait_for_nodes(3)
        self.assertEqual(c.log("orchestrator").count("stays in use"), 1)

    def dial_once(self):
        with socket.create_connection(
                ("127.0.0.1", self.cluster.orchestrator_port), 10):
            return True


if __name__ == "__main__":
    unittest.main()
