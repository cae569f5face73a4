#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a container leaves behind, signed. openssl says whether it is.
# shellcheck source=SCRIPTDIR/receipt.sh
. "$(dirname "$0")/receipt.sh"

# verified_by_hand FILE: with the pre-authentication encoding put together here
verified_by_hand() {
	local file=$1 payload
	statement "$file" >"$T/payload"
	payload=$(stat -c %s "$T/payload")
	jq -r '.signatures[0].sig' "$file" | base64 -d >"$T/signature"
	{ printf 'DSSEv1 28 application/vnd.in-toto+json %s ' "$payload" && cat "$T/payload"; } >"$T/signed"
	openssl dgst -sha256 -verify "$key.pub" -signature "$T/signature" "$T/signed" >"$T/said" 2>&1 ||
		wrong "openssl does not verify $file" "$(cat "$T/said")"
	is "$(jq -r '.signatures[0].keyid' "$file")" \
		"$(openssl pkey -pubin -in "$key.pub" -outform DER | sha256sum | cut -d' ' -f1)" "key ID"
}

verified() {
	verified_by_hand "$1"
	good nacre receipt verify --key "$key.pub" "$1"
	has "$out" "verified"
}

digest() {
	sha256sum <"$1" | cut -d' ' -f1
}

test_a_run_leaves_a_receipt_that_openssl_verifies() {
	seal exit 3
	try nacre run --profile agent --allow tmp-exec "${sealed[@]}" --bundle "$b" "$id"
	is "$rc" 3 "exit code"
	verified "$receipt"
	is "$(stat -c %a "$receipt")" 600 mode
	statement >"$T/statement"
	is "$(jq -cS . "$T/statement")" "$(cat "$T/statement")" "canonical form"
	says '._type' https://in-toto.io/Statement/v1
	says '.predicateType' https://nacre.run/sandbox-run/v0.1
	says '.subject | length' 1
	says '.subject[0].name' /changes.json
	is "$(printf '[]' | sha256sum | cut -d' ' -f1)" \
		"$(jq -r '.subject[0].digest.sha256' "$T/statement")" "digest of no changes"
	says '.predicate.exitStatus' 3
	says '.predicate.profile' agent
	says '.predicate.grants | map(.grant + " by " + .by) | join(" ")' "tmp-exec by command line"
	says '.predicate.config.givenSha256' "$(digest "$b/config.json")"
	says '.predicate.config | has("endSha256")' false
	says '.predicate.runtime.sha256' "$(digest "$NACRE")"
	says '.predicate.invocation.id' "$id"
	says '.predicate.process.argsSha256' "$(printf '%s\0' /payload exit 3 | sha256sum | cut -d' ' -f1)"
	says '.predicate.process.envSha256' \
		"$(jq -rj '.process.env[] + "\u0000"' "$b/config.json" | sha256sum | cut -d' ' -f1)"
	says '.predicate.rules | map(select(.name == "own-seccomp-filter").enforced)' '[true]'
	says '.predicate.incomplete | map(.member) | index("exitStatus")' null
	says '.predicate.incomplete | map(.member) | index("process")' null
	says '.predicate.chain.sequence' 1
	good nacre receipt show "$receipt"
	has "$out" "exit status  3"
	has "$out" "tmp-exec, by command line"
}

test_delete_writes_it_and_tells_what_was_not_seen() {
	seal pause
	create "${sealed[@]}"
	[[ ! -e $receipt ]] || wrong "there is a receipt before the end"
	start
	good nacre delete --force "$id"
	verified "$receipt"
	says '.predicate | has("exitStatus")' false
	says '.predicate.incomplete | map(select(.member == "exitStatus").reason)[0] | contains("not seen")' true
	receipt=$b/second.json
	create --receipt "$receipt" --receipt-key "$key"
	good nacre delete --force "$id"
	says '.predicate.incomplete | map(select(.member == "exitStatus").reason)[0] | contains("never started")' true
}

test_a_changed_byte_anywhere_fails() {
	local length at byte
	seal true
	run "${sealed[@]}"
	length=$(stat -c %s "$receipt")
	for ((at = 0; at < length; at += ${RECEIPT_STRIDE:-61})); do
		cp "$receipt" "$T/changed"
		byte=$(dd if="$receipt" bs=1 skip="$at" count=1 2>/dev/null | od -An -tu1 | tr -d ' ')
		printf '%b' "\\x$(printf %02x $((byte ^ (at % 7 + 1))))" |
			dd of="$T/changed" bs=1 seek="$at" conv=notrunc 2>/dev/null
		cmp -s "$receipt" "$T/changed" && wrong "nothing was changed at $at"
		try nacre receipt verify --key "$key.pub" "$T/changed"
		is "$rc" 1 "exit code with byte $at changed ($out$err)"
	done
	((at > length - 100)) || wrong "not all was looked at"
	{ cat "$receipt" && echo; } >"$T/changed"
	try nacre receipt verify --key "$key.pub" "$T/changed"
	is "$rc" 1 "exit code with a newline more"
	: >"$T/changed"
	try nacre receipt verify --key "$key.pub" "$T/changed"
	is "$rc" 1 "exit code of an empty file"
}

# other_signature: of the receipt, with n - s in place of s, which openssl takes as well
other_signature() {
	local order=FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
	local r s at word borrow=0 other=
	jq -r '.signatures[0].sig' "$receipt" | base64 -d >"$T/signature"
	{ read -r r && read -r s; } < <(openssl asn1parse -inform DER -in "$T/signature" | sed -n 's/.*INTEGER *://p')
	s=$(printf %64s "$s" | tr ' ' 0)
	for ((at = 56; at >= 0; at -= 8)); do
		word=$((16#${order:at:8} - 16#${s:at:8} - borrow))
		borrow=$((word < 0))
		other=$(printf %08X $((word & 0xffffffff)))$other
	done
	printf 'asn1 = SEQUENCE:both\n[both]\nr = INTEGER:0x%s\ns = INTEGER:0x%s\n' "$r" "$other" >"$T/both"
	openssl asn1parse -genconf "$T/both" -noout -out "$T/signature" || wrong "no signature"
	jq -c --arg s "$(base64 -w0 <"$T/signature")" '.signatures[0].sig = $s' "$receipt" >"$T/turned"
}

test_one_signature_alone_counts() {
	local i
	seal true
	for i in 1 2 3; do
		receipt=$b/$i.json
		run --receipt "$receipt" --receipt-key "$key"
		verified "$receipt"
		other_signature
		verified_by_hand "$T/turned"
		try nacre receipt verify --key "$key.pub" "$T/turned"
		is "$rc" 1 "exit code with the other signature"
		has "$out$err" "the signature was not made with this key"
	done
}

test_another_key_and_another_list_do_not_verify() {
	local own
	seal true
	run "${sealed[@]}"
	own=$key
	new_key
	try nacre receipt verify --key "$key.pub" "$receipt"
	is "$rc" 1 "exit code with another key"
	has "$out" "the signature was not made with this key"
	printf '[]' >"$T/changes"
	good nacre receipt verify --key "$own.pub" --changes "$T/changes" "$receipt"
	printf '[ ]' >"$T/changes"
	try nacre receipt verify --key "$own.pub" --changes "$T/changes" "$receipt"
	is "$rc" 1 "exit code with other changes"
	has "$out" "it is not the list of changes"
	mv "$T/changes" "$T/x"$'\n'y
	try nacre receipt verify --key "$own.pub" --changes "$T/x"$'\n'y "$receipt"
	has "$out" "$T/x\\x0ay: it is not the list of changes"
	bad 1 "*cannot read a public key there*" nacre receipt verify --key "$own" "$receipt"
}

test_a_missing_one_is_seen() {
	local i
	seal true
	for i in 1 2 3; do
		run --receipt "$b/$i.json" --receipt-key "$key"
		says '.predicate.chain.sequence' "$i" "$b/$i.json"
	done
	says '.predicate.chain | has("previousSha256")' false "$b/1.json"
	says '.predicate.chain.previousSha256' "$(digest "$b/1.json")" "$b/2.json"
	says '.predicate.chain.previousSha256' "$(digest "$b/2.json")" "$b/3.json"
	good nacre receipt verify --key "$key.pub" "$b/3.json" "$b/1.json" "$b/2.json"
	try nacre receipt verify --key "$key.pub" "$b/1.json" "$b/3.json"
	is "$rc" 1 "exit code without the second"
	has "$out" "missing: 2 to 2"
	is "$(wc -l <"$chain_directory/$(openssl pkey -pubin -in "$key.pub" -outform DER | sha256sum |
		cut -d' ' -f1)")" 3 "lines of the record"
}

# After a crash of the machine the next number is not one that was given.
test_the_record_is_on_the_disk_with_its_name() {
	needs_strace || return
	local directory=/var/lib/nacre/receipts
	[[ $who == root ]] || directory=$chain_directory
	seal true
	create "${sealed[@]}"
	tracer=(strace -f -y -o "$T/trace" -e "trace=fsync,fdatasync")
	good nacre delete --force "$id"
	tracer=()
	verified "$receipt"
	has_line "$(sed 's/^[0-9]* *//; s/([0-9]*/(/' "$T/trace")" "fsync(<$directory>)*= 0"
	has "$(<"$T/trace")" "fdatasync("
}

test_many_at_once_have_a_number_each() {
	local i pids=()
	seal true
	for i in 1 2 3 4 5 6; do
		nacre run --profile oci --receipt "$b/$i.json" --receipt-key "$key" --bundle "$b" "$id.$i" \
			>"$T/out.$i" 2>&1 &
		pids+=($!)
	done
	wait "${pids[@]}"
	good nacre receipt verify --key "$key.pub" "$b"/[1-6].json
	is "$(for i in 1 2 3 4 5 6; do statement "$b/$i.json" | jq .predicate.chain.sequence; done | sort -n |
		tr '\n' ' ')" "1 2 3 4 5 6 " numbers
}

# --- the key ---

# key_refused PATTERN: nothing runs
key_refused() {
	bad 1 "*receipt: $1" nacre run --profile oci "${sealed[@]}" --bundle "$b" "$id"
	nothing_left
	[[ ! -e $receipt ]] || wrong "there is a receipt"
}

test_a_key_that_others_could_have_is_refused() {
	seal true
	chmod 644 "$key"
	key_refused "key: $key has the mode 0644: *"
	chmod 640 "$key"
	key_refused "key: $key has the mode 0640: *"
	chmod 600 "$key"
	ln "$key" "$key.more"
	key_refused "key: $key has 2 names: *"
	rm "$key.more"
	mv "$key" "$key.real"
	ln -s key.real "$key"
	key_refused "key $key is a symlink: *"
	rm "$key"
	key_refused "key $key: there is none: make one *"
	mkdir "$key"
	key_refused "key: $key is no regular file"
	rmdir "$key"
	mv "$key.real" "$key"
	chmod 777 "${key%/*}"
	key_refused "key: ${key%/*} has the mode 0777: *"
	chmod 755 "${key%/*}"
	if [[ $who == root ]]; then
		chown 1000 "$key"
		key_refused "key: $key belongs to user 1000: *"
		chown 0 "$key"
	fi
	run "${sealed[@]}"
}

test_a_key_that_is_none_of_that_curve_is_refused() {
	seal true
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out "$key" 2>/dev/null
	key_refused "key $key: the key is not on the curve P-256"
	openssl genpkey -algorithm ED25519 -out "$key"
	key_refused "key $key: the key is not on the curve P-256"
	openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -aes256 -pass pass:x -out "$key" 2>/dev/null
	key_refused "key $key: cannot read a private key there*"
	echo none >"$key"
	key_refused "key $key: cannot read a private key there*"
}

# hidden: whatever the config has by now, it does not get the key
hidden() {
	local p
	for p in oci agent; do
		bad 1 "*the key of receipts: no container may have it: give another directory, or move it elsewhere" \
			nacre run --profile "$p" --allow "mount:$1" "${sealed[@]}" --bundle "$b" "$id"
		is "$(state_left)$(cgroups_left)" "" "what is left"
	done
}

test_a_mount_that_exposes_the_key_is_refused() {
	local place
	for place in key '' ..; do
		seal true
		place=$(realpath "${key%/*}/$place")
		mount_on /mnt "$place" bind bind ro
		[[ -d $place ]] || { rmdir "$b/rootfs/mnt" && : >"$b/rootfs/mnt"; }
		hidden "$place"
	done
	# A link to it.
	seal true
	ln -s "${key%/*}" "$T/link.$calls"
	mount_on /mnt "$T/link.$calls" bind bind
	hidden "${key%/*}"
	# The root has it.
	seal true
	mkdir "$b/rootfs/keys"
	mv "$key" "$b/rootfs/keys/key"
	sealed[3]=$b/rootfs/keys/key
	hidden /nothing
}

test_what_comes_along_may_not_expose_the_key() {
	needs_mount || return
	seal true
	mkdir -p "$T/source/below"
	mount --bind "${key%/*}" "$T/source/below"
	mount_on /mnt "$T/source" bind rbind
	hidden "$T/source"
	umount "$T/source/below"
	# Nor the layer of an overlay.
	seal true
	mkdir -p "$T/empty"
	mount_on /mnt overlay overlay "lowerdir=${key%/*}:$T/empty"
	hidden "${key%/*}"
}

# Keys that others sign with: a container without a receipt could read them as well.
test_a_key_is_hidden_from_who_has_no_receipt() {
	local place=$T/etc/nacre at
	places=(--workspaces "$T/workspaces")
	[[ $who == root ]] || place=$T/config/nacre
	seal true
	sealed=()
	mkdir -p "$place"
	[[ $who != user ]] || chmod -R a+rX "$T/etc" "$T/config" 2>/dev/null
	good nacre receipt keygen --key "$place/receipt.key"
	for at in "$place" "${place%/*}"; do
		bundle true
		mount_on /mnt "$at" bind bind ro
		hidden "$at"
		bundle true
		sealed=(--workspace "$at:/w")
		hidden "$at"
		sealed=()
	done
	bundle true
	mount_on /mnt "$place/receipt.key" bind bind ro
	rmdir "$b/rootfs/mnt" && : >"$b/rootfs/mnt"
	hidden "$place/receipt.key"
	# A sandbox.
	(cd "$place" && bad 125 "*the key of receipts: no container may have it*" \
		nacre sandbox --allow "mount:$place" -- head -c 60 receipt.key) || exit
	bad 125 "*the key of receipts: no container may have it*" \
		nacre sandbox --allow "mount:$place" --read "$place" -- head -c 60 "$place/receipt.key"
	# One that could not sign is hidden all the same, and what lies beside it is not.
	chmod 644 "$place/receipt.key"
	bundle true
	mount_on /mnt "$place" bind bind ro
	hidden "$place"
	bundle true
	mount_on /mnt "$place/receipt.key.pub" bind bind ro
	rmdir "$b/rootfs/mnt" && : >"$b/rootfs/mnt"
	run
	rm -r "$place"
	# That of --receipt-key, and that of the policy.
	seal true
	sealed=(--receipt-key "$key")
	mount_on /mnt "${key%/*}" bind bind ro
	hidden "${key%/*}"
	if [[ $who == root ]]; then
		sealed=()
		policy "{\"version\": 1, \"receipt_key\": \"$key\"}"
		hidden "${key%/*}"
		chmod 644 "$key"
		policy "{\"version\": 1, \"receipt_dir\": \"$b\", \"receipt_key\": \"$key\"}"
		hidden "${key%/*}"
		rm -r "$T/etc/nacre"
	fi
	places=()
}

test_the_key_is_nowhere_inside() {
	local inode pid fd found=0
	seal pause
	with_busybox || return
	cp "$(command -v busybox)" "$b/rootfs/bin/busybox"
	inode=$(stat -c %i "$key")
	# What is looked for is found where it is.
	[[ -n $(find "${key%/*}" -inum "$inode") ]] || wrong "find does not find"
	program /bin/sh -c 'p=/proc/self/mountinfo
		while read -r a b c d mount rest; do
			/bin/busybox find "$mount" -xdev -inum '"$inode"' 2>/dev/null
		done <$p
		for f in /proc/[0-9]*/fd/*; do
			[ "$(/bin/busybox stat -L -c %i "$f" 2>/dev/null)" != '"$inode"' ] || echo "$f"
		done
		/bin/busybox grep -rlF "$1" /bin /etc /mnt /tmp /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null
		echo looked' sh "$(sed -n 2p "$key")"
	run "${sealed[@]}"
	is "$out" looked "what was found inside"
	# Nor has the process that waits for start an open file of it, or has hooks.
	receipt=$b/second.json
	program /payload pause
	edit '.hooks.createRuntime = [{path: "/bin/sh", args: ["sh", "-c", $s]}]' --arg s \
		'for f in /proc/$$/fd/*; do stat -L -c %i $f || :; done >'"$T/hook"
	create --receipt "$receipt" --receipt-key "$key"
	pid=$(pid_of)
	for fd in /proc/"$pid"/fd/*; do
		found=$((found + 1))
		differs "$(stat -L -c %i "$fd" 2>/dev/null)" "$inode" "$fd"
	done
	((found > 0)) || wrong "no fd of init was seen"
	[[ -s $T/hook ]] || wrong "no fd of the hook was seen"
	if grep -qx "$inode" "$T/hook"; then wrong "a hook has the key"; fi
	good nacre delete --force "$id"
}

test_keygen_makes_a_key_and_overwrites_none() {
	bundle true
	key=$b/new/key
	good nacre receipt keygen --key "$key"
	is "$(stat -c %a "$key")" 600 "mode of the key"
	is "$out" "$(cat "$key.pub")" "what it prints"
	openssl pkey -in "$key" -pubout 2>/dev/null | cmp -s - "$key.pub" || wrong "the two halves differ"
	run --receipt "$b/r.json" --receipt-key "$key"
	verified "$b/r.json"
	cp "$key" "$T/before"
	bad 1 "*$key exists, and nothing is overwritten*" nacre receipt keygen --key "$key"
	rm "$key.pub"
	bad 1 "*$key exists, and nothing is overwritten*" nacre receipt keygen --key "$key"
	cmp -s "$key" "$T/before" || wrong "the key was changed"
	mv "$key" "$T/before"
	ln -s "$T/elsewhere" "$key"
	bad 1 "*$key exists, and nothing is overwritten*" nacre receipt keygen --key "$key"
	[[ ! -e $T/elsewhere ]] || wrong "a link was followed"
	# The usual place of somebody who is not root.
	[[ $who != root ]] || return
	good nacre receipt keygen
	key=$T/config/nacre/receipt.key
	run --receipt "$b/usual.json"
	verified "$b/usual.json"
}

# The public half can be had from the other, and not the other way round.
test_a_killed_keygen_leaves_no_public_key_alone() {
	needs_strace || return
	local call
	bundle true
	for call in write:1 fsync:1 renameat2:1 fsync:2 fsync:3 renameat2:2 fsync:4; do
		key=$b/$call/key
		mkdir "${key%/*}"
		tracer=(strace -o "$T/trace" -e "trace=${call%:*}" -e "inject=${call%:*}:signal=KILL:when=${call#*:}")
		try nacre receipt keygen --key "$key"
		tracer=()
		has "$(<"$T/trace")" "killed by SIGKILL"
		[[ -e $key ]] || good nacre receipt keygen --key "$key"
		openssl pkey -in "$key" -pubout >"$T/public" 2>/dev/null || wrong "half a key after $call"
		[[ ! -e $key.pub ]] || cmp -s "$key.pub" "$T/public" || wrong "the two halves differ after $call"
	done
}

test_of_keygens_at_once_one_makes_the_key() {
	local round i pids good
	bundle true
	for round in {1..5}; do
		key=$b/$round pids=() good=0
		for i in 1 2 3; do
			nacre receipt keygen --key "$key" >"$T/out.$i" 2>"$T/err.$i" </dev/null &
			pids+=($!)
		done
		for i in 1 2 3; do
			if wait "${pids[i - 1]}"; then
				good=$((good + 1))
				cmp -s <(openssl pkey -in "$key" -pubout) "$T/out.$i" || wrong "it printed another key"
			else
				has "$(<"$T/err.$i")" "exists, and nothing is overwritten"
			fi
		done
		is "$good" 1 "keygens that made it"
		cmp -s <(openssl pkey -in "$key" -pubout) "$key.pub" || wrong "the two halves differ"
	done
	[[ -z $(find "$b" -name '.*.part') ]] || wrong "a part is left"
}

# --- the file ---

test_nothing_is_overwritten_and_no_link_followed() {
	seal true
	echo mine >"$receipt"
	bad 1 "*$receipt exists, and nothing is overwritten*" nacre run --profile oci "${sealed[@]}" --bundle "$b" "$id"
	is "$(cat "$receipt")" mine "the file"
	rm "$receipt"
	ln -s "$b/elsewhere" "$receipt"
	bad 1 "*$receipt exists, and nothing is overwritten*" nacre run --profile oci "${sealed[@]}" --bundle "$b" "$id"
	rm "$receipt"
	# What comes while it runs.
	create "${sealed[@]}"
	ln -s "$b/elsewhere" "$receipt"
	try nacre delete "$id" --force
	has "$err" "$receipt exists, and nothing is overwritten"
	[[ ! -e $b/elsewhere ]] || wrong "a link was followed"
	rm "$receipt"
	mkdir "$b/there"
	create --receipt "$b/there/r.json" --receipt-key "$key"
	mv "$b/there" "$b/moved"
	ln -s moved "$b/there"
	try nacre delete "$id" --force
	has "$err" "directory of $b/there/r.json"
	[[ ! -e $b/moved/r.json ]] || wrong "the directory's link was followed"
}

# Else it could take the name, or the receipt.
test_the_directory_is_not_the_containers_to_write() {
	local where how mount kept="*the directory of receipts, and the container could write there: *"
	places=(--workspaces "$T/workspaces")
	seal true
	mkdir -p "$b/in/out" "$b/beside"
	sealed[1]=$b/in/out/r.json
	[[ $who != user ]] || chmod -R a+rX "$b"
	for where in "$b/in/out" "$b/in"; do
		for how in "$where:/mnt:direct" none; do
			edit '.mounts |= map(select(.destination != "/mnt"))'
			mount=(--workspace "$how")
			[[ $how != none ]] || { mount=() && mount_on /mnt "$where" bind rbind rw; }
			bad 1 "$kept" nacre run --profile oci "${mount[@]}" "${sealed[@]}" --bundle "$b" "$id"
			is "$(state_left)$(cgroups_left)" "" "what is left"
			bad 1 "$kept" nacre run --profile agent --allow "workspace:$where" "${mount[@]}" "${sealed[@]}" \
				--bundle "$b" "$id"
		done
	done
	edit '.mounts |= map(select(.destination != "/mnt"))'
	# The root.
	edit '.root.readonly = false'
	sealed[1]=$b/rootfs/r.json
	bad 1 "$kept" nacre run --profile oci "${sealed[@]}" --bundle "$b" "$id"
	# Read-only, as a copy, and beside it.
	sealed[1]=$b/in/out/r.json
	mount_on /mnt "$b/in" bind bind ro
	run "${sealed[@]}"
	edit '.mounts |= map(select(.destination != "/mnt"))'
	sealed[1]=$b/in/out/s.json
	run --workspace "$b/in:/mnt" "${sealed[@]}"
	sealed[1]=$b/in/out/t.json
	run --workspace "$b/beside:/mnt:direct" "${sealed[@]}"
	verified "$b/in/out/t.json"
	places=()
}

test_a_full_disk_leaves_no_part_of_one() {
	[[ $who == root ]] || lacks_privilege "a mount for the command alone" || return
	seal true
	mkdir -p "$b/full" "$T/lib/nacre"
	sealed[1]=$b/full/r.json
	create --require receipt "${sealed[@]}"
	start
	wait_for status_is stopped
	# The record of the key is full.
	FULL=/var/lib/nacre bad 1 "*: write the record of receipts: No space left on device" nacre delete "$id"
	# The place of the receipt is.
	FULL=$b/full bad 1 "*: write $b/full/r.json: No space left on device" nacre delete "$id"
	FULL=$b/full bad 1 "*: write $b/full/r.json: No space left on device" nacre delete --force "$id"
	is "$(state_of .status)" stopped status
	good nacre delete "$id"
	key_id=$(openssl pkey -pubin -in "$key.pub" -outform DER | sha256sum | cut -d' ' -f1)
	is "$(cut -d' ' -f1 "$chain_directory/$key_id" | tr '\n' ' ')" "1 " "lines of the record"
	verified "$b/full/r.json"
}

# A delete that is killed at a call of each kind, and the next one.
test_a_killed_delete_writes_it_once() {
	needs_strace || return
	local call n key_id
	seal true
	key_id=$(openssl pkey -pubin -in "$key.pub" -outform DER | sha256sum | cut -d' ' -f1)
	n=0
	for call in fdatasync:1 fsync:1 fsync:2 renameat:1 renameat2:1 unlinkat:1 unlinkat:2 unlinkat:3 unlinkat:4 \
		pidfd_send_signal:1 ftruncate:1 write:1 write:2 write:3; do
		receipt=$b/$call.json
		create --receipt "$receipt" --receipt-key "$key"
		tracer=(strace -f -o "$T/trace" -e "trace=${call%:*}" -e "inject=${call%:*}:signal=KILL:when=${call#*:}")
		try nacre delete --force "$id"
		tracer=()
		try nacre delete --force "$id"
		n=$((n + 1))
		is "$rc $err" "0 " "delete after $call"
		verified "$receipt"
		says '.predicate.chain.sequence' "$n"
		is "$(cut -d' ' -f1 "$chain_directory/$key_id" | tail -n 1)" "$n" "the record after $call"
		[[ ! -e $b/.$call.json.part ]] || wrong "a part is left after $call"
	done
	good nacre receipt verify --key "$key.pub" "$b"/*:*.json
	is "$(cut -d' ' -f2 "$chain_directory/$key_id" | sort)" \
		"$(sha256sum "$b"/*:*.json | cut -d' ' -f1 | sort)" "digests of the record"
}

# --- who must have one ---

test_without_a_place_a_required_one_is_an_error() {
	bundle true
	bad 1 "*a receipt is required, and there is no place for it: *" \
		nacre run --profile oci --require receipt --bundle "$b" "$id"
	nothing_left
}

test_a_required_one_keeps_the_container() {
	seal true
	create --require receipt "${sealed[@]}"
	start
	wait_for status_is stopped
	mv "$key" "$key.away"
	bad 1 "receipt of container \"$id\": key $key: there is none: *" nacre delete "$id"
	is "$(state_of .status)" stopped "status after the delete that failed"
	bad 1 "receipt of container \"$id\": *" nacre delete --force "$id"
	is "$(nacre list -q)" "$id" "the container"
	mv "$key.away" "$key"
	good nacre delete "$id"
	verified "$receipt"
	says '.predicate.required' '["receipt"]'
	# One that is not required is a warning, and the container goes.
	receipt=$b/second.json
	create --receipt "$receipt" --receipt-key "$key"
	mv "$key" "$key.away"
	good nacre delete --force "$id"
	has "$err" "warning: there is none: receipt of container \"$id\": "
	[[ ! -e $receipt ]] || wrong "there is a receipt"
}

test_what_still_runs_has_ended_before_it_is_signed() {
	seal pause
	create "${sealed[@]}" --require receipt
	start
	pid=$(pid_of)
	rm "$key"
	bad 1 "receipt of container *" nacre delete --force "$id"
	wait_for status_is stopped
	new_key
	cp "$key" "${sealed[3]}"
	cp "$key.pub" "${sealed[3]}.pub"
	chmod 600 "${sealed[3]}"
	good nacre delete "$id"
	verified "$receipt"
}

test_a_policy_can_ask_for_receipts() {
	[[ $who == root ]] || lacks_privilege "an administrator's file" || return
	seal exit 4
	mkdir "$b/all"
	policy "{\"version\": 1, \"receipt_dir\": \"$b/all\", \"receipt_key\": \"$key\", \"require\": [\"receipt\"]}"
	try nacre run --profile oci --bundle "$b" "$id"
	is "$rc" 4 "exit code"
	is "$(find "$b/all" -type f | wc -l)" 1 "receipts"
	verified "$(echo "$b"/all/"$id"-*.json)"
	# With an own file as well, of the same bytes.
	try nacre run --profile oci --receipt "$receipt" --bundle "$b" "$id"
	is "$(find "$b/all" -type f | wc -l)" 2 "receipts"
	cmp -s "$receipt" "$b/all/$id-$(digest "$receipt" | cut -c -16).json" || wrong "the two differ"
	bad 1 "*receipt: --receipt-key: * has receipt_key, and no other counts" \
		nacre run --profile oci "${sealed[@]}" --bundle "$b" "$id"
	chmod 777 "$b/all"
	create
	bad 1 "*receipt_dir $b/all: it must be a directory that belongs to root *" nacre delete --force "$id"
	chmod 755 "$b/all"
	good nacre delete "$id"
	# Without the requirement a missing key is a warning.
	policy "{\"version\": 1, \"receipt_dir\": \"$b/all\", \"receipt_key\": \"$T/no/key\"}"
	try nacre run --profile oci --bundle "$b" "$id"
	is "$rc" 4 "exit code without a key"
	has "$err" "warning: there will be none: receipt: key $T/no/key: "
	policy '{"version": 1, "receipt_dir": "relative"}'
	bad 1 '*receipt_dir: "relative" is not an absolute path' nacre run --bundle "$b" "$id"
	rm -r "$T/etc/nacre"
}

# --- what it says ---

test_a_detached_container_and_an_update_are_told() {
	needs_device_filter || return
	seal pause
	run --detach "${sealed[@]}" --egress none
	try nacre exec "$id" /payload exit 5
	good nacre exec "$id" /payload true
	good nacre update --egress 10.9.9.9:443 "$id"
	good nacre delete --force "$id"
	says '.predicate | has("exitStatus")' false
	says '.predicate.config | has("endSha256")' true
	says '.predicate.egress.rules' '["10.9.9.9:443"]'
	says '.predicate.incomplete | map(select(.member == "process").reason)' \
		'["exec was used 2 times: what it ran is not in here"]'
}

test_what_rules_refused_is_in_it() {
	needs_device_filter || return
	seal false
	with_busybox || return
	cp "$(command -v busybox)" "$b/rootfs/bin/busybox"
	program /bin/busybox nc -w 1 10.1.2.3 9
	try nacre run --profile agent --egress 10.9.9.9:443 "${sealed[@]}" --bundle "$b" "$id"
	says '.predicate.egress.rules' '["10.9.9.9:443"]'
	says '.predicate.egress.mechanism' cgroup-bpf
	says '.predicate.egress.denied > 0' true
	says '.predicate.egress.denials[0].destination' 10.1.2.3:9
}

# A sealed container with a shell, and a source for its workspace.
seal_workspace() {
	places=(--workspaces "$T/workspaces")
	seal true
	with_busybox || return
	mkdir "$b/source"
	[[ $who != user ]] || chmod -R a+rX "$b"
}

test_what_changed_in_a_workspace_is_signed() {
	local digest
	seal_workspace || return
	echo old >"$b/source/changed"
	[[ $who != user ]] || chmod a+r "$b/source/changed"
	program /bin/sh -c 'echo new >/w/changed; echo more >"/w/a
b"; echo "[]" >/w/changes.json'
	run --workspace "$b/source:/w" "${sealed[@]}"
	verified "$receipt"
	good nacre workspace diff "$id"
	digest=$(sed -n 's/^digest //p' <<<"$out")
	says '.subject[0] | .name + " " + .digest.sha256' "/changes.json $digest"
	# What the container can choose is no subject: others take a receipt for any.
	says '.subject | length' 1
	says '.predicate.workspaces[0].files | map(.path) | join(" ")' 'a\x0ab changed changes.json'
	says '.predicate.workspaces[0].files[1].sha256' "$(echo new | sha256sum | cut -d' ' -f1)"
	says '.predicate.workspaces | map([.changes, .form, .source, .counts.added, .counts.modified]) | .[0] | join(" ")' \
		"/changes.json cow $b/source 2 1"
	good nacre receipt show "$receipt"
	has "$out" "2 added, 1 modified"
	good nacre workspace discard "$id"
	# One that is written to at once has no list.
	receipt=$b/second.json
	run --workspace "$b/source:/w:direct" --receipt "$receipt" --receipt-key "$key"
	says '.subject | length' 1 "$receipt"
	says '.predicate.incomplete | map(select(.member == "workspaces")) | length' 1
	try nacre workspace discard "$id"
	places=()
}

test_what_was_changed_stays_until_it_is_signed() {
	local command other=$T/other
	mkdir -p "$other"
	seal_workspace || return
	program /bin/sh -c 'echo new >/w/added'
	create --workspace "$b/source:/w" "${sealed[@]}"
	start
	wait_for status_is stopped
	for command in "apply" "apply --dry-run" undo discard; do
		# shellcheck disable=SC2086 # words
		bad 1 "*container \"$id\" leaves a receipt, *: delete the container first, the workspace stays" \
			nacre workspace $command "$id"
		# shellcheck disable=SC2086
		ROOT=$other bad 1 "*container \"$id\" leaves a receipt, *: delete the container first, *" \
			nacre workspace $command "$id"
	done
	[[ ! -e $b/source/added ]] || wrong "it was applied"
	good nacre workspace diff "$id"
	good nacre delete "$id"
	says '.predicate.workspaces[0].counts.added' 1
	good nacre workspace apply "$id"
	is "$(cat "$b/source/added")" new "what was applied"
	good nacre workspace discard "$id"
	places=()
}

# Nothing that the program does keeps the receipt from being written, or from being read.
test_long_names_prevent_no_receipt() {
	seal_workspace || return
	# 4 bytes of each character of the name in the list, and 5 in the receipt
	program /bin/sh -c 'cd /w; name=$(printf %0240d 0 | tr 0 "\001")
		for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14; do mkdir "$name" && cd "$name"; done
		for i in $(seq 1100); do : >"$name$i"; done'
	run --workspace "$b/source:/w" "${sealed[@]}"
	verified "$receipt"
	says '.predicate.workspaces[0].counts.added' 1114
	says '.predicate.workspaces[0].files | length | . > 50 and . < 1000' true
	says '.predicate.incomplete | map(select(.member == "workspaces").reason) | join(" ")' \
		"$((1100 - $(statement | jq '.predicate.workspaces[0].files | length'))) files of its list are left out: too many"
	good nacre workspace discard "$id"
	places=()
}

# The commands that write receipts with one key wait for each other, but not while a workspace is read.
test_a_workspace_that_takes_long_keeps_no_other_receipt_waiting() {
	needs_strace || return
	seal_workspace || return
	program /bin/sh -c 'echo much >/w/large'
	create --workspace "$b/source:/w" "${sealed[@]}"
	start
	wait_for status_is stopped
	tracer=(strace -qq -o "$T/trace" -P "$T/workspaces/$id/0/upper/large" -e trace=pread64
		-e inject=pread64:signal=STOP:when=1)
	in_background nacre delete "$id"
	tracer=()
	wait_for grep -q 'stopped by SIGSTOP' "$T/trace"
	program /bin/sh -c true
	try nacre run --profile oci --receipt "$b/other.json" --receipt-key "$key" --bundle "$b" "$id.other"
	kill -CONT "$(pgrep -f -- "^$NACRE .*delete $id\$")"
	is "$rc" 0 "exit code: $err"
	says '.predicate.chain.sequence' 1 "$b/other.json"
	wait "${background[@]}"
	says '.predicate.chain.sequence' 2
	good nacre receipt verify --key "$key.pub" "$b/other.json" "$receipt"
	good nacre workspace discard "$id"
	places=()
}

# An update that goes back to what was before leaves no other trace.
test_an_update_that_was_undone_is_told() {
	needs_root && needs_device_filter || return
	seal pause
	create --egress 10.9.9.9:443 "${sealed[@]}"
	start
	good nacre update --egress 10.0.0.0/8:443 "$id"
	good nacre update --egress 10.9.9.9:443 "$id"
	good nacre delete --force "$id"
	says '.predicate.config | has("endSha256")' false
	says '.predicate.egress.rules' '["10.9.9.9:443"]'
	says '.predicate.incomplete | map(select(.member == "config").reason)' \
		'["update was used 2 times: what held in between is not in here"]'
}

# A name is no line of the answer, and controls no terminal.
test_the_name_of_a_receipt_is_escaped() {
	local name=$'x\n\e[2Jother.json: verified: container c, number 1 of key k'
	mkdir -p "$T/named"
	new_key
	echo '{}' >"$T/named/$name"
	try nacre receipt verify --key "$key.pub" "$T/named/$name"
	is "$rc" 1 "exit code"
	is "$(wc -l <<<"$out")" 1 "lines of $out"
	has "$out" 'named/x\x0a\x1b[2Jother.json: verified'
}

test_the_image_of_an_engine_is_named() {
	local image=sha256:4f53cda18c2baa0c0354bb5f9a3ecbe5ed12ab4d8e11ba873c2f11161202b945
	seal true
	edit '.annotations["io.kubernetes.cri-o.ImageRef"] = $i' --arg i "$image"
	run "${sealed[@]}"
	says .predicate.image.digest "$image"
}

test_without_the_companion_it_is_said() {
	seal true
	mkdir "$b/libexec"
	NACRE_LIBEXECDIR=$b/libexec bad 1 "*receipt: key $key: nacre-receipt is missing in *" \
		nacre run --profile oci "${sealed[@]}" --bundle "$b" "$id"
	nothing_left
}

test_the_command_says_what_it_expects() {
	bad 1 'receipt: expected keygen, show or verify, found "sign"' nacre receipt sign
	bad 1 "receipt verify: expected --key PUBLIC-KEY FILE..." nacre receipt verify x
	bad 1 "receipt show: one FILE is expected" nacre receipt show
	bad 1 "*--changes is for one receipt alone" nacre receipt verify --key k --changes c a b
	bad 1 "$T/none: No such file or directory" nacre receipt show "$T/none"
}

test_the_example_of_the_documents_is_one() {
	local folder=$tests/../contrib/receipt
	good nacre receipt verify --key "$folder/example.pub" "$folder/example.json"
	try nacre receipt verify --key "$folder/example.pub" "$folder/sandbox-run-v0.1.schema.json"
	is "$rc" 1 "of what is none"
	is "$(jq -r '[.. | .properties? // empty | keys[]] | unique[]' "$folder/sandbox-run-v0.1.schema.json")" \
		"$(jq -r '[.predicate | paths[-1] | strings] | unique[]' "$tests/data/receipt/everything.json")" \
		"the members of the schema"
}

# rule_of_receipt: what it says of the rule
rule_of_receipt() {
	statement | jq -c '.predicate.rules[] | select(.name == "user-namespace") | [.enforced, .gap]'
}

test_nobody_says_that_a_rule_holds_which_was_left_out() {
	local why='the container gets no user namespace with ids of its own: the file system of /sys/kernel/mm, or one that is mounted in it, cannot be id-mapped'
	needs_root || return
	seal pause
	mount_on /w /sys/kernel/mm bind rbind ro
	create --userns shifted --allow mount:/sys/kernel/mm --audit "$T/audit" "${sealed[@]}"
	is "$(jq -r '.leftOut[0]' "$T/audit")" "rule user-namespace: $why" "the audit"
	is "$(state_of '.rules | index("user-namespace")')" null "rules of state"
	good nacre explain "$id"
	has "$out" "LEFT OUT: rule user-namespace: $why"
	good nacre explain --format json "$id"
	is "$(json '.leftOut[0]')" "rule user-namespace: $why" explain
	documented "explain --format" 2
	good nacre delete --force "$id"
	is "$(rule_of_receipt)" "[false,\"$why\"]" "the receipt"
	rm "$T/audit"
	edit '.mounts |= map(select(.destination != "/w"))'
	receipt=$b/2.json
	create --userns shifted --audit "$T/audit" --receipt "$receipt" --receipt-key "$key"
	is "$(jq .leftOut "$T/audit")" null "the audit of one that has it"
	is "$(state_of '.rules | join(" ")')" "$(jq -r '.rules | join(" ")' "$ROOT/$id/report.json")" "rules of state"
	has "$(state_of '.rules | join(" ")')" user-namespace "rules of state of one that has it"
	good nacre delete --force "$id"
	is "$(rule_of_receipt)" '[true,null]' "the receipt of one that has it"
	receipt=$b/3.json
	create --userns shifted --allow no-user-namespace --receipt "$receipt" --receipt-key "$key"
	is "$(state_of '.rules | index("user-namespace")')" null "rules of state with the grant"
	good nacre delete --force "$id"
	is "$(rule_of_receipt)" '[false,"a grant took it back"]' "the receipt with the grant"
}

all_tests "$@"
