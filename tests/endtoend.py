"""Shared by the end-to-end tests: the program on k ranks, case files, exact bytes.

The program is found through the environment variable MNEMOTAXIS.  Python 3.11, numpy and h5py of Debian; a script is
run as `MNEMOTAXIS=build/release/mnemotaxis /usr/bin/python3 tests/e2e_NAME.py` and exits non-zero on failure.
Statistical claims: fixed seeds, 5 standard errors, false alarm 6e-7 each had the seeds been drawn anew.
"""
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

HERE = pathlib.Path(__file__).resolve().parent
PROGRAM = os.path.abspath(os.environ.get("MNEMOTAXIS", HERE.parent / "build/release/mnemotaxis"))
TIMEOUT = 60
FINISHED, REFUSED, DAMAGED, BUG, FAILED, STOPPED = 0, 64, 65, 70, 74, 75

_scratch = pathlib.Path(tempfile.mkdtemp(prefix="mn"))
# what a killed run leaves of Open MPI stays in the scratch directory
os.environ.update(OMPI_MCA_btl_vader_backing_directory=str(_scratch), HDF5_USE_FILE_LOCKING="FALSE")


def directory(name="d"):
    """A new empty directory."""
    return pathlib.Path(tempfile.mkdtemp(prefix=name, dir=_scratch))


def command(arguments, ranks=1, program=PROGRAM):
    """One rank is started without a launcher: every command works alone."""
    launcher = [] if ranks == 1 else ["sh", str(HERE / "mpirun.sh"), str(ranks)]
    return launcher + [str(a) for a in [program, *arguments]]


class Result:
    def __init__(self, arguments, ranks, code, out, err):
        self.arguments, self.ranks, self.code, self.out, self.err = arguments, ranks, code, out, err

    def __str__(self):
        words = " ".join(str(a) for a in self.arguments)
        return f"mnemotaxis {words} on {self.ranks} ranks gave {self.code}\n{self.out[-1500:]}{self.err[-1500:]}"


def launch(*arguments, ranks=1, cwd=None, **more):
    """Starts the program and returns at once."""
    # launchers that share a directory for temporary files can remove it under each other
    environment = {**os.environ, "TMPDIR": str(directory("t"))}
    return subprocess.Popen(command(arguments, ranks), cwd=cwd or directory(), stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL, env=environment, **more)


def end(process):
    """Kills a process and the ranks that it has started."""
    victims = [*ranks_of(process), process.pid]
    for victim in victims:
        try:
            os.kill(victim, 9)
        except ProcessLookupError:
            pass


def ranks_of(process):
    """Ids of the ranks: the children of mpirun, or the process itself."""
    try:
        children = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except FileNotFoundError:
        return []
    return [int(c) for c in children] or [process.pid]


def finish(process, arguments=(), ranks=1, timeout=TIMEOUT):
    try:
        out, err = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        end(process)
        out, err = process.communicate()
        return Result(arguments, ranks, "no end (hangs)", out, err)
    return Result(arguments, ranks, process.returncode, out, err)


def program(*arguments, ranks=1, cwd=None, timeout=TIMEOUT, **more):
    """Runs the program to its end."""
    return finish(launch(*arguments, ranks=ranks, cwd=cwd, **more), arguments, ranks, timeout)


def together(calls, at_once=3):
    """Results of functions without arguments; starting MPI is mostly waiting, so several at once."""
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        return [f.result() for f in [pool.submit(c) for c in calls]]


def case_text(keys):
    sections = {}
    for key, value in keys.items():
        section, name = key.split(".")
        sections.setdefault(section, []).append(f"{name} = {value}")
    return "".join(f"[{s}]\n" + "\n".join(lines) + "\n" for s, lines in sections.items())


def case_file(keys, where=None):
    """Writes a case file of section.key: value and returns its path."""
    path = (where or directory("case")) / "case.ini"
    path.write_text(case_text(keys))
    return path


def contents(where):
    """All files below a directory: name -> bytes."""
    return {str(p.relative_to(where)): p.read_bytes() for p in sorted(pathlib.Path(where).rglob("*")) if p.is_file()}


def results(where):
    """The files of a run that must not depend on ranks and interruptions: name -> bytes."""
    return {name: data for name, data in contents(where).items() if name not in ("used.ini", "log.txt")}


def copy(where):
    to = directory("copy")
    shutil.copytree(where, to, dirs_exist_ok=True)
    return to


def wait_for(condition, seconds=30):
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError("waited in vain")
        time.sleep(0.005)


class Case(unittest.TestCase):
    maxDiff = None

    def ends(self, result, code=FINISHED):
        self.assertEqual(result.code, code, str(result))
        return result

    def same_files(self, where, reference, message="", but=()):
        """Byte for byte, but for some names; what differs is named, not shown."""
        found, wanted = results(where), results(reference)
        self.assertEqual(sorted(found), sorted(wanted), message)
        different = [name for name in wanted if found[name] != wanted[name] and name not in but]
        self.assertEqual(different, [], f"{message}: these files differ")

    def one_sentence(self, result, *words):
        """Exactly one line on stderr, from one rank, that holds all the words."""
        self.assertEqual(result.err.count("\n"), 1, str(result))
        self.assertTrue(result.err.startswith("mnemotaxis: "), str(result))
        for word in words:
            self.assertIn(word, result.err, str(result))


def main():
    try:
        unittest.main(verbosity=2, argv=sys.argv, exit=False, buffer=False).result.wasSuccessful() or sys.exit(1)
    finally:
        shutil.rmtree(_scratch, ignore_errors=True)
