# SPDX-License-Identifier: ISC
#
# Counting checks, as Check does.

import sys
import time
import traceback

checks = failures = 0


class Failed(Exception):
    """What follows would make no sense."""


def check(good, what):
    """Counts one check, and says what is wrong if it is not good."""
    global checks, failures
    checks += 1
    if not good:
        failures += 1
        print(f"failed: {what}")
        caller = sys._getframe(1)
        print(f"    {caller.f_code.co_filename}:{caller.f_lineno}")
    return good


def must(good, what):
    """The same, and the part ends if it is not good."""
    if not check(good, what):
        raise Failed(what)


def wait(condition, what, seconds=20):
    """Waits until condition() gives something; gives that."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > end:
            must(value, what)
            return value
        time.sleep(0.05)


def run(part):
    """Runs one part; whatever ends it is one failure, and told."""
    global checks, failures
    try:
        part()
    except Failed:
        pass
    except Exception:
        checks += 1
        failures += 1
        traceback.print_exc(file=sys.stdout)


def summary():
    """Prints the line that tests/run reads; gives the exit status."""
    good = (checks - failures) * 100 // max(checks, 1)
    print(f"{good}%: Checks: {checks}, Failures: {failures}, Errors: 0")
    return 0 if failures == 0 and checks > 0 else 1
