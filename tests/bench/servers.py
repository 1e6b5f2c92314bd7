"""The servers that benches measure, and the load they are put under."""
import os, pathlib, re, shutil, signal, socket, subprocess, sys, tempfile, time, urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
TICKS = os.sysconf("SC_CLK_TCK")
LOADS = {  # name: (environment, connections for Alertmanager, for Tocsin)
    "refreshes": ({"BATCH": "100", "UNIQUE": "10000"}, 16, 16),
    "singles": ({"BATCH": "1", "UNIQUE": "5000"}, 16, 64),
    "storm": ({"BATCH": "100", "STORM": "1"}, 16, 16),
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Server:
    def __init__(self, name, command, port, folder, ready):
        self.name, self.port = name, port
        self.log = open(os.path.join(folder, name + ".log"), "wb")
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, cwd=folder)
        for _ in range(300):
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1).read()
                return
            except OSError:
                if self.process.poll() is not None:
                    sys.exit(f"{name} ended at once; see {self.log.name}")
                time.sleep(0.1)
        sys.exit(f"{name} did not become ready")

    def cpu(self):
        fields = open(f"/proc/{self.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def rss_mib(self):
        return int(re.search(r"VmHWM:\s+(\d+)", open(f"/proc/{self.process.pid}/status").read()).group(1)) / 1024

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


ONE_ROUTE = ("route: {receiver: sink, group_by: [alertname, service], group_wait: 30s, group_interval: 5m}\n"
             "receivers: [{name: sink, webhook_configs: [{url: 'http://127.0.0.1:9/'}]}]\n")


def alertmanager(folder, text=ONE_ROUTE):
    port = free_port()
    config = os.path.join(folder, "alertmanager.yml")
    with open(config, "w") as out:
        out.write(text)
    return Server("alertmanager", ["prometheus-alertmanager", "--config.file", config, "--storage.path",
                  os.path.join(folder, "am"), "--cluster.listen-address=", "--log.level=error",
                  f"--web.listen-address=127.0.0.1:{port}"], port, folder, "/-/ready")


def tocsin(folder, rules):
    port = free_port()
    config = os.path.join(folder, "tocsin.yaml")
    with open(config, "w") as out:
        out.write(f"listen: 127.0.0.1:{port}\nstorage: {{path: {folder}/store, min_free: 64MiB}}\nrules: [{rules}]\n")
    return Server("tocsin", [str(ROOT / "build/release/tocsin"), "serve", "--config", config], port, folder, "/-/ready")


def steal():
    fields = [int(x) for x in open("/proc/stat").readline().split()[1:]]
    return fields[7], sum(fields)


def load(server, script, settings, connections, seconds, run):
    environment = dict(os.environ, RUN=run, **settings)
    before, stolen = server.cpu(), steal()
    out = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", script,
                          f"http://127.0.0.1:{server.port}"], env=environment, capture_output=True, text=True).stdout
    cpu, after = server.cpu() - before, steal()
    requests = int(re.search(r"(\d+) requests in", out).group(1))
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    took = float(re.search(r"requests in ([\d.]+)(m?s)", out).group(1))
    good = requests - (int(failed.group(1)) if failed else 0)
    alerts = good * int(settings["BATCH"])
    p50, p99 = (re.search(rf"^\s+{p}%\s+(\S+)", out, re.MULTILINE).group(1) for p in ("50", "99"))
    stolen_share = (after[0] - stolen[0]) / max(1, after[1] - stolen[1])
    return {"rate": alerts / took, "cpu_us": cpu / max(1, alerts) * 1e6, "failed": requests - good, "p50": p50, "p99": p99,
            "steal": stolen_share}


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            sys.exit(f"{program} is missing: apt-get install --no-install-recommends wrk prometheus-alertmanager")


HEADER = (f"{'load':10} {'server':20} {'alerts/s':>10} {'CPU us/alert':>13} {'p50':>9} {'p99':>9} {'failed':>7} {'steal':>6} "
          f"{'RSS MiB':>8}")


def measure(name, title, make, connections, options, round_number):
    """Starts a server, warms it up, measures it, ends it."""
    settings = LOADS[name][0]
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
        server = make(folder)
        try:
            load(server, options.script, settings, connections, 2, f"warm{round_number}")
            got = load(server, options.script, settings, connections, options.seconds, f"run{round_number}")
            print(f"{name:10} {title:20} {got['rate']:10.0f} {got['cpu_us']:13.2f} {got['p50']:>9} {got['p99']:>9} "
                  f"{got['failed']:7d} {got['steal']:6.1%} {server.rss_mib():8.0f}", flush=True)
            return got
        finally:
            server.end()
