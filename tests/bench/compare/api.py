# SPDX-License-Identifier: ISC
"""What Latchkey is compared with: the API's balance, status, services and add
as a small Flask service with SQLite, for a WSGI server.

It reads the same database and pepper, does the same checks, counts the same
three limits and gives the same bytes as Latchkey.  A process keeps its
connections, and the sqlite3 module its prepared statements.

config.json, beside it, has: dir (with latchkey.db and rate.db), currency,
rate_ip, rate_key and journal (pragmas of a writer of orders).
"""
import hashlib
import hmac
import json
import pathlib
import re
import sqlite3
import time
import zlib

from flask import Flask, Response, request

WINDOW = 60
TOUCH = 300
LEDGER_ORDER = 1
LEDGER_REVENUE = -1
MONEY_MAX = 4 * 10**18
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
STATUS = (None, "Pending", "In progress", "Processing", "Completed",
          "Partial", "Canceled")
DIGITS = re.compile(r"[0-9]{1,18}\Z")
KEY = re.compile(r"lk_[0-9A-Za-z]{46}\Z")
LINK = re.compile(r"https?://[^/?#:@\s][^\s\x00-\x1f\x7f]*\Z", re.I)

here = pathlib.Path(__file__).parent
config = json.loads((here / "config.json").read_text())
data = pathlib.Path(config["dir"])
pepper = (data / "pepper").read_bytes()


class Database:
    """A connection, and in "with" a transaction that writes."""

    def __init__(self, name, settings):
        self.db = sqlite3.connect(data / (name + ".db"), timeout=5,
                                  isolation_level=None)
        self.db.executescript(settings)
        self.run = self.db.execute

    def __enter__(self):
        self.run("BEGIN IMMEDIATE")
        return self

    def __exit__(self, kind, value, trace):
        self.run("COMMIT" if kind is None else "ROLLBACK")


class Refusal(Exception):
    """An answer that is an error, with what it leaves undone."""

    def __init__(self, text, status=200, headers=None):
        super().__init__(text)
        self.answer = answer({"error": text}, status, headers)


def answer(model, status=200, headers=None):
    body = json.dumps(model, ensure_ascii=False, separators=(",", ":"))
    return Response(body, status, headers, mimetype="application/json")


def money(value, unit, places):
    """An amount with at least two places and no needless zeros after them."""
    whole, fraction = divmod(value, unit)
    digits = str(fraction).zfill(places).rstrip("0").ljust(2, "0")
    return f"{whole}.{digits}"


main = Database("latchkey", config["journal"])
rate = Database("rate", "PRAGMA synchronous = OFF")


def is_well_formed(key):
    if not KEY.match(key):
        return False
    crc = zlib.crc32(key[:43].encode())
    check = ""
    for _ in range(6):
        crc, digit = divmod(crc, 62)
        check = BASE62[digit] + check
    return check == key[43:]


def find_caller(key):
    if not is_well_formed(key):
        return None
    mac = hmac.digest(pepper, key.encode(), "sha256")
    row = main.run(
        "SELECT k.id, k.mac, k.account_id, k.last_used_at, a.suspended_at,"
        " t.calls_per_minute FROM api_key k"
        " JOIN account a ON a.id = k.account_id"
        " JOIN tier t ON t.id = a.tier_id"
        " WHERE k.public_id = ? AND k.revoked_at IS NULL",
        (key[3:11],)).fetchone()
    same = hmac.compare_digest(row[1] if row else bytes(32), mac)
    return row if row and same else None


SQL_COUNT = (
    "INSERT INTO counter (subject, window_start, used) VALUES %s"
    " ON CONFLICT (subject) DO UPDATE SET"
    " used = CASE WHEN excluded.window_start - window_start BETWEEN 0 AND 59"
    " THEN used + 1 ELSE 1 END,"
    " window_start = CASE WHEN excluded.window_start - window_start"
    " BETWEEN 0 AND 59 THEN window_start ELSE excluded.window_start END"
    " RETURNING subject, window_start, used")


def count_call(layers, now):
    """Counts in all layers or, where one has run out, in none."""
    args = []
    for subject in layers:
        args += (subject, now)
    with rate:
        rows = rate.run(SQL_COUNT % ", ".join(["(?, ?, 1)"] * len(layers)),
                        args).fetchall()
        counts = {subject[0]: (layers[subject], layers[subject] - used,
                               start + WINDOW)
                  for subject, start, used in rows}
        for name, layer in (("ip", "i"), ("key", "k"), ("tier", "t")):
            if layer in counts and counts[layer][1] < 0:
                limit, _, reset = counts[layer]
                raise Refusal("Rate limit exceeded", 429, {
                    "X-RateLimit-Limit": limit,
                    "X-RateLimit-Remaining": 0,
                    "X-RateLimit-Reset": reset,
                    "X-RateLimit-DeniedBy": name,
                    "Retry-After": max(1, reset - now)})
    limit, remaining, reset = min(counts.values(), key=lambda c: c[1])
    return {"X-RateLimit-Limit": limit,
            "X-RateLimit-Remaining": remaining,
            "X-RateLimit-Reset": reset,
            "X-RateLimit-Tier-Remaining": counts["t"][1]
            if "t" in counts else 0}


def balance(account, _now):
    nano, = main.run("SELECT balance_nano FROM account WHERE id = ?",
                     (account,)).fetchone()
    return {"balance": money(nano, 10**9, 9), "currency": config["currency"]}


def status(account, _now):
    ids = request.form.get("orders", "").split(",")
    if len(ids) > 100:
        raise Refusal("Maximum 100 orders")
    # Only whole numbers get into the text.
    good = ",".join(filter(DIGITS.match, ids))
    found = {
        str(order): {"charge": money(charge, 10**9, 9),
                     "start_count": str(start_count),
                     "status": STATUS[state],
                     "remains": str(remains),
                     "currency": config["currency"]}
        for order, state, remains, start_count, charge in main.run(
            "SELECT id, status, remains, start_count, charge_nano FROM orders"
            f" WHERE id IN ({good}) AND +account_id = ?", (account,))}
    return {order: found.get(order, {"error": "Incorrect order ID"})
            for order in ids}


def services(_account, _now):
    return [
        {"service": row[0], "name": row[1], "type": row[2],
         "category": row[3], "rate": money(row[5], 10**6, 6),
         "min": str(row[6]), "max": str(row[7]), "refill": row[8] != 0,
         "cancel": row[9] != 0, "dripfeed": row[10] != 0, "desc": row[4]}
        for row in main.run(
            "SELECT id, name, type, category, description, rate_micro, min,"
            " max, refill, cancel, dripfeed FROM service WHERE active = 1"
            " ORDER BY category, id")]


def add(account, now):
    """An order of the type "Default", without runs."""
    form = request.form
    with main:
        order = place(account, now, form.get("service", ""),
                      form.get("link", ""), form.get("quantity", ""))
    return {"order": order}


def place(account, now, service, link, quantity):
    row = DIGITS.match(service) and main.run(
        "SELECT rate_micro, min, max FROM service WHERE id = ? AND active = 1"
        " AND type = 'Default'", (int(service),)).fetchone()
    if not row:
        raise Refusal("Incorrect service ID")
    price, least, most = row
    if not LINK.match(link) or len(link) > 1000:
        raise Refusal("Bad link")
    if not DIGITS.match(quantity):
        raise Refusal("Incorrect quantity")
    quantity = int(quantity)
    if quantity < least:
        raise Refusal(f"Quantity less than minimal {least}")
    if quantity > most:
        raise Refusal(f"Quantity more than maximum {most}")
    charge = price * quantity
    if charge > MONEY_MAX:
        raise Refusal("Incorrect quantity")
    link_hash = int.from_bytes(hashlib.sha256(link.encode()).digest()[:8],
                               "little", signed=True)
    if main.run("SELECT id FROM orders WHERE account_id = ?"
                " AND +service_id = ? AND link_hash = ? AND status < 4"
                " AND link = ? LIMIT 1",
                (account, int(service), link_hash, link)).fetchone():
        raise Refusal("You have active order with this link. Please wait"
                      " until order being completed.")
    order = main.run(
        "INSERT INTO orders (account_id, service_id, status, link, link_hash,"
        " quantity, remains, price_micro, charge_nano, created_at, updated_at)"
        " VALUES (?1, ?2, 1, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?8)",
        (account, int(service), link, link_hash, quantity, price, charge,
         now)).lastrowid
    if not main.run(
            "UPDATE account SET balance_nano = balance_nano - ?1"
            " WHERE id = ?2 AND balance_nano >= ?1"
            " RETURNING balance_nano, low_balance_nano",
            (charge, account)).fetchall():
        raise Refusal("Not enough funds on balance")
    txn = main.run("INSERT INTO txn (kind, order_id, posted_at)"
                   " VALUES (?, ?, ?)",
                   (LEDGER_ORDER, order, now)).lastrowid
    main.run("INSERT INTO entry (ledger_id, txn_id, amount_nano)"
             " VALUES (?1, ?2, ?3), (?4, ?2, ?5)",
             (account, txn, -charge, LEDGER_REVENUE, charge))
    # Nobody here has webhooks; that is looked up all the same.
    main.run("SELECT 1 FROM webhook WHERE account_id = ? AND status = 1"
             " AND events & 1 LIMIT 1", (account,)).fetchone()
    return order


ACTIONS = {"balance": balance, "status": status, "services": services,
           "add": add}
app = Flask(__name__)


@app.errorhandler(Refusal)
def refused(refusal):
    return refusal.answer


@app.errorhandler(Exception)
def failed(error):
    app.logger.exception("a call failed")
    if isinstance(error, sqlite3.OperationalError) and \
            "locked" in str(error):
        return answer({"error": "Service temporarily unavailable"}, 503)
    return answer({"error": "Internal error"}, 500)


@app.post("/<path:_path>")
def call(_path):
    now = int(time.time())
    form = request.form
    caller = find_caller(form.get("key", ""))
    address = request.headers.get("X-Real-IP", request.remote_addr)
    layers = {"i" + address: config["rate_ip"]}
    if caller is None or caller[4] is not None:
        count_call(layers, now)
        raise Refusal("Invalid API key" if caller is None
                      else "Account suspended")
    key_id, _, account, used_at, _, tier_limit = caller
    layers[f"k{key_id}"] = config["rate_key"]
    layers[f"t{account}"] = tier_limit
    headers = count_call(layers, now)
    if used_at is None or used_at > now or used_at <= now - TOUCH:
        main.run("UPDATE api_key SET last_used_at = ?"
                 " WHERE account_id = ? AND id = ?", (now, account, key_id))
    action = ACTIONS.get(form.get("action", ""))
    if action is None:
        raise Refusal("Incorrect request")
    return answer(action(account, now), 200, headers)
