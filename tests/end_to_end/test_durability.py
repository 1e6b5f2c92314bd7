"""Under strace: no 2xx leaves before the fdatasync that follows the last write of its batch."""

import re
import unittest

from daemon import SEVERITY, Connection, Scenario, wait_until
from load import alert

CALLS = "read,readv,recvfrom,recvmsg,write,writev,sendto,sendmsg,pwrite64,pwritev,fdatasync,fsync"
REQUESTS = 40


class Call:
    """One system call of one thread: where in the trace it began and where it ended."""

    def __init__(self, name, text, begun, ended):
        self.name = name
        self.text = text
        self.begun = begun
        self.ended = ended


def read_trace(path):
    calls = []
    open_calls = {}
    for number, line in enumerate(path.read_text(errors="replace").splitlines()):
        match = re.match(r"(\d+) +(.*)", line)
        if not match:
            continue
        thread, text = match.groups()
        resumed = re.match(r"<\.\.\. (\w+) resumed>(.*)", text)
        if resumed:
            begun, name, before = open_calls.pop(thread, (number, resumed[1], ""))
            calls.append(Call(name, before + resumed[2], begun, number))
        elif text.endswith("<unfinished ...>"):
            open_calls[thread] = (number, text.split("(")[0], text.removesuffix("<unfinished ...>"))
        elif "(" in text:
            calls.append(Call(text.split("(")[0], text, number, number))
    for begun, name, text in open_calls.values():
        calls.append(Call(name, text, begun, 1 << 60))
    return calls


class Durability(Scenario):
    def test_every_answer_follows_the_sync_of_its_batch(self):
        trace = self.folder / "trace"
        # Severity `none` opens no incident, so the only commits are those of the requests.
        tocsin = self.daemon(rules=SEVERITY, under=["strace", "-D", "-f", "-y", "-s", "48", "-o", str(trace), "-e",
                                                    f"trace={CALLS}"])
        tocsin.start(60)
        connection = Connection(tocsin.port)
        for number in range(REQUESTS):
            reply = connection.ask("POST", "/api/v2/alerts", [alert(number, severity="none")])
            self.assertEqual(reply.status, 200, reply)
        connection.close()
        self.assertEqual(tocsin.stop(30), 0)  # With -D strace is the child, and this the daemon.
        wait_until(lambda: f"{tocsin.process.pid} +++ exited" in trace.read_text(errors="replace"), 30, "the whole trace")

        calls = read_trace(trace)
        received = [c for c in calls if c.name.startswith(("read", "recv")) and "POST /api/v2/alerts" in c.text]
        answered = [c for c in calls if c.name.startswith(("write", "send")) and '"HTTP/1.1 200' in c.text]
        writes = [c for c in calls if c.name.startswith("pwrite") and "tocsin.db-wal>" in c.text]
        syncs = [c for c in calls if c.name in ("fdatasync", "fsync") and "tocsin.db-wal>" in c.text and
                 c.text.endswith("= 0")]
        self.assertEqual(len(received), REQUESTS)
        for request in received:
            answer = min((a for a in answered if a.begun > request.ended), key=lambda a: a.begun)
            batch = [w for w in writes if request.ended < w.begun and w.ended < answer.begun]
            self.assertTrue(batch, f"answered without a write: {answer.text[:80]}")
            last = max(w.ended for w in batch)
            self.assertTrue([s for s in syncs if last < s.begun and s.ended < answer.begun],
                            f"answered before the sync of the last write: {answer.text[:80]}")


if __name__ == "__main__":
    unittest.main()
