"""Bad input: refused with the right exit code and one sentence that helps, on any number of ranks; nothing is written."""
import os

import h5py
import numpy as np

from endtoend import (DAMAGED, REFUSED, Case, case_file, contents, directory, main, program, together)

GOOD = "[particles]\ncount = 16\n[time]\nstep = 0.05\nend = 0.5\n"  # 5 lines


class Claim:
    """One bad input: text of the case file and arguments, what the sentence must hold."""

    def __init__(self, name, *says, text=GOOD, args=(), code=REFUSED, ranks=(1, 2), command=None):
        self.name, self.says, self.text, self.args, self.code = name, says, text, list(args), code
        self.ranks, self.command = ranks, command


def key(name, value, *says, ranks=(1,)):
    """A bad value in the last line of the file, and the same on the command line."""
    section, word = name.split(".")
    lines = GOOD.splitlines()
    lines = [line for line in lines if not line.startswith(word + " ")]
    text = "\n".join(lines) + f"\n[{section}]\n{word} = {value}\n"
    line = len(lines) + 2
    label = f"{name}_{value or 'empty'}".translate(str.maketrans(". ,-", "__cm"))
    yield Claim(f"{label}_in_the_file", f"case.ini:{line}: ", name, *says, text=text, ranks=ranks)
    yield Claim(f"{label}_on_the_command_line", "command line: ", name, *says, args=[f"{name}={value}"], ranks=(1,))


def h5(name, **datasets):
    path = INPUTS / name
    with h5py.File(path, "w") as file:
        for dataset, values in datasets.items():
            file[dataset] = values
    return path


INPUTS = directory("in")
ROWS = np.arange(32.0).reshape(16, 2)
HOLE = ROWS.copy()
HOLE[13, 1] = np.nan
EDGE = ROWS.copy()
EDGE[2, 0] = np.inf
BAD_GRID = np.ones((5, 5))
BAD_GRID[4, 4] = np.nan
(INPUTS / "text.h5").write_text("this is no HDF5 file\n" * 100)
(INPUTS / "empty.h5").write_bytes(b"")
(INPUTS / "regular").write_text("a regular file\n")
good = h5("good.h5", x=ROWS)
(INPUTS / "cut.h5").write_bytes(good.read_bytes()[:700])
with h5py.File(INPUTS / "c0.h5", "w") as f:
    for n, values in {"hole": BAD_GRID, "good": np.ones((5, 5)), "line": np.ones(5), "bare": np.ones((5, 5))}.items():
        f[n] = values
        if n != "bare":
            f[n].attrs["origin"] = [0.0, 0.0]
            f[n].attrs["spacing"] = [0.5, 0.5]
    f["flat"] = np.ones((5, 5))
    f["flat"].attrs["origin"] = [0.0, 0.0]
    f["flat"].attrs["spacing"] = [0.5, 0.0]


def start(path, dataset="/x"):
    return ["initial.kind=file", f"initial.file={path}", f"initial.dataset={dataset}"]


def field(dataset):
    return ["model.c0=file", f"model.c0_file={INPUTS / 'c0.h5'}", f"model.c0_dataset={dataset}"]


NUMBER = "a number"
CLAIMS = [
    Claim("unknown_key_names_the_nearest", "case.ini:7: ", "model.tehta", "model.theta",
          text=GOOD + "[model]\ntehta = 1\n", ranks=(1, 2, 3)),
    Claim("unknown_key_on_the_command_line_names_the_nearest", "command line: ", "drift.tolerence", "drift.tolerance",
          args=["drift.tolerence=1e-3"], ranks=(1, 3)),
    Claim("key_in_the_wrong_section_names_the_right_one", "case.ini:7: ", "time.theta", "in that section", "model.theta",
          text=GOOD + "[time]\ntheta = 1\n"),
    Claim("key_before_any_section", "case.ini:1: ", text="chi = 1\n" + GOOD, ranks=(1,)),
    *key("model.theta", "0", "no trail to follow", "pde", ranks=(1, 2)),
    *key("model.theta", "-1", ">= 0 and <= 1000000000"),
    *key("model.chi", "-1", ">= 0 and <= 1000000"),
    *key("model.chi", "2e6", ">= 0 and <= 1000000"),
    *key("model.chi", "1e", NUMBER),
    *key("model.chi", "nan", NUMBER),
    *key("model.chi", "inf", NUMBER),
    *key("model.chi", "1e999", NUMBER),
    *key("model.chi", "1 2", NUMBER),
    *key("model.chi", "1,", NUMBER),
    *key("model.chi", "", NUMBER),
    *key("model.chi", "two", NUMBER),
    *key("particles.count", "2.5", "a whole number"),
    *key("particles.count", "16 cells", "a whole number"),
    *key("particles.count", "1", ">= 2 and <= 2000000000", ranks=(1, 3)),
    *key("particles.count", "0", ">= 2"),
    *key("particles.seed", "4294967296", "<= 4294967295"),
    *key("drift.tolerance", "0", ">= 1e-10 and <= 0.1"),
    *key("time.end", "-1", "> 0", ranks=(1, 2)),
    *key("time.end", "0", "> 0"),
    *key("initial.centre", "1", "2 numbers"),
    *key("output.radii", "1 2 3 4 5", "4 numbers"),
    *key("time.scheme", "hean", "heun|averaged|euler"),
    *key("initial.clusters", "1 0 0 -1", "four numbers"),
    *key("model.c0_gaussians", "1 0 0", "four numbers"),
    Claim("key_given_twice", "case.ini:6: ", "time.end", "second time", text=GOOD + "end = 1\n"),
    Claim("garbage_line", "case.ini:3: ", text=GOOD.replace("[time]", "what is this"), ranks=(1, 3)),
    Claim("unclosed_section", "case.ini:3: ", text=GOOD.replace("[time]", "[time"), ranks=(1,)),
    Claim("end_that_is_no_multiple_of_the_step_names_its_neighbours", "time.end", "0.5", "0.55", args=["time.end=0.52"]),
    Claim("end_before_the_steps_have_grown", "time.end", "time.step", args=["time.end=0.05", "time.first_step=0.001"]),
    Claim("first_step_longer_than_the_step", "time.first_step", args=["time.first_step=0.1"]),
    Claim("override_without_equals", "command line: ", "\"time.end\"", "section.key=value", args=["time.end"]),
    Claim("override_without_a_key", "command line: ", "\"=3\"", "section.key=value", args=["=3"], ranks=(1,)),
    Claim("override_without_a_section", "command line: ", "there is no key chi", "model.chi", args=["chi=3"], ranks=(1,)),
    Claim("missing_case_file", "cannot read nowhere.ini", command=["run", "nowhere.ini"], ranks=(1, 2, 3)),
    Claim("case_that_is_a_directory", "cannot read /proc/self", command=["run", "/proc/self"], ranks=(1,)),
    Claim("unknown_command", "fly", "help", command=["fly"], ranks=(1, 3)),
    Claim("run_without_a_case", "run needs a case file", command=["run"], ranks=(1, 2)),
    Claim("resume_without_a_directory", "resume needs", command=["resume"], ranks=(1,)),
    Claim("resume_of_a_missing_directory", "nowhere", command=["resume", "nowhere"]),
    Claim("resume_of_a_directory_without_a_run", "used.ini", command=["resume", "."], ranks=(1, 2)),
    Claim("c0_gaussian_without_gaussians", "model.c0_gaussians", args=["model.c0=gaussian"]),
    Claim("gaussians_without_c0_gaussian", "model.c0_gaussians", args=["model.c0_gaussians=1 0 0 1"], ranks=(1,)),
    Claim("c0_file_without_a_file", "model.c0_file", args=["model.c0=file"], ranks=(1,)),
    Claim("c0_file_named_but_unused", "model.c0_file", args=["model.c0_file=x.h5"], ranks=(1,)),
    Claim("start_from_a_file_without_a_file", "initial.file", args=["initial.kind=file"], ranks=(1,)),
    Claim("start_file_named_but_unused", "initial.file", args=["initial.file=x.h5"], ranks=(1,)),
    Claim("clusters_without_clusters", "initial.clusters", args=["initial.kind=clusters"], ranks=(1,)),
    Claim("capacity_beyond_the_memory", "history.capacity", "memory", args=["history.capacity=1e9"], ranks=(1, 2)),
    Claim("capacity_too_small_says_what_is_needed", "history.capacity", "more than", args=["history.capacity=1e-5"], ranks=(1, 2)),
    Claim("output_below_a_regular_file", "output.directory", "regular", args=[f"output.directory={INPUTS}/regular/run"]),
    Claim("output_in_proc", "/proc/", args=["output.directory=/proc/nowhere/run"]),
    Claim("output_directory_empty", "output.directory", args=["output.directory="], ranks=(1,)),
    Claim("missing_input_file", "nowhere.h5", args=start("nowhere.h5"), code=DAMAGED, ranks=(1, 2, 3)),
    Claim("input_that_is_text", "text.h5", args=start(INPUTS / "text.h5"), code=DAMAGED, ranks=(1, 2)),
    Claim("input_that_is_empty", "empty.h5", args=start(INPUTS / "empty.h5"), code=DAMAGED, ranks=(1,)),
    Claim("input_that_is_cut_off", "cut.h5", args=start(INPUTS / "cut.h5"), code=DAMAGED, ranks=(1, 2)),
    Claim("input_without_the_dataset", "good.h5", "/y", args=start(good, "/y"), code=DAMAGED, ranks=(1, 2)),
    Claim("input_without_snapshots", "good.h5", "snapshots", args=start(good, ""), code=DAMAGED, ranks=(1,)),
    Claim("input_of_wrong_shape_says_which_is_needed", "[16, 3]", "[N, 2]",
          args=start(h5("wide.h5", x=np.ones((16, 3)))), code=DAMAGED),
    Claim("input_of_one_dimension", "[32]", "[N, 2]", args=start(h5("line.h5", x=np.ones(32))), code=DAMAGED, ranks=(1,)),
    Claim("input_of_text_values", "/x", args=start(h5("words.h5", x=[["a", "b"]] * 16)), code=DAMAGED),
    Claim("input_with_wrong_number_of_rows", "/x", "15", "16", args=start(h5("few.h5", x=ROWS[:15])), code=DAMAGED, ranks=(1, 3)),
    Claim("input_with_nan_names_the_row", "/x", "13", args=start(h5("hole.h5", x=HOLE)), code=DAMAGED, ranks=(1, 2, 3)),
    Claim("input_with_infinity_names_the_row", "/x", "2", args=start(h5("edge.h5", x=EDGE)), code=DAMAGED),
    Claim("c0_of_wrong_shape", "/line", "[5]", args=field("/line"), code=DAMAGED),
    Claim("c0_with_nan", "/hole", "row 4", args=field("/hole"), code=DAMAGED),
    Claim("c0_without_spacing", "/bare", "origin", args=field("/bare"), code=DAMAGED, ranks=(1,)),
    Claim("c0_with_spacing_zero", "/flat", "spacing", args=field("/flat"), code=DAMAGED, ranks=(1,)),
    Claim("c0_that_is_missing", "/none", args=field("/none"), code=DAMAGED, ranks=(1,)),
]


def attempt(claim, ranks):
    """The bad input in a directory of its own: the result, and what was there before and after."""
    where = directory("cwd")
    (where / "case.ini").write_text(claim.text)
    before = sorted(os.listdir(where))
    result = program(*(claim.command or ["run", "case.ini", *claim.args]), ranks=ranks, cwd=where)
    return result, before, sorted(os.listdir(where))


class BadInput(Case):
    outcome = {}

    @classmethod
    def setUpClass(cls):
        work = [(c, r) for c in CLAIMS for r in c.ranks]
        for (claim, ranks), outcome in zip(work, together([lambda c=c, r=r: attempt(c, r) for c, r in work], 6)):
            cls.outcome[claim.name, ranks] = outcome


def make_test(claim):
    def test(self):
        for ranks in claim.ranks:
            result, before, after = self.outcome[claim.name, ranks]
            self.ends(result, claim.code)
            self.one_sentence(result, *claim.says)
            self.assertEqual(result.out, "", "a refusal says nothing on stdout")
            self.assertEqual(after, before, "nothing is written")
    return test


for index, item in enumerate(CLAIMS):
    method = f"test_{item.name}_is_refused"
    assert not hasattr(BadInput, method), method
    setattr(BadInput, method, make_test(item))


class ExistingRuns(Case):
    @classmethod
    def setUpClass(cls):
        cls.where = directory("runs")
        cls.case = case_file({"particles.count": 16, "time.step": 0.05, "time.end": 0.5}, cls.where)
        cls.first = program("run", "case.ini", cwd=cls.where)
        cls.before = contents(cls.where)

    def setUp(self):
        self.ends(self.first)

    def refused(self, *arguments, ranks=(1, 2), says=()):
        for k in ranks:
            result = self.ends(program(*arguments, ranks=k, cwd=self.where), REFUSED)
            self.one_sentence(result, *says)
            self.assertEqual(contents(self.where), self.before, "the old run is as it was")

    def test_a_second_run_into_the_same_directory_is_refused(self):
        self.refused("run", "case.ini", says=("run", "resume", "output.replace=yes"))

    def test_replace_takes_the_place_of_the_old_run_and_of_nothing_else(self):
        where = directory("again")
        case_file({"particles.count": 16, "time.step": 0.05, "time.end": 0.5}, where)
        self.ends(program("run", "case.ini", "output.snapshot_every=2", cwd=where))
        (where / "run/notes.md").write_text("mine\n")
        self.ends(program("run", "case.ini", "output.replace=yes", "particles.seed=2", cwd=where))
        self.ends(program("run", "case.ini", "particles.seed=2", "output.directory=fresh", cwd=where))
        self.assertEqual((where / "run/notes.md").read_text(), "mine\n")
        (where / "run/notes.md").unlink()
        self.same_files(where / "run", where / "fresh")

    def test_replace_with_a_bad_value_deletes_nothing(self):
        self.refused("run", "case.ini", "output.replace=yes", "model.chi=-1", says=("model.chi",))

    def test_replace_with_a_bad_input_file_deletes_nothing(self):
        for extra in (start("none.h5"), field("/hole")):
            result = self.ends(program("run", "case.ini", "output.replace=yes", *extra, ranks=2, cwd=self.where), DAMAGED)
            self.one_sentence(result)
            self.assertEqual(contents(self.where), self.before)

    def test_resume_with_another_chi_is_refused_and_names_both_values(self):
        self.refused("resume", "run", "model.chi=3", says=("command line", "model.chi", "3", "6.283185307179586"))

    def test_resume_with_any_changed_fixed_key_is_refused(self):
        changes = ["particles.count=17", "particles.seed=2", "time.step=0.025", "drift.tolerance=1e-5",
                   "history.horizon=0.2", "time.scheme=euler", "initial.variance=2", "drift.quadrature=frozen"]
        for change, result in zip(changes, together([lambda c=c: program("resume", "run", c, cwd=self.where) for c in changes])):
            self.ends(result, REFUSED)
            self.one_sentence(result, "command line", change.split("=")[0])
        self.assertEqual(contents(self.where), self.before)

    def test_resume_with_the_end_before_the_checkpoint_is_refused(self):
        self.refused("resume", "run", "time.end=0.25", says=("time.end", "0.5"))

    def test_resume_with_an_unknown_key_is_refused(self):
        self.refused("resume", "run", "time.ende=1", says=("command line", "time.ende", "time.end"))

    def test_info_of_nothing_is_refused(self):
        self.refused("info", "nowhere", says=("nowhere",))
        self.refused("info", says=("info needs",))


class TheSentence(Case):
    """The contract asks for file and line also where two keys contradict each other."""

    def test_a_contradiction_names_the_file_and_line_or_the_command_line(self):
        silent = []
        extras = ["model.c0=gaussian", "initial.kind=file", "initial.kind=clusters", "time.end=0.52", "time.first_step=0.1",
                  "history.capacity=1e-5", "output.directory=/proc/nowhere/run"]
        for extra, r in zip(extras, together([lambda e=e: attempt(Claim("", args=[e]), 1)[0] for e in extras])):
            self.ends(r, REFUSED)
            if "command line" not in r.err:
                silent.append(r.err.strip())
        self.assertEqual(silent, [])

    def test_lines_of_any_length_are_read_whole_and_counted_right(self):
        groups = ", ".join(f"0.12345678 {0.01 * k:.8f} -0.5 1.25" for k in range(16))
        where = directory("long")
        text = f"[model]\nc0 = gaussian\nc0_gaussians = {groups}\n[particles]\ncount = 8\nseed = x\n"
        (where / "case.ini").write_text(text)
        result = self.ends(program("run", "case.ini", cwd=where), REFUSED)
        self.one_sentence(result, "case.ini:6: ", "particles.seed")
        (where / "case.ini").write_text(text.replace("seed = x", "seed = 3"))
        self.ends(program("run", "case.ini", "time.end=0.1", cwd=where))

    def test_a_run_with_long_values_can_be_resumed(self):
        groups = ", ".join(f"0.12345678 {0.01 * k:.8f} -0.5 1.25" for k in range(16))
        where = directory("long")
        case_file({"particles.count": 8, "time.step": 0.05, "time.end": 0.1}, where)
        self.ends(program("run", "case.ini", "model.c0=gaussian", f"model.c0_gaussians={groups}", cwd=where))
        self.ends(program("resume", "run", "time.end=0.2", cwd=where))


if __name__ == "__main__":
    main()
