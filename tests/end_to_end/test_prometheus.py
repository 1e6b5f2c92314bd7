"""The main job with a real Prometheus in front and real HTTP destinations behind."""

import datetime
import json
import subprocess
import time
import unittest

from daemon import SEVERITY, Scenario, wait_until
from prometheus import Prometheus
from sink import Gauge, Sink

RULES = SEVERITY + """
teams: {payments: []}
services:
  checkout: {team: payments, tier: 0, escalation: payments, runbook: https://runbooks.example.net/checkout}
correlation:
  - {name: same-service, when: [service], by: [service]}
escalations:
  payments:
    steps:
      - {page: [channel:first], wait: 3s}
      - {page: [channel:second], wait: 3s}
    repeat: 5
incidents: {recovery: 2s}
"""


class RealPrometheus(Scenario):
    def setUp(self):
        super().setUp()
        self.first = self.keep(Sink())
        self.second = self.keep(Sink())
        self.gauge = self.keep(Gauge("checkout_broken"))
        self.tocsin = self.daemon(rules=RULES, channels={"first": self.first.url, "second": self.second.url})
        self.tocsin.start()
        target = self.tocsin.url.removeprefix("http://")
        self.prometheus = self.keep(Prometheus(self.folder / "prometheus", f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
scrape_configs:
  - {{job_name: shop, static_configs: [{{targets: ["{self.gauge.target}"]}}]}}
  - {{job_name: tocsin, static_configs: [{{targets: ["{target}"]}}]}}
alerting:
  alertmanagers: [{{static_configs: [{{targets: ["{target}"]}}]}}]
rule_files: [rules.yml]
""", """
groups:
  - name: shop
    rules:
      - alert: CheckoutBroken
        expr: checkout_broken > 0
        labels: {severity: critical, service: checkout}
        annotations: {summary: "checkout answers nobody"}
"""))

    def test_an_alert_is_paged_escalated_acknowledged_and_resolved(self):
        wait_until(lambda: self.prometheus.query('up{job="tocsin"}') == [1.0], 15, "Prometheus scrapes Tocsin")
        self.assertEqual(self.first.snapshot(), [])

        self.gauge.value = 1
        page = self.first.wait_for("incident.triggered", 15)
        self.assertEqual(page.body["incident"]["severity"], "SEV-2")
        self.assertEqual(page.body["incident"]["service"], "checkout")
        self.assertEqual(page.body["alerts"][0]["annotations"]["summary"], "checkout answers nobody")

        escalated = self.second.wait_for("incident.escalated", 30, page.incident)
        begun = datetime.datetime.fromisoformat(page.body["incident"]["detected_at"]).timestamp()
        self.assertGreater(escalated.at - begun, 2.9, "the second step came before its wait was over")

        said = self.tocsin.cli("incident", "ack", page.incident, "--note", "on it")
        self.assertEqual((said.returncode, said.stderr), (0, ""))
        self.first.wait_for("incident.acknowledged", 20, page.incident)
        self.second.wait_for("incident.acknowledged", 20, page.incident)
        pages_then = len(self.first.snapshot()) + len(self.second.snapshot())
        time.sleep(7)  # Two waits of the path: silence is what is tested.
        self.assertEqual(len(self.first.snapshot()) + len(self.second.snapshot()), pages_then)

        self.gauge.value = 0
        for sink in (self.first, self.second):
            resolved = sink.wait_for("incident.resolved", 20, page.incident)
            self.assertEqual(resolved.body["incident"]["state"], "resolved")
        shown = self.tocsin.cli("incident", "show", page.incident)
        for word in ("resolved", "CheckoutBroken", "on it", "checkout"):
            self.assertIn(word, shown.stdout)
        keys = [p.key for p in self.first.snapshot() + self.second.snapshot()]
        self.assertEqual(len(keys), len(set(keys)), "a page came twice although nothing failed")
        self.assertEqual(self.tocsin.stop(), 0)

    def test_amtool_reads_alerts(self):
        self.gauge.value = 1
        self.first.wait_for("incident.triggered", 15)
        said = subprocess.run(["amtool", f"--alertmanager.url={self.tocsin.url}", "alert", "query", "-o", "json"],
                              capture_output=True, text=True, timeout=20, check=False)
        self.assertEqual(said.returncode, 0, said.stderr)
        (found,) = json.loads(said.stdout)
        sent = {"alertname": "CheckoutBroken", "instance": self.gauge.target, "job": "shop",
                "service": "checkout", "severity": "critical"}
        self.assertEqual({**found["labels"], **sent}, found["labels"])
        self.assertEqual(found["status"]["state"], "active")


if __name__ == "__main__":
    unittest.main()
