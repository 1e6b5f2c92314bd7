"""Debian's Alertmanager relays to the daemon while Prometheus' own form of the alert arrives as well: one alert."""

import datetime
import subprocess
import unittest
import urllib.request

from daemon import SEVERITY, Daemon, Scenario, free_port, is_ready, wait_until

SETTINGS = """
sources:
  - {name: relay, kind: alertmanager}
"""


class Alertmanager:
    """A real one that sends every group at once to `url`, which stands at %s in what receives."""

    def __init__(self, folder, url, receiver="webhook_configs: [{url: '%s', send_resolved: true}]"):
        folder.mkdir()
        self.port = free_port()
        config = folder / "alertmanager.yml"
        config.write_text("route: {receiver: tocsin, group_by: [alertname], group_wait: 0s, group_interval: 1s}\n"
                          f"receivers: [{{name: tocsin, {receiver % url}}}]\n")
        log = open(folder / "log", "wb")
        self.process = subprocess.Popen(
            ["prometheus-alertmanager", "--config.file", str(config), "--storage.path", str(folder / "data"),
             "--cluster.listen-address=", f"--web.listen-address=127.0.0.1:{self.port}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        wait_until(lambda: is_ready(self.port), 20, "Alertmanager is ready")

    def send(self, body):
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/api/v2/alerts", body,
                                         {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def body(name, ends_in):
    now = datetime.datetime.now(datetime.timezone.utc)
    time = lambda seconds: (now + datetime.timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return ('[{"labels":{"alertname":"' + name + '","instance":"192.0.2.7:9100","severity":"critical"},'
            '"annotations":{"summary":"it is down"},"startsAt":"' + time(-60) + '","endsAt":"' + time(ends_in) +
            '","generatorURL":"http://prometheus.example.net/graph"}]').encode()


class Relay(Scenario):
    def test_what_arrives_by_two_ways_is_one_alert_and_one_incident(self):
        tocsin = self.daemon(rules=SEVERITY, settings=SETTINGS)
        tocsin.start()
        relay = self.keep(Alertmanager(self.folder / "alertmanager", f"{tocsin.url}/ingest/relay"))
        firing = body("Down", 300)
        self.assertEqual(tocsin.ask("POST", "/api/v2/alerts", firing).status, 200)
        self.assertEqual(relay.send(firing), 200)
        wait_until(lambda: tocsin.metric("tocsin_alerts_total", source="relay", result="refreshed") == 1, 15,
                   "the relayed alert is a refresh of the one that is known")
        self.assertEqual(len(tocsin.alerts()), 1)
        self.assertEqual(len(tocsin.incidents()), 1)
        # One that comes by the relay alone opens, and its end comes by the relay, too.
        self.assertEqual(relay.send(body("Relayed", 300)), 200)
        wait_until(lambda: len(tocsin.alerts()) == 2, 15, "the relayed alert")
        newest = tocsin.alerts()[0]
        self.assertEqual((newest["source"], newest["state"]), ("relay", "firing"))
        self.assertEqual(newest["annotations"], {"summary": "it is down"})
        self.assertEqual(relay.send(body("Relayed", -1)), 200)
        wait_until(lambda: tocsin.alerts()[0]["state"] == "resolved", 15, "the relayed end")
        self.assertEqual(tocsin.alerts()[0]["ended_by"], "resolve")

    def test_a_channel_in_alertmanagers_format_is_read_by_its_receivers(self):
        # The receiver at hand that reads Alertmanager's webhook is Tocsin itself.
        receiver = Daemon(self.folder / "receiver", rules=SEVERITY, settings=SETTINGS)
        self.addCleanup(self.end, receiver)
        receiver.start()
        sender = Daemon(self.folder / "sender", rules=SEVERITY + """
escalations: {default: {steps: [{page: [channel:down], wait: 1h}]}}
incidents: {recovery: 1s}
""", settings="channels: [{name: down, kind: webhook, url_file: down-url, format: alertmanager}]\n")
        self.addCleanup(self.end, sender)
        sender.write_secret("down-url", f"{receiver.url}/ingest/relay")
        sender.start()
        self.assertEqual(sender.ask("POST", "/api/v2/alerts", body("Down", 300)).status, 200)
        wait_until(lambda: len(receiver.alerts()) == 1, 15, "the alert at the receiver")
        sent, got = sender.alerts()[0], receiver.alerts()[0]
        for member in ("labels", "annotations", "starts_at", "generator_url", "fingerprint"):
            self.assertEqual(got[member], sent[member], member)
        self.assertEqual((got["source"], got["state"]), ("relay", "firing"))
        self.assertEqual(sender.ask("POST", "/api/v2/alerts", body("Down", -1)).status, 200)
        wait_until(lambda: receiver.alerts()[0]["state"] == "resolved", 15, "the end at the receiver")

    def test_ingest_says_what_became_of_each_alert(self):
        tocsin = self.daemon(rules=SEVERITY, settings=SETTINGS)
        tocsin.start()
        webhook = {"version": "4", "status": "firing", "alerts": [
            {"status": "firing", "labels": {"alertname": "Down", "severity": "critical"}, "annotations": {}},
            {"status": "firing", "labels": {"alertname": 7}}]}
        reply = tocsin.ask("POST", "/ingest/relay", webhook)
        self.assertEqual(reply.status, 200)
        said = reply.json()
        self.assertEqual(said["accepted"], 1)
        self.assertEqual([one["at"] for one in said["rejected"]], ["/alerts/1/labels/alertname"])
        self.assertEqual([one["incident"] for one in said["alerts"]], ["INC-1"])
        self.assertEqual(said["alerts"][0]["fingerprint"], tocsin.alerts()[0]["fingerprint"])
        self.assertEqual(tocsin.ask("PUT", "/ingest/relay/", webhook).json()["alerts"], said["alerts"])
        for body_text, status in (("[]", 400), ("{}", 400), ("{", 400)):
            refused = tocsin.ask("POST", "/ingest/relay", body_text)
            self.assertEqual(refused.status, status, refused)
            self.assertEqual(refused.headers["Content-Type"], "application/problem+json")
        unknown = tocsin.ask("POST", "/ingest/nobody", webhook)
        self.assertEqual(unknown.status, 404)
        self.assertIn("add it to sources", unknown.json()["detail"])
        self.assertEqual(tocsin.ask("GET", "/ingest/relay").status, 405)
        built_in = tocsin.ask("POST", "/ingest/alertmanager-api", [{"labels": {"alertname": "Down"}}])
        self.assertEqual(built_in.json()["accepted"], 1)


if __name__ == "__main__":
    unittest.main()
