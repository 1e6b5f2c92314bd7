"""Pages by mail, handed to a real Exim by TLS with authentication."""

import datetime
import unittest

from daemon import SEVERITY, Scenario, wait_until
from mail_server import PASSWORD, USER, MailServer, certificate

RULES = SEVERITY + """
services:
  checkout: {team: payments, runbook: https://runbooks.example.net/checkout}
teams: {payments: []}
correlation:
  - {name: same-service, when: [service], by: [service]}
escalations:
  default: {steps: [{page: [channel:mail], wait: 1h}]}
incidents: {recovery: 1s}
"""
ALERT = {"labels": {"alertname": "CheckoutDown", "service": "checkout", "severity": "critical"},
         "annotations": {"summary": "Größte Störung: nobody can pay"}}


class Mail(Scenario):
    def setUp(self):
        super().setUp()
        self.server = self.keep(MailServer())

    def tocsin(self, url, *, password=PASSWORD, authority="server.pem", to="oncall@example.net", extra=""):
        made = self.daemon(rules=RULES, settings=f"""
external_url: https://tocsin.example.net
channels:
  - {{name: mail, kind: email, smtp: "{url}", from: "tocsin@example.net", to: [{to}],
     user: {USER}, password_file: mail-password, ca_file: {self.server.folder / authority}}}
{extra}
""")
        made.write_secret("mail-password", password + "\n")
        made.start()
        return made

    def resolve(self, tocsin):
        now = datetime.datetime.now(datetime.timezone.utc)
        self.assertEqual(tocsin.send([{**ALERT, "endsAt": now.isoformat()}]).status, 200)

    def failure(self, tocsin, detail):
        """Waits until an attempt has failed with this detail; the password stands nowhere."""
        wait_until(lambda: detail in tocsin.log(), 20, detail)
        self.assertNotIn(PASSWORD, tocsin.log())
        self.assertEqual(self.server.mails(), [])

    def check_page_and_end(self, url):
        tocsin = self.tocsin(url)
        self.assertEqual(tocsin.send([ALERT]).status, 200)
        page = self.server.wait_for("incident.triggered", 15)
        self.assertEqual(page["From"], "Tocsin <tocsin@example.net>")
        self.assertEqual(page["To"], "oncall@example.net")
        self.assertEqual(page["Subject"], "SEV-2 triggered: CheckoutDown on checkout (INC-1)")
        self.assertEqual(page["Auto-Submitted"], "auto-generated")
        self.assertEqual(page["X-Tocsin-Incident"], "INC-1")
        self.assertEqual(page["Content-Type"], 'text/plain; charset="utf-8"')
        body = page.get_content()
        for words in ("SEV-2: CheckoutDown on checkout\n", "Team: payments\n", "Größte Störung: nobody can pay\n",
                      "Runbook: https://runbooks.example.net/checkout\n",
                      "Incident: https://tocsin.example.net/v1/incidents/INC-1\n",
                      "Acknowledge: tocsin incident ack INC-1\n"):
            self.assertIn(words, body)
        self.resolve(tocsin)
        end = self.server.wait_for("incident.resolved", 15)
        self.assertEqual(end["Subject"], "SEV-2 resolved: CheckoutDown on checkout (INC-1)")
        self.assertEqual(end["References"], page["References"])
        self.assertEqual(end["In-Reply-To"], page["References"])
        self.assertNotEqual(end["Message-ID"], page["Message-ID"])
        self.assertEqual(len(self.server.mails()), 2)
        self.assertIn(f"A=plain:{USER}", self.server.log())
        self.assertRegex(self.server.log(), r"X=TLS1\.3")
        self.assertNotIn(PASSWORD, tocsin.log())

    def test_page_and_end_arrive_by_tls(self):
        self.check_page_and_end(f"smtps://127.0.0.1:{self.server.tls_port}")

    def test_page_and_end_arrive_by_starttls(self):
        self.check_page_and_end(f"smtp://127.0.0.1:{self.server.starttls_port}")

    def test_a_wrong_password_is_refused_and_the_page_comes_once_it_is_right(self):
        url = f"smtps://127.0.0.1:{self.server.tls_port}"
        tocsin = self.tocsin(url, password="wrong")
        tocsin.send([ALERT])
        self.failure(tocsin, "authentication failed: 535 user or password refused")
        self.assertNotIn(": wrong", tocsin.log())
        tocsin.stop()
        tocsin.write_secret("mail-password", PASSWORD + "\n")
        tocsin.start()
        self.server.wait_for("incident.triggered", 30)
        self.assertEqual(len(self.server.mails()), 1)

    def test_a_server_with_another_certificate_gets_neither_password_nor_page(self):
        certificate(self.server.folder, "other")
        tocsin = self.tocsin(f"smtps://127.0.0.1:{self.server.tls_port}", authority="other.pem")
        tocsin.send([ALERT])
        self.failure(tocsin, "the certificate is not trusted")
        self.assertNotIn("A=plain", self.server.log())

    def test_a_page_owed_while_the_server_is_down_arrives_once(self):
        tocsin = self.tocsin(f"smtps://127.0.0.1:{self.server.tls_port}")
        self.server.halt()
        tocsin.send([ALERT])
        self.failure(tocsin, "connection refused")
        self.server.start()
        self.server.wait_for("incident.triggered", 30)
        self.resolve(tocsin)
        self.server.wait_for("incident.resolved", 15)
        self.assertEqual([mail["X-Tocsin-Event"] for mail in self.server.mails()],
                         ["incident.triggered", "incident.resolved"])

    def test_a_recipient_that_is_gone_keeps_the_page_from_nobody_else(self):
        tocsin = self.tocsin(f"smtps://127.0.0.1:{self.server.tls_port}", to="gone@example.net, oncall@example.net")
        tocsin.send([ALERT])
        self.server.wait_for("incident.triggered", 15)
        told = "channel:mail: 5xx: recipient 1 of 2 was refused: 550 mailbox unavailable"
        wait_until(lambda: told in tocsin.ask("GET", "/v1/incidents/INC-1").body.decode(), 10, told)

    def test_a_store_that_cannot_be_opened_is_told_by_mail(self):
        tocsin = self.tocsin(f"smtps://127.0.0.1:{self.server.tls_port}", extra="fallback: [channel:mail]")
        tocsin.stop()
        (tocsin.store / "tocsin.db").write_bytes(b"no database at all" * 1000)
        tocsin.launch()
        self.assertEqual(tocsin.process.wait(20), 1)
        mail = wait_until(self.server.mails, 30, "the fallback is paged")[0]
        self.assertTrue(mail["Subject"].startswith("SEV-1 triggered: Tocsin cannot use its store"), mail["Subject"])
        self.assertNotIn("INC-0", mail.as_string())


if __name__ == "__main__":
    unittest.main()
