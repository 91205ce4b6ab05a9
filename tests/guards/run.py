#!/usr/bin/env python3
"""Takes each guard away in turn and sees its test go red.

    python3 tests/guards/run.py [NAME ...]

Each patch beside this file removes one guard from `src`; its first lines say which, and after `Test:` the test that
watches it. A copy of the last commit is made below `target/guards`, where the tests have to be green first. Then each
patch is applied alone: the code must still build, and the test must fail. The last line counts; status 1 if a guard is
missed by nobody.
"""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PLACE = ROOT / "target" / "guards"
TREE = PLACE / "tree"
# Seconds for the tests of one guard.
AT_MOST = 180


def run(*command, timeout=None, **options):
    """Runs a command to its end; one that takes too long is killed with all that it started."""
    child = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True, **options
    )
    try:
        out, err = child.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        raise
    return subprocess.CompletedProcess(command, child.returncode, out, err)


def test(names):
    """Whether the tests of these names pass; None if the code does not build or no test has such a name."""
    environment = {**os.environ, "CARGO_TARGET_DIR": str(PLACE / "target"), "INSTA_UPDATE": "no"}
    built = run("cargo", "test", "--quiet", "--no-run", cwd=TREE, env=environment)
    if built.returncode != 0:
        sys.stderr.write(built.stderr[-3000:])
        return None
    try:
        command = ["cargo", "test", "--quiet", "--no-fail-fast", "--", *names]
        said = run(*command, cwd=TREE, env=environment, timeout=AT_MOST)
    except subprocess.TimeoutExpired:
        # Without the guard it goes on for ever, which is no green either.
        return False
    results = [line for line in said.stdout.splitlines() if line.startswith("test result:")]
    ran = sum(int(line.split(" passed")[0].split()[-1]) + int(line.split(" failed")[0].split()[-1]) for line in results)
    return None if ran == 0 else said.returncode == 0


def guards(wanted):
    for patch in sorted(Path(__file__).parent.glob("*.patch")):
        if wanted and patch.stem not in wanted:
            continue
        lines = patch.read_text().splitlines()
        yield patch, lines[0], next(line for line in lines if line.startswith("Test: ")).removeprefix("Test: ")


def main():
    all_guards = list(guards(sys.argv[1:]))
    shutil.rmtree(TREE, ignore_errors=True)
    TREE.mkdir(parents=True)
    archive = subprocess.Popen(["git", "archive", "HEAD"], cwd=ROOT, stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", TREE], stdin=archive.stdout, check=True)
    if archive.wait() != 0:
        sys.exit("git archive failed")
    if not test([name for _, _, name in all_guards]):
        sys.exit("the tests are not green with all guards in place")
    missed = 0
    for patch, what, name in all_guards:
        applied = run("patch", "-p1", "-i", patch, cwd=TREE)
        green = None
        if applied.returncode == 0:
            green = test([name])
        run("patch", "-p1", "-R", "-i", patch, cwd=TREE)
        verdict = {None: "DOES NOT APPLY OR BUILD", True: "MISSED BY NOBODY", False: "red"}[green]
        missed += green is not False
        print(f"{patch.stem}: {verdict}. {what} ({name})", flush=True)
    print(f"{len(all_guards) - missed} of {len(all_guards)} guards are watched")
    sys.exit(1 if missed else 0)


main()
