"""`tocsin explain`: by files alone, of a running daemon, and with the rules of their time."""

import json
import subprocess
import os

from daemon import BINARY, SEVERITY, Scenario, wait_until
from load import alert
from sink import Sink

RULES = SEVERITY + """
services: {checkout: {team: payments, escalation: payments}}
teams: {payments: []}
rules:
  - {name: disks, when: ['alertname="Disk"'], set: {service: "{{labels.job}}", labels: {component: storage}}}
  - {name: canaries, when: ['env="canary"'], drop: true}
correlation: [{name: by-service, when: [service], by: [service]}]
escalations:
  default: {steps: [{page: [channel:ops], wait: 1h}]}
  payments: {steps: [{page: [channel:ops], wait: 5m}]}
"""


class Explain(Scenario):
    def running(self):
        self.sink = self.keep(Sink())
        tocsin = self.daemon(rules=RULES, channels={"ops": self.sink.url})
        tocsin.start()
        return tocsin

    def explain(self, tocsin, *words):
        said = tocsin.cli("explain", "-o", "json", *words)
        self.assertEqual(said.returncode, 0, said)
        return json.loads(said.stdout)["explanations"]

    def test_files_alone_are_enough(self):
        tocsin = self.daemon(rules=RULES, channels={"ops": "http://127.0.0.1:9/"})
        said = tocsin.cli("explain", "--near", "1", "alertname=Disk", "job=checkout", "severity=critical")
        self.assertEqual(said.returncode, 0, said)
        for part in ("disks", "service           checkout  from \"{{labels.job}}\"", "needs env=\"canary\"; it is missing",
                     "SEV-2  the map's critical", "by-service", "payments (rules/rules.yaml:"):
            self.assertIn(part, said.stdout)
        body = json.dumps([{"labels": {"alertname": "Disk", "env": "canary"}}])
        piped = subprocess.run([str(BINARY), "explain"], input=body, capture_output=True, text=True, timeout=60,
                               check=False, cwd=self.folder, env=os.environ)
        self.assertIn("dropped by canaries (rules/rules.yaml:", piped.stdout, piped)

    def test_a_running_daemon_explains_incidents_alerts_and_fingerprints(self):
        tocsin = self.running()
        tocsin.send([alert(1, name="Disk", job="checkout")])
        wait_until(lambda: tocsin.incidents(), 20, "an incident")
        of_incident = self.explain(tocsin, "INC-1")
        self.assertEqual(len(of_incident), 1)
        self.assertEqual(of_incident[0]["rules"][0]["name"], "disks")
        self.assertEqual(of_incident[0]["alert"]["incident"], "INC-1")
        fingerprint = of_incident[0]["identity"]["fingerprint"]
        self.assertEqual(self.explain(tocsin, fingerprint)[0]["alert"], of_incident[0]["alert"])
        joins = self.explain(tocsin, "--url", tocsin.url, "alertname=Other", "service=checkout")
        self.assertEqual(joins[0]["correlation"]["joins"], "INC-1")
        alone = self.explain(tocsin, "--url", tocsin.url, "alertname=Other", "service=search")
        self.assertIsNone(alone[0]["correlation"]["joins"])
        self.assertTrue(alone[0]["correlation"]["knows_incidents"])
        unknown = tocsin.cli("explain", "0123456789abcdef")
        self.assertEqual(unknown.returncode, 1)
        self.assertIn("alert=ID", unknown.stderr)

    def test_old_decisions_are_explained_with_the_rules_of_their_time(self):
        tocsin = self.running()
        tocsin.send([alert(1, name="Disk", job="checkout")])
        wait_until(lambda: tocsin.incidents(), 20, "an incident")
        tocsin.write_rules(RULES.replace("component: storage", "component: disks").replace("name: disks", "name: all-disks"))
        self.assertEqual(tocsin.cli("reload").returncode, 0)
        old = self.explain(tocsin, "INC-1")[0]
        self.assertEqual((old["rules_of"], old["rules"][0]["name"]), ("then", "disks"))
        self.assertIn({"name": "component", "value": "storage", "from": "rule", "sent": None,
                       "by": {"name": "disks", "at": old["rules"][0]["at"]}}, old["labels"])
        self.assertIsNone(old["note"])
        now = self.explain(tocsin, "--url", tocsin.url, "alertname=Disk", "job=checkout")[0]
        self.assertEqual((now["rules_of"], now["rules"][0]["name"]), ("now", "all-disks"))
        self.assertNotEqual(now["rules_hash"], old["rules_hash"])

    def test_rules_show_how_often_they_held(self):
        tocsin = self.running()
        tocsin.send([alert(n, name="Disk", job="checkout") for n in range(3)])
        tocsin.send([alert(n, name="Disk", job="checkout") for n in range(3)])
        wait_until(lambda: tocsin.metric("tocsin_rule_hits_total", rule="disks") == 3, 20, "three hits, refreshes not counted")
        tocsin.write_rules(RULES.replace("name: canaries", "name: birds"))
        self.assertEqual(tocsin.cli("reload").returncode, 0)
        shown = {rule["name"]: rule for rule in tocsin.ask("GET", "/v1/rules").json()["rules"]}
        self.assertEqual((shown["disks"]["hits"], shown["birds"]["hits"]), (3, 0))
        self.assertEqual(shown["by-service"]["hits"], 3)
        self.assertIsNotNone(shown["disks"]["last_hit"])
        self.assertNotIn("canaries", shown)
        self.assertEqual(tocsin.metric("tocsin_rules", kind="triage"), 2)
