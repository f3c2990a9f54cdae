#!/usr/bin/env bash
# The ledger: verified beside the running daemon and after it, exported, and the export checked as its own
# page of instructions says, with coreutils and sed only. Then bytes are flipped, and it shows.
. tests/system/lib.sh
mkdir -p "$tmp/drop"
cp examples/provinces/catalogue.yaml "$tmp/"
cat >"$tmp/parkwatch.yaml" <<Y
catalogue: [catalogue.yaml]
assess_every: 1s
feeds:
  - name: tidy
    folder: drop
    owner: 统计局
    format: csv
    every: 1s
    backoff_max: 1s
    settle: 500ms
    layout: {unit: {column: province}, period: {column: period}, indicator: {header: true}}
Y
start_daemon "$tmp/parkwatch.yaml"
for year in 2017 2019; do put_whole "examples/provinces/data/realestate-$year.csv" "$tmp/drop/realestate-$year.csv"; done
printf '<html><title>Login</title></html>\n' >"$tmp/page.csv"
gzip -c examples/provinces/data/realestate-2018.csv >"$tmp/2018.csv.gz"
printf 'province,period\xff\\\n' >"$tmp/odd.csv"
mv "$tmp/page.csv" "$tmp/2018.csv.gz" "$tmp/odd.csv" "$tmp/drop/"
check "five files are taken in, two of them refused" wait_for 30 sh -c \
	"ls $tmp/drop/accepted/realestate-2019.csv $tmp/drop/accepted/realestate-2017.csv \
	$tmp/drop/accepted/2018.csv.gz $tmp/drop/rejected/page.csv $tmp/drop/rejected/odd.csv"
check "the ledger is verified beside the running daemon" "$build/parkwatch" audit verify --data-dir "$tmp/data"
stop_daemon
out=$("$build/parkwatch" audit verify --data-dir "$tmp/data")
code=$?
[ $code -eq 0 ] && [[ $(tail -n 1 <<<"$out") == "5 entries, 0 faults" ]] && ok "and when it has ended" ||
	not_ok "and when it has ended" "$out"
head=$(sed -n 's/^head //p' <<<"$out")
check "a head that is in the chain is found" "$build/parkwatch" audit verify --data-dir "$tmp/data" --head "$head"
other=$(printf '%064d' 7)
"$build/parkwatch" audit verify --data-dir "$tmp/data" --head "$other" >"$tmp/out" && not_ok "another one is not" ||
	check "another one is not" grep -q 'not in the chain' "$tmp/out"
check "check store finds no fault" "$build/parkwatch" check store "$tmp/data"

check "the ledger is exported" "$build/parkwatch" audit export --data-dir "$tmp/data" --to "$tmp/export" \
	--catalogue "$tmp/catalogue.yaml"
for f in "$tmp/drop/accepted/2018.csv.gz" "$tmp/drop/rejected/page.csv"; do
	sum=$(sha256sum <"$f")
	check "${f##*/} is among the originals, byte for byte" cmp "$f" "$(ls "$tmp/export/originals/${sum%% *}".*)"
done
check "the refusal's reason is in the chain" grep -q '^reason: this is an HTML page' "$tmp/export/chain.txt"
check "the catalogue is there" cmp "$tmp/catalogue.yaml" "$tmp/export/catalogue/catalogue.yaml"

# The instructions: what is indented by four blanks below "Step N." of the English part.
step() {
	sed -n "/^Step $1\./,/^\(Step\|---\)/{/^Step [^$1]/d;s/^    //p}" "$tmp/export/README.txt"
}
for n in 1 2 3; do
	step $n >"$tmp/step$n"
	[ -s "$tmp/step$n" ] || not_ok "step $n has commands"
done
step 4 | sed "s/HASH/$head/" >"$tmp/step4"
# A PATH with nothing but the tools that the page names, and ls, mktemp, rm of coreutils.
mkdir "$tmp/bin"
for c in sha256sum sed sort ls mktemp rm grep; do ln -s "$(command -v $c)" "$tmp/bin/$c"; done
shell=$(command -v dash || command -v sh)
follow() { # step, folder
	(cd "$2" && env -i PATH="$tmp/bin" TMPDIR="$tmp" LC_ALL=C.UTF-8 "$shell" "$tmp/step$1")
}
for n in 1 2 3 4; do check "step $n of the page succeeds" follow $n "$tmp/export"; done
follow 2 "$tmp/export" >"$tmp/out"
check "and step 2 prints what the daemon printed" grep -qx "5 entries, 0 faults, head $head" "$tmp/out"

# damage STEP WHAT COMMAND...: in a copy of the export, after which the step must fail
damage() {
	local n=$1 what=$2
	shift 2
	rm -rf "$tmp/copy"
	cp -r "$tmp/export" "$tmp/copy"
	(cd "$tmp/copy" && "$@")
	cmp -s <(cd "$tmp/export" && find . -type f -exec sha256sum {} + | sort) \
		<(cd "$tmp/copy" && find . -type f -exec sha256sum {} + | sort) && not_ok "$what: nothing was changed"
	follow "$n" "$tmp/copy" >/dev/null 2>&1 && not_ok "step $n notices $what" || ok "step $n notices $what"
}
flip() { # file, offset: another byte there
	local byte
	byte=$(od -An -tu1 -j "$2" -N1 "$1")
	printf "\\x$(printf %02x $((byte ^ 1)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
flip_original() { flip "$(ls -S originals/*.csv | head -n 1)" 100; }
damage 1 "a flipped byte of an original" flip_original
damage 3 "a flipped byte of an original" flip_original
damage 3 "an original that is gone" sh -c 'rm "$(ls originals/* | head -n 1)"'
damage 1 "a flipped byte of the chain" flip chain.txt 300
for at in 30 300 900 1500; do damage 2 "a flipped byte of the chain at $at" flip chain.txt $at; done
damage 2 "an entry left out" sed -i '1,/^$/d' chain.txt
damage 2 "an entry left out in the middle" sed -i '/^parkwatch ledger entry 3$/,/^$/d' chain.txt
damage 2 "the last hash left out" sh -c "sed -i '\$d' chain.txt && sed -i '\$d' chain.txt"
damage 2 "a changed line" sed -i 's/^owner: .*/owner: 别人/' chain.txt
damage 4 "a head from elsewhere" sed -i "s/$head/$other/" chain.txt

# A byte of the store: the figures, the chain or an original no longer fit, or the page does.
"$build/parkwatch" audit export --data-dir "$tmp/data" --to "$tmp/export" >"$tmp/out" 2>&1
[ $? -eq 3 ] && ok "an export never goes into a folder that has something" ||
	not_ok "an export never goes into a folder that has something" "$(cat "$tmp/out")"
# Pages that were given back still hold old copies: all of them.
places=$(grep -abo '^source: tidy$' "$tmp/data/data.mdb" | cut -d: -f1)
if [ -n "$places" ]; then
	for at in $places; do flip "$tmp/data/data.mdb" $((at + 8)); done
	"$build/parkwatch" audit verify --data-dir "$tmp/data" >"$tmp/out" 2>&1
	[ $? -eq 1 ] && ok "a flipped byte of the store is found" || not_ok "a flipped byte of the store is found" "$(cat "$tmp/out")"
else
	not_ok "an entry lies in the store as text"
fi
"$build/parkwatch" audit verify >"$tmp/out" 2>&1
[ $? -eq 2 ] && grep -q '^usage: parkwatch audit verify' "$tmp/out" && ok "wrong options give the usage" ||
	not_ok "wrong options give the usage" "$(cat "$tmp/out")"
