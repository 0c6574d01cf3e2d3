# SPDX-License-Identifier: MIT
"""HTTPS: the server of http-ingress, and http-egress to a real nginx."""
import http.client
import socket
import ssl
import subprocess
import time
import unittest

import test_http
from cluster import free_ports, wait_for


class TlsSteps(test_http.Http):
    """Its tests are those of other files."""

    def setUp(self):
        super().setUp()
        c = self.cluster
        self.cert = c.folder / "web.pem"
        self.make_certificate("web", "localhost")

    def make_certificate(self, name, host):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
             "-days", "2", "-subj", f"/CN={host}", "-addext",
             f"subjectAltName=DNS:{host}", "-keyout", f"{name}.key", "-out",
             f"{name}.pem"], cwd=self.cluster.folder, check=True,
            capture_output=True)

    def change(self, old, new):
        file = self.cluster.folder / "n1.toml"
        text = file.read_text()
        self.assertIn(old, text)
        file.write_text(text.replace(old, new))


for name in [x for x in dir(test_http.Http) if x.startswith("test_")]:
    setattr(TlsSteps, name, None)


class Server(TlsSteps):
    def secure(self):
        self.change("http_ingress_url = \"http:", """
http_ingress_certificate = "web.pem"
http_ingress_key = "web.key"
http_ingress_url = "https:""")

    def connect(self, context=None):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        return (context or ssl.create_default_context(cafile=self.cert)) \
            .wrap_socket(raw, server_hostname="localhost")

    def test_clients_see_the_certificate_of_the_server(self):
        self.secure()
        self.cluster.start_all("n1")
        with self.connect() as peer:
            self.assertIn(peer.version(), ("TLSv1.2", "TLSv1.3"))
            for _ in range(2):
                peer.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
                response = http.client.HTTPResponse(peer)
                response.begin()
                self.assertEqual((response.status, response.read()),
                                 (404, b"Not Found"))
        with self.assertRaises(ssl.SSLCertVerificationError):
            self.connect(ssl.create_default_context())

    def test_other_protocols_are_refused(self):
        self.secure()
        self.cluster.start_all("n1")
        old = ssl.create_default_context(cafile=self.cert)
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
        with self.assertRaises((ssl.SSLError, OSError)):
            self.connect(old)
        with socket.create_connection(("127.0.0.1", self.port)) as plain:
            plain.settimeout(20)
            plain.sendall(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
            answer = b""
            try:
                while more := plain.recv(4096):
                    answer += more
            except ConnectionResetError:
                pass
        self.assertNotIn(b"HTTP/1.1", answer)
        # The server goes on.
        with self.connect() as peer:
            peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
            self.assertIn(b"404", peer.recv(100))

    def test_a_half_finished_handshake_ends_at_the_deadline(self):
        self.secure()
        self.cluster.start_all("n1")
        begin = time.monotonic()
        with socket.create_connection(("127.0.0.1", self.port)) as silent:
            silent.settimeout(20)
            silent.sendall(b"\x16\x03\x01\x02\x00\x01")
            self.assertEqual(silent.recv(1), b"")
        self.assertGreater(time.monotonic() - begin, 8)

    def test_a_certificate_that_is_missing_is_named(self):
        self.secure()
        self.cert.unlink()
        c = self.cluster
        c.start_node("n1")
        self.assertEqual(c.running["n1"].wait(20), 1)
        self.assertIn("web.pem", c.log("n1"))

    def test_https_without_a_certificate_is_an_error(self):
        self.change("http_ingress_url = \"http:", "http_ingress_url = \"https:")
        c = self.cluster
        c.start_node("n1")
        self.assertEqual(c.running["n1"].wait(20), 1)
        self.assertIn("https needs", c.log("n1"))


class Client(TlsSteps):
    def start_nginx(self):
        c = self.cluster
        self.nginx, = free_ports(1)
        c.write("nginx.conf", f"""
daemon off;
pid {c.folder}/nginx.pid;
error_log {c.folder}/nginx-error.log;
events {{}}
http {{
  log_format protocol "$server_protocol $request_uri $http_x_trace";
  access_log {c.folder}/nginx-access.log protocol;
  client_body_temp_path {c.folder}/nginx-1;
  proxy_temp_path {c.folder}/nginx-2;
  fastcgi_temp_path {c.folder}/nginx-3;
  uwsgi_temp_path {c.folder}/nginx-4;
  scgi_temp_path {c.folder}/nginx-5;
  server {{
    listen 127.0.0.1:{self.nginx} ssl http2;
    ssl_certificate {c.folder}/web.pem;
    ssl_certificate_key {c.folder}/web.key;
    location / {{ return 200 "from nginx"; }}
  }}
}}
""")
        server = subprocess.Popen(
            ["nginx", "-p", c.folder, "-c", c.folder / "nginx.conf"],
            stderr=subprocess.DEVNULL)
        self.addCleanup(server.wait)
        self.addCleanup(server.terminate)
        wait_for("nginx", lambda: socket.socket().connect_ex(
            ("127.0.0.1", self.nginx)) == 0)

    def request(self):
        self.cluster.start_all("n1")
        self.build("http_requestor")
        self.start_example(
            "http_egress/workflow.json",
            lambda text: text.replace(
                '"annotations": {}', '"annotations": {"init-payload": '
                f'"https://localhost:{self.nginx}/a"' + "}", 1))

    def test_http_2_is_spoken_with_a_server_that_is_verified(self):
        self.start_nginx()
        self.change("[resources]\n", '[resources]\nhttp_ca = "web.pem"\n')
        self.request()
        c = self.cluster
        wait_for("the response", lambda: "200 from nginx" in c.log("n1"))
        self.assertIn("HTTP/2.0 /a", c.lines("nginx-access.log")[0])

    def test_a_certificate_of_another_authority_is_refused(self):
        self.start_nginx()
        self.make_certificate("other", "localhost")
        self.change("[resources]\n", '[resources]\nhttp_ca = "other.pem"\n')
        self.request()
        c = self.cluster
        wait_for("the refusal", lambda: "no response" in c.log("n1"))
        self.assertIn("certificate", c.log("n1"))
        self.assertEqual(c.lines("nginx-access.log"), [])

    def test_a_certificate_for_another_name_is_refused(self):
        self.make_certificate("web", "example.org")
        self.start_nginx()
        self.change("[resources]\n", '[resources]\nhttp_ca = "web.pem"\n')
        self.request()
        wait_for("the refusal",
                 lambda: "no response" in self.cluster.log("n1"))
        self.assertEqual(self.cluster.lines("nginx-access.log"), [])


if __name__ == "__main__":
    unittest.main()
