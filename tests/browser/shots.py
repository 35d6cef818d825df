# SPDX-License-Identifier: ISC
#
# The pictures that README and the documentation show, of an account that has
# something of everything.

from browser import Browser
from checks import check
from life import PASSWORD, sign_up
from panel import SHOTS, api, latchkey

# name, page, width, height, scheme
PICTURES = (
    ("dashboard", "overview", 1280, 860, "light"),
    ("dashboard-dark", "orders", 1280, 860, "dark"),
    ("dashboard-phone", "api", 390, 844, "light"),
)


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
