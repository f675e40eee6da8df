#!/bin/bash
# Builds the foreign programs: scripts/host/tests/foreign/build.sh OUTDIR
#
# Needs cc (GCC or a compiler that takes its options) and ld, nothing else; no 32-bit C library. Every program comes
# in the library's style 1 under its own name; those that use the library's differing parts come again with the
# endings 2 and 3.
set -euo pipefail

fail() { echo "build.sh: $*" >&2; exit 1; }

[ $# -eq 1 ] || fail "usage: build.sh OUTDIR"
out=$1
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
cc=${CC:-cc}
ld=${LD:-ld}
command -v "$cc" >/dev/null || fail "no C compiler '$cc' here (Debian: apt-get install gcc)"
command -v "$ld" >/dev/null || fail "no linker '$ld' here (Debian: apt-get install binutils)"

# JOS's own flags, but for stabs, which newer compilers no longer write. -fnon-call-exceptions keeps the compiler from
# deciding at compile time what a division by zero is.
cflags=(-O1 -m32 -std=gnu99 -fno-builtin -fno-omit-frame-pointer -static -fno-pie -fno-tree-ch -fno-stack-protector
	-fnon-call-exceptions -fno-asynchronous-unwind-tables -nostdinc -DJOS_USER -Wall -Wextra -Wno-unused-parameter
	-Werror -I"$here/lib")

mkdir -p "$out/obj"
objects=$(cd "$out/obj" && pwd)

# compile SOURCE: to an object named after it; prints that name.
compile() {
	local source=$1 name
	name=${source//\//_}
	(cd "$here" && "$cc" "${cflags[@]}" -c -o "$objects/$name.o" "$source") ||
		fail "cannot compile $source (does '$cc -m32 -c' work here?)"
	echo "$objects/$name.o"
}

common=() program_objects=() entry=
for source in lib/entry.S lib/libmain.c lib/syscall.c lib/string.c lib/print.c lib/check.c lib/probe.S; do
	common+=("$(compile "$source")")
done
for style in 1 2 3; do
	declare -a "style$style=()"
	declare -n parts=style$style
	for source in upcall.S pgfault.c fork.c ipc.c; do
		parts+=("$(compile "lib/style$style/$source")")
	done
done

# link NAME STYLE OBJECT...: starts at $entry.
link() {
	local name=$1
	declare -n parts=style$2
	"$ld" -m elf_i386 -nostdlib -e "$entry" -z noexecstack -T "$here/user.ld" -o "$out/$name" \
		"${common[@]:0:1}" "${@:3}" "${common[@]:1}" "${parts[@]}" || fail "cannot link $name"
}

count=0
for source in "$here"/programs/*.c; do
	name=$(basename "$source" .c)
	program_objects=("$(compile "programs/$name.c")")
	entry=_start
	if [ -e "$here/programs/$name.S" ]; then
		program_objects+=("$(compile "programs/$name.S")")
		entry=first
	fi
	styles=1
	if grep -Eq '\b(fork|in_child|ipc_recv|ipc_send|set_pgfault_handler)\(' "$source"; then
		styles="1 2 3"
	fi
	for style in $styles; do
		link "$name${style#1}" "$style" "${program_objects[@]}"
		count=$((count + 1))
	done
done
echo "$count programs in $out"
