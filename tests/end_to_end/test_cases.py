"""`tocsin test` with the real binary: a case made of a real incident passes with the same rules."""

import datetime
import json
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
    def made_of(self, tocsin, incident):
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
        wait_until(lambda: tocsin.incidents()[0]["escalation"]["step"] == 2, 10, "the second step")
        self.assertEqual(tocsin.cli("incident", "ack", "INC-1", "--note", "on it").returncode, 0)
        tocsin.send([{"labels": labels(impact="all")}])
        wait_until(lambda: tocsin.incidents()[0]["severity"] == "SEV-1", 10, "the criterion")
        self.assertEqual(tocsin.cli("incident", "ack", "INC-1").returncode, 0)
        self.assertEqual(tocsin.cli("incident", "note", "INC-1", "nearly there").returncode, 0)
        now = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="milliseconds")
        tocsin.send([{"labels": labels(), "endsAt": now}, {"labels": labels(impact="all"), "endsAt": now}])
        wait_until(lambda: self.state(tocsin) == "resolved", 10, "the end")

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
        self.assertEqual(tocsin.cli("incident", "reopen", "INC-1", "--note", "not over").returncode, 0)
        self.assertEqual(tocsin.cli("incident", "resolve", "INC-1").returncode, 0)
        wait_until(lambda: self.state(tocsin) == "resolved", 10, "the end")
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
