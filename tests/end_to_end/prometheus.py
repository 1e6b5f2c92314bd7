"""Debian's Prometheus with a folder of its own."""

import json
import subprocess
import urllib.parse
import urllib.request

from daemon import free_port, is_ready, wait_until


class Prometheus:
    def __init__(self, folder, configuration, rules):
        self.folder = folder
        self.port = free_port()
        folder.mkdir()
        (folder / "prometheus.yml").write_text(configuration)
        (folder / "rules.yml").write_text(rules)
        log = open(folder / "log", "ab")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
             f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=warn"],
            cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        wait_until(self._is_ready, 30, "Prometheus is ready")

    def _is_ready(self):
        if self.process.poll() is not None:
            raise AssertionError("Prometheus ended: " + (self.folder / "log").read_text()[-2000:])
        return is_ready(self.port)

    def query(self, expression):
        """Values of an instant query, as numbers."""
        url = f"http://127.0.0.1:{self.port}/api/v1/query?" + urllib.parse.urlencode({"query": expression})
        with urllib.request.urlopen(url, timeout=5) as reply:
            return [float(sample["value"][1]) for sample in json.load(reply)["data"]["result"]]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)
