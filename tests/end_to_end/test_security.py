"""What others got wrong, tried on the wire: the numbers are those of the requirements each test stands for."""

import base64
import unittest

from daemon import ANA, AUTH, PROMETHEUS, SEVERITY, Scenario
from load import alert
from sink import Sink

HOSTILE = [
    "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "javascript:alert(1)", "{{constructor}}",
    "'; DROP TABLE alert; --", "\x1b[2J\x1b]0;owned\x07", "\u202egnp.exe", "=cmd|' /C calc'!A0", "%s%n%x", "\r\nSet-Cookie: a=b",
    "</title><svg/onload=alert(1)>", "${jndi:ldap://192.0.2.1/a}",
]
OPEN = {"/-/healthy", "/-/ready", "/"}


class Security(Scenario):
    def guarded(self):
        tocsin = self.daemon(rules=SEVERITY, settings=AUTH)
        tocsin.write_secret("ana", "token-of-ana-0123456789")
        tocsin.write_secret("prometheus", "token-of-prometheus")
        tocsin.start()
        return tocsin

    def writes(self, tocsin):
        """Every request that would change something, for an incident that exists."""
        verbs = ("ack", "unack", "resolve", "reopen", "note")
        return [("POST", "/api/v2/alerts", [alert(99)]), ("POST", "/-/reload", {})] + [
            ("POST", f"/v1/incidents/INC-1/{verb}", {"text": "x"} if verb == "note" else {}) for verb in verbs]

    def assert_untouched(self, tocsin):
        shown = tocsin.ask("GET", "/v1/incidents/INC-1").json()
        self.assertEqual(shown["state"], "triggered")
        self.assertEqual({entry["kind"] for entry in shown["timeline"]} & {"acknowledged", "note", "recovering"}, set())
        self.assertEqual(len(tocsin.alerts()), 1)

    def test_text_of_alerts_comes_back_as_data_and_nothing_else(self):  # S1
        tocsin = self.daemon(rules=SEVERITY)
        tocsin.start()
        self.assertEqual(tocsin.send([alert(n, text=text, **{text: "as a name"}) for n, text in enumerate(HOSTILE)]).status, 200)
        for path in ("/v1/alerts", "/v1/incidents", "/api/v2/alerts", "/v1/incidents/INC-1"):
            reply = tocsin.ask("GET", path)
            self.assertEqual(reply.headers["Content-Type"].split(";")[0], "application/json", path)
            self.assertEqual(reply.headers["X-Content-Type-Options"], "nosniff", path)
            self.assertIsNone(reply.headers["Set-Cookie"])
        labels = {one["labels"]["text"] for one in tocsin.alerts()}
        self.assertEqual(labels, set(HOSTILE))
        shown = tocsin.cli("alert", "list").stdout + tocsin.cli("incident", "list").stdout
        for character in ("\x1b", "\u202e", "\x07", "\r"):
            self.assertNotIn(character, shown)
        self.assertNotIn("\x1b", tocsin.log())

    def test_tokens_are_kept_as_hashes_and_never_shown(self):  # S2
        tocsin = self.daemon(rules=SEVERITY, settings=AUTH)
        tocsin.write_secret("ana", "sha256:" + "5e5d2ef4c3e5d8e5f7d1f6ff8a4ba9f3e2f6f1f6ff8a4ba9f3e2f6f1aa00bb11")
        tocsin.write_secret("prometheus", "token-of-prometheus")
        tocsin.start()
        hashed = "sha256:5e5d2ef4c3e5d8e5f7d1f6ff8a4ba9f3e2f6f1f6ff8a4ba9f3e2f6f1aa00bb11"
        self.assertEqual(tocsin.ask("GET", "/v1/alerts", headers={"Authorization": f"Bearer {hashed}"}).status, 401,
                         "the hash is not the token")
        self.assertEqual(tocsin.ask("POST", "/api/v2/alerts?token=token-of-prometheus", [alert(1)]).status, 200)
        tocsin.ask("GET", "/v1/alerts?token=a-wrong-one-0123456789")
        self.assertEqual(tocsin.stop(), 0)
        for place in (tocsin.log().encode(), *(path.read_bytes() for path in tocsin.store.iterdir())):
            self.assertNotIn(b"token-of-prometheus", place)
            self.assertNotIn(b"a-wrong-one-0123456789", place)

    def test_without_configuration_only_this_machine_is_served_and_no_page_of_another_origin(self):  # S3
        sink = self.keep(Sink())
        tocsin = self.daemon(rules=SEVERITY, channels={"ops": sink.url + "/s3cret"})
        tocsin.start()
        preflight = tocsin.ask("OPTIONS", "/v1/alerts", headers={"Origin": "https://evil.example",
                                                                 "Access-Control-Request-Method": "POST"})
        self.assertIsNone(preflight.headers["Access-Control-Allow-Origin"])
        tocsin.send([alert(1)])
        for path in ("/v1/incidents", "/v1/alerts", "/api/v2/status", "/api/v2/receivers", "/metrics"):
            self.assertNotIn(b"s3cret", tocsin.ask("GET", path).body, path)
        self.assertNotIn("s3cret", tocsin.log())
        config = tocsin.config.read_text()
        tocsin.config.write_text(config.replace("127.0.0.1", "0.0.0.0"))
        said = tocsin.cli("check", "--config", str(tocsin.config))
        self.assertEqual(said.returncode, 1)
        self.assertIn("listening beyond loopback without any token; add auth.tokens, listen on 127.0.0.1, or say insecure: true",
                      said.stdout)

    def test_a_page_in_a_browser_tab_cannot_write(self):  # S3, S12
        tocsin = self.daemon(rules=SEVERITY)
        tocsin.start()
        tocsin.send([alert(1)])
        pages = {
            "another origin": {"Origin": "https://evil.example"},
            "no origin at all": {"Origin": "null"},
            "another port of this machine": {"Origin": "http://127.0.0.1:8000"},
            "a name that leads here": {"Host": "rebound.example"},
            "a site said to be another": {"Sec-Fetch-Site": "cross-site"},
            "a form": {"Origin": "https://evil.example", "Content-Type": "application/x-www-form-urlencoded"},
            "a form as text": {"Origin": "https://evil.example", "Content-Type": "text/plain"},
        }
        for method, path, body in self.writes(tocsin):
            for name, headers in pages.items():
                with self.subTest(path=path, page=name):
                    reply = tocsin.ask(method, path, body, headers)
                    self.assertIn(reply.status, (401, 403, 415), reply)
        self.assert_untouched(tocsin)
        for verb in ("ack", "resolve"):  # What a scanner of links does.
            self.assertEqual(tocsin.ask("GET", f"/v1/incidents/INC-1/{verb}").status, 405)
        self.assert_untouched(tocsin)
        own = {"Origin": f"http://127.0.0.1:{tocsin.port}", "Sec-Fetch-Site": "same-origin"}
        self.assertEqual(tocsin.ask("POST", "/v1/incidents/INC-1/ack", {}, own).status, 200)

    def test_a_request_through_a_proxy_is_not_from_this_machine(self):  # S3
        tocsin = self.daemon(rules=SEVERITY)
        tocsin.start()
        tocsin.send([alert(1)])
        for name, value in (("Forwarded", "for=192.0.2.1"), ("X-Forwarded-For", "192.0.2.1"), ("Via", "1.1 proxy"),
                            ("X-Forwarded-Proto", "https"), ("X-Real-IP", "192.0.2.1"), ("x-forwarded-anything", "")):
            for method, path, body in [*self.writes(tocsin), ("GET", "/v1/alerts", None), ("GET", "/metrics", None)]:
                with self.subTest(header=name, path=path):
                    self.assertIn(tocsin.ask(method, path, body, {name: value}).status, (401, 403))
        self.assert_untouched(tocsin)

    def test_every_route_but_the_open_ones_asks_for_a_token_however_its_path_is_spelled(self):  # S5, S9, S10
        tocsin = self.guarded()
        tocsin.ask("POST", "/api/v2/alerts", [alert(1)], PROMETHEUS)
        spellings = (lambda path: path, lambda path: "/" + path, lambda path: path + "/", lambda path: path.replace("/", "//"),
                     lambda path: path.replace("/v", "/%76"), lambda path: "/x" + path, lambda path: "/./" + path[1:],
                     lambda path: "/-/healthy/.." + path, lambda path: path.replace("/", "%2f"), lambda path: path.upper(),
                     lambda path: path + "?token=")
        for method, path in (("GET", "/v1/alerts"), ("GET", "/v1/incidents/INC-1"), ("POST", "/v1/incidents/INC-1/ack"),
                             ("POST", "/api/v2/alerts"), ("GET", "/metrics"), ("POST", "/-/reload"), ("POST", "/ingest/alertmanager-api")):
            for spell in spellings:
                with self.subTest(method=method, path=spell(path)):
                    reply = tocsin.ask(method, spell(path), [alert(2)] if method == "POST" else None)
                    self.assertIn(reply.status, (400, 401, 404, 405), reply)
        self.assertEqual(len(tocsin.ask("GET", "/v1/alerts", headers=ANA).json()["alerts"]), 1)
        for path in OPEN:
            self.assertEqual(tocsin.ask("GET", path).status, 200, path)

    def test_what_stands_in_a_query_is_never_part_of_a_statement(self):  # S6
        tocsin = self.daemon(rules=SEVERITY)
        tocsin.start()
        tocsin.send([alert(1, service="shop")])
        injections = ["' OR '1'='1", "1; DROP TABLE alert", "shop' UNION SELECT secret FROM meta --", "\\", "%", "_", "*",
                      "service=\"shop\" OR 1=1", "a\x00b", ") OR (1=1"]
        for path in ("/v1/alerts", "/v1/incidents"):
            for name in ("q", "state", "service", "team", "severity", "source", "since", "cursor", "limit"):
                for text in injections:
                    with self.subTest(path=path, name=name, text=text):
                        encoded = "".join(f"%{byte:02x}" for byte in text.encode())
                        reply = tocsin.ask("GET", f"{path}?{name}={encoded}")
                        self.assertIn(reply.status, (200, 400), reply)
                        if reply.status == 200:
                            self.assertEqual(reply.json()[path.rsplit("/", 1)[1]], [])
        self.assertEqual(len(tocsin.alerts()), 1)

    def test_an_empty_credential_is_none(self):  # S7
        tocsin = self.guarded()
        for value in ("Bearer ", "Bearer", "Basic ", "Basic Og==", "GenieKey ", "Basic " + base64.b64encode(b"ana:").decode(),
                      "bearer\t", "Bearer sha256:", "Digest x"):
            with self.subTest(value=value):
                self.assertEqual(tocsin.ask("GET", "/v1/alerts", headers={"Authorization": value}).status, 401)
        self.assertEqual(tocsin.ask("GET", "/v1/alerts?token=").status, 401)
        self.assertEqual(tocsin.stop(), 0)
        for text, says in (("", "is empty"), ("\n", "is empty"), ("short", "shorter than 16 characters"), ("sha256:abcdefabcdefabcd", "no SHA-256")):
            tocsin.write_secret("ana", text)
            said = tocsin.cli("check", "--config", str(tocsin.config))
            with self.subTest(text=text):
                self.assertEqual(said.returncode, 1)
                self.assertIn(says, said.stdout)

    def test_to_have_no_authentication_is_no_mode(self):  # S10
        tocsin = self.daemon(rules=SEVERITY, settings="auth: {anonymous: everybody}\n")
        said = tocsin.cli("check", "--config", str(tocsin.config))
        self.assertEqual(said.returncode, 1)
        self.assertIn("loopback, read or none", said.stdout)


if __name__ == "__main__":
    unittest.main()
