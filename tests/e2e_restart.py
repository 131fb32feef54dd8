"""Same bytes whatever the number of ranks and however often a run was stopped, killed, or damaged on the way."""
import os
import random
import re
import shutil
import signal
import subprocess
import time

import h5py

from endtoend import (DAMAGED, FAILED, FINISHED, PROGRAM, REFUSED, STOPPED, Case, case_file, contents, copy, directory, end, finish, launch, main,
                      program, ranks_of, results, together, wait_for)

BASE = {"particles.count": 40, "time.step": 0.05, "time.end": 1, "checkpoint.every_steps": 4, "checkpoint.every_minutes": 0,
        "output.snapshot_every": 5}
BOTH_KINDS = {"output.drift": "yes", "output.fields": 8}
RAMP = {"time.first_step": 0.001, "time.growth": 1.5, "initial.kind": "dirac"}

# every scheme, quadrature, start, c0 and bound on the past appears at least once
VARIANTS = {
    "heun": BOTH_KINDS,
    "averaged_growing_steps": {**RAMP, "time.scheme": "averaged"},
    "heun_growing_steps_and_fields": {**RAMP, **BOTH_KINDS, "model.theta": 10},
    "euler_with_horizon": {"time.scheme": "euler", "history.horizon": 0.3, "initial.kind": "disk"},
    "heun_with_horizon_and_growing_steps": {**RAMP, "history.horizon": 0.3},
    "capacity": {"history.capacity": 0.0025, "initial.kind": "ring", "initial.width": 0.1},
    "decay": {"model.lambda": 2, "model.theta": 0.1, "time.scheme": "averaged"},
    "frozen": {"drift.quadrature": "frozen", "model.lambda": 1},
    "c0_gaussians": {"model.c0": "gaussian", "model.c0_gaussians": "1 0.5 0 0.7, 2 -1 -1 0.3", "model.lambda": 1, **BOTH_KINDS},
    "regularized_clusters": {"model.regularization": 0.05, "initial.kind": "clusters",
                             "initial.clusters": "1 -1 0 0.2, 2 1 1 0.4", "particles.seed": 7},
    "double_and_substeps": {"drift.precision": "double", "time.noise_substeps": 3, "drift.tolerance": 1e-8},
    "float_arithmetic": {"drift.precision": "float", "drift.tolerance": 1e-3, "initial.centre": "1000 -3"},
    "two_cells": {"particles.count": 2},
    "fields_of_500_cells": {"particles.count": 500, "drift.engine": "spectral", "drift.tolerance": 1e-3, "output.drift": "yes"},
    "fields_sharp_small_theta": {"particles.count": 200, "drift.engine": "spectral", "drift.tolerance": 1e-6, "model.theta": 0.1,
                                 "drift.ratio": 2, "time.end": 0.5},
    "33_cells": {"particles.count": 33, **BOTH_KINDS},
    "5_cells_kept_twice": {"particles.count": 5, "checkpoint.keep": 2, "output.every": 3},
}
NEVER = "limit.wall_minutes=0"
AT_ONCE = "limit.wall_minutes=1e-9"  # stops after one step


def run(case, *more, ranks=1):
    """Runs a case into a new directory: result and run directory."""
    where = directory("run") / "run"
    return program("run", case, f"output.directory={where}", *more, ranks=ranks), where


def values(where):
    """used.ini without where the values come from."""
    return [line.split(" ; ")[0] for line in (where / "used.ini").read_text().splitlines() if not line.startswith(";")]


class Variants(Case):
    """Each variant: one rank to the end; stopped after step 1 and 2 and ended, each part on other ranks; two of them also
    without a stop on 2, 3 and 4 ranks."""

    @classmethod
    def setUpClass(cls):
        names = list(VARIANTS)
        outcomes = together([lambda k=k: cls.evaluate(VARIANTS[names[k]], k) for k in range(len(names))], 6)
        cls.outcome = dict(zip(names, outcomes))

    @staticmethod
    def evaluate(extra, index):
        case = case_file({**BASE, **extra})
        everywhere = index == 0 or extra.get("particles.count") == 33
        runs = [run(case, ranks=k) for k in ((1, 2, 3, 4) if everywhere else (1,))]
        stop_ranks = [1 + (index + k) % (4 if everywhere else 3) for k in range(3)]
        first, where = run(case, AT_ONCE, ranks=stop_ranks[0])
        second = program("resume", where, AT_ONCE, ranks=stop_ranks[1])
        at = program("info", where)
        third = program("resume", where, NEVER, ranks=stop_ranks[2])
        return runs, (first, second, third), at, where


def variant_test(name):
    def test(self):
        runs, stops, at, where = self.outcome[name]
        for result, _ in runs:
            self.ends(result)
        for result, reached in runs[1:]:
            self.same_files(reached, runs[0][1], f"on {result.ranks} ranks")
        self.ends(stops[0], STOPPED)
        self.ends(stops[1], STOPPED)
        self.assertIn("at step 2,", self.ends(at).out, "each part takes one step")
        self.ends(stops[2])
        self.same_files(where, runs[0][1], "stopped and resumed on " + ", ".join(str(s.ranks) for s in stops))
    return test


for item in VARIANTS:
    setattr(Variants, f"test_{item}_gives_the_same_bytes_on_any_ranks_and_through_restarts", variant_test(item))


class Long(Case):
    """A run of some seconds, interrupted from outside."""

    keys = {**BASE, "particles.count": 800, "drift.engine": "direct", "time.end": 3, "output.snapshot_every": 10, "checkpoint.every_steps": 3}

    @classmethod
    def setUpClass(cls):
        cls.case = case_file(cls.keys)
        cls.first, cls.reference = run(cls.case, ranks=2)

    def setUp(self):
        self.ends(self.first)

    def interrupt(self, ranks, number, to):
        where = directory("run") / "run"
        process = launch("run", self.case, f"output.directory={where}", ranks=ranks)
        wait_for(lambda: (where / "checkpoint.h5").exists() or process.poll() is not None)
        for target in to(process):
            os.kill(target, number)
        result = self.ends(finish(process, ["run"], ranks), STOPPED)
        self.assertIn("mnemotaxis resume", result.out, "the last line says how to go on")
        self.ends(program("info", where))
        return where

    def goes_on(self, where, ranks):
        self.ends(program("resume", where, ranks=ranks))
        self.same_files(where, self.reference, f"resumed on {ranks} ranks")

    def test_usr1_to_every_rank_stops_with_a_checkpoint_and_other_ranks_go_on_to_the_same_bytes(self):
        self.goes_on(self.interrupt(2, signal.SIGUSR1, ranks_of), 3)

    def test_usr1_to_mpirun_reaches_the_ranks(self):
        self.goes_on(self.interrupt(3, signal.SIGUSR1, lambda p: [p.pid]), 1)

    def test_usr1_without_a_launcher_stops_with_a_checkpoint(self):
        self.goes_on(self.interrupt(1, signal.SIGUSR1, lambda p: [p.pid]), 2)

    def test_term_stops_with_a_checkpoint(self):
        self.goes_on(self.interrupt(1, signal.SIGTERM, lambda p: [p.pid]), 2)


class Killed(Case):
    """Nothing but writing: a checkpoint and a snapshot after every step, so that many kills hit a file half written."""

    def test_killed_at_random_moments_and_resumed_on_other_ranks_it_ends_with_the_same_bytes(self):
        case = case_file({**BASE, **BOTH_KINDS, "particles.count": 300, "time.end": 3, "checkpoint.every_steps": 1,
                          "output.snapshot_every": 1})
        first, reference = run(case, ranks=2)
        self.ends(first)
        rng = random.Random(20240607)
        where = directory("run") / "run"
        newest = where / "checkpoint.h5"
        kills = 0
        for ranks in (2, 3, 1, 4, 2, 1, 3):
            words = ["resume", where] if (where / "used.ini").exists() else ["run", case, f"output.directory={where}"]
            before = newest.stat().st_mtime_ns if newest.exists() else 0
            process = launch(*words, ranks=ranks)
            if kills > 0:  # the first may die before anything is written; from then on at least a step is made
                wait_for(lambda: process.poll() is not None or (newest.exists() and newest.stat().st_mtime_ns != before))
            time.sleep(0.25 * rng.random())
            end(process)
            if finish(process, words, ranks).code == FINISHED:
                break
            kills += 1
            if (where / "used.ini").exists():
                self.assertIn(program("info", where).code, (FINISHED, DAMAGED) if not newest.exists() else (FINISHED,))
        self.assertGreater(kills, 3, "most of the kills came before the end")
        self.ends(program("resume", where, ranks=2))
        found, wanted = results(where), results(reference)
        self.assertEqual([n for n in wanted if found.get(n) != wanted[n]], [], "files that differ")
        self.assertEqual(sorted(set(found) - set(wanted)), [], "half-written files of killed runs stay behind")


class Stages(Case):
    """Directories as an interruption at a certain place leaves them."""

    @classmethod
    def setUpClass(cls):
        cls.case = case_file({**BASE, **BOTH_KINDS})
        cls.first, cls.reference = run(cls.case)
        cls.part, cls.early = run(cls.case, "time.end=0.4", ranks=2)

    def setUp(self):
        for result in (self.first, self.part):
            self.ends(result)

    def raised(self):
        """Ends at step 8, 12 and 20, on 2, 3 and 4 ranks; the first two ends lie between regular snapshots."""
        where = copy(self.early)
        for end_time, ranks in ((0.6, 3), (1, 4)):
            self.ends(program("resume", where, f"time.end={end_time}", ranks=ranks))
        return where

    def test_the_end_can_be_raised_on_other_ranks(self):
        found, wanted = results(self.raised()), results(self.reference)
        self.assertEqual([n for n in wanted if found.get(n) != wanted[n]], [])

    def test_raising_the_end_leaves_no_snapshots_that_the_index_does_not_know(self):
        found, wanted = results(self.raised()), results(self.reference)
        self.assertEqual(sorted(set(found) - set(wanted)), [])

    def test_resume_of_a_finished_run_changes_nothing(self):
        where = copy(self.reference)
        self.ends(program("resume", where, ranks=2))
        self.same_files(where, self.reference)

    def test_used_ini_still_tells_default_file_and_command_line_after_a_resume(self):
        where = copy(self.early)
        self.ends(program("resume", where, "time.end=1"))
        lines = dict(line.split(" = ", 1) for line in (where / "used.ini").read_text().splitlines() if " = " in line)
        self.assertEqual(lines["theta"], "1 ; default")
        self.assertEqual(lines["step"].split(" ; ")[0], "0.05")
        self.assertIn("case.ini:", lines["step"])
        self.assertEqual(lines["end"], "1 ; command line")

    def test_killed_between_the_two_renames_of_a_checkpoint(self):
        where = copy(self.reference)
        (where / "checkpoint.h5").unlink()
        self.ends(program("resume", where, ranks=3))
        self.compare_newest(where)

    def compare_newest(self, where):
        found, wanted = results(where), results(self.reference)
        self.assertEqual([n for n in wanted if n != "checkpoint.prev.h5" and found.get(n) != wanted[n]], [])

    def test_series_and_snapshots_ahead_of_the_checkpoint_are_cut_back(self):
        where = copy(self.reference)
        for name in ("checkpoint.h5", "checkpoint.prev.h5"):
            shutil.copy(self.early / name, where / name)
        self.ends(program("resume", where, "time.end=1", ranks=3))
        self.same_files(where, self.reference)

    def test_without_a_checkpoint_resume_starts_again(self):
        where = copy(self.reference)
        for name in ("checkpoint.h5", "checkpoint.prev.h5"):
            (where / name).unlink()
        self.ends(program("resume", where, ranks=2))
        self.same_files(where, self.reference)


class Chosen(Case):
    """What is measured at start, and what auto chooses, is part of the run from then on."""

    def test_measured_prices_and_the_chosen_engine_stay_and_make_the_same_run_again(self):
        case = case_file({**BASE, "particles.count": 1500, "drift.engine": "auto", "drift.tolerance": 1e-3,
                          "drift.calibrate": "yes", "time.end": 0.5})
        result, where = run(case, AT_ONCE, ranks=2)
        self.ends(result, STOPPED)
        used = dict(line.split(" = ", 1) for line in (where / "used.ini").read_text().splitlines() if " = " in line)
        prices, origin = used["prices"].split(" ; ")
        self.assertEqual(origin, "measured at start")
        self.assertEqual(len([p for p in prices.split() if float(p) > 0]), 4)
        self.assertEqual(used["calibrate"], "no ; measured at start")
        self.assertEqual(used["engine"], "spectral ; chosen by auto")
        self.ends(program("resume", where, "limit.wall_minutes=0"))
        again, there = run(where / "used.ini")
        self.ends(again)
        self.same_files(there, where)

    def test_an_engine_that_was_chosen_by_trial_stays(self):
        chemical = directory("grid") / "c0.h5"
        with h5py.File(chemical, "w") as file:
            c0 = file.create_dataset("c0", data=[[0.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])
            c0.attrs["origin"], c0.attrs["spacing"] = [-2.0, -2.0], [2.0, 2.0]
        case = case_file({**BASE, "particles.count": 250, "drift.engine": "auto", "drift.tolerance": 1e-3, "time.end": 0.5,
                          "model.c0": "file", "model.c0_file": chemical})
        result, where = run(case, AT_ONCE, ranks=2)
        self.ends(result, STOPPED)
        self.assertRegex((where / "used.ini").read_text(), r"engine = (direct|spectral) ; chosen by auto")
        self.ends(program("resume", where, "limit.wall_minutes=0"))
        again, there = run(where / "used.ini")
        self.ends(again)
        self.same_files(there, where)

    def test_a_run_that_starts_again_measures_when_asked(self):
        first, where = run(case_file({**BASE, "time.end": 0.2}))
        self.ends(first)
        for name in ("checkpoint.h5", "checkpoint.prev.h5"):
            (where / name).unlink(missing_ok=True)
        self.ends(program("resume", where, "drift.calibrate=yes"))
        self.assertRegex((where / "used.ini").read_text(), r"prices = .* ; measured at start\ncalibrate = no")

    def test_a_trial_is_not_part_of_the_memory_of_a_run(self):
        result, where = run(case_file({**BASE, "particles.count": 200, "drift.engine": "auto", "drift.tolerance": 1e-3,
                                       "time.end": 0.2}))
        again, _ = run(where / "used.ini")
        memory = [re.search(r"memory: ([\d.]+) MiB", self.ends(r).out).group(1) for r in (result, again)]
        self.assertEqual(*memory)

    def test_a_study_does_not_measure(self):
        for keys in ({"drift.calibrate": "yes"}, {"study.vary": "drift.calibrate no yes"}):
            study = case_file({**BASE, **keys, "study.counts": "10 20"})
            where = directory("study") / "study"
            result = program("study", study, f"output.directory={where}")
            self.one_sentence(self.ends(result, REFUSED), "drift.calibrate")
            self.assertFalse(where.exists())


class Damage(Case):
    keys = {**BASE, "time.end": 2}

    @classmethod
    def setUpClass(cls):
        cls.case = case_file(cls.keys)
        cls.first, cls.reference = run(cls.case)
        cls.part, cls.half = run(cls.case, "time.end=1", ranks=2)

    def setUp(self):
        self.ends(self.first)
        self.ends(self.part)

    @staticmethod
    def flip(path, place):
        data = bytearray(path.read_bytes())
        data[int(place * (len(data) - 1))] ^= 0x10
        path.write_bytes(data)

    def test_info_tells_whole_from_damaged_wherever_a_byte_is_flipped(self):
        self.assertIn("whole", self.ends(program("info", self.half / "checkpoint.h5")).out)
        calls, paths = [], []
        for k in range(12):
            path = directory("flip") / "checkpoint.h5"
            path.write_bytes((self.half / "checkpoint.h5").read_bytes())
            self.flip(path, k / 11)
            calls.append(lambda path=path: program("info", path))
            paths.append(path)
        whole = [r.out for r in together(calls) if r.code != DAMAGED or "damaged" not in r.out + r.err]
        # the seal's own padding carries no meaning
        self.assertLessEqual(len(whole), 0, "\n".join(whole))

    def test_info_tells_a_truncated_an_extended_and_an_empty_file(self):
        data = (self.half / "checkpoint.h5").read_bytes()
        for bad in (data[:-1], data[:len(data) // 2], data + b"x", b"", b"\x89HDF\r\n\x1a\n" + data[8:], data[512:]):
            path = directory("cut") / "checkpoint.h5"
            path.write_bytes(bad)
            result = self.ends(program("info", path), DAMAGED)
            self.one_sentence(result, str(path))

    def test_info_of_a_directory_tells_which_file_is_damaged(self):
        for name in ("checkpoint.h5", "checkpoint.prev.h5", "series.h5", "snapshots.h5"):
            where = copy(self.half)
            self.flip(where / name, 0.7)
            result = self.ends(program("info", where, ranks=2 if name == "series.h5" else 1), DAMAGED)
            told = [line for line in result.out.splitlines() if line.startswith("DAMAGED")]
            self.assertEqual(len(told), 1, str(result))
            self.assertIn(name, told[0])

    def warned(self, harm, ranks):
        where = copy(self.half)
        harm(where / "checkpoint.h5")
        damaged = (where / "checkpoint.h5").read_bytes()
        result = self.ends(program("resume", where, "time.end=2", ranks=ranks))
        self.assertIn("warning", result.out + result.err)
        self.assertIn("checkpoint.prev.h5", result.out + result.err)
        aside = where / "checkpoint.h5.damaged"  # set aside, so that it cannot push out the good one
        self.assertEqual(aside.read_bytes(), damaged)
        aside.unlink()
        self.same_files(where, self.reference, str(ranks))

    def test_with_a_flipped_byte_in_the_newest_checkpoint_the_one_before_is_used_and_the_bytes_are_the_same(self):
        self.warned(lambda path: self.flip(path, 0.6), 2)

    def test_with_a_truncated_newest_checkpoint_the_one_before_is_used_and_the_bytes_are_the_same(self):
        self.warned(lambda path: path.write_bytes(path.read_bytes()[:5000]), 3)

    def test_with_an_empty_newest_checkpoint_the_one_before_is_used_and_the_bytes_are_the_same(self):
        self.warned(lambda path: path.write_bytes(b""), 1)

    def test_the_good_older_checkpoint_is_not_pushed_out_by_the_damaged_one(self):
        where = copy(self.half)
        self.flip(where / "checkpoint.h5", 0.6)
        self.ends(program("resume", where, AT_ONCE), STOPPED)
        self.ends(program("info", where))

    def test_all_checkpoints_damaged_is_65_and_nothing_is_overwritten(self):
        for ranks in (1, 3):
            where = copy(self.half)
            for name in ("checkpoint.h5", "checkpoint.prev.h5"):
                self.flip(where / name, 0.5)
            before = contents(where)
            result = self.ends(program("resume", where, "time.end=2", ranks=ranks), DAMAGED)
            self.one_sentence(result, "checkpoint.h5", "checkpoint.prev.h5")
            self.assertEqual(contents(where), before)

    def test_a_damaged_series_is_65_and_nothing_is_overwritten(self):
        where = copy(self.half)
        self.flip(where / "series.h5", 0.5)
        before = contents(where)
        self.one_sentence(self.ends(program("resume", where, "time.end=2", ranks=2), DAMAGED), "series.h5")
        self.assertEqual(contents(where), before)


class NoSpace(Case):
    """Output that fails: 74, one message, and the last good checkpoint is whole and can be resumed."""

    keys = {**BASE, "particles.count": 1500, "drift.engine": "direct", "time.scheme": "averaged", "model.chi": 1, "checkpoint.every_steps": 2,
            "output.snapshot_every": 0}
    reference = None

    @classmethod
    def setUpClass(cls):
        cls.case = case_file(cls.keys)
        cls.first, cls.reference = run(cls.case, ranks=2)

    def setUp(self):
        self.ends(self.first)

    def mounted(self, size):
        where = directory("disk")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "mnemotaxis", where], capture_output=True).returncode:
            self.skipTest("mount is not permitted here: the claim about a full disk was not tested")
        self.addCleanup(subprocess.run, ["umount", where], check=True)
        return where

    def full(self, ranks, other):
        disk = self.mounted("520k")
        where = disk / "run"
        failed = self.ends(program("run", self.case, f"output.directory={where}", ranks=ranks), FAILED)
        told = [line for line in failed.err.splitlines() if line.startswith("mnemotaxis: ")]
        self.assertEqual(len(told), 1, str(failed))
        self.assertIn(str(where), told[0])
        self.ends(program("info", where))
        used = values(where)
        self.ends(program("resume", where, ranks=other), FAILED)
        self.ends(program("info", where))
        self.assertEqual(values(where), used)
        self.assertEqual([n for n in contents(where) if ".tmp" in n], [], "no half-written file stays")
        subprocess.run(["mount", "-o", "remount,size=16m", disk], check=True)
        self.ends(program("resume", where, ranks=other))
        self.same_files(where, self.reference)

    def test_disk_full_on_one_rank_is_74_and_with_space_again_the_run_ends_with_the_same_bytes(self):
        self.full(1, 3)

    def test_disk_full_on_three_ranks_is_74_and_with_space_again_the_run_ends_with_the_same_bytes(self):
        self.full(3, 2)

    def test_a_disk_without_room_for_anything_is_74(self):
        disk = self.mounted("40k")
        failed = self.ends(program("run", self.case, f"output.directory={disk / 'run'}"), FAILED)
        self.assertIn("mnemotaxis: cannot write", failed.err)

    def writes_fail(self, ranks, kibibytes):
        """A limit on the size of files is not foreseen by the check for space: the write itself fails."""
        where = directory("run") / "run"
        # neither the launcher nor MPI may need large files of their own
        environment = {**os.environ, "PMIX_MCA_gds": "hash", "OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
        words = ["run", self.case, f"output.directory={where}"]
        limited = ["bash", "-c", f"ulimit -f {kibibytes}; trap '' XFSZ; exec \"$@\"", "bash", PROGRAM, *map(str, words)]
        process = subprocess.Popen(["mpirun", "-q", "-n", str(ranks), "--oversubscribe", "--mca", "btl", "self,tcp", *limited],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
        failed = finish(process, words, ranks)
        self.ends(failed, FAILED)
        self.assertIn("mnemotaxis: ", failed.err)
        self.assertIn("checkpoint.h5", failed.err)
        self.ends(program("info", where))
        self.assertEqual([n for n in contents(where) if ".tmp" in n], [], "no half-written file stays")
        self.ends(program("resume", where, ranks=2))
        self.same_files(where, self.reference)

    def test_a_write_that_fails_on_one_rank_is_74_and_the_good_checkpoint_stays(self):
        self.writes_fail(1, 128)

    def test_a_write_that_fails_on_two_ranks_is_74_and_the_good_checkpoint_stays(self):
        self.writes_fail(2, 128)


if __name__ == "__main__":
    main()
