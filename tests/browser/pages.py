# SPDX-License-Identifier: ISC
#
# Every page at 360 and 1440 pixels, in light and in dark, empty and full,
# through axe-core; and the pictures that README and the documentation show.

from browser import Browser
from life import PASSWORD, log_in, sign_up
from panel import Receiver, api, deliver, latchkey

# Pages that need nobody to be logged in.
VISITOR = ["", "developers/", "developers/authentication.html",
           "developers/webhooks.html", "dashboard/login", "dashboard/signup",
           "dashboard/forgot", "dashboard/prices"]

# Pages of an account; {order} and {webhook} are ids of its own.
ACCOUNT = ["overview", "orders", "orders?status=4", "order?id={order}",
           "place", "place?service=1", "mass", "services",
           "services?q=flyer", "funds", "deposit", "transfer",
           "withdraw", "api", "api?rotate=1",
           "api?revoke=1", "webhooks", "webhook?id={webhook}", "security",
           "security?do=password", "security?do=email",
           "security?do=second", "account", "order?id=999999", "logout"]


def fill(email, b):
    """Gives an account something of everything."""
    latchkey("credit", email, "250")
    b.open("dashboard/api")
    b.fill("Name", "A shop with a name that is rather long for a table")
    b.fill("Your password", PASSWORD)
    b.press("Make the key")
    b.look()
    key = b.one("#key").text
    receiver = Receiver()
    receiver.status = 500
    b.open("dashboard/webhooks")
    b.fill("URL", receiver.url + "/with/a/path/that/does/not/end/soon/" +
           "x" * 60)
    b.press("Add the endpoint")
    b.look()
    orders = []
    for n in range(12):
        orders.append(api(key, "add", service=1, quantity=200 + n,
                          link=f"https://files.example/{n}/" + "y" * 80)
                      ["order"])
    for order in orders[:4]:
        latchkey("order", "set", str(order), "--status", "Completed")
    deliver()
    webhook = api(key, "webhook.list")[0]["webhook"]
    return {"order": orders[0], "webhook": webhook}


def pages():
    email = "pages@shop.example"
    with Browser() as b:
        for path in VISITOR:
            b.open(path)
            b.look()
        sign_up(b, email)
        for page in ACCOUNT:
            if "{" not in page:
                b.open("dashboard/" + page)
                b.look()
        ids = fill(email, b)
        for page in ACCOUNT:
            b.open("dashboard/" + page.format(**ids))
            b.look()
        refused(b)


def refused(b):
    """Forms that were refused say what is wrong, and where."""
    for page, fields, button, words in (
            ("api", {"Name": "x", "Your password": "wrong!"},
             "Make the key", "The password is wrong"),
            ("webhooks", {"URL": "http://"}, "Add the endpoint", ""),
            ("security?do=email", {"New address": "a@b.example",
                                   "Your password": "wrong!"},
             "Send the mail", "The password is wrong"),
            ("account", {"Tell me below this balance": "much"}, None,
             "Give an amount")):
        b.open("dashboard/" + page)
        for label, value in fields.items():
            b.fill(label, value)
        form = b.control(label).find_element("xpath", "ancestor::form")
        b.driver.execute_script("arguments[0].noValidate = true", form)
        b.press(button or "Change it", form)
        b.see(words)
        b.look()
