"""Alerts by e-mail, to real mail servers with and without TLS and a login."""

import logging
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from daemon import BIN

logging.getLogger("mail.log").setLevel(logging.CRITICAL)
USER, PASSWORD = "keystone", "pw-4f1c9e"


class MailTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="keystone-mail-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=mail",
             "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", cls.folder + "/key.pem", "-out", cls.folder + "/cert.pem"],
            check=True, capture_output=True)
        cls.tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        cls.tls.load_cert_chain(cls.folder + "/cert.pem", cls.folder + "/key.pem")

    def server(self, **options):
        """A server that keeps messages and what logins said; answers its port."""
        self.messages, self.logins = messages, logins = [], []

        class Handler:
            async def handle_DATA(self, _server, session, envelope):
                messages.append((envelope.rcpt_tos, session.ssl is not None, session.authenticated))
                return "250 taken"

        def authenticate(_server, session, _envelope, _mechanism, data):
            logins.append((data.login.decode(), data.password.decode(), session.ssl is not None))
            return AuthResult(success=(data.login, data.password) == (USER.encode(), PASSWORD.encode()))

        with socket.create_server(("127.0.0.1", 0)) as probe:
            port = probe.getsockname()[1]
        controller = Controller(
            Handler(), hostname="127.0.0.1", port=port, authenticator=authenticate, **options)
        controller.start()
        self.addCleanup(controller.stop)
        return port

    def send(self, url, **settings):
        environment = {
            "PATH": os.environ["PATH"], "HOME": self.folder, "KEYSTONE_DATA_DIR": self.folder + "/data", "SMTP_URL": url,
            "EMAIL_FROM": "ks@example.com", "SMTP_CA_FILE": self.folder + "/cert.pem", "SMTP_USER": USER,
            "SMTP_PASSWORD": PASSWORD, **settings}
        return subprocess.run(
            [BIN, "plugin", "run", "email", "--params", '{"email_to": ["oncall@example.com"]}'], env=environment,
            capture_output=True, text=True, timeout=90)

    def test_a_login_goes_over_starttls(self):
        port = self.server(require_starttls=True, tls_context=self.tls, auth_required=True)
        run = self.send(f"smtp://127.0.0.1:{port}")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(self.messages, [(["oncall@example.com"], True, True)])
        self.assertEqual(self.logins, [(USER, PASSWORD, True)])

    def test_a_server_of_tls_from_the_start(self):
        # aiosmtpd notes TLS of its own making only; that it is spoken is what lets the two understand each other.
        port = self.server(ssl_context=self.tls, auth_require_tls=False)
        run = self.send(f"smtps://127.0.0.1:{port}")
        self.assertEqual(run.returncode, 0, run.stderr)
        self.assertEqual(len(self.messages), 1)

    def test_a_wrong_password_is_an_error_without_the_password(self):
        port = self.server(require_starttls=True, tls_context=self.tls, auth_required=True)
        run = self.send(f"smtp://127.0.0.1:{port}", SMTP_PASSWORD="pw-wrong-1")
        self.assertEqual(run.returncode, 3, run.stdout)
        self.assertIn("mail server", run.stderr)
        self.assertNotIn("pw-wrong-1", run.stdout + run.stderr)
        self.assertEqual(self.messages, [])

    def test_a_server_that_nobody_vouches_for_learns_no_password(self):
        port = self.server(require_starttls=True, tls_context=self.tls, auth_required=True)
        run = self.send(f"smtp://127.0.0.1:{port}", SMTP_CA_FILE="")
        self.assertEqual(run.returncode, 3, run.stdout)
        self.assertEqual((self.messages, self.logins), ([], []))

    def test_without_tls_no_password_is_sent(self):
        port = self.server(auth_require_tls=False)
        run = self.send(f"smtp://127.0.0.1:{port}")
        self.assertEqual(run.returncode, 3, run.stdout)
        self.assertEqual((self.messages, self.logins), ([], []))
        insisted = self.send(f"smtp://127.0.0.1:{port}", SMTP_TLS="never")
        self.assertEqual(insisted.returncode, 0, insisted.stderr)
        self.assertEqual(self.logins, [(USER, PASSWORD, False)])
