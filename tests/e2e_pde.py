"""The commands pde and compare from outside: files, ranks, stops and restarts, refusals, blow-up, cells against continuum."""
import os
import signal
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import h5py
import numpy as np

from endtoend import (DAMAGED, REFUSED, STOPPED, Case, case_file, contents, copy, directory, finish, launch, main, program,
                      ranks_of, results, together, wait_for)

BASE = {"model.chi": 6, "model.theta": 1, "time.step": 0.05, "time.end": 0.5, "output.snapshot_every": 2}
CELLS = {"particles.count": 2000, "particles.seed": 11, "time.step": 0.05, "time.end": 0.2, "output.snapshot_every": 2, "model.chi": 6}
NEVER = "limit.wall_minutes=0"
AT_ONCE = "limit.wall_minutes=1e-9"  # stops after one step
FILES = ["checkpoint.h5", "log.txt", "series.h5", "snapshots", "snapshots.h5", "snapshots.xmf", "used.ini"]
COMPARED = ["mean_square", "kolmogorov", "sliced_wasserstein", "sobolev", "chemical", "chemical_gradient"]


def solve(case, *more, ranks=1, what="pde"):
    """Solves a case into a new directory: result and run directory."""
    where = directory("pde") / "run"
    return program(what, case, f"output.directory={where}", *more, ranks=ranks), where


def columns(where):
    with h5py.File(where / "series.h5") as file:
        return {name: data[()] for name, data in file["observables"].items()}


def snapshots(where):
    with h5py.File(where / "snapshots.h5") as file:
        return list(zip(file["/index/step"][()], file["/index/time"][()]))


def tight(name):
    """Rounding turns into other circles of the table of radii, whose masses are exact to 1e-4; shares here are above 0.06."""
    return 2e-3 if name.startswith(("radius", "share")) else 1e-6


class Files(Case):
    @classmethod
    def setUpClass(cls):
        case = case_file(BASE)
        cls.solved = dict(zip((1, 2, 3), together([lambda r=r: solve(case, ranks=r) for r in (1, 2, 3)], 2)))
        cls.where = cls.solved[1][1]
        cls.cells = solve(case, "particles.count=50", "output.snapshot_every=0", what="run")

    def setUp(self):
        for result, _ in [*self.solved.values(), self.cells]:
            self.ends(result)

    def test_the_directory_holds_the_promised_files_and_no_others(self):
        self.assertEqual(sorted(os.listdir(self.where)), FILES)
        self.assertTrue((self.where / "log.txt").read_text().endswith(f"are in {self.where}\n"))

    def test_the_series_has_the_columns_of_a_run_of_cells(self):
        mine, theirs = columns(self.where), columns(self.cells[1])
        self.assertEqual(sorted(mine), sorted(theirs))
        self.assertTrue(all(len(v) == len(mine["step"]) for v in mine.values()))
        self.assertTrue(np.all(np.diff(mine["time"]) > 0) and mine["time"][-1] == 0.5)

    def test_values_of_the_start_are_those_of_a_standard_normal_law(self):
        first = {name: v[0] for name, v in columns(self.where).items()}
        exact = {"mean_square": 2, "radius_q10": 0.459043605, "radius_q25": 0.758527616, "radius_q50": 1.177410023,
                 "radius_q75": 1.665109222, "radius_q90": 2.145966026, "share_within_2": 0.393469340,
                 "share_within_3": 0.864664717, "peak_density": 0.159154943, "density_l2": 0.282094792}
        for name, value in exact.items():  # pde.tolerance = 1e-3 is what is wanted of the fields
            self.assertAlmostEqual(first[name] / value, 1, delta=1e-3, msg=name)

    def test_the_chemical_holds_what_the_cells_have_left(self):
        v = columns(self.where)
        np.testing.assert_allclose(v["chemical_mass"], v["time"], rtol=1e-12)

    def test_snapshots_come_at_the_times_of_those_of_cells(self):
        times = [t for _, t in snapshots(self.where)]
        np.testing.assert_allclose(times, [0, 0.1, 0.2, 0.3, 0.4, 0.5], rtol=1e-12, atol=1e-15)

    def test_snapshots_are_openpmd_meshes_with_unit_mass_and_the_gradient_of_the_chemical(self):
        for step, time in snapshots(self.where):
            with h5py.File(self.where / f"snapshots/{step:010d}.h5") as file:
                self.assertEqual((file.attrs["openPMD"], file.attrs["iterationEncoding"]), (b"1.1.0", b"groupBased"))
                at = file[f"/data/{step}"]
                self.assertEqual((at.attrs["time"], at.attrs["timeUnitSI"]), (time, 1))
                self.check_meshes(at["meshes"], time)

    def check_meshes(self, meshes, time):
        for mesh in meshes.values():
            self.assertEqual([mesh.attrs[n] for n in ("geometry", "dataOrder")], [b"cartesian", b"C"])
            self.assertEqual(list(mesh.attrs["axisLabels"]), [b"y", b"x"])
            self.assertEqual(mesh.attrs["unitDimension"].shape, (7,))
        rho, c = meshes["density"][()], meshes["chemical"][()]
        h = meshes["density"].attrs["gridSpacing"]
        self.assertEqual(list(meshes["density"].attrs["position"]), [0.5, 0.5])
        # smooth and almost zero at the border: sums are integrals, but for the tail that the box cuts off
        self.assertAlmostEqual(rho.sum() * h[0] * h[1], 1, delta=1e-3)
        self.assertTrue(np.all(rho >= 0))
        for axis, name in ((1, "x"), (0, "y")):
            slope = meshes["chemical_gradient"][name][()]
            # second differences have an error of h^2/6 of the third derivative: 0.09^2/6 = 1.3e-3 at the scale of 1
            error = np.gradient(c, h[axis], axis=axis)[1:-1, 1:-1] - slope[1:-1, 1:-1]
            self.assertLessEqual(np.abs(error).max(), 0.01 * np.abs(slope).max())

    def test_the_chemical_of_diffusing_cells_is_the_closed_form(self):
        result, where = solve(case_file({**BASE, "model.chi": 0}))
        self.ends(result)
        step, t = snapshots(where)[-1]
        with h5py.File(where / f"snapshots/{step:010d}.h5") as file:
            meshes = file[f"/data/{step}/meshes"]
            origin, h = (meshes["density"].attrs[name] for name in ("gridGlobalOffset", "gridSpacing"))
            y, x = (origin[a] + h[a] * (np.arange(len(meshes["density"])) + 0.5) for a in (0, 1))
            r2 = x[None, :]**2 + y[:, None]**2
            # variance 1 + 2 s at time s, and 2 (t - s) more by theta = 1: 1 + 2t whenever it was left
            v = 1 + 2 * t
            rho = np.exp(-r2 / (2 * v)) / (2 * np.pi * v)
            for name, exact in (("density", rho), ("chemical", t * rho)):
                self.assertLessEqual(np.abs(meshes[name][()] - exact).max(), 1e-3 * exact.max(), name)

    def test_the_pictures_for_paraview_name_datasets_that_exist(self):
        tree = ElementTree.parse(self.where / "snapshots.xmf")
        times = [float(t.get("Value")) for t in tree.iter("Time")]
        self.assertEqual(times, [t for _, t in snapshots(self.where)])
        items = [(d.text.strip(), d.get("Dimensions")) for d in tree.iter("DataItem") if d.get("Format") == "HDF"]
        self.assertEqual(len(items), 2 * len(times))
        for text, shape in items:
            name, dataset = text.split(":")
            with h5py.File(self.where / name) as file:
                self.assertEqual(file[dataset].size, np.prod([int(k) for k in shape.split()]))

    def test_results_agree_on_any_number_of_ranks(self):
        one = columns(self.where)
        for ranks in (2, 3):
            for name, values in columns(self.solved[ranks][1]).items():  # the pull is a difference of squares of 2 to 4
                np.testing.assert_allclose(values, one[name], rtol=tight(name), atol=4e-6 if name == "pull" else 1e-6,
                                           err_msg=f"{name} on {ranks} ranks")

    def test_info_tells_what_it_is(self):
        said = self.ends(program("info", self.where))
        for words in ("checkpoint.h5: whole", "the continuum at step", "time 0.5", "series.h5: whole", "snapshots.h5: whole; 6"):
            self.assertIn(words, said.out)


class Restarts(Case):
    """Stops and damages; always the bytes of the uninterrupted case on as many ranks."""

    keys = {**BASE, "checkpoint.every_steps": 1, "checkpoint.keep": 1}

    @classmethod
    def setUpClass(cls):
        cls.case = case_file(cls.keys)
        cls.whole = {r: solve(cls.case, NEVER, ranks=r) for r in (1, 3)}

    def setUp(self):
        for result, _ in self.whole.values():
            self.ends(result)

    def same(self, where, ranks, message=""):
        self.same_files(where, self.whole[ranks][1], message)

    def test_stopped_after_every_step_and_resumed_it_ends_with_the_same_bytes(self):
        for ranks in (1, 3):
            result, where = solve(self.case, AT_ONCE, ranks=ranks)
            stops = 0
            while result.code == STOPPED and stops < 50:
                stops += 1
                self.assertIn(f"mnemotaxis resume {where}", result.out)
                result = program("resume", where, AT_ONCE if ranks == 1 or stops < 3 else NEVER, ranks=ranks)
            self.ends(result)
            self.assertGreaterEqual(stops, 3)
            self.same(where, ranks, f"on {ranks} ranks after {stops} stops")

    def test_usr1_stops_with_a_checkpoint(self):
        long = {**self.keys, "pde.cells": 128, "time.step": 0.005, "output.snapshot_every": 1}  # some seconds
        case = case_file({**long, "time.end": 0.5})
        where = directory("pde") / "run"
        process = launch("pde", case, f"output.directory={where}")
        wait_for(lambda: (where / "checkpoint.h5").exists() or process.poll() is not None)
        for target in ranks_of(process):
            os.kill(target, signal.SIGUSR1)
        stopped = self.ends(finish(process, ["pde"]), STOPPED)
        self.assertIn("mnemotaxis resume", stopped.out)
        self.assertLess(columns(where)["time"][-1], 0.5)

    def test_resuming_a_finished_case_changes_nothing(self):
        for ranks in (1, 3):
            where = copy(self.whole[ranks][1])
            before = results(where)
            self.ends(program("resume", where, ranks=ranks))
            self.assertEqual([n for n, data in results(where).items() if before.get(n) != data], [])
            self.assertEqual(sorted(before), sorted(results(where)))

    def test_the_end_can_be_raised(self):
        where = copy(self.whole[1][1])
        self.ends(program("resume", where, "time.end=0.7"))
        self.assertAlmostEqual(columns(where)["time"][-1], 0.7, delta=1e-12)
        old = columns(self.whole[1][1])["time"]
        np.testing.assert_array_equal(columns(where)["time"][:len(old)], old)
        self.assertEqual(len(snapshots(where)), 8)

    def test_resuming_on_other_ranks_gives_the_same_to_rounding(self):
        result, where = solve(self.case, AT_ONCE)
        self.ends(result, STOPPED)
        self.ends(program("resume", where, NEVER, ranks=3))
        for name, values in columns(where).items():
            np.testing.assert_allclose(values, columns(self.whole[1][1])[name], rtol=tight(name), atol=4e-6, err_msg=name)

    def test_a_damaged_checkpoint_is_replaced_by_the_one_before(self):
        where = copy(self.whole[1][1])
        self.damage(where / "checkpoint.h5")
        self.assertIn("warning", self.ends(program("resume", where)).out)
        self.assertEqual(columns(where)["time"][-1], 0.5)
        self.assertEqual(columns(where)["mean_square"].tobytes(), columns(self.whole[1][1])["mean_square"].tobytes())

    def test_damage_to_all_checkpoints_is_refused_and_nothing_changes(self):
        where = copy(self.whole[1][1])
        for path in where.glob("checkpoint*.h5"):
            self.damage(path)
        before = contents(where)
        refused = self.ends(program("resume", where), DAMAGED)
        self.one_sentence(refused, "checkpoint")
        self.assertEqual(contents(where), before)

    @staticmethod
    def damage(path):
        data = bytearray(path.read_bytes())
        data[len(data) // 2] ^= 1
        path.write_bytes(data)

    def test_a_changed_fixed_key_is_refused(self):
        where = copy(self.whole[1][1])
        before = contents(where)
        for change in ("model.chi=5", "pde.tolerance=1e-4", "pde.order=2"):
            self.one_sentence(self.ends(program("resume", where, change), REFUSED), change.split("=")[0])
        self.assertEqual(contents(where), before)


REFUSALS = {
    "unknown_solver_option": (["--", "-nonsense", "3"], "-nonsense"),
    "value_of_a_solver_option": (["--", "-ksp_rtol", "abc"], "abc"), "stray_word": (["--", "nonsense"], "nonsense"),
    "unknown_solver": (["--", "-ksp_type", "nonsense"], "nonsense"), "small_box": (["pde.half_width=1"], "pde.half_width"),
    "point_without_smoothing": (["initial.kind=dirac"], "pde.smoothing"),
    "circle_without_smoothing": (["initial.kind=ring"], "pde.smoothing"),
    "coarse_mesh": (["pde.cells=16", "pde.tolerance=1e-5"], "pde.cells"),
    "cells_not_by_eight": (["pde.cells=20"], "pde.cells", "24"),
    "negative_decay": (["model.lambda=-1"], "model.lambda"), "uniform_without_cells": (["pde.mesh=uniform"], "pde.mesh", "pde.cells"),
    "start_without_memory": (["model.theta=0", "model.c0=gaussian", "model.c0_gaussians=1 0 0 1"], "model.theta", "model.c0"),
    "regularization": (["model.regularization=0.1"], "model.regularization"),
}


def attempt(arguments, ranks=1, what="pde"):
    where = directory("cwd")
    case_file({"model.chi": 6, "time.step": 0.05, "time.end": 0.1}, where)
    return program(what, "case.ini", *arguments, ranks=ranks, cwd=where), where


class Refusals(Case):
    outcome = {}

    @classmethod
    def setUpClass(cls):
        work = [(name, r) for name in REFUSALS for r in (1, 2)]
        cls.outcome = dict(zip(work, together([lambda n=n, r=r: attempt(REFUSALS[n][0], r) for n, r in work], 2)))

    def refused(self, result, where, *says):
        self.ends(result, REFUSED)
        self.one_sentence(result, *says)
        self.assertEqual(result.out, "")
        self.assertEqual(os.listdir(where), ["case.ini"], "nothing is written")

    def test_a_run_of_cells_needs_a_memory(self):
        self.refused(*attempt(["model.theta=0"], what="run"), "model.theta", "pde")

    def test_a_run_of_cells_has_no_solver(self):
        self.refused(*attempt(["--", "-ksp_type", "cg"], what="run"), "--", "run")

    def test_resume_of_a_run_of_cells_has_no_solver(self):
        result, where = attempt(["particles.count=16"], what="run")
        self.ends(result)
        self.one_sentence(self.ends(program("resume", "run", "--", "-ksp_type", "cg", cwd=where), REFUSED), "--", "cells")

    def test_solver_options_are_taken(self):
        for words in (["-ksp_type", "bcgs"], ["-pc_type", "ilu"]):
            result, _ = attempt(["--", *words])
            self.ends(result)


def refusal_test(name):
    def test(self):
        for ranks in (1, 2):
            self.refused(*self.outcome[name, ranks], *REFUSALS[name][1:])
    return test


for item in REFUSALS:
    setattr(Refusals, f"test_{item}_is_refused", refusal_test(item))


class Laws(Case):
    def test_every_law_can_start(self):
        where = directory("in")
        with h5py.File(where / "x.h5", "w") as file:
            file["x"] = np.random.default_rng(1).normal(size=(50, 2))
        laws = {"disk": (["pde.tolerance=1e-2"], 0.5), "ring": (["initial.width=0.2"], 1.04),
                "clusters": (["initial.clusters=1 -1 0 0.3, 3 1 0 0.4"], 1 + (0.18 + 3 * 0.32) / 4), "gaussian": ([], 2),
                "dirac": (["pde.smoothing=0.3"], 0.18),
                "file": ([f"initial.file={where}/x.h5", "initial.dataset=/x", "pde.smoothing=0.4", "particles.count=50"], None)}
        calls = [lambda k=k, a=a: attempt([f"initial.kind={k}", *a, "time.end=0.05"]) for k, (a, _) in laws.items()]
        for (kind, (_, square)), (result, run) in zip(laws.items(), together(calls, 2)):
            self.ends(result)
            found = columns(run / "run")["mean_square"][0]
            if kind == "file":
                with h5py.File(where / "x.h5") as file:
                    square = (file["x"][()]**2).sum() / 50 + 2 * 0.16
            self.assertAlmostEqual(found / square, 1, delta=1e-2 if kind == "disk" else 2e-3, msg=kind)

    def test_a_small_cloud_far_from_0_has_its_radii(self):
        keys = {"model.chi": 0, "initial.kind": "clusters", "initial.clusters": "1 3 0 0.1, 1 -3 0 0.1", "time.step": 0.001,
                "time.end": 0.001, "output.radii": "0.5 2.9 3 3.1"}
        result, where = solve(case_file(keys))
        self.ends(result)
        r = np.hypot(*(np.random.default_rng(1).normal(size=(10**6, 2)) * 0.1 + [3, 0]).T)
        v = columns(where)
        for percent in (10, 25, 50, 75, 90):  # standard errors of the samples: 2e-4
            self.assertAlmostEqual(v[f"radius_q{percent}"][0], np.quantile(r, percent / 100), delta=3e-3)
        for k, radius in enumerate((0.5, 2.9, 3, 3.1)):
            self.assertAlmostEqual(v[f"share_within_{k + 1}"][0], (r < radius).mean(), delta=6e-3)

    def test_blow_up_is_an_outcome_and_said(self):
        keys = {"model.theta": 0, "model.chi": 10 * np.pi, "pde.concentration": 100, "time.step": 0.1, "time.end": 2}
        for ranks in (1, 2):
            result, where = solve(case_file(keys), ranks=ranks)
            self.ends(result)
            self.assertTrue(any(line.startswith("concentrating:") for line in result.out.splitlines()), str(result))
            v = columns(where)
            # E|X|^2 = 2 + (4 - chi/(2 pi)) t ends it by t = 2 at the latest
            self.assertTrue(0 < v["time"][-1] < 2 and v["peak_density"][-1] >= 100 * v["peak_density"][0])
            np.testing.assert_allclose(v["mean_square"], 2 - v["time"], atol=2e-2)
            before = results(where)
            self.ends(program("resume", where, ranks=ranks))
            self.assertEqual([n for n, data in results(where).items() if before.get(n) != data], [], "an ending stays")

    def test_a_distant_cluster_is_in_the_box(self):
        """E|X|^2 = 0.25 * 2 + 0.01 * 400 and 4 t of free diffusion; the cluster holds most of it."""
        keys = {"model.chi": 0, "initial.kind": "clusters", "initial.clusters": "0.99 0 0 0.5, 0.01 20 0 0.5",
                "time.step": 0.1, "time.end": 0.1}
        result, where = solve(case_file(keys))
        self.ends(result)
        v = columns(where)
        np.testing.assert_allclose(v["mean_square"], 4.5 + 4 * v["time"], rtol=1e-3)

    def test_a_centre_far_from_0_costs_no_digits(self):
        keys = {"model.chi": 6, "time.step": 0.2, "time.end": 0.2}
        peaks = []
        for centre in (0, 1e8):
            result, where = solve(case_file({**keys, "initial.centre": f"{centre} 0"}))
            self.ends(result)
            peaks.append(columns(where)["peak_density"][-1])
        np.testing.assert_allclose(peaks[0], peaks[1], rtol=1e-5, err_msg="positions of 1e8 are rounded to 1.5e-8")

    def test_any_number_of_ranks_finds_a_share(self):
        keys = {"model.chi": 6, "time.step": 0.05, "time.end": 0.05}
        one = columns(solve(case_file(keys))[1])["mean_square"]
        for ranks in (5, 7):
            result, where = solve(case_file(keys), ranks=ranks)
            self.ends(result)
            np.testing.assert_allclose(columns(where)["mean_square"], one, rtol=1e-6)


class Compared(Case):
    @classmethod
    def setUpClass(cls):
        where = cls.where = directory("both")
        case_file(CELLS, where)
        cls.runs = together([lambda: program("run", "case.ini", "output.directory=cells", cwd=where),
                             lambda: program("pde", "case.ini", "output.directory=pde", cwd=where)], 2)
        cls.first = program("compare", "cells", "pde", cwd=where)
        cls.bytes = (where / "cells/compare.h5").read_bytes()
        cls.second = program("compare", "cells", "pde", ranks=2, cwd=where)

    def setUp(self):
        for result in (*self.runs, self.first, self.second):
            self.ends(result)

    def test_the_file_holds_all_quantities_and_the_table_shows_them(self):
        with h5py.File(self.where / "cells/compare.h5") as file:
            names = {"time", *(q + s for q in COMPARED for s in ("", "_expected", "_deviation"))}
            self.assertEqual(set(file["compare"]), names)
            np.testing.assert_allclose(file["compare/time"][()], [0, 0.1, 0.2], atol=1e-15)
            for name in names:
                self.assertEqual(np.isnan(file[f"compare/{name}"][()]).tolist(), [name.startswith("chemical"), False, False], name)
        for name in COMPARED:
            self.assertEqual(self.first.out.count(f"  {name} "), 2 if name.startswith("chemical") else 3)

    def test_the_picture_is_drawn_from_the_files(self):
        command = self.first.out.split("a picture: ")[1].split()
        self.assertEqual(command[:2], ["jobs/python.sh", "jobs/compare.py"])
        root = Path(__file__).resolve().parent.parent
        done = subprocess.run([root / command[0], root / command[1], *command[2:]], cwd=self.where, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.where / "cells/compare.png").read_bytes()[:4], b"\x89PNG")

    def test_any_number_of_ranks_gives_the_same(self):
        self.assertEqual(self.second.out, self.first.out)
        self.assertEqual((self.where / "cells/compare.h5").read_bytes(), self.bytes)

    def test_cells_follow_the_continuum(self):
        """16 numbers, each within 5 deviations: by Student's t with 15 degrees 2.5e-3 altogether had the seed been drawn anew."""
        with h5py.File(self.where / "cells/compare.h5") as file:
            for q in COMPARED:
                value, mean, deviation = (file[f"compare/{q}{s}"][()] for s in ("", "_expected", "_deviation"))
                known = ~np.isnan(value)
                self.assertLess(np.abs((value - mean) / deviation)[known].max(), 5, q)

    def test_another_continuum_is_far(self):
        self.ends(program("pde", "case.ini", "output.directory=wrong", "model.chi=6", "initial.variance=1.5", cwd=self.where))
        used = self.where / "wrong/used.ini"
        used.write_text(used.read_text().replace("variance = 1.5", "variance = 1"))
        table = self.ends(program("compare", "cells", "wrong", cwd=self.where)).out
        sigmas = [abs(float(line.split()[-1])) for line in table.splitlines() if line.split()[:1] == ["mean_square"]]
        self.assertGreater(min(sigmas), 10)
        self.ends(program("compare", "cells", "pde", cwd=self.where))

    def refused(self, arguments, code, *says):
        self.one_sentence(self.ends(program("compare", *arguments, cwd=self.where), code), *says)

    def test_numbers_may_be_written_in_any_way(self):
        self.ends(program("pde", "case.ini", "output.directory=again", "model.chi=6.0", "initial.variance=1e0", cwd=self.where))
        self.assertEqual(self.ends(program("compare", "cells", "again", cwd=self.where)).out.splitlines()[:-1],
                         self.first.out.splitlines()[:-1])
        self.ends(program("compare", "cells", "pde", cwd=self.where))

    def test_what_does_not_fit_is_refused(self):
        self.ends(program("pde", "case.ini", "output.directory=other", "model.chi=5", cwd=self.where))
        self.ends(program("pde", "case.ini", "output.directory=later", "time.end=0.3", "output.snapshot_every=3", cwd=self.where))
        os.remove(self.where / "later/snapshots/0000000000.h5")
        self.refused(["pde", "cells"], REFUSED, "RUN_DIR first")
        for name in ("pde", "cells"):
            self.refused([name, name], REFUSED, "RUN_DIR first")
        self.refused(["cells"], REFUSED, "two directories")
        self.refused(["cells", "nowhere"], REFUSED, "nowhere")
        self.refused(["cells", "other"], REFUSED, "model.chi", "5", "6")
        self.refused(["cells", "pde", "model.theta=50"], REFUSED, "model.theta", "50", "1")
        self.refused(["cells", "later"], DAMAGED, "0000000000.h5")
        self.assertEqual((self.where / "cells/compare.h5").read_bytes(), self.bytes)


if __name__ == "__main__":
    main()
