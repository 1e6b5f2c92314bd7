"""`tocsin test` with the real binary: a case made of a real incident passes with the same rules."""

import datetime
import json
import shutil
import subprocess
import unittest
import xml.etree.ElementTree

from daemon import BINARY, TOP, Scenario, wait_until

RULES = """
services:
  checkout: {team: payments, tier: 0, runbook: "https://runbooks.example.net/checkout"}
teams: {payments: []}
correlation: [{name: same-service, by: [service]}]
severity:
  criteria: [{name: outage, severity: SEV-1, when: ['tier="0"', 'impact="all"']}]
escalations:
  default: {steps: [{page: ["channel:log"], wait: 1s}, {page: ["channel:log"], wait: 1h}]}
incidents: {recovery: 1s}
"""


def labels(**more):
    return {"alertname": "Down", "service": "checkout", "severity": "warning", **more}


class CasesOfIncidents(Scenario):
    def settle(self, tocsin):
        wait_until(lambda: not tocsin.rows("SELECT 1 FROM page WHERE state = 'owed'"), 30, "no page is on its way")

    def made_of(self, tocsin, incident):
        self.settle(tocsin)
        done = tocsin.cli("test", "--init-from", incident)
        self.assertEqual(done.returncode, 0, done.stderr)
        (self.folder / "rules" / "tests").mkdir(exist_ok=True)
        (self.folder / "rules" / "tests" / "made.yaml").write_text(done.stdout)
        return done.stdout

    def run_cases(self, tocsin):
        return tocsin.cli("test", "--config", str(tocsin.config))

    def state(self, tocsin):
        return tocsin.incidents()[0]["state"]

    def live(self, tocsin):
        """An incident of two alerts that pages twice, is acknowledged, gets worse, ends and comes back."""
        text = "100 %: \"all\"\nof them"
        self.assertEqual(tocsin.send([{"labels": labels(), "annotations": {"summary": text}}]).status, 200)
        wait_until(lambda: tocsin.incidents()[0]["escalation"]["step"] == 2, 30, "the second step")
        self.settle(tocsin)
        self.assertEqual(tocsin.cli("incident", "ack", "INC-1", "--note", "on it").returncode, 0)
        tocsin.send([{"labels": labels(impact="all")}])
        wait_until(lambda: tocsin.incidents()[0]["severity"] == "SEV-1", 30, "the criterion")
        self.settle(tocsin)
        self.assertEqual(tocsin.cli("incident", "ack", "INC-1").returncode, 0)
        self.assertEqual(tocsin.cli("incident", "note", "INC-1", "nearly there").returncode, 0)
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        tocsin.send([{"labels": labels(), "endsAt": now}, {"labels": labels(impact="all"), "endsAt": now}])
        wait_until(lambda: self.state(tocsin) == "resolved", 30, "the end")

    def test_a_case_made_of_an_incident_passes_and_fails_with_other_rules(self):
        tocsin = self.daemon(rules=RULES)
        tocsin.start()
        self.live(tocsin)
        case = self.made_of(tocsin, "INC-1")
        done = self.run_cases(tocsin)
        self.assertEqual((done.returncode, done.stdout), (0, "1 case in 1 file: all passed; 2 of 2 rules covered\n"),
                         f"{done.stderr}\n{case}")
        for word in ("ack: INC-1", "note: INC-1", "state: resolved", "severity: SEV-1", "pages: ", "clear: "):
            self.assertIn(word, case)
        tocsin.write_rules(RULES.replace("SEV-1", "SEV-2"))
        done = self.run_cases(tocsin)
        self.assertEqual(done.returncode, 1)
        self.assertIn("has severity SEV-1, but it has SEV-2 (by outage, rules/rules.yaml:7)", done.stdout)

    def test_an_incident_that_was_opened_again_makes_a_case_too(self):
        tocsin = self.daemon(rules=RULES)
        tocsin.start()
        self.live(tocsin)
        self.settle(tocsin)
        self.assertEqual(tocsin.cli("incident", "reopen", "INC-1", "--note", "not over").returncode, 0)
        self.settle(tocsin)
        self.assertEqual(tocsin.cli("incident", "resolve", "INC-1").returncode, 0)
        wait_until(lambda: self.state(tocsin) == "resolved", 30, "the end")
        case = self.made_of(tocsin, "INC-1")
        done = self.run_cases(tocsin)
        self.assertEqual(done.returncode, 0, f"{done.stdout}{done.stderr}\n{case}")
        self.assertIn("cycle: 2", case)

    def test_what_is_no_incident_is_told(self):
        tocsin = self.daemon(rules=RULES)
        tocsin.start()
        self.assertEqual(tocsin.cli("test", "--init-from", "nine").returncode, 2)
        done = tocsin.cli("test", "--init-from", "INC-9")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("INC-9", done.stderr)


def alert(**labels):
    annotations = {"description": labels.pop("description")} if "description" in labels else {}
    return {"labels": labels, "annotations": annotations}


# One alert or more for each incident, and what its case must say.
SHAPES = {
    "a rule gives it a service, and a label": (
        [alert(alertname="DiskWillFill", job="object-storage", instance="store-3", severity="warning", hours_left="1")],
        ["labels: {component: storage, service: object-storage}", "service: disk-nearly-full", "by: {", "hold: disk-nearly-full",
         "severity: disk-nearly-full"]),
    "held first": (
        [alert(alertname="DiskWillFill", job="mail-queue", instance="store-4", severity="warning")],
        ["{at: 0s, alert: {alertname: DiskWillFill, instance: store-4, job: mail-queue, severity: warning}, suppressed: hold, "
         "incident: none", "{at: 1s, alert: ", "suppressed: none, incident: INC-1", "hold: disk-filling",
         'runbook: "https://runbooks.example.net/disk/store-4"']),
    "paged by a rule's own escalation": (
        [alert(alertname="CertificateExpiry", days_left="20", instance="shop.example.net", severity="warning")],
        ["escalation: certificate-ends-soon", "escalation: no-hurry", "severity: customers-notice"]),
    "its fault is told to be somebody else's": (
        [alert(alertname="PaymentProviderErrors", namespace="payments", provider="acme-pay", error_ratio="0.8",
               description="the provider answers 503", env="prod", severity="critical")],
        ["annotations: {first_look: ", "annotations.first_look: fault-of-a-provider", "labels.cause: fault-of-a-provider",
         "drop: production-stays", "service: payments-gateway"]),
    "two alerts of one service, one of them held": (
        [alert(alertname="CoreDnsDown", instance="dns-1", severity="critical"),
         alert(alertname="BlackboxProbeFailed", probe_of="dns", instance="probe-1", severity="warning")],
        ["hold: probe-failed", "labels.impact: names-do-not-resolve", "labels.found_by: probe-failed"]),
}


class CasesOfTheShippedRules(Scenario):
    """Copies of config/ and rules/, with holds that a test can wait for."""

    def shipped(self):
        tocsin = self.daemon(rules="{}", settings="fragments:\n" + self.fragments())
        shutil.rmtree(self.folder / "rules")
        shutil.copytree(TOP / "rules", self.folder / "rules")
        for path in (self.folder / "rules").rglob("*.yaml"):
            path.write_text(path.read_text().replace("hold: 2m", "hold: 1s"))
        return tocsin

    def fragments(self):
        lines = (TOP / "config" / "tocsin.yaml").read_text().split("\nfragments:", 1)[1].splitlines()[1:]
        return "\n".join(lines[:3]) + "\n"

    def test_a_case_made_of_each_shape_passes_with_the_same_rules(self):
        tocsin = self.shipped()
        tocsin.start()
        for number, (what, (alerts, words)) in enumerate(SHAPES.items(), start=1):
            with self.subTest(what):
                self.assertEqual(tocsin.send(alerts).status, 200)
                name = f"INC-{number}"
                wait_until(lambda: self.alerts_of(tocsin, name) == len(alerts), 30, f"{name} of {len(alerts)} alerts")
                # A page that is on its way is in no timeline yet.
                wait_until(lambda: not tocsin.rows("SELECT 1 FROM page WHERE state = 'owed'"), 30, "all pages are sent")
                made = tocsin.cli("test", "--init-from", name)
                self.assertEqual(made.returncode, 0, made.stderr)
                (self.folder / "made.yaml").write_text(made.stdout)
                for word in words:
                    self.assertIn(word, made.stdout)
                done = tocsin.cli("test", "--config", str(tocsin.config), str(self.folder / "made.yaml"))
                self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout + made.stdout)

    def alerts_of(self, tocsin, incident):
        reply = tocsin.ask("GET", f"/v1/incidents/{incident}")
        return len(reply.json()["alerts"]) if reply.status == 200 else 0

    def test_the_daemons_own_alarm_makes_no_case(self):
        tocsin = self.shipped()
        tocsin.start()
        (self.folder / "rules" / "broken.yaml").write_text("rules: nonsense\n")
        self.assertEqual(tocsin.cli("reload").returncode, 1)
        wait_until(tocsin.incidents, 30, "the alarm")
        done = tocsin.cli("test", "--init-from", "INC-1")
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn("INC-1 is Tocsin's own alarm (TocsinRulesRejected", done.stderr)
        self.assertIn("name an incident that a source reported", done.stderr)


class ShippedCases(unittest.TestCase):
    """rules/tests, as programs read what comes of it."""

    def run_cases(self, *words):
        done = subprocess.run([BINARY, "test", *words], cwd=TOP, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""), done.stdout)
        return done.stdout

    def test_they_pass_and_reach_every_rule_in_each_format(self):
        said = json.loads(self.run_cases("-o", "json", "--require-coverage", "100"))
        names = [case["name"] for case in said["cases"]]
        self.assertGreater(len(names), 40)
        self.assertGreaterEqual(len(said["rules"]), 40)
        self.assertEqual(said["covered"], len(said["rules"]))
        suites = xml.etree.ElementTree.fromstring(self.run_cases("-o", "junit"))
        self.assertEqual([case.get("name") for case in suites.iter("testcase")], names)
        self.assertEqual(suites.get("failures"), "0")
        tap = self.run_cases("-o", "tap").splitlines()
        self.assertEqual(tap[:2], ["TAP version 14", f"1..{len(names)}"])
        self.assertEqual([line.split(" - ", 1)[0] for line in tap[2:-1]], [f"ok {n + 1}" for n in range(len(names))])


if __name__ == "__main__":
    unittest.main()
