"""Reloads of the running daemon: what is taken over, what stays, and that nothing in flight is touched."""

import itertools
import json
import os
import signal
import time
import unittest

from daemon import SEVERITY, Scenario, wait_until
from load import Load, alert
from sink import Sink

RULES = SEVERITY + """
correlation: [{name: by-service, when: [service], by: [service]}]
escalations:
  default: {steps: [{page: [channel:ops], wait: 1h}]}
"""


class Reload(Scenario):
    def running(self, **options):
        self.sink = self.keep(Sink())
        tocsin = self.daemon(rules=RULES, channels={"ops": self.sink.url}, **options)
        tocsin.start()
        return tocsin

    def events(self, tocsin, event):
        parsed = [json.loads(line) for line in tocsin.log().rpartition("\n")[0].splitlines() if line.startswith("{")]
        return [line for line in parsed if line.get("event") == event]

    def test_new_rules_are_taken_over_by_the_command_by_http_and_by_a_signal(self):
        tocsin = self.running()
        tocsin.write_rules(RULES.replace("warning: SEV-3", "warning: SEV-4"))
        said = tocsin.cli("reload")
        self.assertEqual((said.returncode, said.stdout), (0, "reloaded\n"), said)
        tocsin.send([alert(1, service="a")])
        tocsin.write_rules(RULES.replace("warning: SEV-3", "warning: SEV-1"))
        reply = tocsin.ask("POST", "/-/reload")
        self.assertEqual((reply.status, reply.json()["detail"]), (200, "reloaded"))
        tocsin.send([alert(2, service="b")])
        tocsin.write_rules(RULES)
        tocsin.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(self.events(tocsin, "reload.done")) == 3, 30, "three reloads")
        tocsin.send([alert(3, service="c")])
        severities = {one["service"]: one["severity"] for one in tocsin.incidents()}
        self.assertEqual(severities, {"a": "SEV-1", "b": "SEV-1", "c": "SEV-3"},
                         "severity rises by newer rules, and never falls by itself")
        self.assertEqual(tocsin.metric("tocsin_config_last_reload_successful"), 1)

    def test_a_mistake_in_rules_leaves_the_old_ones_in_force_and_a_restart_starts_with_them(self):
        tocsin = self.running()
        tocsin.write_rules(RULES.replace("escalations:", "escaltions:"))
        said = tocsin.cli("reload")
        self.assertEqual(said.returncode, 1, said)
        self.assertIn('rules.yaml:7:1: error: unknown key "escaltions"', said.stdout)
        self.assertIn("stays at its last good version", said.stderr)
        self.assertEqual(tocsin.metric("tocsin_config_last_reload_successful"), 0)
        wait_until(lambda: self.events(tocsin, "reload.partial"), 20, "the log says so")
        own = wait_until(lambda: [one for one in tocsin.incidents() if one["service"] == "tocsin"], 20, "an alarm")
        self.assertEqual(own[0]["severity"], "SEV-3")
        tocsin.send([alert(1, service="a")])
        wait_until(lambda: [page for page in self.sink.pages if "on a" in page.body["incident"]["title"]], 5,
                   "a page by the old rules")
        self.assertEqual(tocsin.stop(), 0)
        tocsin.start()
        tocsin.send([alert(2, service="b")])
        wait_until(lambda: [page for page in self.sink.pages if "on b" in page.body["incident"]["title"]], 5,
                   "a page by the old rules after a restart")
        tocsin.write_rules(RULES)
        self.assertEqual(tocsin.cli("reload").returncode, 0)
        wait_until(lambda: [one for one in tocsin.incidents() if one["service"] == "tocsin"][0]["state"] == "recovering",
                   20, "the end of the alarm")

    def test_a_mistake_in_one_teams_folder_keeps_only_that_team_back(self):
        tocsin = self.running()
        payments = self.folder / "rules" / "payments"
        payments.mkdir()
        (payments / "rules.yaml").write_text("services: {checkout: {tier: 0}}\n")
        self.assertEqual(tocsin.cli("reload").returncode, 0)
        (payments / "rules.yaml").write_text("services: {checkout: {teir: 0}}\n")
        tocsin.write_rules(RULES.replace("warning: SEV-3", "warning: SEV-2"))
        said = tocsin.cli("reload", "-o", "json")
        self.assertEqual(said.returncode, 1)
        told = json.loads(said.stdout)
        self.assertEqual(told["kept"], ["payments"])
        self.assertTrue(told["diagnostics"][0]["file"].endswith("rules/payments/rules.yaml"), told)
        tocsin.send([alert(1, service="a")])
        self.assertEqual([one["severity"] for one in tocsin.incidents() if one["service"] == "a"], ["SEV-2"])

    def test_a_mistake_in_tocsin_yaml_leaves_everything_as_it_was(self):
        tocsin = self.running()
        good = tocsin.config.read_text()
        tocsin.config.write_text(good + "limist: {labels: 7}\n")
        tocsin.write_rules(RULES.replace("warning: SEV-3", "warning: SEV-1"))
        said = tocsin.cli("reload")
        self.assertEqual(said.returncode, 1, said)
        self.assertIn('unknown key "limist"; did you mean "limits"?', said.stdout)
        self.assertIn("everything stays as it was", said.stderr)
        tocsin.send([alert(1, service="a")])
        self.assertEqual([one["severity"] for one in tocsin.incidents() if one["service"] == "a"], ["SEV-3"])
        self.assertTrue(tocsin.is_running())

    def test_tokens_channels_and_limits_change_without_a_restart(self):
        self.sink = self.keep(Sink())
        other = self.keep(Sink())
        settings = ("auth:\n  anonymous: none\n  tokens:\n"
                    "    - {name: ana, token_file: ana, scopes: [read, respond, admin]}\n"
                    "    - {name: prom, token_file: prom, scopes: [\"ingest:alertmanager-api\"]}\n")
        tocsin = self.daemon(rules=RULES, channels={"ops": self.sink.url}, settings=settings)
        tocsin.write_secret("ana", "first-token-of-ana")
        tocsin.write_secret("prom", "token-of-prometheus")
        tocsin.start()

        def reload(token):
            return tocsin.ask("POST", "/-/reload", headers={"Authorization": f"Bearer {token}"}).status

        self.assertEqual(tocsin.ask("POST", "/-/reload").status, 401)
        self.assertEqual(reload("token-of-prometheus"), 403)
        tocsin.write_secret("ana", "second-token-of-ana\nfirst-token-of-ana")
        self.assertEqual(reload("first-token-of-ana"), 200)
        self.assertEqual(reload("second-token-of-ana"), 200)
        tocsin.write_secret("ana", "second-token-of-ana")
        tocsin.write_secret("ops-url", other.url)
        with open(tocsin.config, "a", encoding="utf-8") as config:
            config.write("limits: {body: 1KiB}\n")
        self.assertEqual(reload("second-token-of-ana"), 200)
        self.assertEqual(reload("first-token-of-ana"), 401)
        prom = {"Authorization": "Bearer token-of-prometheus"}
        self.assertEqual(tocsin.ask("POST", "/api/v2/alerts", [alert(1, service="a")], prom).status, 200)
        wait_until(lambda: other.pages, 20, "a page at the new address")
        self.assertEqual(self.sink.pages, [])
        long = [alert(2, service="b", text="x" * 2000)]
        self.assertEqual(tocsin.ask("POST", "/api/v2/alerts", long, prom).status, 413)
        for secret in ("first-token", "second-token", "token-of-prometheus", other.url):
            self.assertNotIn(secret, tocsin.log())

    def test_what_needs_a_restart_is_said(self):
        tocsin = self.running()
        text = tocsin.config.read_text()
        tocsin.config.write_text(text.replace(f"listen: 127.0.0.1:{tocsin.port}", "listen: 127.0.0.1:1"))
        said = tocsin.cli("reload")
        self.assertEqual(said.returncode, 0, said)
        self.assertIn("the new value of listen waits for a restart", said.stdout)

    def test_a_stop_during_a_reload_raises_no_alarm(self):
        tocsin = self.running()
        (self.folder / "rules" / "many.yaml").write_text(
            "services:\n" + "".join(f"  s{number}: {{tier: {number % 3}}}\n" for number in range(20_000)))
        for _ in range(3):
            tocsin.process.send_signal(signal.SIGHUP)
            time.sleep(0.05)
            self.assertEqual(tocsin.stop(), 0)
            tocsin.start()
        self.assertEqual([one for one in tocsin.incidents() if one["service"] == "tocsin"], [])

    def test_reapply_decides_alerts_that_fire_anew(self):
        tocsin = self.running()
        tocsin.send([alert(1, service="a", cluster="x"), alert(2, service="a", cluster="y")])
        self.assertEqual(len(tocsin.incidents()), 1)
        tocsin.write_rules(RULES.replace("by: [service]", "by: [cluster]"))
        self.assertEqual(tocsin.cli("reload").returncode, 0)
        self.assertEqual(len(tocsin.incidents()), 1, "what was decided stays")
        self.assertEqual(tocsin.cli("reload", "--reapply").returncode, 0)
        found = wait_until(lambda: len(tocsin.incidents()) == 3 and tocsin.incidents(), 20, "two more incidents")
        self.assertEqual([one["state"] for one in found], ["triggered", "triggered", "recovering"])
        self.assertEqual([one["alerts"]["firing"] for one in found], [1, 1, 0])

    def test_a_reload_every_second_under_load_loses_and_doubles_no_page_and_moves_no_timer(self):  # R38, P6
        seconds = int(os.environ.get("TOCSIN_RELOAD_SECONDS", "60"))
        tocsin = self.running()
        tocsin.send([alert(number, service=f"early-{number}") for number in range(50)])
        before = {one["id"]: one for one in tocsin.incidents()}
        wait_until(lambda: len(self.sink.pages) == 50, 30, "the first pages")

        numbers = itertools.count(1000)
        load = Load(tocsin.port, lambda n: alert(n, service=f"late-{n // 5}"), numbers=numbers, threads=2, batch=10,
                    pause=0.1)
        ending = time.monotonic() + seconds
        reloads = 0
        while time.monotonic() < ending:
            # Every other time the rules differ, and every third time they have an error.
            text = RULES + f"# {reloads // 2}\n" + ("oops: 1\n" if reloads % 3 == 2 else "")
            tocsin.write_rules(text)
            tocsin.process.send_signal(signal.SIGHUP)
            reloads += 1
            self.sink.status = 503 if reloads % 4 == 1 else 200  # So that pages are on their way meanwhile.
            time.sleep(1)
        load.stop()
        self.sink.status = 200
        tocsin.write_rules(RULES)
        self.assertEqual(tocsin.cli("reload").returncode, 0)
        self.assertGreaterEqual(reloads, seconds // 2)

        after = {one["id"]: one for one in tocsin.incidents()}
        for number, one in before.items():
            self.assertEqual(after[number]["escalation"], one["escalation"], "a timer moved")
            self.assertEqual(after[number]["alerts"], one["alerts"])
        # Every incident but the alarm's is owed one first page; those that were answered 503 came again.
        due = {one["id"] for one in after.values() if one["service"] != "tocsin"}
        self.assertEqual(load.refused + load.unknown, [])

        def accepted():
            # The sink answered these with 200: a page is lost if there is none, doubled if there are two.
            return [page for page in self.sink.pages if page.event == "incident.triggered" and page.status == 200]

        wait_until(lambda: due <= {page.incident for page in accepted()}, 90, "a page for every incident")
        keys = [page.key for page in accepted()]
        self.assertEqual(len(keys), len(set(keys)), "a page came twice")
        self.assertGreater(len(due), 100)
        print(f"{reloads} reloads, {len(load.accepted)} alerts, {len(due)} incidents, {len(self.sink.pages)} attempts")


if __name__ == "__main__":
    unittest.main()
