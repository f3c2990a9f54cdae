# lib.sh - for tests/system/torture_*.sh; sourced after tests/system/lib.sh.
export PARKWATCH_BUILD=$build PYTHONDONTWRITEBYTECODE=1
torture=tests/torture

# torture WHAT PROGRAM OPTION...: with plain samples when the daemon takes them; else says so, loudly, and
# does it with statistics alone. The figures stand in the name of the test.
torture() {
	local what=$1 program=$2 out code
	shift 2
	out=$(python3 "$torture/$program" --plain "$@" 2>&1)
	code=$?
	if [ $code -eq 77 ]; then
		skip "$what, with plain samples: $(grep -o 'SKIP: .*' <<<"$out" | head -n 1)"
		out=$(python3 "$torture/$program" "$@" 2>&1)
		code=$?
	fi
	if [ $code -eq 0 ]; then
		ok "$what $(tail -n 1 <<<"$out" | tr '#' ' ')"
	elif [ $code -eq 77 ]; then
		skip "$what: $(grep -o 'SKIP: .*' <<<"$out" | head -n 1)"
	else
		not_ok "$what" "$out"
	fi
}
