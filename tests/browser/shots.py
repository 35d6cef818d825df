# SPDX-License-Identifier: ISC
#
# The pictures that README and the documentation show, of an account that has
# something of everything.

import sqlite3

from browser import Browser
from checks import check
from life import PASSWORD, sign_up
from panel import PANEL, SHOTS, api, latchkey

# name, page, width, height, scheme
PICTURES = (
    ("dashboard", "overview", 1280, 860, "light"),
    ("dashboard-dark", "orders", 1280, 860, "dark"),
    ("dashboard-phone", "api", 390, 844, "light"),
)


# How many orders the days before today had, yesterday first.
DAYS = (3, 4, 2, 5, 4, 1, 0, 3, 4, 3, 2, 4, 1, 1, 2, 3, 2, 2, 3, 0, 1, 2, 1, 2,
        1, 1, 0, 1)


def spread(days):
    """Makes the first orders those of past days: past the ledger's rules."""
    db = sqlite3.connect(PANEL / "data/latchkey.db")
    [rule] = db.execute(
        "SELECT sql FROM sqlite_schema WHERE name = 'txn_fixed'").fetchone()
    db.execute("DROP TRIGGER txn_fixed")
    for order, day in days.items():
        db.execute("UPDATE txn SET posted_at = posted_at - 86400 * ?"
                   " WHERE order_id = ?", (day, order))
        db.execute("UPDATE orders SET created_at = created_at - 86400 * ?,"
                   " updated_at = updated_at - 86400 * ? WHERE id = ?",
                   (day, day, order))
    db.execute(rule)
    db.commit()
    db.close()


def shots():
    email = "studio@north.example"
    with Browser() as b:
        sign_up(b, email, "North Studio")
        latchkey("credit", email, "1250")
        b.open("dashboard/api")
        for name in ("Shop", "Wholesale", "Spreadsheet"):
            b.open("dashboard/api")
            b.fill("Name", name)
            b.fill("Your password", PASSWORD)
            b.press("Make the key")
        key = b.one("#key").text
        past = {}
        for day, n in reversed(list(enumerate(DAYS, 1))):
            for i in range(n):
                done = api(key, "add", service=1, quantity=50 + 10 * i,
                           link=f"https://files.north.example/{day}-{i}.pdf")
                past[done["order"]] = day
                latchkey("order", "set", str(done["order"]), "--status",
                         "Completed")
        spread(past)
        placed = []
        for n, service in enumerate((1, 2, 5, 7, 10, 1, 2, 9, 5, 1)):
            fields = {"quantity": 400 + 70 * n} if service != 9 else {
                "quantity": 20, "keywords": "print\nstickers"}
            if service == 7:
                fields = {"quantity": 45}
            order = api(key, "add", service=service,
                        link=f"https://files.north.example/job-{n + 1}.pdf",
                        **fields)
            check("order" in order, f"an order is placed: {order}")
            placed.append(str(order.get("order")))
        for order in placed[:4]:
            latchkey("order", "set", order, "--status", "Completed")
        for order in placed[4:7]:
            latchkey("order", "set", order, "--status", "In progress",
                     "--remains", "120")
        latchkey("order", "set", placed[7], "--status", "Canceled")
        for name, page, width, height, scheme in PICTURES:
            b.scheme(scheme)
            b.resize(width, height)
            b.open("dashboard/" + page)
            b.shot(name, width, height)
            check((SHOTS / f"{name}.png").stat().st_size > 5000,
                  f"a picture of {page}")
