"""The files of a run: complete, consistent with each other and with the contract, readable by others."""
import re
import xml.etree.ElementTree as xml

import h5py
import numpy as np

from endtoend import REFUSED, Case, case_file, directory, main, program, results

KEYS = {"particles.count": 50, "time.step": 0.05, "time.end": 1, "output.every": 3, "output.snapshot_every": 6,
        "output.drift": "yes", "output.fields": 16, "model.theta": 3, "checkpoint.every_steps": 8}


def run(case, *more, ranks=1, cwd=None):
    where = directory("run") / "run"
    return program("run", case, f"output.directory={where}", *more, ranks=ranks, cwd=cwd), where


def text(attribute):
    return attribute.decode("ascii") if isinstance(attribute, bytes) else str(attribute)


class Run(Case):
    """One run for all the classes below."""

    @classmethod
    def setUpClass(cls):
        if not hasattr(Run, "result"):
            Run.case = case_file(KEYS)
            Run.result, Run.where = run(Run.case, "particles.seed=5", ranks=2)

    def setUp(self):
        self.ends(self.result)


class UsedIni(Run):
    def test_every_key_is_there_with_its_value_and_origin(self):
        keys = re.findall(r"^\[(\w+)\]$|^  (\w+) = ", self.ends(program("help", "config")).out, re.M)
        wanted, section = [], ""
        for head, name in keys:
            section = head or section
            wanted += [f"{section}.{name}"] if name else []
        self.assertGreater(len(wanted), 40)
        found, section = {}, ""
        for line in (self.where / "used.ini").read_text().splitlines():
            if line.startswith("["):
                section = line.strip("[]")
            elif " = " in line:
                name, rest = line.split(" = ", 1)
                found[f"{section}.{name}"] = rest.rsplit(" ; ", 1)
        self.assertEqual(list(found), wanted)
        lines = self.case.read_text().splitlines()
        for key, (value, origin) in found.items():
            if key in ("particles.seed", "output.directory"):
                self.assertEqual(origin, "command line")
            elif key in KEYS:
                self.assertEqual(value, str(KEYS[key]))
                path, number = origin.rsplit(":", 1)
                self.assertEqual(path, str(self.case))
                self.assertEqual(lines[int(number) - 1], f"{key.split('.')[1]} = {value}")
            else:
                self.assertEqual(origin, "default", key)
        self.assertEqual(found["particles.seed"][0], "5")

    def test_its_first_line_names_the_version_and_the_commit(self):
        version = self.ends(program("--version")).out.split(maxsplit=1)[1].strip()
        self.assertIn(version, (self.where / "used.ini").read_text().splitlines()[0])

    def test_running_it_again_gives_the_same_bytes(self):
        result, where = run(self.where / "used.ini", ranks=3)
        self.ends(result)
        self.same_files(where, self.where)


class Log(Run):
    def test_it_holds_what_the_terminal_showed(self):
        self.assertEqual((self.where / "log.txt").read_text(), self.result.out)

    def test_a_resumed_run_appends_what_its_terminal_showed(self):
        first, where = run(self.case, "time.end=0.5")
        second = program("resume", where, "time.end=1", ranks=2)
        self.assertEqual((where / "log.txt").read_text(), self.ends(first).out + self.ends(second).out)

    def test_its_last_line_says_what_was_written_where(self):
        self.assertIn(str(self.where), self.result.out.splitlines()[-1])

    def test_progress_lines_tell_step_time_share_speed_and_time_left(self):
        result, _ = run(self.case, "output.progress=0")
        steps = [line for line in self.ends(result).out.splitlines() if re.match(r"step \d+ of 20 ", line)]
        self.assertEqual(len(steps), 20)
        for word in ("time", "%", "steps/s", "left", "drift", "exchange", "output"):
            self.assertIn(word, steps[-1])


class Series(Run):
    def observables(self, where=None):
        with h5py.File((where or self.where) / "series.h5") as file:
            return {name: values[()] for name, values in file["observables"].items()}

    def test_the_names_are_those_of_help_files_each_with_its_error(self):
        page = self.ends(program("help", "files")).out.split("series.h5, /observables")[1].split("\n\n")[0]
        names = re.findall(r"^  (\w+)  ", page, re.M)
        self.assertGreater(len(names), 15)
        self.assertEqual(sorted(self.observables()), sorted(["time", "step", *names, *[n + "_error" for n in names]]))

    def test_all_lengths_are_equal_and_rows_lie_every_third_step_and_at_the_end(self):
        columns = self.observables()
        self.assertEqual(columns["step"].tolist(), [0, 3, 6, 9, 12, 15, 18, 20])
        self.assertEqual({len(c) for c in columns.values()}, {8})
        self.assertEqual((columns["time"] - 0.05 * columns["step"]).tolist(), [0.0] * 8)

    def test_times_of_growing_steps_grow_and_end_on_multiples_of_the_step(self):
        result, where = run(self.case, "time.first_step=0.001", "output.every=1")
        self.ends(result)
        t = self.observables(where)["time"]
        steps = np.diff(t)
        self.assertAlmostEqual(steps[0], 0.001, 15)
        self.assertEqual(t[-1], 1.0)
        self.assertTrue((steps > 0).all() and (steps <= 0.05 * (1 + 1e-12)).all())
        self.assertLess((steps[1:] / steps[:-1]).max(), 1.2 + 1e-9)

    def test_rows_at_snapshots_agree_with_the_positions_there(self):
        columns = self.observables()
        with h5py.File(self.where / "snapshots.h5") as file:
            for step in (0, 6, 12, 18, 20):
                row = columns["step"].tolist().index(step)
                x = np.stack([file[f"data/{step}/particles/cells/position/{a}"][()] for a in "xy"], axis=1)
                r = np.sort(np.hypot(*x.T))
                close = np.hypot(*(x[:, None] - x[None]).transpose(2, 0, 1)) + np.diag([np.inf] * 50)
                self.assertAlmostEqual(columns["mean_square"][row], (r ** 2).mean(), 12)
                self.assertAlmostEqual(columns["mean_square_error"][row], (r ** 2).std(ddof=1) / np.sqrt(50), 12)
                self.assertAlmostEqual(columns["centre_x"][row], x[:, 0].mean(), 13)
                self.assertAlmostEqual(columns["centre_y"][row], x[:, 1].mean(), 13)
                self.assertAlmostEqual(columns["min_distance"][row], close.min(), 13)
                for q in (10, 25, 50, 75, 90):
                    self.assertAlmostEqual(columns[f"radius_q{q}"][row], r[int(np.ceil(q / 100 * 50)) - 1], 13)
                for k, radius in enumerate((0.5, 1, 2, 4)):
                    self.assertAlmostEqual(columns[f"share_within_{k + 1}"][row], (r <= radius).mean(), 14)


class OpenPmd(Run):
    """openPMD 1.1.0, attribute by attribute, through the external links of snapshots.h5."""

    def setUp(self):
        super().setUp()
        self.file = h5py.File(self.where / "snapshots.h5")
        self.addCleanup(self.file.close)

    def files(self):
        yield self.file
        for path in sorted((self.where / "snapshots").iterdir()):
            with h5py.File(path) as file:
                yield file

    def test_the_iterations_are_external_links_to_one_file_a_snapshot(self):
        self.assertEqual(sorted(self.file["data"], key=int), ["0", "6", "12", "18", "20"])
        for step in self.file["data"]:
            link = self.file["data"].get(step, getlink=True)
            self.assertIsInstance(link, h5py.ExternalLink)
            self.assertEqual((link.filename, link.path), (f"snapshots/{int(step):010d}.h5", f"/data/{step}"))

    def test_the_root_holds_the_required_attributes(self):
        wanted = {"openPMD": "1.1.0", "basePath": "/data/%T/", "meshesPath": "meshes/", "particlesPath": "particles/",
                  "iterationEncoding": "groupBased", "iterationFormat": "/data/%T/"}
        for file in self.files():
            for name, value in wanted.items():
                self.assertEqual(text(file.attrs[name]), value)
            self.assertEqual((file.attrs["openPMDextension"], file.attrs["openPMDextension"].dtype), (0, np.uint32))
            for name in ("author", "software", "softwareVersion"):
                self.assertTrue(text(file.attrs[name]))

    def test_every_text_is_of_fixed_length_and_ascii(self):
        seen = 0
        for file in self.files():
            objects = [file]
            file.visititems(lambda _, o: objects.append(o))
            for step in file["data"]:
                file["data"][step].visititems(lambda _, o: objects.append(o))
            for o in objects:
                for name in o.attrs:
                    kind = o.attrs.get_id(name).get_type()
                    if kind.get_class() == h5py.h5t.STRING:
                        self.assertFalse(kind.is_variable_str(), (o.name, name))
                        self.assertEqual(kind.get_cset(), h5py.h5t.CSET_ASCII, (o.name, name))
                        seen += 1
        self.assertGreater(seen, 50)

    def test_an_iteration_has_time_dt_and_its_unit(self):
        for step, group in self.file["data"].items():
            for name in ("time", "dt", "timeUnitSI"):
                self.assertEqual((group.attrs[name].dtype, np.shape(group.attrs[name])), (np.float64, ()), name)
            self.assertEqual(group.attrs["time"], 0.05 * int(step))
            self.assertEqual((group.attrs["dt"], group.attrs["timeUnitSI"]), (0.05, 1.0))

    def record(self, record):
        self.assertEqual(record.attrs["unitDimension"].dtype, np.float64)
        self.assertEqual(record.attrs["unitDimension"].tolist(), [0.0] * 7)
        self.assertEqual(np.asarray(record.attrs["timeOffset"]).tolist(), 0.0)

    def component(self, component):
        self.assertEqual(component.attrs["unitSI"], 1.0)
        self.assertEqual(component.attrs["unitSI"].dtype, np.float64)

    def test_the_species_has_position_offset_id_and_drift_as_records(self):
        for group in self.file["data"].values():
            cells = group["particles/cells"]
            self.assertEqual(sorted(cells), ["drift", "id", "position", "positionOffset"])
            for name in cells:
                self.record(cells[name])
            for name in ("position", "drift"):
                self.assertEqual(sorted(cells[name]), ["x", "y"])
                for axis in "xy":
                    self.component(cells[name][axis])
                    self.assertEqual((cells[name][axis].shape, cells[name][axis].dtype), ((50,), np.float64))
                    self.assertTrue(np.isfinite(cells[name][axis][()]).all())
            self.component(cells["id"])
            self.assertEqual(cells["id"].dtype, np.uint64)
            self.assertEqual(cells["id"][()].tolist(), list(range(50)))

    def test_the_offset_is_a_constant_component_of_value_zero(self):
        for group in self.file["data"].values():
            for axis in "xy":
                offset = group["particles/cells/positionOffset"][axis]
                self.assertIsInstance(offset, h5py.Group)
                self.component(offset)
                self.assertEqual(offset.attrs["value"], 0.0)
                self.assertEqual(np.atleast_1d(offset.attrs["shape"]).tolist(), [50])
                self.assertEqual(offset.attrs["shape"].dtype, np.uint64)

    def test_the_meshes_are_described_completely(self):
        for group in self.file["data"].values():
            self.assertEqual(sorted(group["meshes"]), ["chemical", "density"])
            for mesh in group["meshes"].values():
                self.record(mesh)
                self.component(mesh)
                self.assertEqual((mesh.shape, mesh.dtype), ((16, 16), np.float64))
                self.assertEqual((text(mesh.attrs["geometry"]), text(mesh.attrs["dataOrder"])), ("cartesian", "C"))
                self.assertEqual([text(a) for a in mesh.attrs["axisLabels"]], ["y", "x"])
                for name in ("gridSpacing", "gridGlobalOffset", "position"):
                    self.assertEqual((mesh.attrs[name].shape, mesh.attrs[name].dtype), ((2,), np.float64), name)
                self.assertTrue((mesh.attrs["gridSpacing"] > 0).all())
                self.assertTrue(((mesh.attrs["position"] >= 0) & (mesh.attrs["position"] < 1)).all())
                self.assertEqual(mesh.attrs["gridUnitSI"], 1.0)

    def test_the_density_is_the_histogram_of_the_cells(self):
        for group in self.file["data"].values():
            mesh = group["meshes/density"]
            low, h = mesh.attrs["gridGlobalOffset"], mesh.attrs["gridSpacing"]
            edges = [low[a] + h[a] * np.arange(17) for a in (0, 1)]
            x, y = (group[f"particles/cells/position/{a}"][()] for a in "xy")
            counts = np.histogram2d(y, x, bins=edges)[0] / (50 * h[0] * h[1])
            self.assertLess(np.abs(counts - mesh[()]).max(), 1e-9 * counts.max())
            self.assertAlmostEqual(mesh[()].sum() * h[0] * h[1], 1.0, 12)

    def test_the_chemical_is_zero_at_first_and_positive_later(self):
        self.assertEqual(np.abs(self.file["data/0/meshes/chemical"][()]).max(), 0.0)
        later = self.file["data/20/meshes/chemical"][()]
        self.assertTrue((later > 0).all())
        # the mesh just holds the cells, and the chemical spreads a little farther
        h = self.file["data/20/meshes/chemical"].attrs["gridSpacing"]
        mass = 1 / 3
        self.assertTrue(0.6 * mass < later.sum() * h[0] * h[1] < 1.02 * mass)

    def test_the_drift_is_that_of_the_drift_command_on_the_recorded_path(self):
        result, where = run(case_file({**KEYS, "output.snapshot_every": 1, "output.fields": 0, "time.end": 0.5}))
        self.ends(result)
        with h5py.File(where / "snapshots.h5") as file:
            paths = np.array([[file[f"data/{k}/particles/cells/position/{a}"][()] for a in "xy"] for k in range(11)])
            drift = np.stack([file[f"data/10/particles/cells/drift/{a}"][()] for a in "xy"], axis=1)
            self.assertEqual(np.abs(file["data/0/particles/cells/drift/x"][()]).max(), 0.0)
        with h5py.File(where / "paths.in.h5", "w") as file:
            file["paths"] = paths.transpose(0, 2, 1)
            file["paths"].attrs["dt"] = 0.05
        self.ends(program("drift", "paths.in.h5", "model.theta=3", "drift.tolerance=1e-8", cwd=where))
        with h5py.File(where / "drift.h5") as file:
            exact = file["drift"][()]
        self.assertLess(np.sqrt(((drift - exact) ** 2).sum() / (exact ** 2).sum()), 1e-4)


class Xdmf(Run):
    def test_it_is_xml_and_every_dataset_that_it_names_exists(self):
        root = xml.parse(self.where / "snapshots.xmf").getroot()
        self.assertEqual((root.tag, root.get("Version")), ("Xdmf", "2.0"))
        collection = root.find("Domain/Grid")
        self.assertEqual((collection.get("GridType"), collection.get("CollectionType")), ("Collection", "Temporal"))
        grids = collection.findall("Grid")
        self.assertEqual([float(g.find("Time").get("Value")) for g in grids], [0.05 * k for k in (0, 6, 12, 18, 20)])
        for grid, step in zip(grids, (0, 6, 12, 18, 20)):
            self.assertEqual(grid.find("Topology").attrib,
                             {"TopologyType": "Polyvertex", "NumberOfElements": "50", "NodesPerElement": "1"})
            self.assertEqual(grid.find("Geometry").get("GeometryType"), "XY")
            join = grid.find("Geometry/DataItem")
            self.assertEqual((join.get("Function"), join.get("Dimensions")), ("JOIN($0,$1)", "50 2"))
            for axis, item in zip("xy", join.findall("DataItem")):
                path, dataset = item.text.strip().split(":")
                self.assertEqual(dataset, f"/data/{step}/particles/cells/position/{axis}")
                with h5py.File(self.where / path) as file:
                    self.assertEqual(file[dataset].shape, (int(item.get("Dimensions")),))


class StartFromFile(Run):
    """The positions at step 0 are exactly those of the file."""

    def start(self, path, dataset, ranks):
        result, where = run(case_file({"particles.count": 50, "time.step": 0.05, "time.end": 0.05, "initial.kind": "file",
                                       "initial.file": path, "initial.dataset": dataset, "initial.centre": "7 7"}), ranks=ranks)
        self.ends(result)
        return self.positions(where, 0)

    @staticmethod
    def positions(where, step):
        with h5py.File(where / "snapshots.h5") as file:
            return np.stack([file[f"data/{step}/particles/cells/position/{a}"][()] for a in "xy"], axis=1)

    def test_a_dataset_of_pairs(self):
        x = np.random.default_rng(1).normal(size=(50, 2))
        path = directory("start") / "x.h5"
        with h5py.File(path, "w") as file:
            file["deep/x"] = x
            file["single"] = x.astype(np.float32)
        for ranks in (1, 3):
            self.assertTrue(np.array_equal(self.start(path, "deep/x", ranks), x))
        self.assertTrue(np.array_equal(self.start(path, "/single", 2), x.astype(np.float32).astype(float)))

    def test_the_last_snapshot_of_another_run_if_none_is_named(self):
        for ranks in (1, 3):
            self.assertTrue(np.array_equal(self.start(self.where / "snapshots.h5", "", ranks), self.positions(self.where, 20)))

    def test_a_named_snapshot_of_another_run(self):
        found = self.start(self.where / "snapshots.h5", "/data/6/particles/cells/position", 2)
        self.assertTrue(np.array_equal(found, self.positions(self.where, 6)))

    def test_the_positions_of_a_checkpoint(self):
        found = self.start(self.where / "checkpoint.h5", "/cells/position", 2)
        self.assertTrue(np.array_equal(found, self.positions(self.where, 20)))


class Plan(Case):
    """What `plan` says before is what a run dominated by its past needs."""

    @classmethod
    def setUpClass(cls):
        cls.case = case_file({"particles.count": 2000, "time.step": 0.05, "time.end": 2, "time.scheme": "averaged",
                              "drift.tolerance": 1e-3, "output.every": 10, "output.snapshot_every": 20,
                              "output.drift": "yes"})
        cls.plan = {k: program("plan", cls.case, ranks=k, cwd=cls.case.parent) for k in (1, 2)}
        cls.result, cls.where = run(cls.case, ranks=2, cwd=cls.case.parent)

    def setUp(self):
        self.ends(self.plan[1])
        self.ends(self.plan[2])
        self.ends(self.result)

    @staticmethod
    def number(pattern, output):
        return float(re.search(pattern, output).group(1))

    def test_memory_within_a_tenth(self):
        case = case_file({"particles.count": 20000, "time.step": 0.05, "time.end": 0.1, "time.scheme": "averaged",
                          "drift.tolerance": 1e-3, "output.every": 2})
        plan, (result, _) = program("plan", case, ranks=2), run(case, ranks=2)
        predicted = self.number(r"memory per rank +([\d.]+) MiB", self.ends(plan).out)
        measured = self.number(r"memory: ([\d.]+) MiB per rank at most", self.ends(result).out)
        self.assertLess(abs(predicted / measured - 1), 0.1, (predicted, measured))

    def test_memory_and_checkpoints_of_the_spectral_engine(self):
        """Meshes are guessed from a Gaussian cloud; own trails are most of a checkpoint."""
        case = case_file({"particles.count": 5000, "time.step": 0.02, "time.end": 1.2, "time.scheme": "averaged",
                          "drift.engine": "spectral", "drift.tolerance": 1e-5, "output.every": 60})
        plan, (result, where) = program("plan", case), run(case)
        memory = self.number(r"memory per rank +([\d.]+) MiB", self.ends(plan).out)
        disk = self.number(r"2 checkpoints ([\d.]+)", plan.out) / 2
        measured = self.number(r"memory: ([\d.]+) MiB per rank at most", self.ends(result).out)
        written = len(results(where)["checkpoint.h5"]) / 2 ** 20
        self.assertLess(abs(memory / measured - 1), 0.4, (memory, measured))
        self.assertLess(abs(disk / written - 1), 0.25, (disk, written))

    def test_bits_per_coordinate_within_a_third_of_a_bit(self):
        predicted = self.number(r"([\d.]+) bits per coordinate", self.plan[1].out)
        measured = self.number(r"([\d.]+) bits per coordinate", self.result.out)
        self.assertLess(abs(predicted - measured), 0.3, (predicted, measured))

    def test_disk_within_15_per_cent(self):
        predicted = self.number(r"disk +([\d.]+) MiB", self.plan[1].out)
        files = results(self.where)
        # the older checkpoint is of the same age here only in the plan: one was written, at the end
        measured = (sum(map(len, files.values())) + len(files["checkpoint.h5"]) * ("checkpoint.prev.h5" not in files)) / 2 ** 20
        self.assertLess(abs(predicted / measured - 1), 0.15, (predicted, measured))

    def test_memory_of_trails_that_are_kept_whole(self):
        case = case_file({"particles.count": 5000, "time.step": 0.02, "time.end": 4, "time.scheme": "averaged",
                          "drift.engine": "spectral", "drift.tolerance": 1e-2, "drift.trail": 10, "output.every": 200})
        plan, (result, _) = program("plan", case), run(case)
        memory = self.number(r"memory per rank +([\d.]+) MiB", self.ends(plan).out)
        measured = self.number(r"memory: ([\d.]+) MiB per rank at most", self.ends(result).out)
        self.assertLess(abs(memory / measured - 1), 0.25, (memory, measured))

    def test_memory_where_steps_grow(self):
        """The finest meshes are those of the first steps; the end needs 8 MiB."""
        case = case_file({"particles.count": 3000, "time.step": 0.02, "time.first_step": 1e-4, "time.growth": 1.5,
                          "time.end": 0.1, "time.scheme": "averaged", "drift.engine": "spectral",
                          "drift.tolerance": 1e-4, "output.every": 100})
        plan, (result, _) = program("plan", case), run(case)
        memory = self.number(r"memory per rank +([\d.]+) MiB", self.ends(plan).out)
        measured = self.number(r"memory: ([\d.]+) MiB per rank at most", self.ends(result).out)
        self.assertLess(abs(memory / measured - 1), 0.5, (memory, measured))

    def test_levels_are_as_the_ratio_says(self):
        """auto is 4 where steps are equal and 2 where they grow."""
        for grow, usual in ({}, "4"), ({"time.first_step": 1e-3}, "2"):
            levels = {}
            for ratio in "auto", "2", "4", "8":
                case = case_file({"particles.count": 3000, "time.step": 0.02, "time.end": 4, "drift.engine": "spectral",
                                  "drift.ratio": ratio, **grow})
                out = self.ends(program("plan", case)).out
                levels[ratio] = re.search(r"levels of \S+", out).group(), \
                    re.search(r"memory per rank +[\d.]+", out).group()
            self.assertEqual(levels["auto"], levels[usual])
            self.assertEqual(len(set(levels.values())), 3, levels)

    def test_the_past_is_sharper_for_audits_of_fields(self):
        bits = {}
        for engine in "spectral", "direct":
            for audit in 0, 10:
                case = case_file({"particles.count": 400, "time.step": 0.02, "time.end": 1, "drift.engine": engine,
                                  "drift.tolerance": 1e-3, "drift.audit": audit})
                bits[engine, audit] = self.number(r"([\d.]+) bits per coordinate", self.ends(program("plan", case)).out)
        self.assertEqual(bits["direct", 0], bits["direct", 10], "both sides sum the same coded paths")
        self.assertTrue(2.9 <= bits["spectral", 10] - bits["spectral", 0] <= 4.1, bits)

    def test_auto_counts_steps_that_grow(self):
        """Short steps need fine meshes and have few samples behind them."""
        for grow, engine in ({}, "spectral"), ({"time.first_step": 1e-4, "time.growth": 1.02}, "direct"):
            case = case_file({"particles.count": 400, "time.step": 0.02, "time.end": 4, "time.scheme": "averaged",
                              "drift.engine": "auto", "drift.tolerance": 1e-3, **grow})
            self.assertRegex(self.ends(program("plan", case)).out, "engine +" + engine)

    def test_first_steps_too_short_for_any_machine_are_refused(self):
        case = case_file({"particles.count": 3000, "time.step": 0.02, "time.first_step": 1e-16, "time.end": 4,
                          "drift.engine": "spectral"})
        result, where = run(case)
        self.assertRegex(self.ends(result, REFUSED).err, r"the run would need \d+ MiB per rank")
        self.assertFalse(where.exists())

    def test_what_does_not_fit_is_foretold_and_refused(self):
        """Frozen sources at large theta: meshes as fine as their trails."""
        case = case_file({"particles.count": 300, "time.step": 0.02, "time.end": 400, "drift.engine": "spectral",
                          "drift.quadrature": "frozen", "model.theta": 1e5, "drift.tolerance": 1e-8})
        advice = r"the run would need \d+ MiB per rank, this machine has \d+ MiB; .* drift.engine = direct"
        self.assertRegex(self.ends(program("plan", case)).out, "warning +" + advice)
        result, where = run(case)
        self.assertRegex(self.ends(result, REFUSED).err, advice)
        self.assertFalse(where.exists())

    def test_plan_writes_nothing(self):
        self.assertEqual(sorted(p.name for p in self.case.parent.iterdir()), ["case.ini"])

    def test_steps_of_the_plan_are_those_of_the_run(self):
        result, where = run(case_file({"particles.count": 2, "time.step": 0.1, "time.end": 1, "time.first_step": 0.002}))
        self.ends(result)
        steps = self.number(r"steps +(\d+)", self.ends(program("plan", where / "used.ini")).out)
        with h5py.File(where / "series.h5") as file:
            self.assertEqual(steps, file["observables/step"][-1])


class Help(Case):
    def test_every_command_answers_and_no_arguments_give_the_overview(self):
        overview = self.ends(program()).out
        self.assertEqual(overview, self.ends(program("help")).out)
        for name in re.findall(r"^  mnemotaxis (\w+)", overview, re.M):
            self.assertIn(f"mnemotaxis {name}", self.ends(program("help", name)).out)

    def test_the_defaults_of_help_config_are_those_of_a_run(self):
        page = self.ends(program("help", "config")).out
        result, where = run(case_file({"time.step": 0.05, "time.end": 0.05, "particles.count": 2}))
        self.ends(result)
        defaults = re.findall(r"^  (\w+) = (.*)$", page, re.M)
        used = re.findall(r"^(\w+) = (.*) ; (.*)$", (where / "used.ini").read_text(), re.M)
        self.assertEqual(len(defaults), len(used))
        for (name, value), (found, given, origin) in zip(defaults, used):
            self.assertEqual(name, found)
            if origin == "default":
                self.assertEqual(value, given)


if __name__ == "__main__":
    main()
