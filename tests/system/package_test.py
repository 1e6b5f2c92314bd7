"""What people do with the package on a booted Debian 12, step by step: install, look, start, reload, restart, kill, hang,
upgrade, purge. Prints TAP; exit code 1 if a step failed."""

import http.client
import itertools
import json
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "end_to_end"))
from machine import Machine, wait_until  # noqa: E402
from ptrace import HeldThread  # noqa: E402
from sink import Sink  # noqa: E402

PORT = 9911
SERVICE, SOCKET = "tocsin.service", "tocsin.socket"
SEVERITY = "/etc/tocsin/rules/severity.yaml"
SETTINGS = "/etc/tocsin/config/tocsin.yaml"
DROP_IN = "/etc/systemd/system/tocsin.service.d/test.conf"
STEPS = []


def step(function):
    STEPS.append(function)
    return function


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def ask(method, path, body=None, headers=None, timeout=30):
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=timeout)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json", **(headers or {})})
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def alert(number, **labels):
    return {"labels": {"alertname": "Load", "n": str(number), "severity": "none", **labels}}


def send(*alerts):
    return ask("POST", "/api/v2/alerts", json.dumps(alerts))[0]


def is_ready():
    try:
        return ask("GET", "/-/ready")[0] == 200
    except (OSError, http.client.HTTPException):
        return False


def metric(name):
    found = re.search(rf"^{name} (\S+)$", ask("GET", "/metrics")[1], re.MULTILINE)
    return float(found.group(1))


def stored_numbers():
    found, cursor = set(), ""
    while cursor is not None:
        page = json.loads(ask("GET", f"/v1/alerts?limit=1000{cursor}")[1])
        found |= {int(one["labels"]["n"]) for one in page["alerts"] if "n" in one["labels"]}
        cursor = f"&cursor={page['next']}" if page["next"] else None
    return found


class Load:
    """Threads that post new alerts, each on a connection of its own, and remember what became of them."""

    numbers = itertools.count()

    def __init__(self):
        self.accepted, self.refused, self.broken = [], [], []
        self.ending = threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(4)]
        for thread in self.threads:
            thread.start()

    def _run(self):
        while not self.ending.is_set():
            number = next(self.numbers)
            try:
                status = send(alert(number))
                (self.accepted if status == 200 else self.broken).append(number)
            except ConnectionRefusedError:
                self.refused.append(number)
                self.ending.wait(0.05)
            except (OSError, http.client.HTTPException):
                self.broken.append(number)

    def wait_for_more(self, count=50):
        goal = len(self.accepted) + count
        wait_until(lambda: len(self.accepted) >= goal, 60, f"{count} more alerts are accepted")

    def stop(self):
        self.ending.set()
        for thread in self.threads:
            thread.join(60)


def journal(machine, *matches, since=None):
    # Not --after-cursor: with matches it leaves out the first entry that does.
    words = ["journalctl", "--quiet", "--no-pager", "-u", SERVICE, *matches]
    return machine.run(*words, *(["--cursor", since] if since else []))


def cursor(machine):
    text = machine.run("journalctl", "--quiet", "--no-pager", "-n", "0", "--show-cursor")
    return text.rsplit("-- cursor: ", 1)[1].strip()


def replace(machine, path, old, new):
    file = machine.file(path)
    text = file.read_text()
    check(old in text, f"{path} has no {old!r}")
    file.write_text(text.replace(old, new, 1))


@step
def the_package_installs_and_the_daemon_takes_alerts(machine):
    machine.run("apt-get", "install", "-y", "-qq", "--no-install-recommends", "/tocsin.deb", seconds=300)
    wait_until(is_ready, 30, "ready")
    check(machine.run("systemctl", "is-enabled", SERVICE, SOCKET).split() == ["enabled", "enabled"], "both are enabled")
    check(machine.run("id", "-u", "tocsin") != "0\n", "the user tocsin exists")
    process = machine.main_process(SERVICE)
    owner = machine.run("stat", "-c", "%U", f"/proc/{machine.show(SERVICE, 'MainPID')}").strip()
    check(owner == "tocsin", f"process {process} belongs to {owner}")
    check(send(alert(next(Load.numbers))) == 200, "an alert is taken")
    check(machine.file("/var/lib/tocsin/var/tocsin.db").exists(), "the store lies in /var/lib/tocsin")
    mode = machine.file("/var/lib/tocsin").stat().st_mode & 0o777
    check(mode == 0o700, f"nobody else may read the store, its mode is {mode:o}")


@step
def systemd_analyze_verify_is_silent(machine):
    done = machine.try_("systemd-analyze", "verify", SERVICE, SOCKET)
    check(done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr)


@step
def systemd_analyze_security_is_at_most_1_5(machine):
    text = machine.run("systemd-analyze", "security", "--no-pager", SERVICE)
    # S14
    level = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", text).group(1))
    print(f"# exposure {level}")
    check(level <= 1.5, text)


@step
def the_shipped_configuration_passes_check_strict(machine):
    machine.run("tocsin", "check", "--strict")


@step
def status_and_journal_tell_what_goes_on(machine):
    wait_until(lambda: "Listening on 127.0.0.1:9911; 0 open incidents" in machine.run("systemctl", "status", SERVICE), 10,
               "the status line")
    entry = json.loads(journal(machine, "TOCSIN_EVENT=daemon.ready", "-o", "json", "-n", "1"))
    check(entry["TOCSIN_LISTEN"] == "127.0.0.1:9911" and entry["PRIORITY"] == "6", entry)
    check(entry["_SYSTEMD_UNIT"] == SERVICE and entry["MESSAGE"] == "daemon.ready listen=127.0.0.1:9911", entry)
    check(abs(metric("process_start_time_seconds") - time.time()) < 600, "the start time holds although /proc is hidden")


@step
def threads_that_read_requests_give_way_within_the_sandbox(machine):
    lines = machine.run("sh", "-c", f"cat /proc/{machine.show(SERVICE, 'MainPID')}/task/*/stat").splitlines()
    # proc(5): number, (name), state and 15 more, nice.
    nice = {(re.search(r"\((.*)\)", line)[1], line.rpartition(")")[2].split()[16]) for line in lines}
    check({("net", "5"), ("read", "5"), ("core", "0"), ("commit", "0")} <= nice, nice)


@step
def it_stops_and_starts(machine):
    machine.run("systemctl", "stop", SOCKET, SERVICE)
    check(machine.show(SERVICE, "Result") == "success", "a clean end")
    check(not is_ready(), "nobody listens any more")
    machine.run("systemctl", "start", SERVICE)
    check(is_ready(), "start returns when it is ready")
    check(machine.show(SOCKET, "ActiveState") == "active", "starting the service brings its socket back")


@step
def a_good_rules_file_is_taken_over_by_reload(machine):
    replace(machine, SEVERITY, "severity:\n", "severity:\n  # Changed.\n")
    before = metric("tocsin_config_last_reload_success_timestamp_seconds")
    machine.run("systemctl", "reload", SERVICE)
    check(metric("tocsin_config_last_reload_success_timestamp_seconds") > before, "the time of the reload moves")
    check(metric("tocsin_config_last_reload_successful") == 1, "the metric says so")


@step
def a_broken_rules_file_fails_the_reload_says_why_and_the_old_rules_stay(machine):
    since = cursor(machine)
    replace(machine, SEVERITY, "severity:\n", "severty:\n")
    done = machine.try_("systemctl", "reload", SERVICE)
    check(done.returncode != 0, "reload succeeded")
    said = journal(machine, since=since)
    check(re.search(r"severity\.yaml:\d+:\d+: .*severty", said), said)
    check("severity\"" in said or "did you mean" in said or "; " in said, said)
    check(machine.show(SERVICE, "ActiveState") == "active", "it goes on")
    check(metric("tocsin_config_last_reload_successful") == 0, "the metric says so")
    wait_until(lambda: "the last good ones hold" in machine.run("systemctl", "status", SERVICE), 10, "the status says so")
    check(send({"labels": {"alertname": "A", "service": "checkout", "severity": "critical"}}) == 200, "alerts are taken")
    open_ones = json.loads(ask("GET", "/v1/incidents")[1])["incidents"]
    check({one["service"]: one["severity"] for one in open_ones}.get("checkout") == "SEV-2", "the old rules decide")


@step
def a_restart_still_starts_with_the_old_rules(machine):
    machine.run("systemctl", "restart", SERVICE)
    check(is_ready() and metric("tocsin_config_last_reload_successful") == 0, "the last good rules")
    replace(machine, SEVERITY, "severty:\n", "severity:\n")
    machine.run("systemctl", "reload", SERVICE)
    check(metric("tocsin_config_last_reload_successful") == 1, "mended")


@step
def nobody_is_refused_while_it_restarts_under_load(machine):
    load = Load()
    for _ in range(3):
        load.wait_for_more()
        machine.run("systemctl", "restart", SERVICE)
    load.wait_for_more()
    load.stop()
    check(not load.refused and not load.broken, f"refused {load.refused}, broken {load.broken}")
    check(set(load.accepted) <= stored_numbers(), "all that was answered is kept")


@step
def it_stops_under_load_and_keeps_what_it_answered(machine):
    load = Load()
    load.wait_for_more()
    begun = time.monotonic()
    machine.run("systemctl", "stop", SOCKET, SERVICE)
    took = time.monotonic() - begun
    load.stop()
    check(machine.show(SERVICE, "Result") == "success" and took < 15, f"{machine.show(SERVICE, 'Result')}, {took:.1f} s")
    machine.run("systemctl", "start", SERVICE)
    check(set(load.accepted) <= stored_numbers(), "all that was answered is kept")


@step
def after_kill_9_it_is_back_at_once_and_nobody_was_refused(machine):
    restarts = int(machine.show(SERVICE, "NRestarts"))
    load = Load()
    load.wait_for_more()
    begun = time.monotonic()
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=KILL", SERVICE)
    load.wait_for_more()
    took = time.monotonic() - begun
    load.stop()
    check(int(machine.show(SERVICE, "NRestarts")) == restarts + 1, "systemd restarted it")
    check(took < 10, f"it took {took:.1f} s")
    check(not load.refused, f"refused {load.refused}")
    check(set(load.accepted) <= stored_numbers(), "all that was answered is kept")


@step
def a_delivery_thread_that_stands_still_is_restarted_by_the_watchdog_and_the_page_leaves(machine):
    restarts = int(machine.show(SERVICE, "NRestarts"))
    since = cursor(machine)
    limit = int(machine.show(SERVICE, "WatchdogUSec").rstrip("s"))
    process = machine.main_process(SERVICE)
    held = HeldThread(process, "delivery")
    with held:
        begun = time.monotonic()
        check(send({"labels": {"alertname": "Held", "service": "held", "severity": "critical"}}) == 200, "it takes alerts")
        check(is_ready(), "and looks healthy")
        wait_until(held.has_ended, limit + 10, "the watchdog ends it")
        took = time.monotonic() - begun
    wait_until(lambda: int(machine.show(SERVICE, "NRestarts")) > restarts, 10, "it is started again")
    print(f"# restarted after {took:.1f} s, WatchdogSec is {limit}")
    check(took <= limit + 1, f"it took {took:.1f} s")
    wait_until(is_ready, 10, "ready again")
    check("watchdog" in machine.run("journalctl", "--quiet", "--no-pager", "--cursor", since).lower(), "the journal tells")
    check(journal(machine, "TOCSIN_EVENT=watchdog.no_progress", "TOCSIN_THREAD=delivery", since=since), "which thread")
    wait_until(lambda: "service=held" in journal(machine, "TOCSIN_EVENT=page", since=since), 20, "the page leaves")


@step
def a_stopped_process_is_restarted_by_the_watchdog(machine):
    restarts = int(machine.show(SERVICE, "NRestarts"))
    limit = int(machine.show(SERVICE, "WatchdogUSec").rstrip("s"))
    begun = time.monotonic()
    machine.run("systemctl", "kill", "--kill-whom=main", "--signal=STOP", SERVICE)
    wait_until(lambda: int(machine.show(SERVICE, "NRestarts")) > restarts, limit + 10, "restarted")
    check(time.monotonic() - begun <= limit + 3, "within WatchdogSec")
    wait_until(is_ready, 10, "ready again")


@step
def a_mistake_in_tocsin_yaml_is_not_tried_again_and_again(machine):
    replace(machine, SETTINGS, "listen: 127.0.0.1:9911", "listn: 127.0.0.1:9911")
    done = machine.try_("systemctl", "restart", SERVICE)
    check(done.returncode != 0, "it started")
    check(machine.show(SERVICE, "ExecMainStatus") == "78", machine.show(SERVICE, "ExecMainStatus"))
    time.sleep(3)
    check(machine.show(SERVICE, "ActiveState") == "failed", machine.show(SERVICE, "ActiveState"))
    check(re.search(r"tocsin\.yaml:\d+:\d+: .*listn", journal(machine, "-n", "20")), "the journal says why")
    # Who connects now starts it again, in vain: the socket gives up after some tries instead of spinning.
    with socket.create_connection(("127.0.0.1", PORT), timeout=5):
        wait_until(lambda: machine.show(SOCKET, "ActiveState") == "failed", 60, "the socket gives up")
    replace(machine, SETTINGS, "listn: 127.0.0.1:9911", "listen: 127.0.0.1:9911")
    machine.run("systemctl", "restart", SERVICE)
    check(is_ready() and machine.show(SOCKET, "ActiveState") == "active", "mended")


@step
def secrets_come_as_credentials_that_the_daemons_user_cannot_read_elsewhere(machine):
    folder = machine.file("/etc/tocsin/secrets")
    folder.mkdir(mode=0o700)
    token = folder / "ana-token"
    token.write_text("a-token-for-this-test-only\n")
    token.chmod(0o600)
    replace(machine, SETTINGS, "  anonymous: loopback", "  anonymous: none")
    replace(machine, SETTINGS, "  tokens:\n", "  tokens:\n    - {name: ana, token_file: ana-token, scopes: [read, respond, admin]}\n")
    drop_in = machine.file(DROP_IN)
    drop_in.parent.mkdir(parents=True, exist_ok=True)
    drop_in.write_text("[Service]\nLoadCredential=ana-token:/etc/tocsin/secrets/ana-token\n"
                       "Environment=TOCSIN_TOKEN_FILE=/etc/tocsin/config/reload-token\n")
    machine.file("/etc/tocsin/config/reload-token").write_text(token.read_text())
    machine.run("chown", "root:tocsin", "/etc/tocsin/config/reload-token")
    machine.run("chmod", "0640", "/etc/tocsin/config/reload-token")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", SERVICE)
    check(ask("GET", "/v1/incidents")[0] == 401, "nobody without the token")
    check(ask("GET", "/v1/incidents", headers={"Authorization": "Bearer a-token-for-this-test-only"})[0] == 200, "with it")
    machine.run("systemctl", "reload", SERVICE)
    check("a-token-for-this" not in machine.run("journalctl", "--no-pager"), "no log holds it")
    drop_in.unlink()
    machine.file("/etc/tocsin/config/reload-token").unlink()
    replace(machine, SETTINGS, "  anonymous: none", "  anonymous: loopback")
    replace(machine, SETTINGS, "    - {name: ana, token_file: ana-token, scopes: [read, respond, admin]}\n", "")
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", SERVICE)


@step
def a_page_leaves_the_sandbox_by_webhook_to_a_name_whose_url_is_a_credential(machine):
    escalations = "/etc/tocsin/rules/escalations.yaml"
    shipped = machine.file(escalations).read_text()
    sink = Sink()
    try:
        url = machine.file("/etc/tocsin/secrets/ops-url")
        url.write_text(sink.url.replace("127.0.0.1", "localhost") + "\n")
        url.chmod(0o600)
        replace(machine, SETTINGS, "\nchannels:\n", "\nchannels:\n  - {name: ops, kind: webhook, url_file: ops-url}\n")
        machine.file(escalations).write_text(shipped.replace("channel:log", "channel:ops"))
        machine.file(DROP_IN).write_text("[Service]\nLoadCredential=ops-url:/etc/tocsin/secrets/ops-url\n")
        machine.run("systemctl", "daemon-reload")
        machine.run("systemctl", "restart", SERVICE)
        check(send({"labels": {"alertname": "Hooked", "service": "hooked", "severity": "critical"}}) == 200, "it is taken")
        page = sink.wait_for("incident.triggered", 15)
        check(page.body["incident"]["service"] == "hooked", page.body)
    finally:
        sink.stop()
    machine.file(escalations).write_text(shipped)
    replace(machine, SETTINGS, "  - {name: ops, kind: webhook, url_file: ops-url}\n", "")
    machine.file(DROP_IN).unlink()
    machine.run("systemctl", "daemon-reload")
    machine.run("systemctl", "restart", SERVICE)


@step
def a_backup_that_root_restores_is_the_daemons_own_store_again(machine):
    kept = stored_numbers()
    check(kept, "there is something to keep")
    # Wherever root stands: the paths are those of the configuration.
    machine.run("sh", "-c", "cd /root && tocsin backup /root/kept.db")
    machine.run("systemctl", "stop", SOCKET, SERVICE)
    machine.run("sh", "-c", "mkdir /root/moved && mv /var/lib/tocsin/var/tocsin.db* /root/moved/")
    machine.run("sh", "-c", "cd /root && tocsin restore /root/kept.db")
    owners = set(machine.run("sh", "-c", "stat -c '%U:%G' /var/lib/tocsin/var /var/lib/tocsin/var/*").split())
    check(owners == {"tocsin:tocsin"}, f"the store belongs to {owners}")
    machine.run("systemctl", "start", SERVICE)
    check(is_ready() and stored_numbers() == kept, "it starts as it was")


@step
def a_backup_that_root_restores_into_nothing_starts_too(machine):
    machine.run("systemctl", "stop", SOCKET, SERVICE)
    machine.run("rm", "-r", "/var/lib/tocsin/var")
    machine.run("sh", "-c", "cd / && tocsin restore /root/kept.db")
    machine.run("systemctl", "start", SERVICE)
    check(is_ready() and stored_numbers(), "it starts as it was")


@step
def an_upgrade_restarts_it_and_refuses_nobody(machine):
    before = machine.show(SERVICE, "MainPID")
    load = Load()
    load.wait_for_more()
    machine.run("dpkg", "--install", "--force-confold", "/tocsin.deb", seconds=300)
    load.wait_for_more()
    load.stop()
    check(machine.show(SERVICE, "MainPID") != before, "the new binary runs")
    check(not load.refused and not load.broken, f"refused {load.refused}, broken {load.broken}")
    check("# Changed." in machine.file(SEVERITY).read_text(), "what people edited stays")


@step
def removing_stops_it_and_purging_leaves_nothing_of_ours(machine):
    machine.run("dpkg", "--remove", "tocsin")
    check(not is_ready() and machine.file("/var/lib/tocsin").exists(), "stopped, the store stays")
    machine.run("dpkg", "--purge", "tocsin")
    left = [path for path in ("/var/lib/tocsin", "/etc/tocsin/config", "/etc/tocsin/rules", "/lib/systemd/system/tocsin.service",
                              "/etc/systemd/system/multi-user.target.wants/tocsin.service")
            if machine.file(path).exists() or machine.file(path).is_symlink()]
    check(not left, left)
    check(machine.file("/etc/tocsin/secrets/ana-token").exists(), "what is not the package's stays")


def lintian(package):
    done = subprocess.run(["lintian", "--fail-on", "error", package], check=False, capture_output=True, text=True)
    print("".join(f"# {line}\n" for line in done.stdout.splitlines()), end="")
    return done.returncode == 0


def main():
    # Whoever ends this early, `timeout` for one, ends the machine, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    package = sys.argv[1]
    print(f"1..{len(STEPS) + 1}", flush=True)
    failed = 0 if lintian(package) else 1
    print(f"{'not ' if failed else ''}ok 1 - lintian finds no error", flush=True)
    with tempfile.TemporaryDirectory(prefix="tocsin-system-") as scratch, open(f"{scratch}/log", "wb") as log:
        machine = Machine(package, scratch, log)
        try:
            machine.boot()
            for number, one in enumerate(STEPS, 2):
                begun = time.monotonic()
                try:
                    one(machine)
                    verdict = "ok"
                except Exception:  # pylint: disable=broad-except
                    verdict = "not ok"
                    failed += 1
                    print("".join(f"# {line}\n" for line in traceback.format_exc().splitlines()), end="")
                    print("".join(f"# | {line}\n" for line in machine.try_(
                        "journalctl", "--no-pager", "-n", "15", "-o", "cat").stdout.splitlines()), end="")
                name = one.__name__.replace("_", " ")
                print(f"{verdict} {number} - {name} # {time.monotonic() - begun:.1f} s", flush=True)
                if failed and number == 2:
                    print("Bail out! Nothing can be tried without an installation.")
                    break
        except Exception:
            log.flush()
            print(pathlib.Path(f"{scratch}/log").read_text(errors="replace")[-3000:])
            raise
        finally:
            machine.stop()
    print(f"# {len(STEPS) + 1 - failed} of {len(STEPS) + 1} steps passed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
