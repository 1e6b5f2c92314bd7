"""Triage rules in the running daemon: what they set, drop and hold, across restarts and for every reader."""

import datetime
import unittest

from daemon import Scenario, wait_until

RULES = """
services:
  search: {team: discovery, runbook: https://runbooks.example.net/search}
teams: {discovery: [], storage: []}
rules:
  - name: canary-noise
    when: 'env="canary"'
    drop: true
  - name: disks
    when: 'alertname=~"Disk.*"'
    set:
      service: "{{labels.job}}"
      labels: {component: storage, where: "{{labels.instance}}"}
      annotations: {summary: "{{labels.component}} of {{labels.service}} on {{labels.where}}"}
      runbook: https://runbooks.example.net/disk
      team: storage
    severity: SEV-2
    escalation: disks
  - name: wait-a-little
    when: 'alertname="DiskSlow"'
    hold: 10s
escalations:
  disks: {steps: [{page: [channel:log], wait: 5m}]}
"""


def alert(name, **labels):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    return {"labels": {"alertname": name, **labels}, "endsAt": end.isoformat(), "annotations": {"summary": "as sent"}}


class TriageRules(Scenario):
    def test_what_rules_decide_is_seen_by_every_reader(self):
        tocsin = self.daemon(rules=RULES)
        tocsin.start()
        tocsin.send([alert("DiskFull", job="search", instance="h1"), alert("Slow", env="canary")])
        incident, = tocsin.incidents()
        self.assertEqual((incident["service"], incident["team"], incident["severity"]), ("search", "storage", "SEV-2"))
        self.assertEqual(incident["severity_reason"]["criterion"], "disks")
        self.assertRegex(incident["severity_reason"]["at"], r"rules/.*\.yaml:\d+")
        self.assertEqual(incident["runbook"], "https://runbooks.example.net/disk")
        self.assertEqual(incident["escalation"]["name"], "disks")
        dropped, disk = tocsin.alerts()
        self.assertEqual(disk["labels"], {"alertname": "DiskFull", "component": "storage", "instance": "h1", "job": "search",
                                          "service": "search", "team": "storage", "where": "h1"})
        self.assertEqual(disk["annotations"], {"summary": "storage of search on h1"})
        self.assertEqual(disk["suppressed"], [])
        self.assertIsNone(dropped["incident"])
        self.assertEqual([(one["by"], one["id"]) for one in dropped["suppressed"]], [("drop", "canary-noise")])
        shown = {one["labels"]["alertname"]: one for one in tocsin.ask("GET", "/api/v2/alerts").json()}
        self.assertEqual(shown["Slow"]["status"]["state"], "suppressed")
        self.assertEqual(shown["DiskFull"]["status"]["state"], "active")
        self.assertEqual(shown["DiskFull"]["receivers"], [{"name": "disks"}])
        self.assertEqual(shown["DiskFull"]["labels"]["component"], "storage")
        self.assertEqual(tocsin.metric("tocsin_alerts_suppressed_total", source="alertmanager-api", reason="drop"), 1)

    def test_a_held_alert_waits_through_a_crash(self):
        tocsin = self.daemon(rules=RULES)
        tocsin.start()
        tocsin.send([alert("DiskSlow", job="search", instance="h1")])
        held, = tocsin.alerts()
        self.assertEqual([(one["by"], one["id"]) for one in held["suppressed"]], [("hold", "wait-a-little")])
        self.assertEqual(tocsin.incidents(), [])
        tocsin.kill()
        tocsin.start()
        wait_until(tocsin.incidents, 40, "the hold to end")
        self.assertEqual(tocsin.incidents()[0]["title"], "DiskSlow on search")
        self.assertEqual(tocsin.alerts()[0]["suppressed"], [])
        kinds = [kind for kind, in tocsin.rows("SELECT kind FROM alert_event")]
        self.assertEqual(kinds, ["released"])

    def test_what_was_decided_stays_when_the_rules_change(self):
        tocsin = self.daemon(rules=RULES)
        tocsin.start()
        tocsin.send([alert("Slow", env="canary")])
        tocsin.write_rules(RULES.replace('env="canary"', 'env="never"'))
        self.assertEqual(tocsin.cli("reload").returncode, 0)
        tocsin.send([alert("Slow", env="canary")])
        self.assertEqual(tocsin.incidents(), [], "a refresh is decided by nobody")
        self.assertEqual(tocsin.cli("reload", "--reapply").returncode, 0)
        wait_until(tocsin.incidents, 15, "the rules of today")
        self.assertEqual(tocsin.alerts()[0]["suppressed"], [])


if __name__ == "__main__":
    unittest.main()
