"""TLS of the listener: versions, certificates that are replaced while it runs, and clients that show their own."""

import http.client
import json
import re
import socket
import ssl
import subprocess
import unittest
import warnings

from daemon import ANA, AUTH, PROMETHEUS, SEVERITY, Scenario, wait_until
from load import alert


class Certificates:
    """An authority of the test's own, and what it signs."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.run("req", "-x509", *self.key("ca"), "-subj", "/CN=Authority", "-days", "2", "-out", "ca.crt")

    def run(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True, timeout=30)

    @staticmethod
    def key(name):
        return ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{name}.key"]

    def sign(self, name, serial):
        (self.folder / "extensions").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
        self.run("req", *self.key(name), "-subj", f"/CN={name}", "-out", f"{name}.csr")
        self.run("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-days", "2",
                 "-set_serial", str(serial), "-extfile", "extensions", "-out", f"{name}.crt")

    def text(self, name):
        return (self.folder / name).read_text()


class Tls(Scenario):
    def setUp(self):
        super().setUp()
        self.made = Certificates(self.folder / "certificates")
        self.made.sign("server", 1)
        self.context = ssl.create_default_context(cafile=self.made.folder / "ca.crt")

    def start(self, more=""):
        tocsin = self.daemon(rules=SEVERITY, settings=f"tls: {{cert_file: tls.crt, key_file: tls.key{more}}}\n" + AUTH)
        tocsin.write_secret("ana", "token-of-ana-0123456789")
        tocsin.write_secret("prometheus", "token-of-prometheus")
        self.install(tocsin, "server")
        tocsin.launch()
        wait_until(lambda: "daemon.ready" in tocsin.log(), 20, "ready")
        return tocsin

    def install(self, tocsin, name):
        tocsin.write_secret("tls.crt", self.made.text(f"{name}.crt"))
        tocsin.write_secret("tls.key", self.made.text(f"{name}.key"))

    def ask(self, tocsin, method, path, body=None, headers=None, context=None):
        connection = http.client.HTTPSConnection("localhost", tocsin.port, timeout=10, context=context or self.context)
        try:
            body = json.dumps(body) if body is not None else None
            connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def cli(self, tocsin, *words):
        return tocsin.cli(*words, "--url", f"https://localhost:{tocsin.port}", "--token-file",
                          str(self.folder / "config" / "ana"))

    def serial(self, tocsin):
        with socket.create_connection(("localhost", tocsin.port), 10) as plain:
            with self.context.wrap_socket(plain, server_hostname="localhost") as secure:
                return int(secure.getpeercert()["serialNumber"], 16)

    def test_alerts_arrive_and_the_command_line_works_over_it(self):
        tocsin = self.start()
        batch = [alert(number) for number in range(2000)]  # More than one record of TLS.
        self.assertEqual(self.ask(tocsin, "POST", "/api/v2/alerts", batch, PROMETHEUS), (200, b""))
        ca = str(self.made.folder / "ca.crt")
        listed = self.cli(tocsin, "alert", "list", "-o", "json", "--limit", "2000", "--ca-file", ca)
        self.assertEqual(listed.returncode, 0, listed.stderr)
        self.assertEqual(len(json.loads(listed.stdout)["alerts"]), 2000)
        without = self.cli(tocsin, "alert", "list")
        self.assertEqual(without.returncode, 1)
        self.assertIn("its certificate is not trusted", without.stderr)
        self.assertIn("--ca-file", without.stderr)
        self.assertEqual(tocsin.stop(), 0)

    def test_versions_below_1_2_and_plain_http_are_refused_and_harm_nobody(self):
        tocsin = self.start()
        for version, works in ((ssl.TLSVersion.TLSv1_1, False), (ssl.TLSVersion.TLSv1_2, True), (ssl.TLSVersion.TLSv1_3, True)):
            context = ssl.create_default_context(cafile=self.made.folder / "ca.crt")
            context.set_ciphers("ALL:@SECLEVEL=0")
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                context.minimum_version = context.maximum_version = version
            with self.subTest(version=version):
                if works:
                    self.assertEqual(self.ask(tocsin, "GET", "/-/healthy", context=context)[0], 200)
                    continue
                with self.assertRaises(OSError):
                    self.ask(tocsin, "GET", "/-/healthy", context=context)
        with socket.create_connection(("localhost", tocsin.port), 10) as plain:
            plain.sendall(b"GET /-/healthy HTTP/1.1\r\nHost: localhost\r\n\r\n")
            self.assertNotIn(b"200 OK", plain.recv(1000))
        self.assertEqual(self.ask(tocsin, "GET", "/-/healthy")[0], 200)
        wait_until(lambda: "http.tls_refused" in tocsin.log(), 20, "a line about it")

    def test_certificates_are_replaced_by_a_reload_and_a_bad_one_is_refused(self):
        tocsin = self.start()
        self.made.sign("renewed", 77)
        self.assertEqual(self.serial(tocsin), 1)
        kept = http.client.HTTPSConnection("localhost", tocsin.port, timeout=10, context=self.context)
        kept.request("GET", "/-/healthy")
        self.assertEqual(kept.getresponse().read(), b"OK")
        self.install(tocsin, "renewed")
        self.assertEqual(self.ask(tocsin, "POST", "/-/reload", headers=ANA)[0], 200)
        self.assertEqual(self.serial(tocsin), 77)
        kept.request("GET", "/-/healthy")
        self.assertEqual(kept.getresponse().read(), b"OK", "a connection goes on with the one it began with")
        kept.close()
        tocsin.write_secret("tls.key", self.made.text("server.key"))
        status, body = self.ask(tocsin, "POST", "/-/reload", headers=ANA)
        self.assertEqual(status, 500)
        self.assertIn(b"the key does not belong to the first certificate of cert_file", body)
        self.assertEqual(self.serial(tocsin), 77)
        self.assertNotIn("PRIVATE KEY", tocsin.log() + body.decode())
        metrics = self.ask(tocsin, "GET", "/metrics", headers=ANA)[1].decode()
        self.assertTrue(re.search(r"\ntocsin_tls_certificate_expiry_timestamp_seconds \d{10}\n", metrics))

    def test_a_reload_does_not_take_tls_or_tokens_from_an_address_beyond_this_machine(self):
        tocsin = self.daemon(rules=SEVERITY, settings="tls: {cert_file: tls.crt, key_file: tls.key}\n" + AUTH)
        tocsin.config.write_text(tocsin.config.read_text().replace("127.0.0.1", "0.0.0.0"))
        tocsin.write_secret("ana", "token-of-ana-0123456789")
        tocsin.write_secret("prometheus", "token-of-prometheus")
        self.install(tocsin, "server")
        tocsin.launch()
        wait_until(lambda: "daemon.ready" in tocsin.log(), 20, "ready")
        tocsin.config.write_text(f"listen: 127.0.0.1:{tocsin.port}\nrules: [../rules]\nstorage: {{path: {tocsin.store}}}\n")
        status, body = self.ask(tocsin, "POST", "/-/reload", headers=ANA)
        self.assertEqual(status, 500, body)
        self.assertIn(b"access and TLS stay as they were until a restart", body)
        self.assertEqual(self.ask(tocsin, "GET", "/v1/alerts")[0], 401)
        self.assertEqual(self.ask(tocsin, "GET", "/v1/alerts", headers=ANA)[0], 200)

    def test_clients_beyond_this_machine_need_a_certificate_where_an_authority_is_named(self):
        self.made.sign("client", 2)
        stranger = Certificates(self.folder / "stranger")
        stranger.sign("client", 3)
        more = ", client_ca_file: clients.crt"
        tocsin = self.daemon(rules=SEVERITY, settings=f"tls: {{cert_file: tls.crt, key_file: tls.key{more}}}\n" + AUTH)
        tocsin.write_secret("ana", "token-of-ana-0123456789")
        tocsin.write_secret("prometheus", "token-of-prometheus")
        tocsin.write_secret("clients.crt", self.made.text("ca.crt"))
        self.install(tocsin, "server")
        tocsin.launch()
        wait_until(lambda: "daemon.ready" in tocsin.log(), 20, "ready")
        proxied = {**ANA, "X-Forwarded-For": "192.0.2.7"}  # Not a direct peer of this machine.
        status, body = self.ask(tocsin, "GET", "/v1/alerts", headers=proxied)
        self.assertEqual(status, 401, body)
        self.assertIn(b"a client certificate is needed", body)
        self.assertEqual(self.ask(tocsin, "GET", "/v1/alerts", headers=ANA)[0], 200)
        with_own = ssl.create_default_context(cafile=self.made.folder / "ca.crt")
        with_own.load_cert_chain(self.made.folder / "client.crt", self.made.folder / "client.key")
        self.assertEqual(self.ask(tocsin, "GET", "/v1/alerts", headers=proxied, context=with_own)[0], 200)
        self.ask(tocsin, "POST", "/-/reload", headers=proxied, context=with_own)
        wait_until(lambda: '/CN=client' in tocsin.log(), 20, "the certificate in the audit")
        of_stranger = ssl.create_default_context(cafile=self.made.folder / "ca.crt")
        of_stranger.load_cert_chain(stranger.folder / "client.crt", stranger.folder / "client.key")
        with self.assertRaises((OSError, http.client.HTTPException)):
            self.ask(tocsin, "GET", "/-/healthy", context=of_stranger)


if __name__ == "__main__":
    unittest.main()
