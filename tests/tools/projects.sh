# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2164,SC2317 # called by name, with -e
#
# Projects, each begun and then gone on with by bash -eu in /workspace. Two runs give the same files: the times
# that tools write are set.

settle() {
	export SOURCE_DATE_EPOCH=1700000000 PYTHONDONTWRITEBYTECODE=1 PYTHONHASHSEED=0 HOME=/tmp
	export GIT_AUTHOR_DATE='1700000000 +0000' GIT_COMMITTER_DATE='1700000000 +0000'
	export GIT_AUTHOR_NAME=agent GIT_AUTHOR_EMAIL=agent@localhost
	export GIT_COMMITTER_NAME=agent GIT_COMMITTER_EMAIL=agent@localhost
	export npm_config_cache=/tmp/npm CARGO_HOME=/tmp/cargo CARGO_INCREMENTAL=0
	cd /workspace
}

begin_git() {
	git init -q -b main .
	mkdir -p src/deep
	seq 100 >src/one
	seq 200 >src/deep/two
	git add .
	git commit -qm one
	git checkout -qb topic
	echo topic >>src/one
	git commit -qam topic
	git checkout -q main
	echo main >>src/deep/two
	git commit -qam main
}

go_on_git() {
	git clone -q . clone
	git checkout -q topic
	git rebase -q main
	git mv src/deep src/moved
	git commit -qm moved
	git worktree add -q -b third tree
	echo three >tree/three
	git -C tree add three
	git -C tree commit -qm three
	git rm -q src/one
	git commit -qm removed
	git -c pack.threads=1 gc -q --prune=now
	git fsck --no-progress
}

begin_git_mv() {
	git init -q -b main .
	mkdir -p src/deep
	seq 100 >src/one
	seq 200 >src/deep/two
	git add .
	git commit -qm one
}

go_on_git_mv() {
	git mv src renamed
	git commit -qm renamed
	echo more >>renamed/one
	git mv renamed/deep .
	git commit -qam 'and again'
}

begin_npm() {
	mkdir answer
	echo '{"name": "answer", "version": "1.0.0", "bin": "run.js"}' >answer/package.json
	printf '#!/usr/bin/env node\nconsole.log(require("./index.js"))\n' >answer/run.js
	echo 'module.exports = 42' >answer/index.js
	chmod 755 answer/run.js
	(cd answer && npm pack --silent)
	echo '{"name": "app", "version": "1.0.0", "scripts": {"test": "answer"}}' >package.json
	npm install --silent --offline --no-audit ./answer/answer-1.0.0.tgz
}

go_on_npm() {
	npm ci --silent --offline --no-audit
	[[ $(npm test --silent) == 42 ]]
	npm uninstall --silent --offline --no-audit answer
	npm install --silent --offline --no-audit ./answer/answer-1.0.0.tgz
}

begin_cargo() {
	cargo -q init --offline --vcs none --name hello
}

go_on_cargo() {
	echo 'pub fn two() -> i32 { 2 }' >src/lib.rs
	cargo -q build --offline
	[[ $(target/debug/hello) == "Hello, world!" ]]
	cargo -q clean
	cargo -q build --offline
}

# The links of a venv lead out of the project, and are never applied: it is there before.
begin_pip() {
	cat >setup.py <<-'END'
		from setuptools import setup
		setup(name="hello", version="1.0", py_modules=["hello"])
	END
	echo 'def hello(): return 42' >hello.py
	python3 -m venv --system-site-packages env
}

go_on_pip() {
	env/bin/pip install -q --no-index --no-build-isolation --no-compile -e .
	[[ $(cd / && /workspace/env/bin/python -c 'import hello; print(hello.hello())') == 42 ]]
}
