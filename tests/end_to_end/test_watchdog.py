"""What systemd hears from the real binary: ready, a status, food while all threads make progress; and when one
thread is held still, no food and a call for a restart (R17)."""

import time
import unittest

from daemon import SEVERITY, Scenario, wait_until
from load import alert
from ptrace import HeldThread
from systemd_side import NotifySocket

WATCHDOG_SECONDS = 8
FOOD = "WATCHDOG=1"
CALL = "WATCHDOG=trigger"


class Watchdog(Scenario):
    def launch(self, seconds=WATCHDOG_SECONDS, **options):
        self.systemd = self.keep(NotifySocket(self.folder))
        env = {"NOTIFY_SOCKET": self.systemd.path, "WATCHDOG_USEC": str(seconds * 1_000_000)}
        tocsin = self.daemon(rules=SEVERITY, env=env, **options)
        tocsin.launch()
        self.systemd.wait_for("READY=1".__eq__, 20)
        return tocsin

    def test_systemd_is_told_of_readiness_status_and_the_end(self):
        tocsin = self.launch()
        said = self.systemd.wait_for(lambda line: "0 open incidents" in line, 30)
        self.assertIn(f"STATUS=Listening on 127.0.0.1:{tocsin.port}; 0 open incidents, 0 firing alerts; "
                      "the rules are those on disk", said)
        self.assertEqual(tocsin.send([alert(1), alert(2)]).status, 200)
        self.systemd.wait_for(lambda line: "open incident" in line and "2 firing alerts" in line, 30)
        self.assertEqual(tocsin.stop(), 0)
        said = self.systemd.wait_for("STOPPING=1".__eq__, 30)
        self.systemd.drain()
        self.assertEqual(self.systemd.next(0.1), [], "nothing is said after the end")

    def test_each_thread_is_watched(self):
        tocsin = self.daemon(rules=SEVERITY)
        tocsin.start()
        names = ("delivery", "core", "commit", "pages")

        def age(name):
            return tocsin.metric("tocsin_thread_progress_age_seconds", thread=name)

        for held in names:
            with self.subTest(thread=held), HeldThread(tocsin.process.pid, held):
                wait_until(lambda name=held: age(name) > 2.5, 30, f"{held} shows its age")
                wait_until(lambda name=held: [one for one in names if age(one) > 2.5] == [name], 20, f"{held} alone does")

    def test_food_stops_while_a_thread_is_held_and_comes_back_when_it_goes_on(self):
        tocsin = self.launch(seconds=16)
        self.systemd.wait_for(FOOD.__eq__, 30)

        def is_late():
            self.systemd.drain()  # Few messages fit: who does not read them stops the watchdog.
            return '"watchdog.no_progress","thread":"delivery"' in tocsin.log()

        with HeldThread(tocsin.process.pid, "delivery"):
            wait_until(is_late, 14, "it is late")
            self.systemd.drain()
            until = time.monotonic() + 2.5  # It is fed once a second.
            while (left := until - time.monotonic()) > 0:
                self.assertNotIn(FOOD, self.systemd.next(left), "it is still fed")
        # It was slow, and had not been called hopeless yet.
        self.assertNotIn(CALL, self.systemd.wait_for(FOOD.__eq__, 20))
        wait_until(lambda: '"watchdog.progress","thread":"delivery"' in tocsin.log(), 20, "it says so")

    def test_a_thread_held_for_watchdogsec_is_called_a_hang_while_the_rest_still_answers(self):
        tocsin = self.launch()
        self.systemd.wait_for(FOOD.__eq__, 30)
        with HeldThread(tocsin.process.pid, "delivery"):
            held = time.monotonic()
            self.systemd.wait_for(CALL.__eq__, WATCHDOG_SECONDS + 20)
            self.assertGreater(time.monotonic() - held, WATCHDOG_SECONDS - 1.5)
            # R17: all this looks healthy, and no page leaves.
            self.assertEqual(tocsin.send([alert(1)]).status, 200)
            self.assertEqual(tocsin.ask("GET", "/-/healthy").status, 200)
            self.assertGreater(tocsin.metric("tocsin_thread_progress_age_seconds", thread="delivery"),
                               WATCHDOG_SECONDS - 1.5)
            wait_until(lambda: tocsin.metric("tocsin_thread_progress_age_seconds", thread="core") < 2, 20, "the core goes on")


if __name__ == "__main__":
    unittest.main()
