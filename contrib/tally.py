#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Counts the results that contrib/check collected in a folder.

NAME.json are logs of `meson test`, one object per line and test. A test that speaks TAP counts as its
subtests, any other as one. The file builds has lines "passed|failed<TAB>name<TAB>log file"
and "skipped<TAB>name<TAB>reason".
"""
import json
import pathlib
import re
import sys

TAP = re.compile(r"(not )?ok\b *(\d+)?(?: *-)? *([^#]*?) *(?:# *(SKIP|TODO)\S* *(.*))?$", re.I)
PLAN = re.compile(r"1\.\.(\d+)(?: *# *SKIP\S* *(.*))?$", re.I)
CHECK = re.compile(r"(?:\(null\)|\S+\.c):[^:]*:(\w+): (.*)")  # how libcheck names a failure
EXCERPT = 25  # lines

# They pass outside valgrind, in the level unit, and cannot in it.
NO_OPENAT2 = "valgrind does not know openat2"
NOT_UNDER_VALGRIND = {
    "ignored_and_blocked_signals_are_reset": "valgrind catches every signal itself",
    "both_ways_to_write_a_name_lead_to_the_same_value": NO_OPENAT2,
    "a_value_that_does_not_exist_is_named_with_what_was_to_be_written": NO_OPENAT2,
    "no_name_leads_out_of_procfs": NO_OPENAT2,
}


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = []  # (name, lines)
        self.skipped = []  # (name, reason)

    def tap(self, name, test):
        """Returns whether TEST spoke TAP."""
        planned, seen, failed = None, 0, 0
        notes = None
        for line in test.get("stdout", "").splitlines():
            if plan := PLAN.match(line):
                planned = int(plan[1])
                if planned == 0:
                    self.skipped.append((name, plan[2] or "no reason given"))
            elif case := TAP.match(line):
                seen += 1
                notes = None
                what, message = case[3] or case[2], None
                if check := CHECK.fullmatch(what):
                    what, message = check[1], check[2]
                full = f"{name}: {what}"
                if case[4] and case[4].upper() == "SKIP":
                    self.skipped.append((full, case[5] or "no reason given"))
                elif case[1] and (reason := excluded(name, what, message)):
                    failed += 1
                    self.skipped.append((full, reason))
                elif case[1]:
                    failed += 1
                    # What a test of libcheck had to say beyond its message is on stderr.
                    notes = [message] + test.get("stderr", "").splitlines() if message else []
                    self.failed.append((full, notes))
                else:
                    self.passed += 1
            elif line.startswith("#") and notes is not None:
                notes.append(line[1:].strip())
        if planned is None and not seen:
            return False
        if planned is not None and planned != seen or test["returncode"] != 0 and not failed \
                or planned is None or test["result"] == "TIMEOUT":
            self.ended(name, test, f"{seen} of {'?' if planned is None else planned} tests ran")
        return True

    def ended(self, name, test, why=""):
        head = f"{test['result']}, exit status {test['returncode']}" + (f", {why}" if why else "")
        self.failed.append((name, [head] + output(test)))

    def add(self, level, test):
        name = f"{level}: {re.sub('^.* / ', '', test['name'])}"
        if self.tap(name, test):
            return
        if test["result"] == "OK":
            self.passed += 1
        elif test["result"] == "SKIP":
            self.skipped.append((name, " ".join(output(test)) or "no reason given"))
        else:
            self.ended(name, test)

    def add_build(self, line):
        result, name, log = line.split("\t")
        if result == "passed":
            self.passed += 1
            return
        if result == "skipped":
            self.skipped.append((name, log))
            return
        path = pathlib.Path(log)
        lines = path.read_text(errors="replace").splitlines() if path.is_file() else []
        found = [text for text in lines if "error:" in text or "ERROR" in text]
        self.failed.append((name, (found or lines)[-EXCERPT:] + [f"log: {log}"]))


def excluded(name, what, message):
    """Why the failure of WHAT does not count, or None. An early exit is valgrind's own verdict."""
    if not name.startswith("valgrind: ") or message and message.startswith("Early exit"):
        return None
    return NOT_UNDER_VALGRIND.get(what)


def output(test):
    text = test.get("stdout", "") + test.get("stderr", "")
    return text.splitlines()[-EXCERPT:]


def main(folder):
    tally = Tally()
    for line in (folder / "builds").read_text().splitlines():
        tally.add_build(line)
    for path in sorted(folder.glob("*.json")):
        for line in path.read_text(errors="replace").splitlines():
            tally.add(path.stem, json.loads(line))

    print()
    for name, lines in tally.failed:
        print(f"FAILED {name}")
        for text in lines[:EXCERPT + 1]:
            print(f"    {text}")
    for name, reason in tally.skipped:
        print(f"skipped {name}: {reason}")
    if tally.skipped:
        print(f"{len(tally.skipped)} skipped")
    print(f"{tally.passed} passed, {len(tally.failed)} failed")
    return 1 if tally.failed or tally.passed == 0 else 0


sys.exit(main(pathlib.Path(sys.argv[1])))
