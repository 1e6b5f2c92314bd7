"""The disk fills up under load."""

import datetime
import itertools
import unittest

from daemon import SEVERITY, Scenario, wait_until
from load import Load, alert
from sink import Sink
from small_disk import SmallDisk

MIB = 1 << 20

RULES = SEVERITY + """
services: {shop: {team: web, escalation: shop}}
teams: {web: []}
correlation: [{name: shop, when: [service], by: [service]}]
escalations:
  shop:
    steps:
      - {page: [channel:first], wait: 12s}
      - {page: [channel:second], wait: 2s}
    repeat: 9
incidents: {recovery: 1s}
"""


class FullDisk(Scenario):
    def test_nothing_acknowledged_is_lost_and_incidents_go_on_and_intake_comes_back(self):
        disk = self.keep(SmallDisk(self.folder))
        print(f"({disk.kind})", end=" ", flush=True)
        first, second = self.keep(Sink()), self.keep(Sink())
        tocsin = self.daemon(rules=RULES, channels={"first": first.url, "second": second.url}, min_free="6MiB",
                             store=disk.folder / "store", under=disk.under)
        tocsin.start()
        early = disk.ballast("early", max(disk.free() - 14 * MIB, MIB))

        self.assertEqual(tocsin.send([alert("open", service="shop")]).status, 200)
        page = first.wait_for("incident.triggered", 30)
        numbers = itertools.count()
        load = self.keep(Load(tocsin.port, lambda n: alert(n, severity="none", filler="x" * 500), numbers=numbers,
                              batch=50))
        wait_until(lambda: load.refused, 120, "new alerts are refused for want of space")
        late = disk.ballast("late")
        self.assertLess(disk.free(), MIB)

        reply = tocsin.send([alert("while full", severity="none")])
        self.assertEqual(reply.status, 503)
        self.assertIn("Retry-After", reply.headers)
        escalated = second.wait_for("incident.escalated", 20, page.incident)
        begun = datetime.datetime.fromisoformat(page.body["incident"]["detected_at"]).timestamp()
        self.assertGreater(escalated.at - begun, 11.9)
        said = tocsin.cli("incident", "ack", page.incident)
        self.assertEqual(said.returncode, 0, said.stderr)
        second.wait_for("incident.acknowledged", 30, page.incident)
        self.assertTrue(tocsin.is_running(), tocsin.log()[-2000:])
        load.stop()

        early.unlink()
        late.unlink()
        wait_until(lambda: tocsin.send([alert("after", severity="none")]).status == 200, 15, "intake resumes by itself")
        self.assertEqual(tocsin.starts, 1)
        tocsin.kill()
        tocsin.start()
        stored = {found["labels"]["n"] for found in tocsin.alerts()}
        promised = {str(n) for n in load.accepted} | {"open", "after"}
        self.assertGreater(len(promised), 100)
        self.assertEqual(promised - stored, set())
        self.assertEqual(tocsin.incidents()[0]["state"], "acknowledged")
        self.assertEqual(load.unknown, [])


if __name__ == "__main__":
    unittest.main()
