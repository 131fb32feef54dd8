"""The job script under a real Slurm: a run that is stopped queues itself again and ends with the same bytes.

A private Slurm of one node is started for it (slurm.sh).  Where there can be none, one line says so and the exit code is 77.
The job scripts are those beside tests/, or in MNEMOTAXIS_JOBS.
"""
import atexit
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

from endtoend import HERE, PROGRAM, Case, case_file, contents, directory, main, program

JOBS = pathlib.Path(os.environ.get("MNEMOTAXIS_JOBS", HERE.parent / "jobs")).resolve()
# some seconds on two ranks
KEYS = {"particles.count": 800, "drift.engine": "direct", "time.step": 0.05, "time.end": 3, "checkpoint.every_steps": 7,
        "checkpoint.every_minutes": 0, "output.every": 20}


def setUpModule():
    # not in the scratch directory: the daemons go first
    where = tempfile.mkdtemp(prefix="mnslurm")
    atexit.register(shutil.rmtree, where, ignore_errors=True)
    up = subprocess.run([HERE / "slurm.sh", where, "up"]).returncode
    if up:
        raise SystemExit(up)
    atexit.register(subprocess.run, [HERE / "slurm.sh", where, "down"])
    # nothing of an outer job; the launchers as in mpirun.sh
    for name in [n for n in os.environ if re.match("SLURM|SBATCH|SRUN|PMI|MNEMOTAXIS", n)]:
        del os.environ[name]
    os.environ.update(SLURM_CONF=f"{where}/slurm.conf", MNEMOTAXIS=PROGRAM, OMPI_ALLOW_RUN_AS_ROOT="1",
                      OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OMPI_MCA_mpi_yield_when_idle="1", OMPI_MCA_btl="self,vader",
                      OMPI_MCA_btl_vader_single_copy_mechanism="none", OMPI_MCA_hwloc_base_binding_policy="none")


def slurm(*words, **more):
    done = subprocess.run([str(w) for w in words], capture_output=True, text=True, timeout=30, **more)
    if done.returncode:
        raise AssertionError(f"{words} gave {done.returncode}: {done.stderr}")
    return done.stdout.strip()


class Job:
    """run.slurm on a case, on two tasks, in a directory of its own; the command line changes where the case ends."""

    def __init__(self, keys, *options, **environment):
        self.where = directory("job")
        self.run = self.where / "runs/case"
        self.case = case_file({**keys, "time.end": 0.1}, self.where)
        self.change = f"time.end={keys['time.end']}"
        self.submit(*options, **environment)

    def submit(self, *options, **environment):
        options = options or ["--time=60"]
        self.number = slurm("sbatch", "--parsable", "--ntasks=2", *options, JOBS / "run.slurm", self.case, self.change,
                            cwd=self.where, env={**os.environ, **environment})

    def log(self):
        path = self.where / f"mnemotaxis-run-{self.number}.log"
        return path.read_text() if path.exists() else ""

    def steps(self, words):
        """At which steps, by the log, this happened."""
        return [int(s) for s in re.findall(f"^{words} at step (\\d+)", self.log(), re.M)]

    def field(self, name):
        return re.search(rf"\b{name}=(\S*)", slurm("scontrol", "show", "job", self.number)).group(1)

    def ranks(self):
        """The ranks that run: id -> what started it."""
        found = {}
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").samefile(self.where) and (process / "exe").samefile(PROGRAM):
                    parent = re.search(r"^PPid:\s*(\d+)", (process / "status").read_text(), re.M).group(1)
                    found[int(process.name)] = pathlib.Path(f"/proc/{parent}/comm").read_text().strip()
            except OSError:  # it has ended meanwhile
                pass
        return found

    def until(self, enough, seconds=60):
        """Waits for this, or for the end of the job; the state of the job then."""
        limit = time.monotonic() + seconds
        while (state := self.field("JobState")) in ("PENDING", "CONFIGURING", "RUNNING", "COMPLETING") and not enough():
            if time.monotonic() > limit:
                raise AssertionError(f"job {self.number} does not end: {state}\n{self.log()}")
            time.sleep(0.1)
        return state

    def under_way(self, name="checkpoint.h5"):
        """Waits until the run has written a file."""
        self.until((self.run / name).exists)

    def end(self):
        """Waits for the end, through all returns to the queue, and says how the job has ended."""
        return self.until(lambda: False)

    def hold(self, seconds):
        """Makes a run slow, however fast the machine is."""
        ranks = self.ranks()
        for rank in ranks:
            os.kill(rank, signal.SIGSTOP)
        time.sleep(seconds)
        for rank in ranks:
            os.kill(rank, signal.SIGCONT)

    def signal(self):
        slurm("scancel", "--signal=USR1", "--batch", self.number)


class Slurm(Case):
    @classmethod
    def setUpClass(cls):
        cls.reference = directory("run") / "run"
        cls.undisturbed = program("run", case_file(KEYS), f"output.directory={cls.reference}", ranks=2)

    def setUp(self):
        self.ends(self.undisturbed)
        self.addCleanup(slurm, "scancel", "--user=root")

    def ended(self, job, state, code, restarts):
        """Ended so, having gone back to the queue so many times."""
        found = (job.end(), job.field("ExitCode"), job.field("Restarts"))
        self.assertEqual(found, (state, f"{code}:0", str(restarts)), job.log())

    def finished(self, job, restarts):
        self.ended(job, "COMPLETED", 0, restarts)
        late = any(step > 56 for step in job.steps("resumed"))  # after the last periodic checkpoint but the final one
        self.same_files(job.run, self.reference, but=["checkpoint.prev.h5"] if late else [])

    def stop_and_go_on(self, parent, **environment):
        job = Job(KEYS, **environment)
        job.under_way()
        self.assertEqual(list(job.ranks().values()), [parent, parent], job.log())
        job.signal()
        self.finished(job, 1)
        stops = job.steps("stop requested")
        self.assertEqual(len(stops), 1, job.log())
        self.assertEqual(job.steps("resumed"), stops, job.log())
        # not before the program has ended
        self.assertLess(job.log().index("stopped early; go on with"), job.log().index("queued again"), job.log())

    def test_usr1_to_a_run_under_srun_stops_it_with_a_checkpoint_and_the_job_goes_on_by_itself_to_the_same_bytes(self):
        self.stop_and_go_on("slurmstepd")

    def test_usr1_to_a_run_under_mpirun_stops_it_with_a_checkpoint_and_the_job_goes_on_by_itself_to_the_same_bytes(self):
        self.stop_and_go_on("mpirun", MNEMOTAXIS_LAUNCHER="mpirun --oversubscribe")

    def test_before_the_time_limit_a_run_stops_by_itself_and_the_job_goes_on_to_the_same_bytes(self):
        # of two minutes the margin leaves four seconds; Slurm's own signal would come after more than one minute
        job = Job(KEYS, "--time=2", "--signal=B:USR1@1", MNEMOTAXIS_MARGIN="1.93")
        job.under_way()
        minutes = float(re.search(r"^wall_minutes = (\S+)", (job.run / "used.ini").read_text(), re.M).group(1))
        self.assertTrue(0.04 < minutes < 0.08, f"limit.wall_minutes={minutes}")
        job.hold(60 * minutes)
        self.assertEqual(job.end(), "COMPLETED", job.log())
        stops = job.steps("wall-clock limit reached")  # where the machine is slow, more than one
        self.assertGreater(len(stops), 0, job.log())
        self.assertEqual(job.steps("resumed"), stops, job.log())
        self.finished(job, len(stops))

    def test_a_killed_run_ends_its_job_and_the_same_command_goes_on_from_the_newest_checkpoint_to_the_same_bytes(self):
        job = Job(KEYS)
        job.under_way("checkpoint.prev.h5")
        for rank in job.ranks():
            os.kill(rank, signal.SIGKILL)
        self.ended(job, "FAILED", 137, 0)
        newest = int(re.search(r"at step (\d+),", program("info", job.run).out).group(1))
        self.assertGreater(newest, 0)
        job.submit()
        self.finished(job, 0)
        self.assertEqual(job.steps("resumed"), [newest], job.log())

    def test_a_job_queues_itself_again_no_more_often_than_allowed_and_says_how_to_go_on(self):
        job = Job(KEYS, MNEMOTAXIS_RETRIES="0")
        job.under_way()
        job.signal()
        self.ended(job, "FAILED", 75, 0)
        self.assertIn("submit the job again to go on", job.log())
        job.submit()
        self.finished(job, 0)

    def test_a_mistake_in_the_case_ends_the_job_with_64_and_it_is_not_queued_again(self):
        job = Job({**KEYS, "time.step": -1})
        self.ended(job, "FAILED", 64, 0)
        self.assertEqual(job.log().count("mnemotaxis: "), 1, job.log())
        self.assertEqual(sorted(contents(job.where)), ["case.ini", f"mnemotaxis-run-{job.number}.log"])

    def test_a_job_that_is_cancelled_does_not_come_back(self):
        job = Job(KEYS)
        job.under_way()
        slurm("scancel", job.number)
        self.assertEqual((job.end(), job.field("Restarts")), ("CANCELLED", "0"), job.log())


class Study(Case):
    """An array of jobs that share a study."""

    KEYS = {"study.limit": "no", "study.counts": "192 256", "study.replicas": 9, "time.step": 0.05, "time.end": 4,
            "output.directory": "out"}

    def submit(self, where):
        return slurm("sbatch", "--parsable", "--ntasks=1", "--time=60", "--array=0-2", JOBS / "study_array.slurm", "case.ini",
                     cwd=where)

    def wait(self, number):
        limit = time.monotonic() + 120
        while slurm("squeue", "--noheader", f"--jobs={number}", "--states=all", "--format=%T").replace("COMPLETED", "").replace(
                "FAILED", "").strip():
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.2)
        return sorted(slurm("squeue", "--noheader", f"--jobs={number}", "--states=all", "--format=%T").split())

    def lines(self, where):
        return sum(len(p.read_text().splitlines()) for p in (where / "out").glob("journal-*.txt"))

    def test_an_array_of_which_one_task_is_killed_is_completed_by_the_same_command_to_the_same_bytes(self):
        reference = case_file(self.KEYS, directory("study"))
        self.ends(program("study", reference, cwd=reference.parent, ranks=2))
        where = case_file(self.KEYS, directory("study")).parent
        first = self.submit(where)
        limit = time.monotonic() + 60
        while not (victims := [p for p in self.programs(where) if self.lines(where) >= 1]):
            self.assertLess(time.monotonic(), limit)
            time.sleep(0.05)
        os.kill(victims[0], signal.SIGKILL)
        self.assertEqual(self.wait(first), ["COMPLETED", "COMPLETED", "FAILED"])
        self.assertLess(self.lines(where), 18)
        self.assertEqual(self.wait(self.submit(where)), ["COMPLETED"] * 3)
        self.assertEqual(self.lines(where), 18)
        self.assertEqual((where / "out/study.h5").read_bytes(), (reference.parent / "out/study.h5").read_bytes())

    @staticmethod
    def programs(where):
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                if (process / "cwd").samefile(where) and (process / "exe").samefile(PROGRAM):
                    found.append(int(process.name))
            except OSError:  # it has ended meanwhile
                pass
        return found


if __name__ == "__main__":
    main()
