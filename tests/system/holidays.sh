#!/usr/bin/env bash
# The holidays that ship, against those of python3-workalendar, in the years it has.
. tests/system/lib.sh
python=
for p in python3 /usr/bin/python3; do
	[ -n "$python" ] || ! "$p" -c 'import workalendar, yaml' 2>/dev/null || python=$p
done
[ -n "$python" ] || { skip "python3-workalendar or python3-yaml is not installed"; exit 0; }

check "every day is worked or not as elsewhere" "$python" -B tests/system/holidays.py catalogue/data/holidays-cn.yaml
