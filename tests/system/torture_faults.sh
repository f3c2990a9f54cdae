#!/usr/bin/env bash
# Failing calls, a full disk, flipped bytes.
. tests/system/lib.sh
need python3
. tests/torture/lib.sh
torture "failing calls" faultsweep.py --runs 14 --seconds 25
torture "no space left" diskfull.py --turns 2
torture "no space left on a small file system" diskfull.py --turns 2 --tmpfs
torture "flipped bytes" bitflip.py --flips 120 --load 3
