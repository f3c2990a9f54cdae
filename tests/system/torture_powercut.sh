#!/usr/bin/env bash
# Power cuts, plain and torn, also while a cut store recovers. tests/torture/powercut.py --cuts 1000 by hand.
. tests/system/lib.sh
need python3
. tests/torture/lib.sh
torture "power cuts" powercut.py --cuts 90 --record 3 --seconds 170
