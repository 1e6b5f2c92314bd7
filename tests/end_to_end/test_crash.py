"""kill -9 at random moments under load."""

import collections
import itertools
import os
import random
import time
import unittest

from daemon import SEVERITY, SLOW, Scenario, wait_until
from load import Load, alert
from sink import Sink

KILLS = 20
WAIT = 7  # Seconds of the first step: longer than any daemon lives here.

RULES = SEVERITY + f"""
correlation:
  - {{name: groups, when: [group], by: [group]}}
escalations:
  default:
    steps:
      - {{page: [channel:first], wait: {WAIT}s}}
      - {{page: [channel:second], wait: 1h}}
"""


class Crashes(Scenario):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("TOCSIN_SEED", time.time_ns() % 1_000_000))
        print(f"(TOCSIN_SEED={self.seed})", end=" ", flush=True)
        self.random = random.Random(self.seed)
        self.first = self.keep(Sink())
        self.second = self.keep(Sink())
        self.tocsin = self.daemon(rules=RULES, channels={"first": self.first.url, "second": self.second.url})

    def stored_numbers(self):
        return [int(row[0]) for row in self.tocsin.rows("SELECT json_extract(labels, '$.n') FROM alert")]

    def next_steps(self):
        return {found["id"]: found["escalation"]["next_at"] for found in self.tocsin.incidents()}

    def test_twenty_kills_lose_nothing_that_was_promised(self):
        numbers = itertools.count()
        accepted = set()
        timers = {}
        for _ in range(KILLS):
            self.tocsin.start()
            now = self.next_steps()
            for incident, due in timers.items():
                # A timer that came up meanwhile stands an hour further; none may have begun again.
                if now[incident] != due:
                    self.second.wait_for("incident.escalated", 30, incident)
            # Ten alerts an incident, so that pages are on their way at any moment.
            load = Load(self.tocsin.port, lambda n: alert(n, group=f"g{n // 10}"), numbers=numbers, batch=5,
                        pause=0.01)
            wait_until(lambda load=load: load.accepted, 30, "something is accepted")
            time.sleep(self.random.uniform(0.0, 0.7))
            timers = self.next_steps()
            time.sleep(self.random.uniform(0.0, 0.2))
            self.tocsin.kill()
            load.stop()
            accepted.update(load.accepted)
        self.tocsin.start()

        stored = self.stored_numbers()
        self.assertEqual(len(stored), len(set(stored)), "an alert is stored twice")
        self.assertGreater(len(accepted), 200, "hardly any load: the test shows nothing")
        self.assertEqual(accepted - set(stored), set())
        self.check_timers()
        self.check_pages()

    def check_pages(self):
        wait_until(lambda: not self.tocsin.rows("SELECT 1 FROM page WHERE state = 'owed' LIMIT 1"), 60,
                   "all pages are delivered")
        sent = {"first": collections.Counter(), "second": collections.Counter()}
        keys = collections.defaultdict(set)
        for channel, sink in (("first", self.first), ("second", self.second)):
            for page in sink.snapshot():
                sent[channel][page.key] += 1
                escalation = page.body["incident"]["escalation"]
                keys[(channel, page.incident, page.event, page.body["incident"]["cycle"])].add(page.key)
                self.assertEqual(page.body["page"]["key"], page.key)
                self.assertIsNotNone(escalation)
        ledger = self.tocsin.rows("SELECT channel, key, incident FROM page")
        self.assertGreater(len(ledger), 20)
        for channel, key, _ in ledger:
            self.assertGreaterEqual(sent[channel][key], 1, f"{key} was owed to {channel} and never came")
        for what, several in keys.items():
            self.assertEqual(len(several), 1, f"{what} came under several keys")
        incidents = {row[0] for row in self.tocsin.rows("SELECT id FROM incident")}
        self.assertEqual(incidents, {row[2] for row in ledger if row[0] == "first"})

    def check_timers(self):
        """Each second step came WAIT after the first, or as soon as a daemon ran again."""
        def due():
            now = int(time.time() * 1000)
            return self.tocsin.rows("SELECT id FROM incident WHERE detected_at < ? AND escalation_step < 2",
                                    now - (WAIT + 2) * 1000)

        time.sleep(WAIT + 3)  # Every incident there is has had its wait now.
        wait_until(lambda: due() == [], 30, "every second step has come")
        detected = dict(self.tocsin.rows("SELECT id, detected_at FROM incident"))
        for page in self.second.snapshot():
            if page.event != "incident.escalated" or page.body["page"]["possible_duplicate"]:
                continue
            late = page.at - detected[int(page.incident.removeprefix("INC-"))] / 1000 - WAIT
            self.assertGreater(late, -0.2, f"{page} came early")
            self.assertLess(late, 5 * SLOW, f"{page} came late: its timer began again")


if __name__ == "__main__":
    unittest.main()
