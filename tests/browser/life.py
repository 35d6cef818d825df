# SPDX-License-Identifier: ISC
#
# The whole life of an account, from the sign-up to its end, as its owner
# sees it.  Run with JavaScript and without: nothing may differ.

import json
import re
import subprocess
import urllib.parse

from browser import Browser
from checks import check, must, wait
from panel import App, Receiver, api, deliver, is_signed, latchkey
from panel import link_of, mails, wait_mail

PASSWORD = "three quiet otters"
SECOND_PASSWORD = "four louder otters"
THIRD_PASSWORD = "five otters asleep"

# How each example of the first call is run, with its text on stdin.
EXAMPLES = {
    "example-curl": ["sh"],
    "example-php": ["php"],
    "example-python": ["/usr/bin/python3", "-"],
    "example-node": ["node", "-"],
}


def log_in(b, email, password, code=None):
    """Logs in, with the second factor where a code is given."""
    b.open("dashboard/login")
    b.fill("E-mail address", email)
    b.fill("Password", password)
    b.press("Log in")
    if code is not None:
        b.fill("Code", code)
        b.press("Log in")


def log_out(b):
    b.open("dashboard/logout")
    b.press("Log out")


def sign_up(b, email, name="Otter & <b>Sons</b>"):
    b.open("dashboard/signup")
    b.fill("E-mail address", email)
    b.fill("Name", name)
    b.press("Sign up")
    b.see("A mail is on its way")
    b.open(link_of(wait_mail(email, "")))
    b.fill("New password", PASSWORD)
    b.press("Make the account")
    check(b.path.startswith("dashboard/"), "the account is open at once")
    b.open("dashboard/account")
    b.see(name)


def first_key(b, email):
    """Makes a key; gives it, after the examples were run with it."""
    b.open("dashboard/api")
    b.see("There are none yet.")
    b.fill("Name", "Shop")
    b.fill("Your password", "not this one!")
    b.press("Make the key")
    b.see("The password is wrong")
    check(not b.find("#key"), "no key for a wrong password")
    b.fill("Your password", PASSWORD)
    b.press("Make the key")
    key = b.one("#key").text
    must(re.fullmatch(r"lk_[0-9A-Za-z]{46}", key), "a key is shown")
    b.see("it is shown this once")
    for name, command in EXAMPLES.items():
        text = b.one(f"#{name}").get_attribute("textContent")
        done = subprocess.run(command, input=text, capture_output=True,
                              text=True, timeout=60)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = done.stdout + done.stderr
        check(answer == {"balance": "0.00", "currency": "USD"},
              f"{name} says {answer}")
    # A reload sends the form again, which makes no second key.
    b.driver.refresh()
    check(not b.find("#key"), "a reload shows no key")
    b.open("dashboard/api")
    check(len(b.find("table tbody tr")) == 1, "a reload makes no second key")
    check(key not in b.driver.page_source, "the key is shown no more")
    b.see(key[:11])
    wait_mail(email, "An API key was created")
    check(all(key not in m.get_content() for m in mails(email)),
          "no mail has the key")
    return key


def webhook(b, receiver):
    """Adds an endpoint, has it tested; gives its secret."""
    b.open("dashboard/webhooks")
    b.fill("URL", "ftp://somewhere.example/")
    b.press("Add the endpoint")
    b.see("Webhook URL must be https")
    b.fill("URL", receiver.url)
    b.press("Add the endpoint")
    secret = b.one("#secret").text
    check(secret.startswith("whsec_"), "a secret is shown")
    b.press("I have copied it")
    b.press("Send a test event")
    b.see("A test event")
    deliver()
    wait(lambda: "webhook.test" in receiver.types(), "the test event comes")
    check(is_signed(secret, *receiver.got[-1]), "it is signed")
    b.open(b.path)
    b.see("delivered")
    return secret


def favourite(b):
    """Marks a service with a star, and takes that away again."""
    b.open("dashboard/services?q=flyer")
    b.press("\N{WHITE STAR}Make service 1 a favourite")
    b.see("It is one of your favourites now.")
    check(b.path.endswith("services?q=flyer"), "the search is still there")
    b.open("dashboard/services?favourites=1")
    check(len(b.find("button.star")) == 1, "one service is a favourite")
    b.press("\N{BLACK STAR}Take service 1 off the favourites")
    b.see("It is no favourite any more.")
    b.see("There are no favourites yet")


def order(b, email, key, receiver):
    """Places an order on the page and one by the API; they are completed."""
    latchkey("credit", email, "100")
    b.open("dashboard/place?service=1")
    b.fill("Link", "https://files.example/otter.pdf")
    b.fill("Quantity", "200")
    b.press("See the price")
    b.see("18.00 USD")
    b.press("Place the order")
    first = int(re.search(r"id=(\d+)", b.path).group(1))
    b.see("Pending")
    second = api(key, "add", service=1, quantity=200,
                 link="https://files.example/pup.pdf")["order"]
    b.open("dashboard/orders")
    for number in (first, second):
        check(len(b.find(f'a[href="order?id={number}"]')) == 1,
              f"order {number} is in the list")
        check(api(key, "status", order=number)["status"] == "Pending",
              f"the API knows order {number}")
        latchkey("order", "set", str(number), "--status", "Completed")
    deliver()
    wait(lambda: receiver.types().count("order.completed") == 2,
         "the orders' ends come")
    b.open(f"dashboard/order?id={first}")
    b.see("Completed")


def rotate_key(b, email, key):
    """Rotates the key; gives the new one."""
    b.open("dashboard/api")
    b.press("Rotate Shop")
    b.fill("Your password", PASSWORD)
    b.press("Rotate it")
    new = b.one("#key").text
    check(new != key, "the key has another value")
    check(api(key, "balance") == {"error": "Invalid API key"},
          "the old key is refused")
    check("balance" in api(new, "balance"), "the new key works")
    wait_mail(email, "An API key was rotated")
    return new


def rotate_secret(b, receiver, secret):
    b.open("dashboard/webhooks")
    b.press(receiver.url)
    b.press("Make a new secret")
    new = b.one("#secret").text
    check(new != secret, "another secret is shown")
    b.press("I have copied it")
    b.press("Send a test event")
    deliver()
    wait(lambda: len(receiver.got) > 0 and
         is_signed(new, *receiver.got[-1]), "the new secret signs")
    check(is_signed(secret, *receiver.got[-1]), "and so does the old one")


def second_factor(b, email):
    """Turns the second factor on; gives the app, and codes to go on with."""
    b.open("dashboard/security")
    b.press("Set it up")
    secret = b.one("#secret").text
    if b.scripts:
        uri = b.read_qr(".qr svg")
        parsed = urllib.parse.urlsplit(uri)
        query = urllib.parse.parse_qs(parsed.query)
        check(parsed.scheme == "otpauth" and parsed.netloc == "totp" and
              email in urllib.parse.unquote(parsed.path) and
              query["secret"] == [secret], f"the QR code says {uri}")
    app = App(secret)
    b.fill("Code of the app", "000000")
    b.fill("Your password", PASSWORD)
    b.press("Turn it on")
    b.see("This is not the code")
    b.fill("Code of the app", app.code())
    b.fill("Your password", PASSWORD)
    b.press("Turn it on")
    codes = [e.text for e in b.find(".codes code")]
    must(len(set(codes)) == 10, "ten recovery codes are shown")
    b.press("I have kept them")
    b.see("10 left")
    wait_mail(email, "The second factor was turned on")
    log_out(b)
    log_in(b, email, PASSWORD, app.code())
    b.open("dashboard/security")
    b.see("Second factor")
    log_out(b)
    log_in(b, email, PASSWORD, codes[0])
    b.open("dashboard/security")
    b.see("9 left")
    log_out(b)
    log_in(b, email, PASSWORD, codes[0])
    check("dashboard/second" in b.path, "a recovery code is good once")
    b.fill("Code", codes[1])
    b.press("Log in")
    # An app's code is good once, and the next one half a minute away.
    return app, iter(codes[2:])


def change_password(b, email, app):
    b.open("dashboard/security?do=password")
    b.fill("New password", SECOND_PASSWORD)
    b.fill("New password once more", SECOND_PASSWORD)
    b.fill("Your password", PASSWORD)
    b.fill("Code of the second factor", app.code())
    b.press("Change the password")
    b.see("The password is changed")
    wait_mail(email, "Your password was changed")


def reset_password(b, email, codes):
    log_out(b)
    b.open("dashboard/forgot")
    b.fill("E-mail address", email)
    b.press("Send the mail")
    b.see("If the address has an account here")
    b.open(link_of(wait_mail(email, "assword", 2)))
    b.fill("New password", THIRD_PASSWORD)
    b.press("Set the password")
    log_in(b, email, SECOND_PASSWORD)
    check("dashboard/login" in b.path, "the old password is refused")
    log_in(b, email, THIRD_PASSWORD, next(codes))
    b.open("dashboard/security")


def change_email(b, email, new, codes):
    b.open("dashboard/security?do=email")
    b.fill("New address", new)
    b.fill("Your password", THIRD_PASSWORD)
    b.fill("Code of the second factor", next(codes))
    b.press("Send the mail")
    b.see("A mail to the new address")
    wait_mail(email, "A change of your e-mail address was asked for")
    b.open(link_of(wait_mail(new, "Confirm your new e-mail address")))
    b.press("Change the address")
    b.see("The address is changed")
    b.see(new)
    wait_mail(email, "Your e-mail address was changed")


def sessions(b, email, codes):
    """Ends the session of another browser."""
    with Browser(b.scripts) as other:
        log_in(other, email, THIRD_PASSWORD, next(codes))
        other.open("dashboard/account")
        other.see(email)
        b.open("dashboard/security")
        b.press("End all others")
        b.see("All other sessions have ended.")
        other.open("dashboard/account")
        check("dashboard/login" in other.path, "the other has to log in")


def settings(b):
    b.open("dashboard/account")
    b.fill("Name", "Otter and Sons")
    b.fill("Time zone", "Europe/Vienna")
    [first] = [f for f in b.find("form") if "Time zone" in f.text]
    b.press("Change it", first)
    b.see("It is changed.")
    b.fill("Tell me below this balance", "12.5")
    [second] = [f for f in b.find("form") if "Tell me below" in f.text]
    b.press("Change it", second)
    b.see("It is changed.")
    for label, value in (("Name", "Otter and Sons"),
                         ("Time zone", "Europe/Vienna"),
                         ("Tell me below this balance", "12.50")):
        check(b.control(label).get_attribute("value") == value,
              f"{label} is {value}")


def close(b, email, key, codes):
    b.open("dashboard/account")
    b.press("Close this account")
    b.fill("Your password", THIRD_PASSWORD)
    b.fill("Code of the second factor", next(codes))
    b.press("Close the account")
    b.see("Say that you leave the balance behind")
    b.tick("I leave the balance")
    b.fill("Your password", THIRD_PASSWORD)
    b.fill("Code of the second factor", next(codes))
    b.press("Close the account")
    b.see("The account is closed.")
    check(api(key, "balance") == {"error": "Invalid API key"},
          "the key of a closed account is refused")
    wait_mail(email, "Your account was closed")
    log_in(b, email, THIRD_PASSWORD)
    b.open("dashboard/api")
    check("dashboard/login" in b.path, "a closed account has no pages")


def life(scripts):
    name = "with" if scripts else "without"
    email = f"otter.{name}@shop.example"
    new = f"new.otter.{name}@shop.example"
    receiver = Receiver()
    with Browser(scripts) as b:
        sign_up(b, email)
        key = first_key(b, email)
        secret = webhook(b, receiver)
        favourite(b)
        order(b, email, key, receiver)
        key = rotate_key(b, email, key)
        rotate_secret(b, receiver, secret)
        settings(b)
        app, codes = second_factor(b, email)
        change_password(b, email, app)
        reset_password(b, email, codes)
        change_email(b, email, new, codes)
        sessions(b, new, codes)
        close(b, new, key, codes)
