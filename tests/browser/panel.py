# SPDX-License-Identifier: ISC
#
# The panel from outside: the operator's command, the API, mails that were
# sent, a receiver of webhooks, and what an authenticator app computes.

import base64
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import re
import struct
import subprocess
import threading
import time
import urllib.parse
import urllib.request

from checks import wait

PANEL = pathlib.Path(os.environ["PANEL"])
MAIL = pathlib.Path(os.environ["MAIL"])
SHOTS = pathlib.Path(os.environ["SHOTS"])


def setting(name):
    """A value of demo.env."""
    text = (PANEL / "demo.env").read_text()
    return re.search(rf"^{name}='([^']*)'$", text, re.M).group(1)


URL = setting("PANEL_URL")


def latchkey(*args, text=None):
    """Runs the operator's command; gives what it wrote."""
    return subprocess.run([PANEL / "bin/latchkey", *args], check=True,
                          input=text, capture_output=True, text=True,
                          timeout=60).stdout


def api(key, action, **fields):
    """One call of the API; gives its answer."""
    body = urllib.parse.urlencode({"key": key, "action": action, **fields})
    with urllib.request.urlopen(URL + "/api/v2", body.encode(),
                                timeout=30) as answer:
        return json.load(answer)


def deliver():
    """Has webhooks delivered, as cron does every minute."""
    subprocess.run([PANEL / "bin/deliver-webhooks"], check=True, timeout=60)


# --- mails -------------------------------------------------------------------


def mails(to):
    """Mails that were sent to an address, the oldest first."""
    found = []
    files = sorted(MAIL.glob("*.eml"), key=lambda f: f.stat().st_mtime_ns)
    for file in files:
        mail = email.message_from_bytes(file.read_bytes(),
                                        policy=email.policy.default)
        if mail["To"] == f"<{to}>" or mail["To"] == to:
            found.append(mail)
    return found


def wait_mail(to, subject, n=1):
    """Waits for the n-th mail to an address with that in its subject."""
    def find():
        good = [m for m in mails(to) if subject in m["Subject"]]
        return good[n - 1] if len(good) >= n else None
    return wait(find, f"a mail to {to}: {subject}")


def link_of(mail):
    """The one link of a mail that has a token."""
    return re.search(r"https?://\S+\?\S+", mail.get_content()).group(0)


# --- webhooks ----------------------------------------------------------------


class Receiver:
    """A server that takes deliveries and keeps them."""

    def __init__(self):
        self.got = []
        self.status = 200
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers["Content-Length"])
                body = self.rfile.read(length)
                receiver.got.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0),
                                                      Handler)
        threading.Thread(target=self.server.serve_forever,
                         daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}/hook"

    def types(self):
        return [json.loads(body)["type"] for _, body in self.got]


def is_signed(secret, headers, body):
    """Is a delivery signed with a secret, as Standard Webhooks says?"""
    headers = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(secret.removeprefix("whsec_"))
    text = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'
    mac = hmac.new(key, text.encode() + body, hashlib.sha256).digest()
    wanted = "v1," + base64.b64encode(mac).decode()
    return wanted in headers["webhook-signature"].split(" ")


# --- one-time passwords ------------------------------------------------------


class App:
    """An authenticator app (RFC 6238) that shows no code twice."""

    def __init__(self, secret):
        self.secret = base64.b32decode(secret)
        self.last = 0

    def code(self):
        """
        The code of a step that was not used, beginning with the one before,
        which is good for half a minute more: waits for one if need be.
        """
        self.last = max(self.last + 1, int(time.time()) // 30 - 1)
        while int(time.time()) // 30 < self.last:
            time.sleep(0.2)
        mac = hmac.new(self.secret, struct.pack(">Q", self.last),
                       hashlib.sha1).digest()
        at = mac[-1] & 15
        number = struct.unpack(">I", mac[at:at + 4])[0] & 0x7fffffff
        return f"{number % 1000000:06d}"
