"""A sender nobody has heard of: any JSON, read by the mapping in tocsin.yaml, signed with a shared secret."""

import hashlib
import hmac
import json
import unittest

from daemon import SEVERITY, Scenario

SECRET = "a secret of the build server"
SETTINGS = """
sources:
  - name: builds
    kind: json
    hmac: {secret_file: builds-hmac, header: X-Hub-Signature-256}
    map:
      each: /builds
      identity: [/job/name, /stage]
      status: {from: /result, firing: [FAILURE, UNSTABLE], resolved: [SUCCESS]}
      labels: {alertname: /job/name, team: /params/team, severity: "=critical", number: /number}
      annotations: {summary: /message}
      starts_at: /timestamp
"""


def build(result, stage="test", **more):
    return {"job": {"name": "deploy"}, "stage": stage, "result": result, "number": 418, "params": {"team": "payments"},
            "message": "3 tests failed", "timestamp": 1795407369250, **more}


class JsonSource(Scenario):
    def tocsin(self):
        tocsin = self.daemon(rules=SEVERITY, settings=SETTINGS)
        tocsin.write_secret("builds-hmac", SECRET)
        tocsin.start()
        return tocsin

    def send(self, tocsin, *builds, secret=SECRET):
        body = json.dumps({"builds": builds})
        signature = "sha256=" + hmac.new(secret.encode(), body.encode(), hashlib.sha256).hexdigest()
        return tocsin.ask("POST", "/ingest/builds", body, {"X-Hub-Signature-256": signature} if secret else {})

    def test_a_mapping_makes_alerts_of_any_json(self):
        tocsin = self.tocsin()
        said = self.send(tocsin, build("FAILURE"), build("UNSTABLE", "lint"), build("ABORTED", "deploy")).json()
        self.assertEqual(said["accepted"], 2)
        self.assertEqual([one["at"] for one in said["rejected"]], ["/builds/2/result"])
        self.assertIn("add it to one of the two in map.status", said["rejected"][0]["problem"])
        alert = tocsin.alerts()[-1]
        self.assertEqual(alert["identity"], {"by": "sender_key", "value": '["deploy","test"]'})
        self.assertEqual(alert["labels"], {"alertname": "deploy", "number": "418", "severity": "critical", "team": "payments"})
        self.assertEqual((alert["annotations"], alert["starts_at"]),
                         ({"summary": "3 tests failed"}, "2026-11-23T04:16:09.250Z"))
        # The next build of the job is the same alert with another number; its success ends it.
        self.send(tocsin, build("FAILURE", number=419))
        self.assertEqual([one["labels"]["number"] for one in tocsin.alerts()], ["418", "419"])
        self.send(tocsin, build("SUCCESS", number=420))
        self.assertEqual([one["state"] for one in tocsin.alerts()], ["firing", "resolved"])
        self.assertEqual(tocsin.metric("tocsin_alerts_rejected_total", source="builds", reason="unknown_status"), 1)

    def test_what_the_mapping_does_not_find_is_told_with_its_cure(self):
        tocsin = self.tocsin()
        said = self.send(tocsin, {"job": {"name": "deploy"}, "result": "FAILURE"}, {"name": "deploy", "result": "FAILURE"}).json()
        self.assertEqual(said["accepted"], 1)
        self.assertIn("map.labels.alertname: /job/name points at nothing; there are /name, /result; point it",
                      said["rejected"][0]["problem"])
        self.assertIn("map.labels.team: /params/team points at nothing; there are /job, /result",
                      [one["problem"] for one in said["remarks"]])
        wrong = tocsin.ask("POST", "/ingest/builds", "{}", {"X-Hub-Signature-256": hmac.new(
            SECRET.encode(), b"{}", hashlib.sha256).hexdigest()})
        self.assertEqual(wrong.status, 400)
        self.assertIn("map.each: /builds points at nothing", wrong.json()["detail"])

    def test_nothing_unsigned_gets_in(self):
        tocsin = self.tocsin()
        for secret in ("", "another secret"):
            reply = self.send(tocsin, build("FAILURE"), secret=secret)
            self.assertEqual(reply.status, 401, reply)
        self.assertEqual(tocsin.alerts(), [])
        self.assertEqual(tocsin.metric("tocsin_http_access_total", result="no_signature"), 1)
        self.assertEqual(tocsin.metric("tocsin_http_access_total", result="signature"), 1)
        self.assertEqual(self.send(tocsin, build("FAILURE")).status, 200)
        self.assertNotIn(SECRET, tocsin.log())


if __name__ == "__main__":
    unittest.main()
