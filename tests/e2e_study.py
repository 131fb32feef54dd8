"""Studies from outside: the same numbers whoever computes them and however often they are cut off; what is refused; pictures."""
import pathlib
import resource
import signal
import subprocess

import h5py
import numpy as np

from endtoend import BUG, DAMAGED, FINISHED, HERE, REFUSED, STOPPED, Case, case_file, contents, directory, end, finish, launch
from endtoend import main, program, wait_for

JOBS = pathlib.Path(HERE).parent / "jobs"
KEYS = {"model.chi": 6.28, "time.step": 0.05, "time.end": 0.5, "drift.tolerance": 1e-3, "pde.tolerance": 1e-2,
        "study.counts": "32 64 128", "study.replicas": 6, "output.directory": "out"}
# without a continuum, so that runs are all there is to do; some seconds on one rank
LONG = {**KEYS, "study.limit": "no", "time.end": 5, "study.counts": "96 128 160", "study.replicas": 8}


def lines_of(where):
    """All lines of the journals without their checksums, and without the seconds they took."""
    found = []
    for path in sorted(pathlib.Path(where).glob("journal-*.txt")):
        for line in path.read_text().splitlines():
            fields = line[17:].split("\t")
            found.append("\t".join(fields[:3] + fields[4:]))
    return sorted(found)


def result_of(where):
    return (pathlib.Path(where) / "study.h5").read_bytes()


class Same(Case):
    @classmethod
    def setUpClass(cls):
        cls.study = case_file(KEYS)
        cls.first = program("study", cls.study, cwd=cls.study.parent)
        cls.long = case_file(LONG)
        cls.undisturbed = program("study", cls.long, cwd=cls.long.parent)

    def setUp(self):
        self.ends(self.first)
        self.ends(self.undisturbed)

    def same(self, where, reference, tasks):
        lines = lines_of(where)
        self.assertEqual(len(lines), tasks, "every run is there once")
        self.assertEqual(lines, lines_of(reference))
        self.assertTrue(result_of(where) == result_of(reference), "study.h5 differs")

    def test_any_number_of_ranks_and_groups_gives_the_same_bytes(self):
        for ranks, groups in (2, 0), (3, 1), (4, 2):
            out = directory("study") / "out"
            self.ends(program("study", self.study, f"output.directory={out}", f"study.groups={groups}", ranks=ranks))
            self.same(out, self.study.parent / "out", 18)

    def test_three_jobs_that_share_a_study_give_the_same_bytes_in_any_order(self):
        out = directory("study") / "out"
        for part in 3, 1, 2:
            r = self.ends(program("study", self.study, f"output.directory={out}", "study.parts=3", f"study.part={part}"))
            self.assertIn("finished: study.h5" if part == 2 else "this part is finished", r.out)
        self.same(out, self.study.parent / "out", 18)

    def test_a_study_that_is_killed_again_and_again_goes_on_without_a_gap_or_a_duplicate(self):
        out = directory("study") / "out"
        for kill in range(3):
            process = launch("study", self.long, f"output.directory={out}", ranks=2)
            wait_for(lambda: len(lines_of(out)) >= 3 * (kill + 1) or process.poll() is not None)
            end(process)
            finish(process)
        self.assertLess(len(lines_of(out)), 24, "killed too late")
        self.ends(program("study", self.long, f"output.directory={out}", ranks=2))
        self.same(out, self.long.parent / "out", 24)

    def test_usr1_stops_a_study_with_75_and_the_same_command_goes_on(self):
        out = directory("study") / "out"
        process = launch("study", self.long, f"output.directory={out}")
        wait_for(lambda: len(lines_of(out)) >= 2)
        process.send_signal(signal.SIGUSR1)
        self.ends(finish(process), STOPPED)
        self.assertLess(len(lines_of(out)), 24)
        self.ends(program("study", self.long, f"output.directory={out}"))
        self.same(out, self.long.parent / "out", 24)

    def test_a_study_stops_before_its_wall_limit_and_goes_on(self):
        out = directory("study") / "out"
        self.ends(program("study", self.long, f"output.directory={out}", "limit.wall_minutes=0.005"), STOPPED)
        self.ends(program("study", self.long, f"output.directory={out}"))
        self.same(out, self.long.parent / "out", 24)

    def test_the_wall_limit_reaches_into_the_continuum(self):
        case = case_file({**KEYS, "model.chi": 60, "time.end": 2, "pde.tolerance": 1e-5, "study.counts": "32"})
        self.ends(program("study", case, "limit.wall_minutes=0.02", cwd=case.parent), STOPPED)
        self.assertEqual(lines_of(case.parent / "out"), [])

    def test_a_torn_line_is_computed_again(self):
        out = directory("study") / "out"
        self.ends(program("study", self.study, f"output.directory={out}"))
        journal = out / "journal-0001-00000.txt"
        journal.write_bytes(journal.read_bytes()[:-40])
        self.ends(program("study", self.study, f"output.directory={out}"))
        self.assertTrue(result_of(out) == result_of(self.study.parent / "out"))

    def test_studies_measure_nothing_whatever_is_usual(self):
        """Those of a version in which `no` was usual say so."""
        used = (self.study.parent / "out" / "used.ini").read_text()
        self.assertRegex(used, r"\ncalibrate = no ; studies go by constants\n")
        self.ends(program("study", self.study, "drift.calibrate=engine", cwd=self.study.parent))

    def test_a_finished_study_is_resumed_in_two_seconds(self):
        def spent():  # processor time: other tests may keep the machine busy
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            return used.ru_utime + used.ru_stime
        start = spent()
        self.ends(program("study", self.study, cwd=self.study.parent))
        self.assertLess(spent() - start, 2.0)

    def test_info_tells_a_whole_result_from_a_damaged_one(self):
        out = directory("study") / "out"
        self.ends(program("study", self.study, f"output.directory={out}", "study.limit=no", "study.replicas=1"))
        self.assertIn("whole; mnemotaxis study", self.ends(program("info", out)).out)
        data = bytearray((out / "study.h5").read_bytes())
        data[len(data) // 2] ^= 1
        (out / "study.h5").write_bytes(data)
        self.ends(program("info", out / "study.h5"), DAMAGED)
        self.assertIn("DAMAGED", self.ends(program("info", out), DAMAGED).out)

    def test_more_replicas_and_numbers_of_cells_keep_what_is_done(self):
        out = directory("study") / "out"
        self.ends(program("study", self.study, f"output.directory={out}", "study.replicas=2", "study.counts=32 128"))
        before = lines_of(out)
        self.ends(program("study", self.study, f"output.directory={out}"))
        self.assertTrue(set(before) < set(lines_of(out)))
        self.same(out, self.study.parent / "out", 18)


class Numbers(Case):
    def study(self, *arguments, code=FINISHED, **keys):
        case = case_file({**KEYS, **{k.replace("__", "."): v for k, v in keys.items()}})
        result = self.ends(program("study", case, *arguments, cwd=case.parent), code)
        with h5py.File(case.parent / "out/study.h5", "r") as f:
            return result, {k: f["table"][k][:] for k in f["table"]}, {k: f["paired"][k][:] for k in f["paired"]}

    def test_without_chemical_cells_are_cells_of_the_limit(self):
        _, table, _ = self.study(model__chi=0, study__counts="32", study__replicas=4)
        self.assertEqual([table["coupling"][0], table["coupling_sup"][0], table["weak_1"][0]], [0, 0, 0])

    def test_variations_see_the_same_noise_so_that_steps_can_be_compared(self):
        _, table, paired = self.study(study__vary="time.step 0.1 0.05", study__counts="64", study__replicas=8)
        own = table["mean_square_error"][0]
        self.assertLess(paired["mean_square_error"][0], 0.1 * own)
        self.assertAlmostEqual(paired["mean_square"][0], table["mean_square"][0] - table["mean_square"][1], places=12)
        self.assertEqual(paired["mean_square"][1], 0)

    def test_coupling_falls_with_the_number_of_cells(self):
        _, table, _ = self.study(study__counts="16 256", study__replicas=12, time__end=1)
        ratio = table["coupling"][0] / table["coupling"][1]
        # 1/N would be 16; four standard errors of the two averages
        spread = 4 * np.hypot(*(table["coupling_error"] / table["coupling"]))
        self.assertGreater(ratio, 16 / 4 * (1 - spread))

    def test_a_run_that_fails_is_told_with_its_reason_and_the_others_go_on(self):
        where = directory("points")
        with h5py.File(where / "points.h5", "w") as f:
            f["x"] = np.random.default_rng(1).normal(size=(40, 2))
        result, table, _ = self.study(initial__kind="file", initial__file=where / "points.h5", initial__dataset="/x",
                                      study__limit="no", study__counts="40 64", study__replicas=3, code=BUG)
        self.assertEqual(list(table["finished"]), [3, 0])
        self.assertEqual(list(table["failed"]), [0, 3])
        self.assertIn("3 runs have failed", result.out)


class Refused(Case):
    def test_what_contradicts_itself_is_refused_in_one_sentence_and_nothing_is_written(self):
        claims = [("study.counts=3.5", "3.5"), ("study.counts=64 64", "different"), ("study.replicas=0", ">= 1"),
                  ("study.case=none.ini", "none.ini"), ("study.part=3", "study.parts"), ("study.vary=model.teta 1", "model.theta"),
                  ("study.vary=model.theta", "no values"), ("study.vary=model.theta 1 | model.theta 2", "twice"),
                  ("study.vary=particles.count 3", "study.counts"), ("study.vary=output.every 3", "cannot be varied"),
                  ("study.vary=model.theta -1", ">= 0"), ("study.vary=time.step 0.1 0.07", "multiple"),
                  ("study.vary=model.theta 1 0", "theta"), ("study.vary=model.theta 1 1", "twice"),
                  ("study.vary=time.noise_substeps 1 2", "follows"), ("initial.kind=dirac", "density"),
                  ("pde.smoothing=0.1", "elsewhere"), ("study.counts=64 1000000000", "MiB")]
        for words, hint in claims:
            case = case_file(KEYS)
            result = self.ends(program("study", case, words, cwd=case.parent), REFUSED)
            self.one_sentence(result, hint)
            self.assertEqual(sorted(contents(case.parent)), ["case.ini"], words)

    def test_a_directory_of_another_study_or_of_a_run_is_left_as_it_is(self):
        case = case_file({**KEYS, "study.limit": "no", "study.counts": "32", "study.replicas": 1})
        self.ends(program("study", case, cwd=case.parent))
        before = contents(case.parent)
        for change in "model.chi=1", "time.end=1", "study.limit=yes":
            self.one_sentence(self.ends(program("study", case, change, cwd=case.parent), REFUSED), "another study")
        self.one_sentence(self.ends(program("resume", "out", cwd=case.parent), REFUSED), "study")
        self.assertEqual(contents(case.parent), before)
        self.ends(program("run", case, "output.directory=run", "particles.count=32", cwd=case.parent))
        before = contents(case.parent)
        self.one_sentence(self.ends(program("study", case, "output.directory=run", cwd=case.parent), REFUSED), "a run")
        self.assertEqual(contents(case.parent), before)


class Pictures(Case):
    def test_a_report_is_made_from_the_files_alone_and_needs_nothing_else(self):
        case = case_file({**KEYS, "study.vary": "time.step 0.1 0.05"})
        self.ends(program("study", case, cwd=case.parent))
        done = subprocess.run(["sh", JOBS / "python.sh", JOBS / "study.py", case.parent / "out"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        report = (case.parent / "out/report.html").read_text()
        self.assertNotIn("http", report.split("<pre>")[0])
        for words in "data:image/png", "coupling", "time.step=0.05", "not theorems":
            self.assertIn(words, report)

    def test_an_animation_is_made_of_the_snapshots(self):
        case = case_file({"particles.count": 50, "time.step": 0.05, "time.end": 0.3, "output.directory": "out",
                          "output.snapshot_every": 1})
        self.ends(program("run", case, cwd=case.parent))
        done = subprocess.run(["sh", JOBS / "python.sh", JOBS / "animate.py", "out", "a.gif"], cwd=case.parent,
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((case.parent / "a.gif").read_bytes()[:6], b"GIF89a")


if __name__ == "__main__":
    main()
