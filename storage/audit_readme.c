/* audit_readme.c - the page that goes with an exported ledger. */
#include "storage/audit.h"

#define CHECK_CHAIN                                                                                \
	"    n=0 bad=0 last=$(printf '%064d' 0) first= before=\n"                                  \
	"    entry=$(mktemp)\n"                                                                    \
	"    while IFS= read -r line; do\n"                                                        \
	"        case $line in\n"                                                                  \
	"        '') ;;\n"                                                                         \
	"        'sha256: '*)\n"                                                                   \
	"            n=$((n + 1)) is=$(sha256sum <\"$entry\")\n"                                   \
	"            is=${is%% *}\n"                                                               \
	"            [ \"$first\" = \"parkwatch ledger entry $n\" ] &&\n"                          \
	"                [ \"$line\" = \"sha256: $is\" ] &&\n"                                     \
	"                [ \"$before\" = \"previous: $last\" ] ||\n"                               \
	"                { echo \"entry $n is wrong\"; bad=$((bad + 1)); }\n"                      \
	"            last=$is first=; : >\"$entry\" ;;\n"                                          \
	"        *)\n"                                                                             \
	"            printf '%s\\n' \"$line\" >>\"$entry\"\n"                                      \
	"            [ -n \"$first\" ] || first=$line\n"                                           \
	"            before=$line ;;\n"                                                            \
	"        esac\n"                                                                           \
	"    done <chain.txt\n"                                                                    \
	"    rm -f \"$entry\"\n"                                                                   \
	"    [ -z \"$first\" ] || bad=$((bad + 1))\n"                                              \
	"    echo \"$n entries, $bad faults, head $last\"\n"                                       \
	"    [ \"$bad\" -eq 0 ]\n"

#define CHECK_ORIGINALS                                                                            \
	"    bad=0\n"                                                                              \
	"    for f in originals/*.*; do\n"                                                         \
	"        [ -e \"$f\" ] || continue\n"                                                      \
	"        is=$(sha256sum <\"$f\") name=${f##*/}\n"                                          \
	"        [ \"${is%% *}\" = \"${name%%.*}\" ] || { echo \"$f is wrong\"; bad=1; }\n"        \
	"    done\n"                                                                               \
	"    for h in $(sed -n 's/^original-sha256: //p' chain.txt | sort -u); do\n"               \
	"        [ \"$h\" = none ] || ls originals/\"$h\".* >/dev/null || bad=1\n"                 \
	"    done\n"                                                                               \
	"    [ \"$bad\" -eq 0 ]\n"

const char audit_readme[] =
	"THE LEDGER OF SUBMISSIONS, AND HOW TO CHECK IT WITHOUT PARKWATCH\n"
	"(中文说明在后半部分)\n"
	"\n"
	"  originals/   every document that was handed in, byte for byte. The name is\n"
	"               its SHA-256.\n"
	"  chain.txt    what was handed in, released and returned, in order. Each entry\n"
	"               is a few lines of text; behind it stand \"sha256: \", the SHA-256\n"
	"               of those lines, and an empty line. The last line of an entry,\n"
	"               \"previous: \", is the SHA-256 of the entry before it. So no entry\n"
	"               can be changed, left out, added or moved without changing the last\n"
	"               hash, the head.\n"
	"  catalogue/   the catalogue (units, indicators, targets), if it was asked for.\n"
	"  SHA256SUMS   sums of all other files.\n"
	"\n"
	"What you need: a shell, sha256sum, sed, sort (GNU coreutils and sed). Go into this\n"
	"folder and run the commands of each step; each ends with status 0 when all is well\n"
	"and otherwise prints what is wrong.\n"
	"\n"
	"Step 1. The files are the ones that were exported.\n"
	"\n"
	"    sha256sum --check --strict --quiet SHA256SUMS\n"
	"\n"
	"Step 2. The chain is whole. It prints the number of entries and the head.\n"
	"\n" CHECK_CHAIN "\n"
	"Step 3. Each original is the one that an entry names (\"original-sha256: \"), and\n"
	"none is missing.\n"
	"\n" CHECK_ORIGINALS "\n"
	"Step 4. Compare the head with one that you wrote down or that was printed in a\n"
	"bulletin: the same hash must stand behind \"sha256: \" somewhere in chain.txt, with\n"
	"HASH replaced:\n"
	"\n"
	"    grep -n '^sha256: HASH' chain.txt\n"
	"\n"
	"Somebody who owns the store could make all of it anew; a head that is known from\n"
	"elsewhere is what would show that.\n"
	"\n"
	"How texts are written: UTF-8; control characters, the backslash and bytes that are\n"
	"not UTF-8 as \\xHH. Times are UTC. \"kept\", \"unchanged\", \"refused\" count figures of\n"
	"the document; \"kept-sha256\" is a sum over the figures themselves, which parkwatch\n"
	"checks (parkwatch audit verify).\n"
	"\n"
	"------------------------------------------------------------------------------\n"
	"\n"
	"报送台账，以及不用 parkwatch 的核验方法\n"
	"\n"
	"  originals/   每一份收到的原始文件，逐字节保存，文件名即其 SHA-256 值。\n"
	"  chain.txt    按先后顺序记载每一次报送、发布和退回。每条记录为若干行文字，其后\n"
	"               一行 \"sha256: \" 是这些行的 SHA-256 值，再后为空行。每条记录的\n"
	"               最后一行 \"previous: \" 是上一条记录的 SHA-256 值。因此，任何一条\n"
	"               记录被修改、删除、增加或调换位置，最后的值（链头）都会改变。\n"
	"  catalogue/   目录（园区、指标、目标），导出时指定才有。\n"
	"  SHA256SUMS   其余各文件的 SHA-256 值。\n"
	"\n"
	"所需工具：shell、sha256sum、sed、sort。进入本目录，依次执行以下各步；正确时返回\n"
	"值为 0，否则列出错误之处。\n"
	"\n"
	"第一步：文件与导出时一致。命令同上文 Step 1：\n"
	"\n"
	"    sha256sum --check --strict --quiet SHA256SUMS\n"
	"\n"
	"第二步：台账链完整。执行上文 Step 2 的命令，输出记录条数（entries）、错误数\n"
	"（faults）和链头（head）。\n"
	"\n"
	"第三步：每份原件都与台账记载（original-sha256）相符，且无缺失。执行上文 Step 3\n"
	"的命令。\n"
	"\n"
	"第四步：将链头与另行记下的值，或公报上印出的值比对：该值必须出现在 chain.txt 的\n"
	"某一行 \"sha256: \" 之后（将 HASH 换成该值）：\n"
	"\n"
	"    grep -n '^sha256: HASH' chain.txt\n"
	"\n"
	"掌握数据库的人可以从头另造一条链；只有在别处留存的链头才能揭穿。\n"
	"\n"
	"文字为 UTF-8 编码；控制字符、反斜杠和非 UTF-8 字节写作 \\xHH。时间为协调世界时\n"
	"（UTC），加 8 小时为北京时间。kept、unchanged、refused 为该文件中采用、未变、被拒\n"
	"的数据个数；kept-sha256 为所采用数据本身的校验值，由 parkwatch audit verify 核验。\n";
