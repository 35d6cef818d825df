# SPDX-License-Identifier: ISC
#
# Usage: main.py [PART...]
#
# Runs the parts of the browser tests: without names all but the pictures.

import sys

import checks
import life
import pages
import shots

PARTS = {
    "pages": pages.pages,
    "life": lambda: life.life(True),
    "life_without_scripts": lambda: life.life(False),
    "shots": shots.shots,
}

unknown = [name for name in sys.argv[1:] if name not in PARTS]
if unknown:
    sys.exit(f"main.py: no part {unknown[0]}; there are {' '.join(PARTS)}")
for part in sys.argv[1:] or [p for p in PARTS if p != "shots"]:
    checks.run(PARTS[part])
sys.exit(checks.summary())
