"""Backup and restore with the real binary, and a store that is damaged."""

import datetime
import itertools
import json
import unittest

from daemon import SEVERITY, Daemon, Scenario, wait_until
from load import Load, alert
from sink import Sink

RULES = SEVERITY + """
correlation:
  - {name: groups, when: [group], by: [group]}
incidents: {recovery: 1s}
"""
ALERT = {"labels": {"alertname": "CheckoutDown", "group": "shop", "severity": "critical"}}


class Backup(Scenario):
    def run_cli(self, daemon, verb, path, code=0):
        said = daemon.cli(verb, str(path), "--config", str(daemon.config), "-o", "json" if code == 0 else "table")
        self.assertEqual(said.returncode, code, said.stderr + said.stdout)
        return json.loads(said.stdout) if code == 0 else said.stderr

    def test_a_backup_made_in_a_storm_restores_and_starts_as_it_was(self):
        tocsin = self.daemon(rules=RULES)
        tocsin.start()
        load = Load(tocsin.port, lambda number: alert(number, group=f"g{number % 50}"), numbers=itertools.count(), batch=500)
        wait_until(lambda: len(load.accepted) > 5_000, 60, "the storm is on its way")
        kept = self.run_cli(tocsin, "backup", self.folder / "kept.db")
        then = len(load.accepted)
        wait_until(lambda: len(load.accepted) > then + 1_000, 60, "the storm goes on")
        load.stop()
        self.assertEqual(load.refused, [])
        self.assertGreater(kept["seq"], 1)
        later = self.run_cli(tocsin, "backup", self.folder / "later.db")
        self.assertGreater(later["seq"], kept["seq"])
        self.assertEqual(tocsin.stop(), 0)
        # Nobody has the store open: the copy is the same.
        stopped = self.run_cli(tocsin, "backup", self.folder / "stopped.db")
        self.assertGreaterEqual(stopped["seq"], later["seq"])

        other = Daemon(self.folder / "other", rules=RULES)
        self.addCleanup(self.end, other)
        restored = self.run_cli(other, "restore", self.folder / "kept.db")
        self.assertEqual((restored["seq"], restored["digest"]), (kept["seq"], kept["digest"]))
        again = self.run_cli(other, "backup", self.folder / "again.db")
        self.assertEqual(again["digest"], kept["digest"])
        other.start()
        self.assertGreater(sum(found["alerts"]["firing"] for found in other.incidents()), 5_000)
        self.assertEqual(other.send([ALERT]).status, 200)
        self.assertIn("uses the store", self.run_cli(other, "restore", self.folder / "kept.db", code=1))
        self.assertEqual(other.stop(), 0)
        self.assertIn("holds a store already", self.run_cli(other, "restore", self.folder / "kept.db", code=1))

    def test_an_owed_resolve_survives_the_way_through_a_backup(self):
        sink = self.keep(Sink())
        rules = RULES + "escalations: {default: {steps: [{page: [channel:hook], wait: 1h}]}}\n"
        tocsin = self.daemon(rules=rules, channels={"hook": sink.url})
        tocsin.start()
        tocsin.send([ALERT])
        page = sink.wait_for("incident.triggered", 30)
        wait_until(lambda: tocsin.rows("SELECT 1 FROM page WHERE state = 'delivered'"), 30, "the outcome is kept")
        self.run_cli(tocsin, "backup", self.folder / "kept.db")
        tocsin.kill()
        tocsin.store.rename(self.folder / "lost")
        self.run_cli(tocsin, "restore", self.folder / "kept.db")
        tocsin.start()
        now = datetime.datetime.now(datetime.timezone.utc)
        tocsin.send([{**ALERT, "endsAt": now.isoformat()}])
        sink.wait_for("incident.resolved", 15, page.incident)
        self.assertEqual([p.event for p in sink.snapshot()], ["incident.triggered", "incident.resolved"])


class DamagedStore(Scenario):
    def test_it_is_told_with_what_to_do_and_left_as_it_is(self):
        sink = self.keep(Sink())
        tocsin = self.daemon(rules=RULES, channels={"hook": sink.url}, settings="fallback: [\"channel:hook\"]\n")
        tocsin.start()
        tocsin.send([alert(number, group="g") for number in range(2_000)])
        self.assertEqual(tocsin.stop(), 0)
        path = tocsin.store / "tocsin.db"
        good = path.read_bytes()
        self.assertGreater(len(good), 200_000)
        damages = {
            "header": b"\xa5" * 4096 + good[4096:],
            "middle": good[:20_000] + b"\xa5" * (len(good) - 60_000) + good[-40_000:],
            "truncated": good[:len(good) // 2 // 16384 * 16384],
        }
        for name, damaged in damages.items():
            with self.subTest(name):
                path.write_bytes(damaged)
                pages = len(sink.snapshot())
                tocsin.launch()
                self.assertEqual(tocsin.process.wait(20), 1)
                self.assertEqual(path.read_bytes(), damaged)
                page = sink.snapshot()[pages]
                self.assertEqual(page.body["incident"]["severity"], "SEV-1")
                self.assertIn("cannot use its store", page.body["incident"]["title"])
                for told in (page.body["page"]["reason"], tocsin.log()):
                    self.assertIn(str(path), told)
                    self.assertIn("tocsin restore", told)
                # systemd starts it again every second: nobody is paged every second.
                tocsin.launch()
                self.assertEqual(tocsin.process.wait(20), 1)
                self.assertEqual(len(sink.snapshot()), pages + 1)
                (tocsin.store / "fallback-paged").unlink()


if __name__ == "__main__":
    unittest.main()
