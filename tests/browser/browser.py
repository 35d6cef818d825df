# SPDX-License-Identifier: ISC
#
# Chromium, and what the tests do with it.  Everything is found as people
# find it: by labels and by the words on buttons and links.

import base64
import json
import pathlib

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import Select

from checks import check, must, wait
from panel import SHOTS, URL

HERE = pathlib.Path(__file__).resolve().parent
AXE = (HERE / "axe.min.js").read_text()
JSQR = (HERE / "jsQR.js").read_text()

# What axe-core looks for: WCAG 2.1, levels A and AA, and good practice.
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

WIDTHS = (360, 1440)

# How wide the page is and how much room there is, and what sticks out of it
# that nothing scrolls.
WIDE = """
const root = document.documentElement;
const scrolls = (e) => e !== root && e !== document.body &&
	(getComputedStyle(e).overflowX !== "visible" ||
	 (e.parentElement && scrolls(e.parentElement)));
const out = [...document.body.querySelectorAll("*")].filter((e) =>
	e.getBoundingClientRect().right > root.clientWidth &&
	!scrolls(e.parentElement));
return [root.scrollWidth, root.clientWidth, out.slice(0, 4).map((e) =>
	e.outerHTML.slice(0, 120))];
"""


def quoted(text):
    """A text as an XPath literal."""
    return f'"{text}"' if '"' not in text else f"'{text}'"


class Browser:
    """One browser with cookies of its own."""

    def __init__(self, scripts=True):
        options = webdriver.ChromeOptions()
        options.binary_location = "/usr/bin/chromium"
        for argument in ("--headless=new", "--no-first-run",
                         "--disable-background-networking",
                         "--disable-component-update", "--disable-sync",
                         "--no-proxy-server", "--disable-dev-shm-usage",
                         "--force-device-scale-factor=1"):
            options.add_argument(argument)
        prefs = {"credentials_enable_service": False,
                 "profile.password_manager_leak_detection": False}
        if not scripts:
            prefs["profile.managed_default_content_settings.javascript"] = 2
        options.add_experimental_option("prefs", prefs)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.scripts = scripts
        self.driver = webdriver.Chrome(
            service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(60)
        self.resize(1440)

    def close(self):
        self.driver.quit()

    def __enter__(self):
        return self

    def __exit__(self, *args):
        self.close()

    # --- going ---------------------------------------------------------------

    def open(self, path):
        """Opens a path below the panel's URL, or a whole URL."""
        if "://" not in path:
            path = f"{URL}/{path.lstrip('/')}"
        self.driver.get(path)

    @property
    def path(self):
        """Where the browser is: "dashboard/api?rotate=1"."""
        return self.driver.current_url.removeprefix(URL).lstrip("/")

    @property
    def text(self):
        """All words of the page, as they are read."""
        return self.driver.find_element(By.TAG_NAME, "body").text

    def find(self, css):
        return self.driver.find_elements(By.CSS_SELECTOR, css)

    def one(self, css):
        found = self.find(css)
        must(len(found) == 1, f"{self.path}: {len(found)} of {css}")
        return found[0]

    def has(self, words):
        return words in self.text

    def see(self, words):
        """The page has these words."""
        if not check(words in self.text, f"{self.path}: no “{words}”"):
            print("    " + self.text.replace("\n", "\n    ")[:1500])

    # --- doing ---------------------------------------------------------------

    def control(self, label):
        """What belongs to a label of these words, or that begins so."""
        for test in (f"normalize-space()={quoted(label)}",
                     f"starts-with(normalize-space(), {quoted(label)})"):
            found = [e for e in self.driver.find_elements(
                By.XPATH, f"//label[{test}]") if e.is_displayed()]
            if found:
                break
        must(len(found) == 1,
             f"{self.path}: {len(found)} labels “{label}”")
        target = found[0].get_attribute("for")
        if target:
            return self.driver.find_element(By.ID, target)
        return found[0].find_element(By.CSS_SELECTOR, "input, select")

    def fill(self, label, value):
        control = self.control(label)
        if control.tag_name == "select":
            Select(control).select_by_visible_text(value)
            return
        control.clear()
        control.send_keys(value)

    def tick(self, label, wanted=True):
        control = self.control(label)
        if control.is_selected() != wanted:
            control.click()

    def press(self, words, within=None):
        """Presses the button or link that has these words."""
        xpath = (f".//*[self::button or self::a or self::summary]"
                 f"[normalize-space()={quoted(words)}]")
        start = within if within is not None else self.driver
        found = [e for e in start.find_elements(By.XPATH, xpath)
                 if e.is_displayed()]
        must(len(found) >= 1, f"{self.path}: no “{words}” to press")
        button = found[0]
        if button.tag_name == "summary":
            button.click()
            return
        html = self.driver.find_element(By.TAG_NAME, "html")
        button.click()
        self.left(html)

    def left(self, html):
        """Waits until a page that was there is gone."""
        def gone():
            try:
                html.is_enabled()
                return False
            except WebDriverException:
                # It is stale; while a page goes, Chromium has other words.
                return True
        wait(gone, f"{self.path}: the page stays")

    # --- looking -------------------------------------------------------------

    def resize(self, width, height=900):
        self.driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": height, "deviceScaleFactor": 1,
             "mobile": False})

    def scheme(self, name):
        """"light" or "dark"."""
        self.driver.execute_cdp_cmd(
            "Emulation.setEmulatedMedia",
            {"features": [{"name": "prefers-color-scheme", "value": name}]})

    def look(self):
        """
        The page as it is: no sideways scrolling, nothing that axe-core finds
        fault with in light and dark, nothing that the browser complains of.
        """
        for width in WIDTHS:
            self.resize(width)
            wide, room, what = self.driver.execute_script(WIDE)
            check(wide <= room,
                  f"{self.path}: {wide} px wide in {room}: {what}")
        if self.scripts:
            self.driver.execute_script(AXE)
            for scheme in ("light", "dark"):
                self.scheme(scheme)
                self.axe(scheme)
            self.scheme("light")
        self.quiet()

    def axe(self, scheme):
        """What axe-core finds, at the width of before."""
        found = self.driver.execute_async_script(
            "const done = arguments[arguments.length - 1];"
            "axe.run(document, {runOnly: arguments[0],"
            " resultTypes: ['violations']}).then("
            "r => done(r.violations.map(v => [v.id, v.help,"
            " v.nodes.slice(0, 3).map(n => n.target.join(' ') + ' ' +"
            " n.failureSummary)])), e => done([['axe', String(e), []]]));",
            AXE_TAGS)
        good = check(found == [], f"{self.path}: {scheme}: axe-core finds "
                     f"{[f[0] for f in found]}")
        if not good:
            print("    " + json.dumps(found, indent=1)[:3000])

    def quiet(self):
        """The browser has nothing to say but advice and refused forms."""
        said = [entry["message"] for entry in self.driver.get_log("browser")
                if "[DOM]" not in entry["message"] and
                "the server responded with a status of 4" not in
                entry["message"]]
        check(said == [], f"{self.path}: the browser says {said}")

    def shot(self, name, width=1440, height=900):
        """A picture of the page's beginning."""
        self.resize(width, height)
        self.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden",
                                    {"hidden": True})
        data = self.driver.execute_cdp_cmd("Page.captureScreenshot",
                                           {"format": "png"})["data"]
        self.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden",
                                    {"hidden": False})
        (SHOTS / f"{name}.png").write_bytes(base64.b64decode(data))
        self.resize(1440)

    def read_qr(self, css):
        """What a reader of QR codes finds in an element, as it is seen."""
        picture = self.one(css).screenshot_as_base64
        page = self.driver.current_window_handle
        # The panel's own pages take no pictures but the panel's.
        self.driver.switch_to.new_window("tab")
        found = self.driver.execute_async_script(
            JSQR + ";"
            "const done = arguments[1], image = new Image();"
            "image.onerror = () => done('no image');"
            "image.onload = () => {"
            " const c = new OffscreenCanvas(image.width, image.height);"
            " const g = c.getContext('2d'); g.drawImage(image, 0, 0);"
            " const d = g.getImageData(0, 0, c.width, c.height);"
            " const r = jsQR(d.data, d.width, d.height,"
            "  {inversionAttempts: 'dontInvert'});"
            " done(r && r.data); };"
            "image.src = 'data:image/png;base64,' + arguments[0];", picture)
        self.driver.close()
        self.driver.switch_to.window(page)
        return found
