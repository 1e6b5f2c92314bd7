"""How long a well-behaved sender waits, measured by a process of its own so that the test does not disturb it.

  pace.py PORT [CA TOKEN]     posts one known alert after the other; a line for each window: its end and its p99 in seconds
"""

import http.client
import json
import ssl
import statistics
import subprocess
import sys
import time

WINDOW = 200  # Requests: the p99 is then the second largest.
REST = 0.001


class Pace:
    """p99 of windows of requests, while it runs."""

    def __init__(self, port, *more):
        self.process = subprocess.Popen([sys.executable, __file__, str(port), *more], stdout=subprocess.PIPE, text=True)

    def windows(self, count):
        """The p99 of as many windows that begin from now on."""
        now = time.monotonic()
        found = []
        while len(found) < count:
            began, p99 = map(float, self.process.stdout.readline().split())
            if began >= now:
                found.append(p99)
        return found

    def p99(self, count=7):
        return statistics.median(self.windows(count))

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()


def main():
    port, more = int(sys.argv[1]), sys.argv[2:]
    headers = {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection("localhost", port, timeout=30)
    if more:
        headers["Authorization"] = "Bearer " + more[1]
        connection = http.client.HTTPSConnection("localhost", port, timeout=30,
                                                 context=ssl.create_default_context(cafile=more[0]))
    body = json.dumps([{"labels": {"alertname": "Pace", "severity": "warning"}}])
    while True:
        began, took = time.monotonic(), []
        for _ in range(WINDOW):
            sent = time.monotonic()
            connection.request("POST", "/api/v2/alerts", body, headers)
            response = connection.getresponse()
            response.read()
            took.append(time.monotonic() - sent)
            if response.status != 200:
                sys.exit(f"status {response.status}")
            time.sleep(REST)
        print(began, sorted(took)[WINDOW * 99 // 100 - 1], flush=True)


if __name__ == "__main__":
    try:
        main()
    except (OSError, http.client.HTTPException):
        sys.exit("pace: the daemon is gone")
