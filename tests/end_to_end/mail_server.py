"""Debian's Exim with a folder, a certificate and a configuration of its own: it takes mail from one user, by
TLS from the start or by STARTTLS, and keeps it in a folder."""

import email
import email.policy
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import tempfile

from daemon import free_port, wait_until

USER, PASSWORD = "tocsin", "a password nobody guesses"

CONFIGURATION = """
primary_hostname = mail.example.net
spool_directory = {folder}/spool
log_file_path = {folder}/log/%s
pid_file_path = {folder}/pid
local_interfaces = 127.0.0.1
daemon_smtp_ports = {tls_port} : {starttls_port}
tls_on_connect_ports = {tls_port}
tls_advertise_hosts = *
tls_certificate = {folder}/server.pem
tls_privatekey = {folder}/server.key
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
host_lookup =
rfc1413_query_timeout = 0s
smtp_accept_max = 50
deliver_drop_privilege
keep_environment =
exim_user = {user_id}
exim_group = {group}
admin_groups = {group}
acl_smtp_rcpt = recipient
acl_smtp_data = accept

begin acl
recipient:
  deny    local_parts = gone
          message = nobody of that name
  accept  authenticated = *
  deny    message = log in first

begin routers
everybody:
  driver = accept
  transport = folder

begin transports
folder:
  driver = appendfile
  directory = {folder}/mail
  maildir_format
  create_directory

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{ {{eq{{$auth2}}{{{user}}}}} {{eq{{$auth3}}{{{password}}}}} }} }}
  server_set_id = $auth2
"""


def certificate(folder, name):
    """A key and a certificate for 127.0.0.1 that is its own authority: {name}.key and {name}.pem."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=mail.example.net", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                    str(folder / f"{name}.key"), "-out", str(folder / f"{name}.pem")],
                   check=True, capture_output=True, timeout=60)


class MailServer:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="tocsin-mail-"))
        self.tls_port, self.starttls_port = free_port(), free_port()
        for name in ("spool", "log", "mail"):
            (self.folder / name).mkdir()
        certificate(self.folder, "server")
        # Exim as root would want users and folders of the system; as a user without rights it needs nothing.
        nobody = pwd.getpwnam("nobody")
        is_root = os.geteuid() == 0
        user_id, group = (nobody.pw_uid, nobody.pw_gid) if is_root else (os.getuid(), os.getgid())
        (self.folder / "exim.conf").write_text(CONFIGURATION.format(
            folder=self.folder, tls_port=self.tls_port, starttls_port=self.starttls_port, user=USER,
            password=PASSWORD, user_id=user_id, group=group))
        self.as_user = {}
        if is_root:
            for path in [self.folder, *self.folder.iterdir()]:
                os.chown(path, nobody.pw_uid, nobody.pw_gid)
            self.as_user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": [nobody.pw_gid]}
        self.process = None
        self.start()

    def start(self):
        with open(self.folder / "log" / "output", "ab") as log:
            self.process = subprocess.Popen(["/usr/sbin/exim4", "-C", str(self.folder / "exim.conf"), "-bdf"],
                                            cwd=self.folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            **self.as_user)
        wait_until(self._answers, 20, "the mail server listens")

    def _answers(self):
        if self.process.poll() is not None:
            raise AssertionError("Exim ended: " + self.log())
        try:
            with socket.create_connection(("127.0.0.1", self.starttls_port), timeout=5) as probe:
                return probe.recv(4).startswith(b"220")
        except OSError:
            return False

    def log(self):
        return "\n".join(path.read_text(errors="replace") for path in sorted((self.folder / "log").iterdir()))

    def mails(self):
        """What was received, in order of arrival."""
        box = self.folder / "mail" / "new"
        paths = sorted(box.iterdir(), key=lambda path: path.stat().st_mtime_ns) if box.is_dir() else []
        return [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in paths]

    def wait_for(self, event, seconds):
        """The first mail about this event."""
        def found():
            return next((mail for mail in self.mails() if mail["X-Tocsin-Event"] == event), None)
        try:
            return wait_until(found, seconds, event)
        except AssertionError:
            raise AssertionError(f"no mail about {event} within {seconds} s; the server says:\n{self.log()}") from None

    def halt(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)

    def stop(self):
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)
