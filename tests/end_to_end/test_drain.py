"""SIGTERM: requests under way get their answers, attempts end as unknown, and the process ends in time."""

import itertools
import time
import unittest

from daemon import SEVERITY, Scenario, wait_until
from load import Load, alert
from sink import Sink

RULES = SEVERITY + """
escalations:
  default: {steps: [{page: [channel:first], wait: 1h}]}
"""


class Drain(Scenario):
    def test_every_request_is_answered_or_refused_and_what_was_accepted_is_kept(self):
        tocsin = self.daemon(rules=SEVERITY)
        tocsin.start()
        numbers = itertools.count()
        load = Load(tocsin.port, lambda n: alert(n, severity="none"), numbers=numbers, threads=4)
        wait_until(lambda: len(load.accepted) > 100, 30, "some load")
        begun = time.monotonic()
        self.assertEqual(tocsin.stop(), 0)
        self.assertLess(time.monotonic() - begun, 7, "nothing was under way that takes so long")
        load.stop()
        tocsin.start()
        stored = {int(row[0]) for row in tocsin.rows("SELECT json_extract(labels, '$.n') FROM alert")}
        self.assertEqual(set(load.accepted) - stored, set())

    def test_an_attempt_under_way_ends_as_unknown_and_is_made_again(self):
        sink = self.keep(Sink())
        sink.hang.set()
        tocsin = self.daemon(rules=RULES, channels={"first": sink.url})
        tocsin.start()
        self.assertEqual(tocsin.send([alert(1)]).status, 200)
        first = sink.wait_for("incident.triggered", 20)
        begun = time.monotonic()
        self.assertEqual(tocsin.stop(30), 0)
        self.assertLess(time.monotonic() - begun, 16)
        sink.hang.clear()
        pages = len(sink.snapshot())
        tocsin.start()
        with sink.changed:
            sink.changed.wait_for(lambda: len(sink.pages) > pages, 30)
        again = sink.snapshot()[-1]
        self.assertGreater(len(sink.snapshot()), pages, "the page was not sent again")
        self.assertEqual(again.key, first.key)
        self.assertTrue(again.body["page"]["possible_duplicate"])
        self.assertGreater(again.body["page"]["attempt"], first.body["page"]["attempt"])


if __name__ == "__main__":
    unittest.main()
