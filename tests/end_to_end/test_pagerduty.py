"""Senders made for PagerDuty: Debian's Alertmanager, and events by hand, sent to the daemon unchanged."""

import unittest

from daemon import Scenario, wait_until
from test_alertmanager import Alertmanager, body

KEY = "0123456789abcdef0123456789abcdef"
RULES = """
severity: {default: SEV-3, from_label: severity, map: {critical: SEV-2, error: SEV-3, warning: SEV-3, info: SEV-4}}
incidents: {recovery: 1s}
"""
SETTINGS = """
sources:
  - {name: pager, kind: pagerduty}
auth:
  anonymous: none
  tokens:
    - {name: pager, token_file: pager-key, scopes: ["ingest:pager"]}
    - {name: ana, token_file: ana-token, scopes: [read, respond, admin]}
"""
ANA = "ana-0123456789-now"


class PagerDuty(Scenario):
    def tocsin(self):
        tocsin = self.daemon(rules=RULES, settings=SETTINGS)
        tocsin.write_secret("pager-key", KEY)
        tocsin.write_secret("ana-token", ANA)
        tocsin.start()
        ask = tocsin.ask
        tocsin.ask = lambda method, path, body=None, headers=None: ask(
            method, path, body, {"Authorization": f"Bearer {ANA}", **(headers or {})} if path != "/v2/enqueue" else headers)
        return tocsin

    def send(self, tocsin, action, key=None, *, severity="error", routing_key=KEY, **payload):
        event = {"routing_key": routing_key, "event_action": action,
                 "payload": {"summary": "disk full", "source": "db-3", "severity": severity, **payload}}
        if key is not None:
            event["dedup_key"] = key
        return tocsin.ask("POST", "/v2/enqueue", event)

    def test_alertmanager_pages_tocsin_as_it_pages_pagerduty(self):
        tocsin = self.tocsin()
        relay = self.keep(Alertmanager(
            self.folder / "alertmanager", f"{tocsin.url}/v2/enqueue", receiver="pagerduty_configs: [{url: '%s', routing_key: " + KEY + "}]"))
        self.assertEqual(relay.send(body("Down", 300)), 200)
        wait_until(lambda: len(tocsin.alerts()) == 1, 20, "the event")
        alert = tocsin.alerts()[0]
        self.assertEqual((alert["source"], alert["state"], alert["identity"]["by"]), ("pager", "firing", "sender_key"))
        self.assertRegex(alert["identity"]["value"], "^[0-9a-f]{64}$")
        # Alertmanager writes the labels as text into custom_details: they are labels again.
        self.assertEqual(alert["labels"]["alertname"], "Down")
        self.assertEqual(alert["labels"]["instance"], "192.0.2.7:9100")
        self.assertEqual(alert["annotations"]["num_firing"], "1")
        self.assertEqual(len(tocsin.incidents()), 1)
        self.assertEqual(relay.send(body("Down", -1)), 200)
        wait_until(lambda: tocsin.alerts()[0]["state"] == "resolved", 20, "the end")
        self.assertEqual(len(tocsin.alerts()), 1, "one group, one alert")
        wait_until(lambda: tocsin.incidents()[0]["state"] == "resolved", 20, "the incident resolves")
        self.assertNotIn(KEY, tocsin.log())

    def test_an_alert_goes_through_its_life_by_its_key(self):
        tocsin = self.tocsin()
        reply = self.send(tocsin, "trigger", "disk/1")
        self.assertEqual((reply.status, reply.json()["dedup_key"]), (202, "disk/1"))
        self.assertEqual(self.send(tocsin, "trigger", "disk/1").status, 202)
        self.assertEqual(len(tocsin.alerts()), 1)
        self.assertEqual(tocsin.incidents()[0]["severity"], "SEV-3")
        # Severity and labels under the same key change the alert and raise its incident; they never fall while it fires.
        self.send(tocsin, "trigger", "disk/1", severity="critical", component="postgres")
        self.send(tocsin, "trigger", "disk/1", severity="info")
        alert = tocsin.alerts()[0]
        self.assertEqual((alert["labels"]["severity"], alert["labels"]["component"]), ("critical", "postgres"))
        self.assertEqual(tocsin.incidents()[0]["severity"], "SEV-2")
        self.assertEqual(tocsin.rows("SELECT count(*) FROM alert_event WHERE kind='relabelled'"), [(1,)])
        self.assertEqual(self.send(tocsin, "acknowledge", "disk/1").status, 202)
        self.assertEqual(tocsin.incidents()[0]["state"], "acknowledged")
        shown = tocsin.ask("GET", "/v1/incidents/INC-1").json()
        self.assertIn(("source:pager", "acknowledged"), [(one["actor"], one["kind"]) for one in shown["timeline"]])
        # What it knows by its keys survives a crash.
        tocsin.kill()
        tocsin.start()
        self.assertEqual(tocsin.alerts()[0]["labels"], alert["labels"])
        self.send(tocsin, "trigger", "disk/1")
        self.assertEqual(len(tocsin.alerts()), 1)
        self.assertEqual(self.send(tocsin, "resolve", "disk/1").status, 202)
        self.assertEqual(tocsin.alerts()[0]["state"], "resolved")

    def test_keys_that_are_missing_or_unknown_lose_nothing(self):
        tocsin = self.tocsin()
        first, second = self.send(tocsin, "trigger"), self.send(tocsin, "trigger")
        self.assertEqual((first.status, second.status), (202, 202))
        self.assertNotEqual(first.json()["dedup_key"], second.json()["dedup_key"])
        self.send(tocsin, "trigger", "$ALERT_ID")
        self.assertEqual(len(tocsin.alerts()), 3, "each is an alert of its own")
        self.assertEqual(self.send(tocsin, "resolve", first.json()["dedup_key"]).status, 202)
        self.assertEqual([one["state"] for one in tocsin.alerts()], ["firing", "firing", "resolved"])
        self.assertEqual(self.send(tocsin, "acknowledge", "never heard of").status, 202)
        self.assertEqual(self.send(tocsin, "resolve", "never heard of").status, 202)
        self.assertEqual(tocsin.metric("tocsin_alerts_total", source="pager", result="unknown_acknowledge"), 1)
        self.assertEqual(tocsin.metric("tocsin_alerts_total", source="pager", result="unknown_resolve"), 1)

    def test_refusals_speak_as_pagerduty_does_and_hold_no_secret(self):
        tocsin = self.tocsin()
        wrong = "wrong-key-0123456789abcdef012345"
        for event, status in (({"routing_key": KEY, "event_action": "explode"}, 400),
                              ({"routing_key": KEY, "event_action": "resolve"}, 400), ("{", 401),
                              ({"routing_key": wrong, "event_action": "trigger"}, 401)):
            with self.subTest(event=event):
                reply = tocsin.ask("POST", "/v2/enqueue", event)
                self.assertEqual(reply.status, status, reply)
                self.assertEqual(reply.json()["status"], "invalid event")
                self.assertEqual(len(reply.json()["errors"]), 1)
                self.assertNotIn(KEY, reply.body.decode())
        self.assertEqual(self.send(tocsin, "trigger", "a").status, 202)
        for secret in (KEY, wrong):
            self.assertNotIn(secret, tocsin.log())


if __name__ == "__main__":
    unittest.main()
