"""1,000,000 distinct alerts offered within a minute: memory stays bounded and the books balance."""

import json
import os
import time
import unittest

from daemon import SEVERITY, Scenario, wait_until
from load import Load, alert

ALERTS = 1_000_000
GIB = 1 << 30

BATCH = 500

RULES = SEVERITY + """
correlation:
  - {name: groups, when: [group], by: [group]}
"""


class Prepared(Load):
    """Bodies that were made before the clock starts: what is timed is the daemon, not this client."""

    bodies = {}

    def body(self, numbers):
        return self.bodies.pop(numbers[0])


@unittest.skipIf(os.environ.get("TOCSIN_QUICK") == "yes", "takes minutes; left out by --quick")
class Million(Scenario):
    def test_a_million_alerts_in_a_minute(self):
        tocsin = self.daemon(rules=RULES)
        tocsin.start()
        for first in range(0, ALERTS, BATCH):
            alerts = [alert(n, group=f"g{n // 1000}") for n in range(first, first + BATCH)]
            Prepared.bodies[first] = json.dumps(alerts).encode()
        begun = time.monotonic()
        load = Prepared(tocsin.port, None, numbers=iter(range(ALERTS)), threads=4, batch=BATCH)
        load.wait()
        took = time.monotonic() - begun
        memory = tocsin.peak_memory_bytes()
        print(f"({len(load.accepted)} accepted, {len(load.refused)} refused in {took:.0f} s, "
              f"{memory >> 20} MiB)", end=" ", flush=True)
        self.assertEqual(load.unknown, [])
        self.assertEqual(len(load.accepted) + len(load.refused), ALERTS)
        self.assertLess(took, 60)
        self.assertLessEqual(memory, GIB)
        stored = tocsin.rows("SELECT count(*), count(DISTINCT json_extract(labels, '$.n')) FROM alert")
        self.assertEqual(stored, [(len(load.accepted), len(load.accepted))])
        wait_until(lambda: tocsin.ask("GET", "/-/ready").status == 200, 5, "still ready")
        self.assertEqual(tocsin.stop(30), 0)


if __name__ == "__main__":
    unittest.main()
