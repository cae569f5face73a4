# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2164,SC2317 # called by name, with -e
#
# Each tool_NAME is run by bash -eu in an empty directory of the container, and succeeds if the tool works.

# await COMMAND: until it succeeds, while the last background process is alive, 20 s at most
await() {
	local turn
	for ((turn = 0; turn < 200; turn++)); do
		"$@" >/dev/null 2>&1 && return
		kill -0 $! || break
		sleep 0.1
	done
	return 1
}

tool_bash() {
	local lines
	mapfile -t lines < <(printf '%s\n' one two)
	[[ ${#lines[@]} == 2 && $(cat <<<"here") == here ]]
	printf '#!/bin/bash\nexec echo "$0"\n' >script
	chmod 755 script
	[[ $(./script) == ./script && $(bash script) == script ]]
	echo 'echo sourced' >/tmp/script
	[[ $(bash /tmp/script) == sourced ]]
	(sleep 30 & kill $!; ! wait $!)
	timeout 5 true | cat
}

tool_python() {
	cat >setup.py <<-'END'
		from setuptools import setup
		setup(name="hello", version="1.0", py_modules=["hello"])
	END
	echo 'def hello(): return 42' >hello.py
	cat >test_hello.py <<-'END'
		import multiprocessing, tempfile, hello

		def test_hello(tmp_path):
		    assert hello.hello() == 42
		    (tmp_path / "file").write_text("x")

		def test_processes():
		    with multiprocessing.Pool(2) as pool:
		        assert pool.map(abs, [-1, -2]) == [1, 2]
	END
	python3 -m venv --system-site-packages env
	env/bin/pip wheel -q --no-index --no-build-isolation -w dist .
	rm hello.py
	env/bin/pip install -q --no-index dist/*.whl
	env/bin/python -m pytest -q
}

tool_python_module() {
	mkdir src
	cat >src/setup.py <<-'END'
		from setuptools import setup, Extension
		setup(name="fast", version="1.0", ext_modules=[Extension("fast", ["fast.c"])])
	END
	cat >src/fast.c <<-'END'
		#include <Python.h>
		static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "fast"};
		PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&module); }
	END
	python3 -m venv --system-site-packages env
	env/bin/pip install -q --no-index --no-build-isolation ./src
	env/bin/python -c 'import fast'
}

tool_pip_wheel() {
	python3 -m venv env
	env/bin/pip install -q --no-index --find-links /opt/wheels markupsafe
	env/bin/python -c 'from markupsafe import _speedups'
}

# Bit 4 of the status: the function was compiled.
tool_node() {
	node --allow-natives-syntax -e '
		function f(x) { return x + 1 }
		%PrepareFunctionForOptimization(f); f(1); f(2);
		%OptimizeFunctionOnNextCall(f); f(3)
		process.exit(%GetOptimizationStatus(f) & 16 ? 0 : 1)'
	node -e 'const { Worker } = require("worker_threads")
		new Worker("require(\"fs\").readFileSync(\"/etc/passwd\")", { eval: true })
			.on("exit", code => process.exit(code))'
}

tool_npm() {
	mkdir answer app
	echo '{"name": "answer", "version": "1.0.0", "bin": "run.js"}' >answer/package.json
	printf '#!/usr/bin/env node\nconsole.log(require("./index.js"))\n' >answer/run.js
	echo 'module.exports = 42' >answer/index.js
	chmod 755 answer/run.js
	(cd answer && npm pack --silent)
	cd app
	echo '{"name": "app", "version": "1.0.0", "scripts": {"test": "answer"}}' >package.json
	npm install --silent --offline --no-audit ../answer/answer-1.0.0.tgz
	[[ $(npm test --silent) == 42 ]]
}

tool_vite() {
	echo '<!doctype html><script type="module" src="/main.js"></script>' >index.html
	echo 'export const answer = 42; export const unused = 7' >answer.js
	echo 'import { answer } from "./answer.js"; document.title = answer' >main.js
	echo '{"name": "app", "version": "1.0.0", "type": "module"}' >package.json
	/opt/npm/node_modules/.bin/vite build --logLevel error
	node -e 'document = { querySelector() {}, createElement: () => ({ relList: { supports: () => true } }) }
		require("vm").runInThisContext(require("fs").readFileSync(process.argv[1], "utf8"))
		process.exit(document.title === 42 ? 0 : 1)' dist/assets/*.js
}

tool_deno() {
	cat >hello_test.ts <<-'END'
		const add = (a: number, b: number): number => a + b;
		Deno.test("adds", async () => {
			await Deno.writeTextFile("file", String(add(1, 2)));
			if (await Deno.readTextFile("file") !== "3") throw new Error("it is another");
		});
	END
	DENO_DIR=$PWD/cache DENO_NO_UPDATE_CHECK=1 /opt/npm/node_modules/.bin/deno test --allow-read --allow-write
}

tool_git() {
	git config --global user.name agent
	git config --global user.email agent@localhost
	git init -q -b main origin
	echo one >origin/file
	git -C origin add file
	git -C origin commit -qm one
	git clone -q origin clone
	cd clone
	git worktree add -q -b topic ../topic
	echo two >>../topic/file
	git -C ../topic commit -qam two
	git merge -q topic
	git push -q origin topic
	git gc -q
	git fsck --no-progress
	[[ $(git log --oneline | wc -l) == 2 ]]
}

tool_c() {
	printf '#include <stdio.h>\nint main(void) { puts("hello"); }\n' >hello.c
	printf 'hello: hello.c\n\tgcc -O2 -o $@ $<\n' >Makefile
	make -j2
	[[ $(./hello) == hello ]]
}

tool_sanitizers() {
	printf 'int main(void) { return 0; }\n' >empty.c
	gcc -fsanitize=address,undefined -o empty empty.c
	./empty
}

# The leak is found by a thread that traces the others.
tool_leak_sanitizer() {
	printf '#include <stdlib.h>\nint main(void) { return !malloc(42); }\n' >leak.c
	gcc -fsanitize=address -o leak leak.c
	! ./leak 2>log
	grep -q 'Direct leak of 42 byte' log || { cat log; false; }
}

tool_thread_sanitizer() {
	cat >race.c <<-'END'
		#include <pthread.h>
		static int n;
		static void *add(void *unused) { n++; return unused; }
		int main(void) {
			pthread_t thread;
			pthread_create(&thread, NULL, add, NULL);
			n++;
			pthread_join(thread, NULL);
		}
	END
	gcc -g -fsanitize=thread -o race race.c
	! ./race 2>log
	grep -q 'WARNING: ThreadSanitizer: data race' log || { cat log; false; }
}

tool_cmake() {
	printf '#include <iostream>\nint main() { std::cout << "hello"; }\n' >hello.cpp
	printf 'cmake_minimum_required(VERSION 3.18)\nproject(hello CXX)\nadd_executable(hello hello.cpp)\n' \
		>CMakeLists.txt
	cmake -S . -B out
	cmake --build out
	[[ $(out/hello) == hello ]]
}

tool_go() {
	go mod init example.org/hello
	printf 'package main\nimport ("fmt"; "net/http")\nfunc main() { fmt.Println(http.StatusOK) }\n' \
		>main.go
	go build -o hello
	[[ $(./hello) == 200 && $(GOTMPDIR=$PWD go run .) == 200 ]]
}

tool_go_test() {
	go mod init example.org/hello
	printf 'package hello\nimport "testing"\nfunc TestHello(t *testing.T) {}\n' >hello_test.go
	go test ./...
}

tool_cargo() {
	cargo -q init --offline --vcs none --name hello
	echo '#[test] fn adds() { assert_eq!(1 + 1, 2) }' >>src/main.rs
	cargo -q build --offline
	cargo -q test --offline
	[[ $(target/debug/hello) == "Hello, world!" ]]
}

tool_java() {
	cat >Hello.java <<-'END'
		public class Hello {
			public static void main(String[] args) throws Exception {
				Thread thread = new Thread(() -> System.out.println("hello"));
				thread.start();
				thread.join();
			}
		}
	END
	javac Hello.java
	jar cfe hello.jar Hello Hello*.class
	[[ $(java -jar hello.jar) == hello ]]
}

# With the plugins that Debian has: none is downloaded.
tool_maven() {
	local plugins='' name version=()
	for name in resources compiler surefire jar; do
		version=(/usr/share/maven-repo/org/apache/maven/plugins/"maven-$name-plugin"/[0-9]*)
		plugins+="<plugin><artifactId>maven-$name-plugin</artifactId><version>${version##*/}</version></plugin>"
	done
	mkdir -p src/main/java
	echo 'public class Hello { public static void main(String[] a) { System.out.println("hello"); } }' \
		>src/main/java/Hello.java
	cat >pom.xml <<-END
		<project><modelVersion>4.0.0</modelVersion>
		<groupId>local</groupId><artifactId>hello</artifactId><version>1</version>
		<properties><maven.compiler.source>11</maven.compiler.source>
		<maven.compiler.target>11</maven.compiler.target>
		<project.build.sourceEncoding>UTF-8</project.build.sourceEncoding></properties>
		<build><plugins>$plugins</plugins></build></project>
	END
	echo '<settings><mirrors><mirror><id>debian</id><mirrorOf>*</mirrorOf>
		<url>file:///usr/share/maven-repo</url></mirror></mirrors></settings>' >settings.xml
	mvn -q -B -s settings.xml -Dmaven.repo.local="$PWD/repository" package
	[[ $(java -cp target/hello-1.jar Hello) == hello ]]
}

tool_gdb() {
	printf 'int inner(int n) { return n + 1; }\nint main(void) { return inner(41); }\n' >program.c
	gcc -g -o program program.c
	gdb -batch -ex 'break inner' -ex run -ex backtrace -ex finish ./program 2>&1 | tee log
	grep -q '#1 .* main ' log
	grep -q 'Value returned is .* 42' log
	[[ $(<log) != *'address space randomization'* ]]
}

tool_strace() {
	strace -f -o log bash -c 'cat /etc/hostname /etc/passwd >/dev/null; true'
	grep -q 'openat(.*/etc/passwd' log
	strace -f --seccomp-bpf -e trace=execve -o log bash -c '/bin/true; true'
	grep -q 'execve("/bin/true"' log
}

tool_postgresql() {
	local programs=(/usr/lib/postgresql/*/bin)
	PATH=${programs[0]}:$PATH
	initdb -D data -A trust >log
	pg_ctl -D data -w -l log -o "-c listen_addresses= -k $PWD" start || { cat log; false; }
	psql -qh "$PWD" postgres -c 'create table t as select generate_series(1, 1000) as n'
	[[ $(psql -tAh "$PWD" postgres -c 'select sum(n) from t') == 500500 ]]
	pg_ctl -D data -w stop
}

tool_redis() {
	redis-server --bind 127.0.0.1 --dir "$PWD" >log 2>&1 &
	await redis-cli ping || cat log
	redis-cli set key value
	redis-cli save
	[[ $(redis-cli get key) == value && -s dump.rdb ]]
	kill $!
	wait $!
}

tool_files() {
	mkdir from
	echo text >from/file
	ln -s file from/link
	chmod 750 from/file
	tar czf from.tar.gz from
	rsync -a from/ to
	rm -r from
	tar xzf from.tar.gz
	diff -r from to
	[[ $(stat -c %a to/file) == 750 ]]
}

tool_curl() {
	echo text >file
	python3 -m http.server --bind 127.0.0.1 8000 >log 2>&1 &
	await curl -sSo got http://127.0.0.1:8000/file || cat log
	kill $!
	cmp file got
}

tool_ssh_keygen() {
	ssh-keygen -q -t ed25519 -N '' -f key
	echo text | ssh-keygen -q -Y sign -f key -n file >signature
	echo text | ssh-keygen -Y check-novalidate -n file -s signature
}

# As root of the container, with a shell for a user of its own.
tool_sshd() {
	mkdir /run/sshd
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f key
	cp key.pub authorized
	/usr/sbin/sshd -D -e -p 2222 -h "$PWD/host" -o StrictModes=no \
		-o "AuthorizedKeysFile=$PWD/authorized" 2>log &
	options=(-o StrictHostKeyChecking=no -o BatchMode=yes -i "$PWD/key")
	await ssh -p 2222 "${options[@]}" agent@127.0.0.1 true || cat log
	[[ $(ssh -p 2222 "${options[@]}" agent@127.0.0.1 id -un) == agent ]]
	ssh -tt -p 2222 "${options[@]}" agent@127.0.0.1 tty | grep -q /dev/pts
	echo text >file
	scp -q -P 2222 "${options[@]}" file agent@127.0.0.1:/tmp/copy
	kill $!
	cmp file /tmp/copy
}

tool_tmux() {
	TERM=xterm tmux new-session -d 'tty >file; sleep 100'
	sleep 20 &
	await test -s file
	TERM=xterm tmux kill-server
	grep -q /dev/pts file
}

tool_sqlite() {
	[[ $(sqlite3 db 'pragma journal_mode = wal; create table t (a); insert into t values (42)') == wal ]]
	sqlite3 db 'begin; insert into t values (43); commit; select count(*) from t' | grep -qx 2
	sqlite3 db 'pragma wal_checkpoint(truncate); pragma integrity_check' | grep -qx ok
}

# A package as sudo and passwd are.
tool_apt_setuid() {
	mkdir -p hello/DEBIAN hello/usr/bin
	printf '%s\n' 'Package: hello-local' 'Version: 1' 'Architecture: all' 'Description: hello' \
		'Maintainer: agent <agent@localhost>' >hello/DEBIAN/control
	cp /bin/true hello/usr/bin/hello-true
	fakeroot sh -c 'chmod 4755 hello/usr/bin/hello-true; dpkg-deb --build hello'
	dpkg -i hello.deb
	[[ $(stat -c %a /usr/bin/hello-true) == 4755 ]]
}

# Without debhelper: what matters is that root, which builds its files, is fakeroot, and its messages.
tool_dpkg_buildpackage() {
	local file=debian/hello/usr/bin/hello
	mkdir -p hello-1/debian
	cd hello-1
	printf '%s\n' 'Source: hello' 'Section: misc' 'Priority: optional' 'Standards-Version: 4.6.2' \
		'Maintainer: agent <agent@localhost>' '' 'Package: hello' 'Architecture: any' \
		'Description: hello' ' there' >debian/control
	printf '%s\n' 'hello (1) unstable; urgency=low' '' '  * first' '' \
		' -- agent <agent@localhost>  Mon, 01 Jan 2024 00:00:00 +0000' >debian/changelog
	printf '%s\n' '#!/usr/bin/make -f' 'build clean:' 'binary:' "	mkdir -p debian/hello/DEBIAN ${file%/*}" \
		"	gcc -x c -o $file - <main.c" "	chown root:root $file" "	chmod 4755 $file" \
		'	dpkg-gencontrol -phello -Pdebian/hello' '	dpkg-deb --build debian/hello ..' >debian/rules
	echo 'int main(void) { return 0; }' >main.c
	chmod 755 debian/rules
	dpkg-buildpackage -b -us -uc -d
	dpkg-deb -c ../hello_1_*.deb | grep '^-rwsr-xr-x root/root .*/usr/bin/hello$'
}

tool_ping() {
	ping -c 1 127.0.0.1
}

# browse OPTION...: a page whose text a script makes
browse() {
	local page='data:text/html,<p id=n>?</p><script>n.textContent = 6 * 7</script>'
	chromium --headless --disable-gpu --user-data-dir="$PWD/browser" "$@" --dump-dom "$page" | tee dom
	grep -q '<p id="n">42</p>' dom
}

tool_chromium() {
	browse --no-sandbox
}

tool_playwright() {
	cat >test.js <<-'END'
		const { chromium } = require("/opt/npm/node_modules/playwright-core");
		(async () => {
			const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
			const page = await browser.newPage();
			await page.setContent("<button onclick='this.textContent = 6 * 7'>?</button>");
			await page.click("button");
			await page.screenshot({ path: "page.png" });
			const text = await page.textContent("button");
			await browser.close();
			process.exit(text === "42" ? 0 : 1);
		})().catch(error => { console.error(error.message); process.exit(1) });
	END
	node test.js
	[[ $(head -c 4 page.png) == *PNG ]]
}

tool_chromium_in_its_sandbox() {
	browse
}

tool_unshare() {
	unshare -Urm bash -euc 'mount -t tmpfs tmpfs /mnt; touch /mnt/file; [[ $(id -u) == 0 ]]'
	[[ ! -e /mnt/file ]]
}

tool_bwrap() {
	bwrap --unshare-all --ro-bind / / --proc /proc --dev /dev --tmpfs /tmp --die-with-parent \
		bash -euc 'touch /tmp/file; [[ $(ls -d /proc/[0-9]* | wc -l) -lt 6 ]]'
}

tool_sudo() {
	[[ $(sudo -n id -u) == 0 ]]
}

# A package with a user of its own, as servers have them.
tool_apt() {
	mkdir -p hello/DEBIAN hello/usr/bin
	printf '%s\n' 'Package: hello-local' 'Version: 1' 'Architecture: all' 'Description: hello' \
		'Maintainer: agent <agent@localhost>' >hello/DEBIAN/control
	printf '#!/bin/sh\nuseradd --system hello && chown hello /usr/bin/hello\n' >hello/DEBIAN/postinst
	printf '#!/bin/sh\necho hello\n' >hello/usr/bin/hello
	chmod 755 hello/DEBIAN/postinst hello/usr/bin/hello
	dpkg-deb --root-owner-group --build hello
	apt-get install -qy ./hello.deb
	[[ $(hello) == hello && $(stat -c %U /usr/bin/hello) == hello ]]
	apt-get purge -qy hello-local
}
