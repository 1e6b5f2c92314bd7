"""The real binary in a folder of its own, on a free port, ended by its process id."""

import http.client
import json
import os
import pathlib
import signal
import socket
import sqlite3
import subprocess
import tempfile
import time
import unittest
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
# By how much what a clock limits may be slower than on a machine of its own: .ci/run says 3.
SLOW = float(os.environ.get("TOCSIN_SLOW", "1"))
BINARY = pathlib.Path(os.environ.get("TOCSIN_BINARY", TOP / "build" / "release" / "tocsin"))

SEVERITY = """
severity:
  default: SEV-3
  map: {critical: SEV-2, warning: SEV-3, none: none}
"""


# Nobody without a token: a person's, and a sender's. Their files are the test's to write.
AUTH = """
auth:
  anonymous: none
  tokens:
    - {name: ana, token_file: ana, scopes: [read, respond, admin]}
    - {name: prometheus, token_file: prometheus, scopes: ["ingest:alertmanager-api"]}
"""
ANA = {"Authorization": "Bearer token-of-ana-0123456789"}
PROMETHEUS = {"Authorization": "Bearer token-of-prometheus"}


def free_port():
    """A port nobody listens on now. Another process could take it before we do; none here does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_ready(port):
    """True if what listens there, of Prometheus' family, says so."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


def wait_until(condition, seconds, what):
    """The first true value of `condition`, asked every 20 ms; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        late = time.monotonic() > deadline  # Before the last look: this process may have slept in between.
        value = condition()
        if value:
            return value
        if late:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)


class Reply:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


class Connection:
    """One kept-alive connection."""

    def __init__(self, port, timeout=30):
        self.http = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(self, method, path, body=None, headers=None):
        self.send(method, path, body, headers)
        return self.receive()

    def send(self, method, path, body=None, headers=None):
        if isinstance(body, (list, dict)):
            body = json.dumps(body)
        self.http.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})

    def receive(self):
        response = self.http.getresponse()
        return Reply(response.status, response.headers, response.read())

    def close(self):
        self.http.close()


class Daemon:
    """Configuration in <folder>/config, rules in <folder>/rules, store in `store`, log in <folder>/log."""

    def __init__(self, folder, *, rules, channels=None, min_free="16MiB", settings="", store=None, under=(), env=None, sockets=()):
        self.folder = pathlib.Path(folder)
        self.port = free_port()
        self.store = pathlib.Path(store or self.folder / "var")
        self.under = list(under)  # A command to run the binary under, such as strace.
        self.env = dict(env or {})
        self.sockets = tuple(sockets)  # Descriptors that the process keeps.
        self.process = None
        self.starts = 0
        for name in ("config", "rules"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self.write_rules(rules)
        lines = [f"listen: 127.0.0.1:{self.port}", "rules: [../rules]",
                 f"storage: {{path: {self.store}, min_free: {min_free}}}"]
        if channels:
            lines.append("channels:")
        for name, url in (channels or {}).items():
            self.write_secret(f"{name}-url", url)
            lines.append(f"  - {{name: {name}, kind: webhook, url_file: {name}-url}}")
        self.config = self.folder / "config" / "tocsin.yaml"
        self.config.write_text("\n".join(lines) + "\n" + settings)

    def write_rules(self, text):
        (self.folder / "rules" / "rules.yaml").write_text(text)

    def write_secret(self, name, text):
        path = self.folder / "config" / name
        path.write_text(text)
        path.chmod(0o600)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def launch(self):
        """Starts the process without waiting for anything."""
        self.starts += 1
        log = open(self.folder / "log", "ab")
        command = self.under + [str(BINARY), "serve", "--config", str(self.config)]
        self.process = subprocess.Popen(command, cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        env={**os.environ, **self.env}, pass_fds=self.sockets)
        log.close()

    def start(self, seconds=20):
        """Starts and waits until ready; returns the seconds that took."""
        begun = time.monotonic()
        self.launch()
        wait_until(self.is_ready, seconds, f"ready; log:\n{self.log()[-3000:]}")
        return time.monotonic() - begun

    def is_ready(self):
        code = self.process.poll()
        if code is not None:
            raise AssertionError(f"the daemon ended with {code}; log:\n{self.log()[-3000:]}")
        try:
            return self.ask("GET", "/-/ready").status == 200
        except OSError:
            return False

    def is_running(self):
        return self.process is not None and self.process.poll() is None

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self, seconds=15):
        """SIGTERM; returns the exit code."""
        if self.is_running():
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"no end within {seconds} s of SIGTERM; log:\n{self.log()[-3000:]}") from None

    def ask(self, method, path, body=None, headers=None):
        connection = Connection(self.port)
        try:
            return connection.ask(method, path, body, headers)
        finally:
            connection.close()

    def send(self, alerts):
        return self.ask("POST", "/api/v2/alerts", alerts)

    def _page(self, path):
        """A list has 250 ms by the clock: a machine that stands still meanwhile makes a 503 of it."""
        limit = time.monotonic() + 30
        while (reply := self.ask("GET", path)).status == 503 and time.monotonic() < limit:
            time.sleep(0.1)
        assert reply.status == 200, f"GET {path}: {reply}"
        return reply.json()

    def _all(self, path, member):
        found, cursor = [], ""
        while cursor is not None:
            page = self._page(f"{path}limit=1000{cursor}")
            found += page[member]
            cursor = f"&cursor={page['next']}" if page["next"] else None
        return found

    def incidents(self):
        """All there are, newest first."""
        return self._all("/v1/incidents?state=all&", "incidents")

    def alerts(self):
        """All there are, newest first."""
        return self._all("/v1/alerts?", "alerts")

    def cli(self, *words):
        return subprocess.run([str(BINARY), *words], capture_output=True, text=True, timeout=60, check=False,
                              cwd=self.folder, env={**os.environ, "TOCSIN_URL": self.url})

    def metric(self, name, **labels):
        """The sum of all series of this name that have these labels."""
        total = 0.0
        for line in self.ask("GET", "/metrics").body.decode().splitlines():
            if line.startswith("#") or not line.startswith(name):
                continue
            series, value = line.rsplit(" ", 1)
            if series.split("{")[0] == name and all(f'{key}="{text}"' in series for key, text in labels.items()):
                total += float(value)
        return total

    def rows(self, sql, *parameters):
        """Reads the store beside the running daemon."""
        connection = sqlite3.connect(f"file:{self.store / 'tocsin.db'}?mode=ro", uri=True, timeout=10)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()

    def peak_memory_bytes(self):
        return self._memory_bytes("VmHWM")

    def memory_bytes(self):
        return self._memory_bytes("VmRSS")

    def _memory_bytes(self, name):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * 1024
        raise AssertionError(f"no {name}")


class Scenario(unittest.TestCase):
    """A test with a folder of its own and daemons that end with it; a failure shows their logs."""

    def setUp(self):
        self.scratch = tempfile.TemporaryDirectory(prefix="tocsin-e2e-")
        self.addCleanup(self.scratch.cleanup)
        self.folder = pathlib.Path(self.scratch.name)

    def daemon(self, **options):
        made = Daemon(self.folder, **options)
        self.addCleanup(self.end, made)
        return made

    def end(self, daemon):
        if daemon.is_running():
            daemon.kill()
        if not self._outcome.success:
            print(f"--- the daemon's log ends with:\n{daemon.log()[-4000:]}\n---", flush=True)

    def keep(self, thing):
        """Something with stop() that ends with the test."""
        self.addCleanup(thing.stop)
        return thing
