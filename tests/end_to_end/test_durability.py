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


def read_trace(text):
    calls = []
    open_calls = {}
    for number, line in enumerate(text.splitlines()):
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


def broken_promises(calls):
    """(number of requests, what was answered too early). The commits must be those of the requests, one at a time."""
    received = [c for c in calls if c.name.startswith(("read", "recv")) and "POST /api/v2/alerts" in c.text]
    answered = [c for c in calls if c.name.startswith(("write", "send")) and '"HTTP/1.1 200' in c.text]
    writes = [c for c in calls if c.name.startswith("pwrite") and "tocsin.db-wal>" in c.text]
    syncs = [c for c in calls if c.name in ("fdatasync", "fsync") and "tocsin.db-wal>" in c.text and
             c.text.endswith("= 0")]
    broken = []
    for request in received:
        answer = min((a for a in answered if a.begun > request.ended), key=lambda a: a.begun, default=None)
        if answer is None:
            broken.append("no answer")
            continue
        batch = [w for w in writes if request.ended < w.begun and w.ended < answer.begun]
        last = max((w.ended for w in batch), default=None)
        if last is None:
            broken.append("answered without a write")
        elif not [s for s in syncs if last < s.begun and s.ended < answer.begun]:
            broken.append("answered before the sync that follows the last write")
    return len(received), broken


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
        end = re.compile(rf"^{tocsin.process.pid} +\+\+\+ exited", re.MULTILINE)
        wait_until(lambda: end.search(trace.read_text(errors="replace")), 30, "the whole trace")
        requests, broken = broken_promises(read_trace(trace.read_text(errors="replace")))
        self.assertEqual((requests, broken), (REQUESTS, []))


class Reading(unittest.TestCase):
    """The check finds what it is there for."""

    RECEIVE = '7 recvmsg(9<socket:[1]>, {msg_iov=[{iov_base="POST /api/v2/alerts HTTP"...}]}, 0) = 300'
    WRITE = '8 pwrite64(5</x/tocsin.db-wal>, "..."..., 8192, 0) = 8192'
    SYNC = "8 fdatasync(5</x/tocsin.db-wal>) = 0"
    ANSWER = '7 sendmsg(9<socket:[1]>, {msg_iov=[{iov_base="HTTP/1.1 200 OK"...}]}, 0) = 80'
    SYNC_BEGINS = "8 fdatasync(5</x/tocsin.db-wal> <unfinished ...>"
    SYNC_ENDS = "8 <... fdatasync resumed>) = 0"
    SYNC_FAILS = "8 fdatasync(5</x/tocsin.db-wal>) = -1 EIO (Input/output error)"

    def broken(self, *lines):
        requests, broken = broken_promises(read_trace("\n".join(lines)))
        self.assertEqual(requests, 1)
        return broken

    def test_it_accepts_write_sync_answer(self):
        self.assertEqual(self.broken(self.RECEIVE, self.WRITE, self.WRITE, self.SYNC, self.ANSWER), [])
        self.assertEqual(self.broken(self.RECEIVE, self.WRITE, self.SYNC_BEGINS, self.SYNC_ENDS, self.ANSWER), [])

    def test_it_finds_every_other_order(self):
        for lines in ((self.RECEIVE, self.ANSWER, self.WRITE, self.SYNC),
                      (self.WRITE, self.SYNC, self.RECEIVE, self.ANSWER),
                      (self.RECEIVE, self.WRITE, self.ANSWER, self.SYNC),
                      (self.RECEIVE, self.SYNC, self.WRITE, self.ANSWER),
                      (self.RECEIVE, self.WRITE, self.SYNC, self.WRITE, self.ANSWER),
                      (self.RECEIVE, self.WRITE, self.SYNC_BEGINS, self.ANSWER, self.SYNC_ENDS),
                      (self.RECEIVE, self.WRITE, self.SYNC_FAILS, self.ANSWER),
                      (self.RECEIVE, self.WRITE, self.SYNC)):
            with self.subTest(lines=lines):
                self.assertEqual(len(self.broken(*lines)), 1)


if __name__ == "__main__":
    unittest.main()
