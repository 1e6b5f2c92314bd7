"""A store that stands still: senders are slowed down for five seconds, then refused in order, and every alert is counted."""

import json
import os
import pathlib
import threading
import time
import unittest

from daemon import Connection, Scenario, wait_until
from load import alert
from ptrace import HeldThread

RULES = """
severity:
  default: SEV-3
  criteria: [{name: outage, severity: SEV-1, when: ['impact="outage"']}]
"""
SENDERS = 70
ALERTS = 1000
PADDING = "x" * 900  # A body is of a MiB, so that these fill a lane.


class Shedding(Scenario):
    def setUp(self):
        super().setUp()
        self.sent = []
        self.tocsin = self.daemon(rules=RULES)
        self.tocsin.start()

    def send(self, alerts, replies):
        """Notes status, Retry-After, seconds and how many alerts."""
        body = json.dumps(alerts)
        begun = time.monotonic()
        connection = Connection(self.tocsin.port, timeout=120)
        connection.send("POST", "/api/v2/alerts", body)
        self.sent.append(len(alerts))
        reply = connection.receive()
        connection.close()
        replies.append((reply.status, reply.headers["Retry-After"], time.monotonic() - begun, len(alerts)))

    def start(self, alerts, replies):
        thread = threading.Thread(target=self.send, args=(alerts, replies))
        thread.start()
        return thread

    def rejected(self, reason):
        return self.tocsin.metric("tocsin_alerts_rejected_total", reason=reason)

    def test_threads_that_read_requests_give_way_to_those_that_decide_and_commit(self):
        own = os.getpriority(os.PRIO_PROCESS, 0)

        def nice(name):
            tasks = pathlib.Path(f"/proc/{self.tocsin.process.pid}/task").iterdir()
            return {os.getpriority(os.PRIO_PROCESS, int(task.name)) for task in tasks if (task / "comm").read_text() == name + "\n"}

        wait_until(lambda: nice("net") == nice("read") == {min(own + 5, 19)}, 20, "net and read threads are nicer")
        self.assertEqual([nice(name) for name in ("core", "commit", "delivery", "pages")], [{own}] * 4)

    def test_new_alerts_are_refused_first_and_what_may_be_sev_1_finds_room(self):
        known = [alert(n, name="Known", impact="outage") for n in range(3)]
        ended = [{**one, "endsAt": "2020-01-01T00:00:00Z", "startsAt": "2019-01-01T00:00:00Z"} for one in known]
        for alerts in (known, known, known, ended):  # Its spelling is known then, and it does not fire.
            self.assertEqual(self.tocsin.send(alerts).status, 200)
        before = self.tocsin.metric("tocsin_alerts_received_total")
        flood, urgent = [], []
        with HeldThread(self.tocsin.process.pid, "commit"):
            threads = [self.start([alert(n, name=f"Flood{sender}", padding=PADDING) for n in range(ALERTS)], flood)
                       for sender in range(SENDERS)]
            wait_until(lambda: len(self.sent) == SENDERS, 60, "all is sent")
            time.sleep(10)  # All that will be refused is: nobody waits longer than 5 s for room.
            refused = [reply for reply in flood if reply[0] != 200]
            threads.append(self.start([{**one, "startsAt": "2035-01-01T00:00:00Z"} for one in known], urgent))
            time.sleep(7)  # Longer than anybody waits for room.
            self.assertEqual(urgent, [], "what may be SEV-1 waits for the store, and is not refused")
        for thread in threads:
            thread.join()
        self.assertGreater(len(refused), 0)
        self.assertEqual(len([reply for reply in flood if reply[0] != 200]), len(refused))
        self.assertGreater(len(flood) - len(refused), 10)
        for status, retry_after, took, _ in refused:
            self.assertEqual((status, retry_after), (503, "5"))
            self.assertGreater(took, 4.9)
        self.assertEqual(self.rejected("shed_new"), len(refused) * ALERTS)
        self.assertEqual([reply[0] for reply in urgent], [200])
        self.assertEqual(self.tocsin.metric("tocsin_alerts_received_total") - before, SENDERS * ALERTS + len(known))
        stored = self.tocsin.rows("SELECT count(*) FROM alert WHERE json_extract(labels, '$.alertname') LIKE 'Flood%'")
        self.assertEqual(stored, [((SENDERS - len(refused)) * ALERTS,)])
        wait_until(lambda: "intake.shed" in self.tocsin.log(), 20, "the log says so")


if __name__ == "__main__":
    unittest.main()
