"""Everything at once, for as long as wanted: alerts that are refreshed, storms that come and end, bodies that cannot be read,
lists and metrics, people who act, reloads, and a destination that fails now and then. Used by tests/soak and tests/tsan."""

import collections
import datetime
import http.client
import json
import random
import threading
import time

from daemon import Connection
from load import alert

READS = ("/v1/incidents", "/v1/incidents?state=all&limit=1000", "/v1/alerts?limit=1000", "/v1/alerts?state=firing", "/api/v2/alerts",
         "/api/v2/alerts/groups", "/api/v2/status", "/metrics", "/-/ready", "/-/healthy", "/v1/rules", "/v1/rejected", "/v1/explain?alert=alertname%3DBase",
         "/v1/incidents/INC-1", "/v1/incidents/INC-999999999", "/v1/incidents?limit=-1", "/v1/alerts?before=x", "/nowhere")
BAD_BODIES = ("", "{", "[1,2,3]", '[{"labels":{}}]', '[{"labels":{"alertname":7}}]', "\ud800".encode("utf-16", "surrogatepass"),
              '[{"labels":{"alertname":"A"},"startsAt":"yesterday"}]')

RULES = """
severity:
  default: SEV-3
  map: {critical: SEV-2, warning: SEV-3, none: none}
correlation:
  - {name: groups, when: [group], by: [group]}
rules:
  - {name: of-the-team, when: ['alertname=~"Base|Storm"'], set: {labels: {owner: "team-{{labels.group}}"}}}
escalations:
  default:
    steps: [{page: ["channel:hook"], wait: 20s}, {page: ["channel:other"], wait: 20s}]
incidents: {recovery: 5s, reopen_within: 10s, close_after: 30s}
"""


def ended(reports):
    past = (datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(seconds=1)).isoformat()
    return [{**report, "endsAt": past} for report in reports]


def bodies(reports, size=500):
    for first in range(0, len(reports), size):
        yield reports[first:first + size]


class Bustle:
    """Threads that work until stop(); a daemon that is not there at the moment is waited for."""

    def __init__(self, tocsin, sink, *, base=1000, storm=2000, storm_every=30.0, pause=0.05, seed=1):
        self.tocsin = tocsin
        self.sink = sink
        self.base = [alert(n, name="Base", group=f"g{n % 40}") for n in range(base)]
        self.storms = [alert(n, name="Storm", group=f"s{n % 60}") for n in range(storm)]
        self.storm_every = storm_every
        self.pause = pause
        self.random = random.Random(seed)
        self.counts = collections.Counter()  # (what, status); status 0: no answer.
        self.accepted = set()                # Names and numbers of alerts that were answered 2xx.
        self.locked = threading.Lock()
        self.ending = threading.Event()
        self.may_go = threading.Event()
        self.may_go.set()
        self.at_work = 0
        self.reloads = 0
        works = (self.refresh, self.refresh, self.storm, self.send_nonsense, self.read, self.read, self.act, self.trouble_sink)
        self.threads = [threading.Thread(target=self._run, args=(work,), daemon=True) for work in works]
        for thread in self.threads:
            thread.start()

    # ---- What each thread does, again and again, with the connection it was given ----

    def refresh(self, ask):
        for part in bodies(self.base):
            self.report(ask, "refresh", part)
            if self.rest(self.pause):
                return

    def storm(self, ask):
        if self.rest(self.storm_every / 3):
            return
        for part in bodies(self.storms):
            self.report(ask, "storm", part)
        if self.rest(self.storm_every / 3):
            return
        for part in bodies(ended(self.storms)):
            self.report(ask, "end", part)
        self.rest(self.storm_every / 3)

    def send_nonsense(self, ask):
        self.note("nonsense", ask("POST", "/api/v2/alerts", self.random.choice(BAD_BODIES)).status)
        self.rest(self.pause * 4)

    def read(self, ask):
        path = self.random.choice(READS)
        self.note("read", ask("GET", path).status)
        self.rest(self.pause)

    def act(self, ask):
        found = ask("GET", "/v1/incidents?limit=100")
        self.note("read", found.status)
        incidents = found.json()["incidents"] if found.status == 200 else []
        if incidents:
            verb = self.random.choice(("ack", "ack", "unack", "note", "resolve", "reopen"))
            body = {"note": "looking"} if verb != "note" else {"text": "looking"}
            one = self.random.choice(incidents)["id"]
            self.note("act", ask("POST", f"/v1/incidents/{one}/{verb}", body).status)
        self.rest(self.pause * 2)

    def trouble_sink(self, _):
        self.sink.status = self.random.choice((200, 200, 503, 429, 404))
        self.sink.hang.clear()
        if self.random.random() < 0.2:
            self.sink.hang.set()
        with self.sink.changed:
            del self.sink.pages[:-100]
        self.rest(3)

    # ---- What they have in common ----

    def report(self, ask, what, alerts):
        status = ask("POST", "/api/v2/alerts", alerts).status
        self.note(what, status)
        if status == 200:
            with self.locked:
                self.accepted.update((one["labels"]["alertname"], one["labels"]["n"]) for one in alerts)

    def note(self, what, status):
        with self.locked:
            self.counts[what, status] += 1

    def rest(self, seconds):
        """True if it is time to go."""
        return self.ending.wait(seconds) or not self.may_go.is_set()

    def _run(self, work):
        connection = None
        while not self.ending.is_set():
            if not self.may_go.wait(0.1):
                continue
            with self.locked:
                self.at_work += 1
            try:
                connection = connection or Connection(self.tocsin.port, timeout=60)
                work(connection.ask)
            except (OSError, http.client.HTTPException, json.JSONDecodeError):
                self.note("connection", 0)
                connection.close()
                connection = None
                self.ending.wait(0.2)
            finally:
                with self.locked:
                    self.at_work -= 1

    def reload(self, reapply):
        """Other rules than before; true if they were taken over."""
        self.reloads += 1
        self.tocsin.write_rules(RULES.replace("team-", f"team-{self.reloads}-"))
        reply = self.tocsin.ask("POST", "/-/reload" + ("?reapply=true" if reapply else ""))
        self.note("reload", reply.status)
        return reply.status == 200

    def hold(self):
        """Nobody asks anything any more until go_on()."""
        self.may_go.clear()
        while self.at_work > 0:
            time.sleep(0.01)

    def go_on(self):
        self.may_go.set()

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join()
        self.sink.hang.clear()
        self.sink.status = 200

    def told(self):
        """One line: what was asked how often, and answered what."""
        with self.locked:
            return ", ".join(f"{what} {status or 'broke off'}: {times}" for (what, status), times in sorted(self.counts.items()))
