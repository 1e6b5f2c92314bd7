"""Alerts in bulk, each with a number of its own, and a record of what was answered."""

import http.client
import itertools
import json
import threading

from daemon import Connection


def alert(number, *, name="Load", severity="warning", **labels):
    return {"labels": {"alertname": name, "n": str(number), "severity": severity, **labels},
            "annotations": {"summary": f"number {number}"}}


class Load:
    """Threads that post batches of new alerts until stopped, out of numbers, or without a daemon."""

    def __init__(self, port, make, *, numbers, threads=2, batch=10, pause=0.0):
        self.port = port
        self.make = make          # number → alert
        self.numbers = numbers    # shared by all threads
        self.batch = batch
        self.pause = pause        # seconds each thread rests between requests
        self.taken = threading.Lock()
        self.accepted = []        # numbers answered 2xx
        self.refused = []         # numbers answered otherwise
        self.unknown = []         # numbers without an answer
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def body(self, numbers):
        return json.dumps([self.make(n) for n in numbers])

    def _next(self):
        with self.taken:
            return list(itertools.islice(self.numbers, self.batch))

    def _run(self):
        connection = Connection(self.port, timeout=20)
        while not self.ending.is_set():
            numbers = self._next()
            if not numbers:
                break
            try:
                reply = connection.ask("POST", "/api/v2/alerts", self.body(numbers))
            except (OSError, http.client.HTTPException):
                self._note(self.unknown, numbers)
                break
            self._note(self.accepted if reply.status == 200 else self.refused, numbers)
            if self.ending.wait(self.pause if reply.status == 200 else max(self.pause, 0.05)):
                break
        connection.close()

    def _note(self, where, numbers):
        with self.taken:
            where.extend(numbers)

    def wait(self):
        """Until the threads have ended by themselves."""
        for thread in self.threads:
            thread.join()

    def stop(self):
        self.ending.set()
        self.wait()
