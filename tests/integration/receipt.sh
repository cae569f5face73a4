# shellcheck shell=bash disable=SC2034,SC2154
# SPDX-License-Identifier: Apache-2.0
#
# Containers with receipts, for those that look at these.
# shellcheck source=SCRIPTDIR/lib.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

file_needs=needs_receipts

needs_receipts() {
	needs_program openssl || return
	[[ $who != root ]] || needs_unshare || return
	[[ -x $NACRE_LIBEXECDIR/nacre-receipt ]] || skip "built without libcrypto"
}

# The numbers of a key are kept in a fixed place: root's nacre runs where that is another directory, and
# where /etc is one that has a policy, if the test has.
in_place=(timeout -k 5 60)
if [[ $who == root ]]; then
	in_place+=(unshare -m --propagation private bash -c 'set -e
		mkdir -p "$0/lib" && mount --bind "$0/lib" /var/lib
		[[ ! -e $0/etc/nacre ]] || mount --bind "$0/etc" /etc
		[[ -z ${FULL:-} ]] || { mount -t tmpfs -o size=4k none "$FULL" && head -c 4k /dev/zero >"$FULL/x"; } 2>/dev/null
		exec "$@"' "$T")
fi
chain_directory=$T/lib/nacre/receipts
[[ $who == root ]] || chain_directory=$T/xdg/nacre/receipts

nacre() {
	NACRE_TEST=$T XDG_STATE_HOME=$T/xdg XDG_CONFIG_HOME=$T/config \
		"${in_place[@]}" "${tracer[@]}" "$NACRE" --root "$ROOT" "${places[@]}" "$@"
}
tracer=()

key=$T/keys/key

# A key that openssl has made: that is enough.
new_key() {
	key=$T/keys.$calls/key
	mkdir -p "${key%/*}"
	(umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$key") 2>/dev/null ||
		wrong "no key"
	openssl pkey -in "$key" -pubout -out "$key.pub"
}

# One as a sealed container is given.
sealed=()
seal() {
	new_key
	bundle "$@"
	receipt=$b/receipt.json
	sealed=(--receipt "$receipt" --receipt-key "$key")
}

# the statement that FILE has, without asking whether it is true
statement() {
	jq -r .payload "${1:-$receipt}" | base64 -d
}

says() {
	is "$(statement "${3:-$receipt}" | jq -rc "$1")" "$2" "$1"
}
