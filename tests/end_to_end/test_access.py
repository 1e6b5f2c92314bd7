"""Tokens: who may send, read, act and speak for others; what the log says of it and what it never says."""

import json
import re
import unittest

from daemon import SEVERITY, Scenario, wait_until
from load import alert

TOKENS = {"prometheus": "prometheus-0123456789", "ana": "ana-0123456789-now", "bo": "bo-0123456789-now"}
AUTH = """
sources:
  - {name: prometheus, kind: alertmanager-api}
auth:
  anonymous: none
  tokens:
    - {name: prometheus, token_file: prometheus-token, scopes: ["ingest:prometheus"]}
    - {name: ana, token_file: ana-token, scopes: [read, respond, admin]}
    - {name: bo, token_file: bo-token, scopes: [read, "respond:search"]}
"""


class Access(Scenario):
    def bearer(self, name):
        return {"Authorization": f"Bearer {TOKENS[name]}"}

    def guarded(self):
        tocsin = self.daemon(rules=SEVERITY, settings=AUTH)
        for name, token in TOKENS.items():
            tocsin.write_secret(f"{name}-token", token)
        tocsin.start()
        return tocsin

    def lines(self, tocsin, event):
        parsed = [json.loads(line) for line in tocsin.log().rpartition("\n")[0].splitlines() if line.startswith("{")]
        return [line for line in parsed if line.get("event") == event]

    def test_each_token_does_what_its_scopes_say(self):
        tocsin = self.guarded()
        alerts = [alert(1)]
        for headers, status in (({}, 401), (self.bearer("ana"), 403), ({"Authorization": "Bearer wrong-0123456789"}, 401),
                                (self.bearer("prometheus"), 200)):
            with self.subTest(headers=headers):
                reply = tocsin.ask("POST", "/api/v2/alerts", alerts, headers)
                self.assertEqual(reply.status, status, reply)
                self.assertEqual("WWW-Authenticate" in reply.headers, status == 401)
        self.assertEqual(tocsin.ask("GET", "/v1/alerts").status, 401)
        self.assertEqual(tocsin.ask("GET", "/v1/alerts", headers=self.bearer("prometheus")).status, 403)
        listed = tocsin.ask("GET", "/v1/alerts", headers=self.bearer("bo")).json()["alerts"]
        self.assertEqual([one["source"] for one in listed], ["prometheus"], "the token names the source")
        for path in ("/-/healthy", "/-/ready"):
            self.assertEqual(tocsin.ask("GET", path).status, 200, path)
        ack = "/v1/incidents/INC-1/ack"
        self.assertEqual(tocsin.ask("POST", ack, {}, self.bearer("bo")).status, 403, "not an incident of search")
        self.assertEqual(tocsin.ask("POST", ack, {"by": "ana"}, self.bearer("bo")).status, 403, "not an admin")
        self.assertEqual(tocsin.ask("POST", ack, {}, self.bearer("ana")).status, 200)
        shown = tocsin.ask("GET", "/v1/incidents/INC-1", headers=self.bearer("ana")).json()
        self.assertIn(("ana", "acknowledged"), [(one["actor"], one["kind"]) for one in shown["timeline"]])

    def test_the_command_line_takes_a_token_file(self):
        tocsin = self.guarded()
        tocsin.ask("POST", "/api/v2/alerts", [alert(1)], self.bearer("prometheus"))
        without = tocsin.cli("incident", "list")
        self.assertEqual(without.returncode, 1, without)
        self.assertIn("--token-file", without.stderr)
        token = str(self.folder / "config" / "ana-token")
        listed = tocsin.cli("incident", "list", "-o", "json", "--token-file", token)
        self.assertEqual(listed.returncode, 0, listed)
        self.assertEqual(len(json.loads(listed.stdout)["incidents"]), 1)
        acked = tocsin.cli("incident", "ack", "INC-1", "--token-file", token)
        self.assertEqual(acked.returncode, 0, acked)

    def test_writes_and_refusals_are_in_the_log_and_secrets_are_not(self):
        tocsin = self.guarded()
        tocsin.ask("POST", "/api/v2/alerts", [alert(1)], self.bearer("prometheus"))
        tocsin.ask("POST", f"/v1/incidents/INC-1/note?token={TOKENS['ana']}", {"text": "mine"})
        tocsin.ask("GET", "/v1/incidents", headers={"Authorization": "Bearer wrong-0123456789"})
        written = wait_until(lambda: self.lines(tocsin, "audit"), 20, "an audit line")[0]
        self.assertEqual((written["actor"], written["request"], written["status"]),
                         ("ana", "POST /v1/incidents/INC-1/note", "200"))
        denied = wait_until(lambda: self.lines(tocsin, "audit.denied"), 20, "a denied line")[0]
        self.assertEqual((denied["reason"], denied["request"]), ("unknown_token", "GET /v1/incidents"))
        denied_count = tocsin.ask("GET", "/metrics", headers=self.bearer("ana")).body.decode()
        self.assertIn('tocsin_http_access_total{result="unknown_token"} 1', denied_count)
        for secret in (*TOKENS.values(), "wrong-0123456789"):
            self.assertNotIn(secret, tocsin.log())

    def test_where_nobody_may_do_anything_a_start_writes_a_token_that_works_once(self):
        tocsin = self.daemon(rules=SEVERITY, settings="auth: {anonymous: none}\n")
        tocsin.start()
        told = wait_until(lambda: self.lines(tocsin, "auth.bootstrap"), 20, "the bootstrap token")[0]
        self.assertRegex(told["token"], re.compile("^[0-9a-f]{64}$"))
        headers = {"Authorization": f"Bearer {told['token']}"}
        self.assertEqual(tocsin.ask("GET", "/v1/incidents").status, 401)
        self.assertEqual(tocsin.ask("GET", "/v1/incidents", headers=headers).status, 200)
        again = tocsin.ask("GET", "/v1/incidents", headers=headers)
        self.assertEqual(again.status, 401)
        self.assertIn("used already", again.json()["detail"])


if __name__ == "__main__":
    unittest.main()
