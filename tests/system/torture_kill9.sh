#!/usr/bin/env bash
# SIGKILL at 30 moments: what was acknowledged is there. tests/torture/kill9.py --kills 1000 by hand.
. tests/system/lib.sh
need python3
. tests/torture/lib.sh
torture "30 times SIGKILL" kill9.py --kills 30
