#!/usr/bin/env bash
# The fault tests themselves: programs that break their promise are caught, those that keep it are not.
. tests/system/lib.sh
need python3
t=tests/torture
export PARKWATCH_BUILD=$build PYTHONDONTWRITEBYTECODE=1 TMPDIR=$tmp

# power WANT WHAT OPTION...: exit code WANT of a run of power cuts
power() {
	local want=$1 what=$2 out code
	shift 2
	out=$(python3 $t/powercut.py --cuts 40 "$@" 2>&1)
	code=$?
	[ $code -eq "$want" ] && ok "$what ($(tail -n 1 <<<"$out" | grep -o '"bad": [0-9]*'))" || not_ok "$what" "exit $code: $out"
}
check "the judge, the injector and the encoders are right" python3 $t/test_torture.py
for way in synced dsync renamed lmdb; do
	power 0 "a program that syncs loses nothing: $way" --control $way
done
for way in unsynced early rename-only size-only lmdb-nosync; do
	power 1 "a program that does not is caught: $way" --control $way
done
power 1 "a daemon whose syncs are none is caught by power cuts" --lie --record 3
python3 $t/kill9.py --kills 12 --lie >"$tmp/lie" 2>&1
[ $? -eq 1 ] && ok "a daemon whose writes are none is caught after SIGKILL" ||
	not_ok "a daemon whose writes are none is caught after SIGKILL" "$(cat "$tmp/lie")"
