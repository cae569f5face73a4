# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2164,SC2317 # called by name, with -e
#
#	bash -eu registries.sh make TOOL		what the registry of TOOL serves, in the working directory
#	bash -eu registries.sh fetch TOOL HOST...	fetches it from each host, and uses it; says how it went
#
# Each make_TOOL and fetch_TOOL runs in an empty directory. A tool is told where its registry is, as a user would,
# that it need not try again, and nothing of a proxy.

make_curl() {
	echo 42 >answer
}

fetch_curl() {
	curl -sSfO "https://$1/answer"
	[[ $(<answer) == 42 ]]
}

# Its files are all that HTTP takes.
make_git() {
	git init -q -b main source
	echo 42 >source/answer
	git -C source add answer
	git -C source -c user.name=agent -c user.email=agent@localhost commit -qm one
	git clone -q --bare source answer.git
	git -C answer.git update-server-info
}

fetch_git() {
	git clone -q "https://$1/answer.git"
	[[ $(<answer/answer) == 42 ]]
}

make_pip() {
	mkdir -p source simple/answer
	echo 'from setuptools import setup; setup(name="answer", version="1.0", py_modules=["answer"])' \
		>source/setup.py
	echo 'answer = 42' >source/answer.py
	pip wheel -q --no-index --no-build-isolation -w simple/answer ./source
	printf '<!DOCTYPE html><a href="%s">answer</a>\n' "$(cd simple/answer && echo ./*.whl)" >simple/answer/index.html
}

fetch_pip() {
	pip install -q --disable-pip-version-check --no-cache-dir --retries 0 --index-url "https://$1/simple" \
		--target lib answer
	PYTHONPATH=lib python3 -c 'import answer; assert answer.answer == 42'
}

make_npm() {
	mkdir source
	echo '{"name": "answer", "version": "1.0.0"}' >source/package.json
	echo 'module.exports = 42' >source/index.js
	npm pack --silent ./source
	cat >answer <<-END
		{"name": "answer", "dist-tags": {"latest": "1.0.0"}, "versions": {"1.0.0": {
		"name": "answer", "version": "1.0.0", "dist": {"shasum": "$(sha1sum <answer-1.0.0.tgz | cut -d' ' -f1)",
		"tarball": "https://registry.invalid/answer-1.0.0.tgz"}}}}
	END
}

fetch_npm() {
	npm install --silent --no-audit --no-fund --cache "$PWD/cache" --fetch-retries 0 --registry "https://$1" answer
	node -e 'process.exit(require("answer") === 42 ? 0 : 1)'
}

make_go() {
	local source=example.org/answer@v1.0.0 proxy=example.org/answer/@v
	mkdir -p "$source" "$proxy"
	printf 'module example.org/answer\n' | tee "$source/go.mod" >"$proxy/v1.0.0.mod"
	printf 'package answer\nconst Answer = 42\n' >"$source/answer.go"
	echo '{"Version": "v1.0.0", "Time": "2024-01-01T00:00:00Z"}' >"$proxy/v1.0.0.info"
	echo v1.0.0 >"$proxy/list"
	# Without an entry for a directory.
	python3 -c 'import sys, zipfile; z = zipfile.ZipFile(sys.argv[1], "w"); [z.write(f) for f in sys.argv[2:]]' \
		"$proxy/v1.0.0.zip" "$source"/*
}

# The checksums of what is not public are in no database.
fetch_go() {
	export GOPROXY=https://$1 GONOSUMDB=example.org GOFLAGS=-modcacherw GOMODCACHE=$PWD/modules
	printf 'package main\nimport "example.org/answer"\nfunc main() { println(answer.Answer) }\n' >main.go
	go mod init example.org/app
	go get example.org/answer
	go build -o app
	[[ $(./app 2>&1) == 42 ]]
}

make_cargo() {
	cargo -q init --offline --vcs none --lib --name answer source
	echo 'pub const ANSWER: i32 = 42;' >source/src/lib.rs
	cargo -q package --offline --no-verify --manifest-path source/Cargo.toml
	mkdir -p an/sw
	cp source/target/package/answer-0.1.0.crate .
	echo '{"dl": "https://registry.invalid/{crate}-{version}.crate"}' >config.json
	printf '{"name": "answer", "vers": "0.1.0", "deps": [], "cksum": "%s", "features": {}, "yanked": false}\n' \
		"$(sha256sum <answer-0.1.0.crate | cut -d' ' -f1)" >an/sw/answer
}

# Debian 12's has registries like this one as what is not stable yet.
fetch_cargo() {
	export RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_SPARSE_REGISTRY=true CARGO_HOME=$PWD/home CARGO_NET_RETRY=0
	export CARGO_REGISTRIES_OWN_INDEX=sparse+https://$1/
	cargo -q init --vcs none --name app app
	cd app
	echo 'answer = { version = "0.1", registry = "own" }' >>Cargo.toml
	echo 'fn main() { println!("{}", answer::ANSWER) }' >src/main.rs
	cargo -q build
	[[ $(target/debug/app) == 42 ]]
}

make_apt() {
	mkdir -p answer/DEBIAN answer/usr/share
	printf '%s\n' 'Package: answer' 'Version: 1' 'Architecture: all' 'Description: answer' \
		'Maintainer: agent <agent@localhost>' >answer/DEBIAN/control
	echo 42 >answer/usr/share/answer
	dpkg-deb --root-owner-group --build answer
	dpkg-scanpackages . >Packages
}

fetch_apt() {
	local options=(-qy -o "Dir::Etc::SourceList=$PWD/list" -o Dir::Etc::SourceParts=/dev/null
		-o "Dir::State::Lists=$PWD/lists" -o Acquire::Retries=0)
	mkdir lists
	chmod 755 lists
	echo "deb [trusted=yes] https://$1 ./" >list
	apt-get "${options[@]}" -o APT::Update::Error-Mode=any update
	apt-get "${options[@]}" install answer
	[[ $(</usr/share/answer) == 42 ]]
	apt-get "${options[@]}" purge answer
}

case $1 in
make)
	"make_$2"
	echo "it works"
	;;
fetch)
	for host in "${@:3}"; do
		mkdir "$host"
		if (cd "$host" && exec bash -eu "$0" fetch_one "$2" "$host") >"$host.log" 2>&1; then
			echo "$host works"
		else
			echo "$host is refused"
		fi
	done
	;;
fetch_one) "fetch_$2" "$3" ;;
esac
