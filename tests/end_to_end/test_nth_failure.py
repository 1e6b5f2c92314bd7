"""The Nth call fails, once or for good: allocation, write, sync, rename, connect, name lookup. The real binary lives through
a fixed small story; what it answered 2xx is there after a restart without faults, every page that is owed comes, and the
process went on, answered 5xx, or ended and said why.

TOCSIN_NTH=all tries every N (allocations: 400 of them) instead of a sample. TOCSIN_SEED repeats a sample."""

import collections
import contextlib
import datetime
import errno
import http.client
import os
import random
import shutil
import socket
import sqlite3
import subprocess
import time
import unittest

from daemon import BINARY, SEVERITY, Connection, Daemon, Scenario, wait_until
from fail_nth import KINDS, FailNth
from load import alert
from sink import Sink

ALL = os.environ.get("TOCSIN_NTH") == "all"

RULES = SEVERITY + """
correlation:
  - {name: groups, when: [group], by: [group]}
escalations:
  default: {steps: [{page: ["channel:hook"], wait: 1h}]}
incidents: {recovery: 1s}
"""

# Kind of call, its errors, and how many numbers a short run samples of each error and duration.
PLAN = (("writing", (errno.EIO, errno.ENOSPC), 3),
        ("syncing", (errno.EIO,), 4),
        ("syncing_folder", (errno.EIO,), 2),
        ("connecting", (errno.ECONNREFUSED,), 2),
        ("looking_up", (socket.EAI_AGAIN,), 2),
        ("allocation", (errno.ENOMEM,), 7))

PATIENCE = 10  # Seconds; a request that has no answer until then hangs.
# The last word is the library's own, of what happens before main().
LAST_WORDS = ('"level":"error"', "broken invariant", "uncaught exception: ")
BEFORE_MAIN = ("std::bad_alloc",)

ENDED = {0: "stopped", 1: "ended itself", -6: "aborted"}


def ended(report):
    past = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)
    return {**report, "endsAt": past.isoformat()}


class Story:
    """Starts a daemon, does a little of everything with it, stops it, and remembers what was answered 2xx."""

    def __init__(self, tocsin, sink):
        self.tocsin = tocsin
        self.sink = sink
        self.came_up = False
        self.may_wait = False  # On a disk that stays full a batch waits for space, and its answers with it.
        self.firing, self.resolved, self.acknowledged = set(), set(), set()

    def ask(self, method, path, body=None):
        """Nothing if there was no whole answer."""
        connection = Connection(self.tocsin.port, timeout=1 if self.may_wait else PATIENCE)
        try:
            return connection.ask(method, path, body)
        except TimeoutError as late:
            if self.may_wait:
                return None
            raise AssertionError(f"{method} {path}: no answer within {PATIENCE} s") from late
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def is_2xx(self, reply):
        assert reply is None or reply.status in (200, 500, 503), reply
        return reply is not None and reply.status == 200

    def comes_up(self):
        self.tocsin.launch()

        def answer():
            if not self.tocsin.is_running():
                return "no"
            ready = self.ask("GET", "/-/ready")
            return "yes" if ready is not None and ready.status == 200 else ""

        return wait_until(answer, 20, "the process is ready or has ended") == "yes"

    def report(self, *numbers):
        if self.is_2xx(self.ask("POST", "/api/v2/alerts", [alert(n, group=f"g{n // 10}") for n in numbers])):
            self.firing.update(numbers)

    def resolve(self, number):
        self.firing.discard(number)  # Without an answer it may be either.
        if self.is_2xx(self.ask("POST", "/api/v2/alerts", [ended(alert(number, group=f"g{number // 10}"))])):
            self.resolved.add(number)

    def acknowledge(self):
        found = self.ask("GET", "/v1/incidents")
        if not self.is_2xx(found):
            return
        for one in found.json()["incidents"][-1:]:
            if self.is_2xx(self.ask("POST", f"/v1/incidents/{one['id']}/ack", {})):
                self.acknowledged.add(one["id"])

    def tell(self):
        self.came_up = self.comes_up()
        if not self.came_up:
            return
        self.report(10, 11, 20)
        self.wait_for_pages(2)
        self.report(10, 11, 20)
        self.acknowledge()
        self.ask("POST", "/-/reload")
        self.resolve(20)
        self.report(30)
        self.wait_for_pages(3)

    def wait_for_pages(self, count):
        """For a moment: some never come while the fault lasts."""
        limit = time.monotonic() + 0.3
        while self.tocsin.is_running() and len(self.sink.snapshot()) < count and time.monotonic() < limit:
            time.sleep(0.01)

    def end(self):
        """The exit code."""
        code = self.tocsin.stop(20)
        assert code in ENDED, f"exit code {code}"
        return code


class World:
    """A daemon with an empty store, what it shall fail at, and who is paged."""

    def __init__(self, folder):
        folder.mkdir()
        self.sink = Sink()
        self.sink.closes = True  # A connection of its own for every page: each is made, and its name looked up.
        url = f"http://sink.example.net:{self.sink.server.server_address[1]}/pages"
        self.faults = FailNth(folder)
        self.tocsin = Daemon(folder, rules=RULES, channels={"hook": url}, env=self.faults.env)
        self.story = Story(self.tocsin, self.sink)

    def stop(self):
        if self.tocsin.is_running():
            self.tocsin.kill()
        self.sink.stop()
        self.faults.stop()


class Numbered(Scenario):
    """Chooses the numbers of the calls that fail."""

    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("TOCSIN_SEED", time.time_ns() % 1_000_000))
        print(f"(TOCSIN_SEED={self.seed})", end=" ", flush=True)
        self.random = random.Random(self.seed)

    def numbers(self, count, total):
        """All from 1 to `total`, or some of them: the first, the last, and others by the seed."""
        if total == 0 or (ALL and total <= 1000):
            return range(1, total + 1)
        count = 100 if ALL else count
        return sorted({1, total, *(self.random.randint(1, total) for _ in range(count - 2))})


class NthFailure(Numbered):
    outcomes = collections.Counter()

    def good_run(self):
        """How often each call happens."""
        world = self.keep(World(self.folder / "good"))
        world.story.tell()
        self.assertEqual(world.story.end(), 0)
        self.assertEqual([len(kept) for kept in (world.story.firing, world.story.resolved, world.story.acknowledged)], [3, 1, 1])
        calls = {kind: world.faults.calls(kind) for kind in KINDS}
        self.check_promises(world)
        return calls

    def check_promises(self, world):
        """After a restart without faults."""
        tocsin, story = world.tocsin, world.story
        world.faults.reset()
        tocsin.start()
        self.assertEqual(tocsin.rows("PRAGMA integrity_check"), [("ok",)])
        stored = dict(tocsin.rows("SELECT CAST(json_extract(labels, '$.n') AS INTEGER), state FROM alert_now"))
        self.assertEqual({n: stored.get(n) for n in story.firing}, dict.fromkeys(story.firing, "firing"))
        self.assertEqual({n: stored.get(n) for n in story.resolved}, dict.fromkeys(story.resolved, "resolved"))
        incidents = tocsin.incidents()
        acknowledged = {one["id"] for one in incidents if one["state"] == "acknowledged"}
        self.assertLessEqual(story.acknowledged, acknowledged)

        def settled():
            found = dict(tocsin.rows("SELECT key, state FROM page"))
            return None if "owed" in found.values() else [found]

        ends, = wait_until(settled, 30, "no page is owed any more")
        came = world.sink.snapshot()
        # A page of which nobody knows whether it was needed any more is withdrawn: somebody works on it, or it is over.
        self.assertLessEqual(set(ends.values()), {"delivered", "withdrawn"})
        self.assertLessEqual({key for key, state in ends.items() if state == "delivered"}, {page.key for page in came})
        told = {page.incident for page in came if page.event == "incident.triggered"}
        self.assertLessEqual({one["id"] for one in incidents if one["state"] == "triggered"}, told)
        self.assertEqual(tocsin.stop(), 0)

    def live_through(self, kind, error, number, persistent):
        name = f"{kind}-{error}-{number}-{'on' if persistent else 'once'}"
        world = World(self.folder / name)
        try:
            world.faults.arm(kind, number, persistent=persistent, error=error)
            world.story.may_wait = persistent and error == errno.ENOSPC
            self.judge(world, kind, number)
            shutil.rmtree(self.folder / name)
        except AssertionError as wrong:
            raise AssertionError(f"{name}: {wrong}; its log:\n{world.tocsin.log()[-3000:]}") from wrong
        finally:
            world.stop()

    def judge(self, world, kind, number):
        world.story.tell()
        if kind == "looking_up" and number > 1:  # R29: the name was known once.
            wait_until(lambda: len(world.sink.snapshot()) >= 3, 30, "pages go to the last good address")
        if kind == "syncing" and world.faults.failed(kind):  # R60
            wait_until(lambda: not world.tocsin.is_running(), 30, "a sync failed, and the process ends itself")
        code = world.story.end()
        # Before that the tables are being made, and SQLite undoes them: nobody was promised anything yet.
        if kind == "syncing" and world.faults.failed(kind) and world.story.came_up:
            self.assertEqual(world.faults.calls(kind), number, "a sync was tried after one had failed")
        if code != 0:
            words = LAST_WORDS + (() if world.story.came_up else BEFORE_MAIN)
            said = [word for word in words if word in world.tocsin.log()]
            self.assertTrue(said, f"it ended with {code} and no word")
        self.outcomes[f"{kind}: {ENDED[code] if world.faults.failed(kind) else 'it never came to that'}"] += 1
        self.check_promises(world)

    def test_no_failing_call_loses_what_was_answered_or_a_page_that_is_owed(self):
        calls = self.good_run()
        begun = time.monotonic()
        for kind, errors, count in PLAN:
            self.assertGreater(calls[kind], 0, f"the story calls nothing of {kind}")
            for error in errors:
                for persistent in (False, True):
                    for number in self.numbers(count, calls[kind]):
                        with self.subTest(kind=kind, error=error, number=number, persistent=persistent):
                            self.live_through(kind, error, number, persistent)
        print(f"({calls}; {dict(self.outcomes)}; {time.monotonic() - begun:.0f} s)", end=" ", flush=True)


class Copies(Numbered):
    """Backup and restore, which are processes of their own."""

    KINDS = ("writing", "syncing", "syncing_folder", "renaming")

    def setUp(self):
        super().setUp()
        self.world = self.keep(World(self.folder / "kept"))
        self.faults = self.world.faults
        self.copy = self.folder / "backups" / "copy.db"
        self.copy.parent.mkdir()
        self.world.tocsin.start()
        self.assertEqual(self.world.tocsin.send([alert(n, group=f"g{n}") for n in range(100)]).status, 200)
        self.assertEqual(self.world.tocsin.stop(), 0)

    def run_cli(self, verb, config, fault=None):
        self.faults.reset()
        if fault:
            self.faults.arm(fault[0], fault[1], persistent=fault[2])
        said = subprocess.run([str(BINARY), verb, str(self.copy), "--config", str(config)], capture_output=True, text=True,
                              timeout=60, check=False, cwd=self.folder, env={**os.environ, **self.faults.env})
        self.assertIn(said.returncode, (0, 1), said)
        if said.returncode != 0:
            self.assertRegex(said.stderr, r"\w+", "it failed without a word")
        return said.returncode == 0

    def faults_of(self, verb, config):
        self.assertTrue(self.run_cli(verb, config))
        calls = {kind: self.faults.calls(kind) for kind in self.KINDS}
        print(calls, end=" ", flush=True)
        for kind in self.KINDS:
            for persistent in (False, True):
                for number in self.numbers(4, calls[kind]):
                    yield kind, number, persistent

    def test_a_backup_that_fails_leaves_the_one_before(self):
        config = self.world.tocsin.config
        for fault in self.faults_of("backup", config):
            with self.subTest(fault):
                before = self.copy.read_bytes()
                if not self.run_cli("backup", config, fault) and fault[0] != "syncing_folder":
                    self.assertEqual(self.copy.read_bytes(), before)
                self.assertEqual([path.name for path in self.copy.parent.iterdir()], ["copy.db"])
        self.check(self.copy)

    def test_a_restore_that_fails_can_be_done_again(self):
        self.assertTrue(self.run_cli("backup", self.world.tocsin.config))
        first = Daemon(self.folder / "first", rules=RULES)
        for place, fault in enumerate(self.faults_of("restore", first.config)):
            with self.subTest(fault):
                other = Daemon(self.folder / f"other-{place}", rules=RULES)
                if not self.run_cli("restore", other.config, fault) and not self.run_cli("restore", other.config):
                    # The sync of its folder failed when the store had its name: it is there, whole, and left alone.
                    self.assertEqual(fault[0], "syncing_folder")
                self.check(other.store / "tocsin.db")

    def check(self, database):
        with contextlib.closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
            self.assertEqual(connection.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            self.assertEqual(connection.execute("SELECT count(*) FROM alert").fetchall(), [(100,)])


if __name__ == "__main__":
    unittest.main()
