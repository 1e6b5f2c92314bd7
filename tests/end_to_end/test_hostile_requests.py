"""Requests that are wrong: the right status, a body that says where and why, and the connection goes on."""

import socket
import unittest

from daemon import SEVERITY, Connection, Scenario
from load import alert

MIB = 1 << 20


class HostileRequests(Scenario):
    def setUp(self):
        super().setUp()
        self.tocsin = self.daemon(rules=SEVERITY)
        self.tocsin.start()
        self.connection = Connection(self.tocsin.port)
        self.addCleanup(self.connection.close)

    def expect(self, method, path, body, status, *says):
        reply = self.connection.ask(method, path, body)
        self.assertEqual(reply.status, status, reply)
        text = reply.body.decode()
        for words in says:
            self.assertIn(words, text)
        # http.client would open another connection by itself where the server closed this one.
        self.assertIsNotNone(self.connection.http.sock, f"{method} {path} closed the connection")
        self.assertEqual(self.connection.ask("GET", "/-/healthy").status, 200)
        return reply

    def rejected(self, reason):
        return self.tocsin.metric("tocsin_alerts_rejected_total", reason=reason)

    def test_a_body_that_cannot_be_read_is_400_with_the_place(self):
        for body, reason in (('[{"labels":{"alertname":"x"}},{"labels":', "malformed"), ("[1,2", "malformed"),
                             ('{"labels":{}}', "not_an_array"), ("null", "not_an_array"), ("", "empty")):
            with self.subTest(body=body):
                before = self.rejected(reason)
                reply = self.expect("POST", "/api/v2/alerts", body, 400)
                self.assertGreater(len(reply.body), 10, "the body says nothing")
                self.assertEqual(self.rejected(reason), before + 1)
        self.expect("POST", "/api/v2/alerts", "[]", 200)

    def test_good_alerts_of_a_batch_with_bad_ones_are_kept(self):
        bad = {"labels": {"alertname": "Bad", "n": 7}}
        before = self.rejected("wrong_type")
        self.expect("POST", "/api/v2/alerts", [alert(1), bad, alert(2)], 200)
        names = sorted(row[0] for row in self.tocsin.rows("SELECT json_extract(labels, '$.n') FROM alert"))
        self.assertEqual(names, ["1", "2"])
        self.assertEqual(self.rejected("wrong_type"), before + 1)
        self.expect("POST", "/api/v2/alerts", [bad], 400, "/0/labels/n")
        for reason, one in (("no_labels", {"labels": {}}), ("empty_name", {"labels": {"": "x"}}),
                            ("bad_time", {**alert(3), "startsAt": "yesterday"})):
            with self.subTest(reason=reason):
                before = self.rejected(reason)
                self.expect("POST", "/api/v2/alerts", [one], 400)
                self.assertEqual(self.rejected(reason), before + 1)

    def test_forty_megabytes_are_413_and_memory_stays(self):
        body = b"[" + b" " * (40 * MIB) + b"]"
        before = self.rejected("too_large")
        self.expect("POST", "/api/v2/alerts", body, 413, "32")
        # Without a length in front (http.client sends an iterable chunked) nobody knows how much is to come, so
        # the server may hang up after its answer.
        chunks = (b" " * MIB for _ in range(40))
        self.assertEqual(self.tocsin.ask("POST", "/api/v2/alerts", chunks).status, 413)
        self.assertEqual(self.rejected("too_large"), before + 2)
        self.assertLess(self.tocsin.peak_memory_bytes(), 300 * MIB)

    def test_unknown_routes_and_wrong_methods_say_so(self):
        before = self.tocsin.metric("tocsin_http_requests_total", route="unknown", code="404")
        self.expect("GET", "/v1/nothing", None, 404, "path")
        self.assertEqual(self.tocsin.metric("tocsin_http_requests_total", route="unknown", code="404"), before + 1)
        self.expect("POST", "/v1/incidents/INC-999/ack", "{}", 404, "INC-999")
        reply = self.expect("DELETE", "/api/v2/alerts", None, 405)
        self.assertIn("POST", reply.headers["Allow"])
        self.assertIn("GET", reply.headers["Allow"])
        self.expect("POST", "/metrics", "", 405)
        self.expect("GET", "/api/v1/alerts", None, 410)
        self.expect("POST", "/v1/incidents/INC-1/note", '{"text":', 400)

    def test_bytes_that_are_no_http_harm_nobody_else(self):
        for nonsense in (b"\x16\x03\x01\x02\x00\x01\x00\x01", b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * (2 * MIB),
                         b"POST /api/v2/alerts HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                         b"POST /api/v2/alerts HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n"):
            with self.subTest(nonsense=nonsense[:40]):
                with socket.create_connection(("127.0.0.1", self.tocsin.port), timeout=10) as peer:
                    try:
                        peer.sendall(nonsense)
                        peer.shutdown(socket.SHUT_WR)
                        while peer.recv(65536):
                            pass
                    except OSError:
                        pass  # It may hang up while we still talk.
                self.assertEqual(self.tocsin.ask("GET", "/-/healthy").status, 200)

    def test_hostile_text_comes_back_as_text(self):
        wild = "\x1b[2J\u202e<script>" + '"; DROP TABLE alert; --'
        self.expect("POST", "/api/v2/alerts", [alert(1, name=wild, service=wild)], 200)
        found = self.tocsin.ask("GET", "/v1/alerts").json()["alerts"]
        self.assertEqual(found[0]["labels"]["alertname"], wild)
        said = self.tocsin.cli("alert", "list")
        self.assertEqual(said.returncode, 0, said.stderr)
        self.assertNotIn("\x1b", said.stdout)
        self.assertIn("\\x1b[2J\\u202e<script>", said.stdout)
        self.assertNotIn("\x1b[2J", self.tocsin.log())


if __name__ == "__main__":
    unittest.main()
