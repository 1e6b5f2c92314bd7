"""What lies in deploy/ fits the daemon: every metric it names exists, every alert fires when it should, and the Kubernetes
manifest starts a daemon that its probes find."""

import json
import os
import re
import subprocess
import tempfile
import unittest
import urllib.request

import yaml

from daemon import BINARY, SEVERITY, TOP, Scenario, free_port, wait_until

RULES = TOP / "deploy" / "prometheus" / "tocsin.rules.yml"
RULE_TESTS = TOP / "tests" / "monitoring" / "tocsin.rules.test.yml"
DASHBOARD = TOP / "deploy" / "grafana" / "tocsin.json"
MANIFEST = TOP / "deploy" / "kubernetes" / "tocsin.yaml"
# A metric's name, with its labels if there are any.
SERIES = re.compile(r"\b((?:tocsin|process)_\w+)(?:\{([^}]*)\})?")


def promtool(*words):
    return subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=60, check=False)


def alert_rules():
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def panel_expressions():
    board = json.loads(DASHBOARD.read_text())
    return [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]


class Monitoring(Scenario):
    def test_promtool_accepts_the_alert_rules(self):
        done = promtool("check", "rules", RULES)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_every_alert_fires_when_it_should_and_not_before(self):
        done = promtool("test", "rules", RULE_TESTS)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        tests = RULE_TESTS.read_text()
        for rule in alert_rules():
            self.assertIn(f'alertname="{rule["alert"]}", alertstate="firing"', tests)

    def test_every_alert_says_whom_it_concerns_and_what_to_do(self):
        for rule in alert_rules():
            with self.subTest(alert=rule["alert"]):
                self.assertIn(rule["labels"]["severity"], ("critical", "warning"))
                self.assertEqual(rule["labels"]["service"], "tocsin")
                self.assertEqual(set(rule["annotations"]), {"summary", "description"})

    def test_every_expression_of_the_dashboard_is_promql(self):
        rules = [{"record": f"panel:{n}", "expr": expr.replace("$__rate_interval", "5m")}
                 for n, expr in enumerate(panel_expressions())]
        self.assertGreater(len(rules), 20)
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
            json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)
            file.flush()
            done = promtool("check", "rules", file.name)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_panels_stand_in_rows_without_overlap(self):
        cells = set()
        for panel in json.loads(DASHBOARD.read_text())["panels"]:
            at = panel["gridPos"]
            for x in range(at["x"], at["x"] + at["w"]):
                for y in range(at["y"], at["y"] + at["h"]):
                    self.assertNotIn((x, y), cells, panel["title"])
                    self.assertLess(x, 24, panel["title"])
                    cells.add((x, y))

    def test_every_metric_and_label_named_is_one_the_daemon_has(self):
        tocsin = self.daemon(rules=SEVERITY, settings="sources: [{name: relay, kind: alertmanager}]\n")
        tocsin.start()
        alert = {"labels": {"alertname": "Down", "severity": "critical"}}
        self.assertEqual(tocsin.send([alert]).status, 200)
        self.assertEqual(tocsin.send([{"labels": {}}]).status, 400)
        tocsin.ask("GET", "/v1/incidents", headers={"Authorization": "Bearer nobody-has-this-token"})
        labels = {}
        wait_until(lambda: tocsin.metric("tocsin_alerts_active") == 1, 20, "the gauges")
        for line in tocsin.ask("GET", "/metrics").body.decode().splitlines():
            if found := re.match(r"(\w+)(?:\{(.*)\})? ", line):
                labels.setdefault(found[1], set()).update(re.findall(r'(\w+)="', found[2] or ""))
        named = [(rule["alert"], rule["expr"]) for rule in alert_rules()] + [("panel", expr) for expr in panel_expressions()]
        for where, expr in named:
            for name, selector in SERIES.findall(expr):
                with self.subTest(where=where, metric=name):
                    self.assertIn(name, labels)
                    asked = set(re.findall(r"(\w+)[!=]", selector or "")) - {"job", "instance"}
                    self.assertLessEqual(asked, labels[name])


class Kubernetes(Scenario):
    def setUp(self):
        super().setUp()
        self.objects = {one["kind"] + "/" + one["metadata"]["name"]: one for one in yaml.safe_load_all(MANIFEST.read_text())}
        self.pod = self.objects["StatefulSet/tocsin"]["spec"]["template"]["spec"]
        self.container = self.pod["containers"][0]

    def mount(self, name, files, mode):
        """As the kubelet does: files in a hidden folder, `..data` leads to it, names lead through that."""
        folder = self.folder / name
        hidden = folder / "..2026_11_23_04_16_09.632"
        hidden.mkdir(parents=True)
        (folder / "..data").symlink_to(hidden.name)
        for file, text in files.items():
            (hidden / file).write_text(text)
            (hidden / file).chmod(mode)
            (folder / file).symlink_to(f"..data/{file}")
        return folder

    def test_the_daemon_starts_from_what_the_pod_mounts_and_the_probes_find_it(self):
        port = free_port()
        settings = self.objects["ConfigMap/tocsin-config"]["data"]["tocsin.yaml"]
        self.assertEqual(self.container["ports"][0]["containerPort"], 9911)
        settings = settings.replace("0.0.0.0:9911", f"127.0.0.1:{port}").replace("path: /var/lib/tocsin", "path: state")
        self.assertIn("path: state", settings)
        config = self.mount("config", {"tocsin.yaml": settings}, 0o644)
        self.mount("rules", self.objects["ConfigMap/tocsin-rules"]["data"], 0o644)
        secrets = self.mount("secrets", {"prometheus-token": "a-token-of-prometheus\n", "oncall-token": "a-token-for-people\n",
                                         "ops-webhook-url": "http://127.0.0.1:9/"}, self.mode_of_secrets())
        env = {**os.environ, "CREDENTIALS_DIRECTORY": str(secrets), "STATE_DIRECTORY": str(self.folder)}
        checked = subprocess.run([BINARY, "check", "--strict", "--config", config / "tocsin.yaml"], env=env, check=False,
                                 capture_output=True, text=True, timeout=30)
        self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
        process = subprocess.Popen([BINARY, "serve", "--config", config / "tocsin.yaml"], env=env,
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)

        def answers(probe):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}{probe['httpGet']['path']}", timeout=5) as reply:
                    return reply.status == 200
            except OSError:
                return False

        for name in ("startupProbe", "livenessProbe", "readinessProbe"):
            wait_until(lambda name=name: answers(self.container[name]), 20, name)
        alert = urllib.request.Request(f"http://127.0.0.1:{port}/api/v2/alerts", b'[{"labels":{"alertname":"A"}}]',
                                       {"Content-Type": "application/json", "Authorization": "Bearer a-token-of-prometheus"})
        with urllib.request.urlopen(alert, timeout=10) as reply:
            self.assertEqual(reply.status, 200)

    def mode_of_secrets(self):
        volume = next(one for one in self.pod["volumes"] if one["name"] == "secrets")
        mode = volume["secret"]["defaultMode"]
        self.assertEqual(mode & 0o007, 0, "others may read the secrets")
        return mode

    def test_the_pod_runs_without_privileges_as_the_image_s_user(self):
        user = str(self.pod["securityContext"]["runAsUser"])
        self.assertIn(f"USER {user}:{user}", (TOP / "deploy" / "container" / "Containerfile").read_text())
        self.assertEqual(str(self.pod["securityContext"]["fsGroup"]), user)
        self.assertTrue(self.pod["securityContext"]["runAsNonRoot"])
        self.assertTrue(self.container["securityContext"]["readOnlyRootFilesystem"])
        self.assertEqual(self.container["securityContext"]["capabilities"], {"drop": ["ALL"]})

    def test_names_within_the_manifest_lead_somewhere(self):
        spec = self.objects["StatefulSet/tocsin"]["spec"]
        volumes = {one["name"]: one for one in self.pod["volumes"]}
        claimed = {one["metadata"]["name"] for one in spec["volumeClaimTemplates"]}
        for mount in self.container["volumeMounts"]:
            self.assertIn(mount["name"], volumes.keys() | claimed)
        for volume in volumes.values():
            if "configMap" in volume:
                self.assertIn("ConfigMap/" + volume["configMap"]["name"], self.objects)
        labels = spec["template"]["metadata"]["labels"]
        self.assertEqual(spec["selector"]["matchLabels"], labels)
        self.assertEqual(self.objects["Service/tocsin"]["spec"]["selector"], labels)
        self.assertEqual(spec["serviceName"], self.objects["Service/tocsin"]["metadata"]["name"])
        self.assertEqual(spec["replicas"], 1)


if __name__ == "__main__":
    unittest.main()
