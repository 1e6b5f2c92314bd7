"""A listening socket that outlives the process, as tocsin.socket has it: nobody is refused across a restart."""

import http.client
import itertools
import json
import socket
import threading
import unittest

from daemon import SEVERITY, Connection, Scenario, wait_until
from load import alert


class NewConnections:
    """Threads that post one alert after another, each on a connection of its own."""

    def __init__(self, port, threads=4):
        self.port = port
        self.numbers = itertools.count()
        self.accepted, self.failures = [], []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(threads)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        while not self.ending.is_set():
            number = next(self.numbers)
            connection = Connection(self.port, timeout=30)
            try:
                reply = connection.ask("POST", "/api/v2/alerts", json.dumps([alert(number, severity="none")]))
                if reply.status == 200:
                    self.accepted.append(number)
                else:
                    self.failures.append(f"{number}: {reply}")
            except (OSError, http.client.HTTPException) as problem:
                self.failures.append(f"{number}: {problem!r}")
            finally:
                connection.close()

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)


class ListenSocket(Scenario):
    def launch_with_socket(self):
        held = self.keep(HeldSocket())
        # As systemd does: descriptor 3, and the id of the process it is meant for (sd_listen_fds(3)).
        under = ["sh", "-c", f'LISTEN_FDS=1 LISTEN_PID=$$ exec "$@" 3<&{held.number}', "sh"]
        tocsin = self.daemon(rules=SEVERITY, under=under, sockets=(held.number,), settings="")
        tocsin.config.write_text(tocsin.config.read_text().replace(str(tocsin.port), str(held.port)))
        tocsin.port = held.port
        return tocsin

    def test_nobody_is_refused_while_it_restarts(self):
        tocsin = self.launch_with_socket()
        tocsin.start()
        senders = self.keep(NewConnections(tocsin.port))
        for _ in range(5):
            before = len(senders.accepted)
            self.wait_for_more(senders, before + 20)
            self.assertEqual(tocsin.stop(), 0)
            tocsin.start()
        senders.stop()
        self.assertEqual(senders.failures, [])
        stored = {int(row[0]) for row in tocsin.rows("SELECT json_extract(labels, '$.n') FROM alert")}
        self.assertEqual(set(senders.accepted) - stored, set())

    def test_who_connects_while_nothing_runs_is_answered_by_the_next_process(self):
        tocsin = self.launch_with_socket()
        tocsin.start()
        tocsin.kill()
        early = Connection(tocsin.port)
        early.http.connect()
        tocsin.start()
        self.assertEqual(early.ask("POST", "/api/v2/alerts", [alert(1)]).status, 200)
        early.close()

    def test_a_socket_at_another_address_than_listen_wins_with_a_warning(self):
        tocsin = self.launch_with_socket()
        tocsin.config.write_text(tocsin.config.read_text().replace(str(tocsin.port), "1"))
        tocsin.start()
        wait_until(lambda: '"event":"http.listen_differs","listen":"127.0.0.1:1"' in tocsin.log(), 20, "the warning")
        self.assertIn(f'"inherited":"127.0.0.1:{tocsin.port}"', tocsin.log())

    def wait_for_more(self, senders, count):
        wait_until(lambda: len(senders.accepted) >= count or senders.failures, 30, f"{count} accepted")


class HeldSocket:
    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.socket.getsockname()[1]
        self.number = self.socket.fileno()

    def stop(self):
        self.socket.close()


if __name__ == "__main__":
    unittest.main()
