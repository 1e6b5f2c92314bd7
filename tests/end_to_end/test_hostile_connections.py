"""Connections that do nothing, or next to nothing: what they cost, whom they disturb, and when they end."""

import socket
import time
import unittest

from crowd import FILES_BESIDES, Crowd, raise_open_files
from daemon import AUTH, SEVERITY, Scenario, wait_until
from pace import Pace
from test_tls import Certificates

MIB = 1 << 20
CROWD = 10_000
# Two windows in a row on a busy machine differ by more than the crowd makes; what is lasting shows each time.
TRIES = 3


class HostileConnections(Scenario):
    def setUp(self):
        super().setUp()
        if not raise_open_files(CROWD + 2 * FILES_BESIDES):
            self.skipTest(f"the system allows fewer than {CROWD + 2 * FILES_BESIDES} open files")
        self.tocsin = self.daemon(rules=SEVERITY, settings=self.settings)
        self.prepare()
        self.tocsin.launch()
        wait_until(lambda: "daemon.ready" in self.tocsin.log(), 20, "ready")

    settings = ""

    def prepare(self):
        pass

    def expect_harmless(self, more_bytes, crowd_needs=(), pace_needs=()):
        pace = self.keep(Pace(self.tocsin.port, *pace_needs))
        pace.windows(1)
        before = self.tocsin.memory_bytes()
        for attempt in range(TRIES):
            alone = pace.p99()
            crowd = Crowd(self.tocsin.port, CROWD, *crowd_needs)
            try:
                together = pace.p99()
                grown = self.tocsin.memory_bytes() - before
            finally:
                crowd.stop()
            print(f"(+{grown / MIB:.0f} MiB, p99 {alone * 1000:.1f} and {together * 1000:.1f} ms)", end=" ", flush=True)
            self.assertLessEqual(grown, more_bytes)
            if together <= 2 * alone:
                return
        self.fail(f"p99 {together * 1000:.1f} ms instead of {alone * 1000:.1f} ms in each of {TRIES} tries")


class Plain(HostileConnections):
    def test_c5_ten_thousand_idle_connections_cost_little_and_disturb_nobody(self):
        self.expect_harmless(64 * MIB)
        self.assertEqual(self.tocsin.stop(), 0)

    def test_c5_trickling_peers_are_answered_408_when_their_time_is_over(self):
        """Each sends a byte every so often: the deadlines are of the whole, not of each byte."""
        head = b"POST /api/v2/alerts HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        slow = {"head": head + b"X: ", "body": head + b"Content-Length: 1000\r\n\r\n",
                "chunks": head + b"Transfer-Encoding: chunked\r\n\r\n"}
        bytes_of = {"head": b"x", "body": b" ", "chunks": b"1\r\n \r\n"}
        peers, ended = {}, {}
        for name, begin in slow.items():
            peers[name] = socket.create_connection(("127.0.0.1", self.tocsin.port), 10)
            self.addCleanup(peers[name].close)
            peers[name].sendall(begin)
            peers[name].settimeout(0.05)
        began = time.monotonic()
        while len(ended) < len(peers) and time.monotonic() - began < 45:
            for name, peer in peers.items():
                if name in ended:
                    continue
                peer.sendall(bytes_of[name])
                try:
                    ended[name] = (time.monotonic() - began, peer.recv(4096))
                except TimeoutError:
                    pass
            time.sleep(0.2)
        self.assertEqual(sorted(ended), sorted(peers))
        for name, (took, answer) in ended.items():
            with self.subTest(name=name):
                self.assertGreater(took, 25)
                self.assertLess(took, 35)
                self.assertTrue(answer.startswith(b"HTTP/1.1 408 Request Timeout"), answer)
                self.assertIn(b"\r\nConnection: close\r\n", answer)
        self.assertEqual(self.tocsin.ask("GET", "/-/healthy").status, 200)


class Secure(HostileConnections):
    settings = "tls: {cert_file: tls.crt, key_file: tls.key}\n" + AUTH

    def prepare(self):
        self.made = Certificates(self.folder / "certificates")
        self.made.sign("server", 1)
        self.tocsin.write_secret("ana", "token-of-ana-0123456789")
        self.tocsin.write_secret("prometheus", "token-of-prometheus")
        for kind in ("crt", "key"):
            self.tocsin.write_secret(f"tls.{kind}", self.made.text(f"server.{kind}"))

    def test_c5_ten_thousand_idle_connections_over_tls_cost_little_and_disturb_nobody(self):
        ca = str(self.made.folder / "ca.crt")
        self.expect_harmless(512 * MIB, [ca], [ca, "token-of-prometheus"])
        self.assertEqual(self.tocsin.stop(), 0)


if __name__ == "__main__":
    unittest.main()
