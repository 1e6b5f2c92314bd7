"""What could not be taken is kept, shown with its reason, survives a crash and can be taken in anew."""

import json
import subprocess
import unittest

from daemon import BINARY, SEVERITY, Scenario, wait_until

SETTINGS = """
sources:
  - name: builds
    kind: json
    map:
      identity: [/job]
      status: {from: /result, firing: [%s], resolved: [SUCCESS]}
      labels: {alertname: /job, severity: "=critical"}
"""


class Rejected(Scenario):
    def rejected(self, tocsin, count):
        return wait_until(lambda: (lambda found: found if len(found) >= count else None)(
            tocsin.ask("GET", "/v1/rejected").json()["rejected"]), 10, f"{count} rejected bodies")

    def test_a_rejected_body_outlives_a_crash_and_is_taken_in_by_the_mended_configuration(self):
        tocsin = self.daemon(rules=SEVERITY, settings=SETTINGS % "FAILURE")
        tocsin.start()
        builds = [{"job": "deploy", "result": "FAILURE"}, {"job": "lint", "result": "ABORTED"}]
        self.assertEqual(tocsin.ask("POST", "/ingest/builds", builds).json()["accepted"], 1)
        self.assertEqual(tocsin.ask("POST", "/ingest/builds", '[{"job": "deploy", "password": "hunter3", "token": "hunter2"').status, 400)
        self.assertEqual(tocsin.ask("POST", "/api/v2/alerts", "nonsense").status, 400)
        kept = self.rejected(tocsin, 3)
        self.assertEqual([one["source"] for one in kept], ["alertmanager-api", "builds", "builds"])
        self.assertEqual([one["reason"] for one in kept], ["malformed", "malformed", "unknown_status"])
        self.assertEqual([one["refused"] for one in kept], [0, 0, 1])
        tocsin.kill()
        tocsin.start()
        kept = self.rejected(tocsin, 3)
        shown = tocsin.ask("GET", f"/v1/rejected/{kept[2]['id']}").json()
        self.assertEqual(json.loads(shown["body"])[1]["job"], "lint")
        everything = "".join(tocsin.ask("GET", f"/v1/rejected/{one['id']}").body.decode() for one in kept)
        for secret in ("hunter2", "hunter3"):
            self.assertNotIn(secret, everything + tocsin.log())
        masked = tocsin.cli("ingest", "rejected", "replay", kept[1]["id"])
        self.assertEqual(masked.returncode, 1, masked)
        self.assertIn("secrets were masked in it; let its sender send it again", masked.stderr)
        # As it is, it is refused again; nothing else happens.
        again = tocsin.cli("ingest", "rejected", "replay", kept[2]["id"])
        self.assertEqual((again.returncode, again.stdout.splitlines()[-1]), (1, "0 accepted, 1 refused"))
        # The mapping is mended and tried out, then taken over, and the body is taken in: only what was refused then.
        tocsin.config.write_text(tocsin.config.read_text().replace("[FAILURE]", "[FAILURE, ABORTED]"))
        tried = subprocess.run([str(BINARY), "ingest", "--source", "builds", "--config", str(tocsin.config), "-o", "json"],
                               input=shown["body"], capture_output=True, text=True, timeout=30, check=False)
        self.assertEqual(tried.returncode, 0, tried)
        self.assertEqual([one["labels"]["alertname"] for one in json.loads(tried.stdout)["alerts"]], ["deploy", "lint"])
        tocsin.ask("POST", "/ingest/builds", [{"job": "deploy", "result": "SUCCESS"}])
        self.assertEqual(tocsin.cli("reload").returncode, 0)
        replayed = tocsin.cli("ingest", "rejected", "replay", kept[2]["id"], "-o", "json")
        self.assertEqual(replayed.returncode, 0, replayed)
        self.assertEqual(json.loads(replayed.stdout)["accepted"], 1)
        self.assertEqual({one["labels"]["alertname"]: one["state"] for one in tocsin.alerts()},
                         {"deploy": "resolved", "lint": "firing"})

    def test_a_flood_of_nonsense_keeps_nobody_from_being_served(self):
        tocsin = self.daemon(rules=SEVERITY)
        tocsin.start()
        for _ in range(1500):
            self.assertEqual(tocsin.ask("POST", "/api/v2/alerts", "nonsense").status, 400)
        wait_until(lambda: tocsin.metric("tocsin_rejected_bodies_total") == 1500, 30, "each is kept or counted as dropped")
        self.assertGreater(tocsin.metric("tocsin_rejected_bodies_total", result="kept"), 0)
        self.assertLessEqual(tocsin.rows("SELECT count(*) FROM rejected_body")[0][0], 1000)
        listed = tocsin.cli("ingest", "rejected", "list", "--limit", "3")
        self.assertEqual(len(listed.stdout.splitlines()), 4, listed)
        self.assertEqual(tocsin.stop(), 0)


if __name__ == "__main__":
    unittest.main()
