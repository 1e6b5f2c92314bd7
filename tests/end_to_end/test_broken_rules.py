"""Mistakes in files at start: the last good rules go on, and everybody is told."""

import unittest

from daemon import SEVERITY, Daemon, Scenario, wait_until
from load import alert

GOOD = SEVERITY + """
services: {shop: {team: web}}
teams: {web: []}
correlation: [{name: good-rule, when: [service], by: [service]}]
"""


class BrokenFiles(Scenario):
    def expect_exit_78(self, tocsin, *says):
        tocsin.launch()
        self.assertEqual(tocsin.process.wait(15), 78)
        for words in says:
            self.assertIn(words, tocsin.log())

    def test_a_mistake_in_rules_leaves_the_last_good_ones_in_force(self):
        tocsin = self.daemon(rules=GOOD)
        tocsin.start()
        self.assertEqual(tocsin.metric("tocsin_config_last_reload_successful"), 1)
        self.assertEqual(tocsin.stop(), 0)

        tocsin.write_rules(GOOD.replace("teams:", "taems:"))
        tocsin.start()
        self.assertEqual(tocsin.metric("tocsin_config_last_reload_successful"), 0)
        wait_until(lambda: "taems" in tocsin.log() and "rules.yaml:" in tocsin.log(), 20, "the log says where")
        self.assertEqual(tocsin.send([alert(1, service="shop")]).status, 200)
        rules = {found["service"]: found["key"] for found in tocsin.incidents()}
        self.assertEqual(rules["shop"]["rule"], "good-rule")
        own = wait_until(lambda: [i for i in tocsin.incidents() if i["service"] == "tocsin"], 5,
                         "an incident on service tocsin")
        self.assertEqual(own[0]["severity"], "SEV-3")

        said = tocsin.cli("check", "--config", str(tocsin.config))
        self.assertEqual(said.returncode, 1)
        self.assertIn('unknown key "taems"', said.stdout)

    def test_a_mistake_in_tocsin_yaml_ends_serve_with_78_and_every_mistake(self):
        tocsin = self.daemon(rules=GOOD)
        tocsin.start()
        self.assertEqual(tocsin.stop(), 0)
        with open(tocsin.config, "a", encoding="utf-8") as config:
            config.write("lisen: 1\nlimits: {body: many}\n")
        self.expect_exit_78(tocsin, "lisen", "limits", "tocsin.yaml:")

    def test_broken_rules_without_good_ones_before_end_serve_with_78(self):
        self.expect_exit_78(self.daemon(rules="taems: {}\n"), "taems")

    def test_a_store_that_is_none_is_left_alone(self):
        tocsin = self.daemon(rules=GOOD)
        tocsin.store.mkdir()
        foreign = tocsin.store / "tocsin.db"
        foreign.write_bytes(b"this is somebody's diary\n" * 100)
        tocsin.launch()
        self.assertNotEqual(tocsin.process.wait(15), 0)
        self.assertEqual(foreign.read_bytes(), b"this is somebody's diary\n" * 100)
        self.assertIn("tocsin.db", tocsin.log())
        self.assertIn("cannot use its store", tocsin.log())  # The page to the fallback, by default the log.

    def test_a_second_daemon_on_the_same_store_is_refused(self):
        first = self.daemon(rules=GOOD)
        first.start()
        other = Daemon(self.folder / "other", rules=GOOD, store=first.store)
        self.addCleanup(self.end, other)
        other.launch()
        self.assertNotEqual(other.process.wait(15), 0)
        self.assertTrue(other.log())
        self.assertEqual(first.send([alert(1)]).status, 200)


if __name__ == "__main__":
    unittest.main()
