"""`drift PATHS.h5` against a double loop in numpy with the formulas of theory.md: no code in common.

With lambda > 0 every lag integral is done by Gauss-Legendre with many nodes: in the logarithm of the lag for the
youngest interval (its integrand is singular at lag 0), in the lag on short panels for the others.
"""
import numpy as np
import h5py

from endtoend import DAMAGED, FINISHED, REFUSED, Case, directory, main, program, together

NODE, WEIGHT = np.polynomial.legendre.leggauss(24)


def panels(a, b, count):
    """Nodes and weights on [a, b]."""
    edges = np.linspace(a, b, count + 1)
    half, middle = np.diff(edges)[:, None] / 2, (edges[1:] + edges[:-1])[:, None] / 2
    return (middle + half * NODE).ravel(), (half * WEIGHT).ravel()


def youngest(r2, window, m, quadrature):
    """f in D = -f R of the newest sample, lags [0, window]; formula (7), or the plain rule of `frozen`."""
    spread = 1 + m["theta"] if quadrature == "bridge" else 1.0
    theta_e, e = m["theta"] / spread, m["regularization"] / spread
    if m["lambda"] == 0:
        late = np.exp(-theta_e * r2 / (4 * (window + e)))
        early = np.exp(-theta_e * r2 / (4 * e)) if e > 0 else 0.0
        return (late - early) / (2 * np.pi * r2 * spread)
    low = e if e > 0 else theta_e * r2.min() / (4 * 740)
    x, w = panels(np.log(low), np.log(window + e), 60)
    out = np.zeros_like(r2)
    for node, weight in zip(np.exp(x), w):  # dT = T dx
        decay = np.exp(-m["lambda"] * (node - e) / m["theta"])
        out += weight * theta_e / (8 * np.pi * node) * np.exp(-theta_e * r2 / (4 * node)) * decay
    return out / spread


def older(r2, a, b, shift, m):
    """f of one past sample for lags [a, b]; formula (8) for one end, without the factor 1/2."""
    theta, s = m["theta"], shift + m["regularization"]
    if m["lambda"] == 0:
        early = np.exp(-theta * r2 / (4 * (a + s))) if a + s > 0 else 0.0
        return (np.exp(-theta * r2 / (4 * (b + s))) - early) / (2 * np.pi * r2)
    x, w = panels(a, b, 40)
    out = np.zeros_like(r2)
    for lag, weight in zip(x, w):
        tau = lag + s
        out += weight * theta / (8 * np.pi * tau * tau) * np.exp(-theta * r2 / (4 * tau) - m["lambda"] * lag / theta)
    return out


def brute_force(paths, times, m, quadrature):
    samples, n, _ = paths.shape
    now, x = times[-1], paths[-1]
    total = np.zeros((n, 2))

    def add(source, f):
        r = x[:, None, :] - source[None, :, :]
        r2 = (r ** 2).sum(axis=2)
        np.fill_diagonal(r2, 1.0)  # j = i is left out
        force = f(r2)
        np.fill_diagonal(force, 0.0)
        np.subtract(total, (force[:, :, None] * r).sum(axis=1), out=total)

    add(x, lambda r2: youngest(r2, now - times[-2], m, quadrature))
    for k in range(samples - 2):
        a, b, h = now - times[k + 1], now - times[k], times[k + 1] - times[k]
        if quadrature == "bridge":
            for source in (paths[k], paths[k + 1]):
                add(source, lambda r2: 0.5 * older(r2, a, b, m["theta"] * h / 6, m))
        else:
            add(paths[k + 1], lambda r2: older(r2, a, b, 0.0, m))
    return m["chi"] / (n - 1) * total


def brownian(samples, n, seed, times, variance=0.2):
    rng = np.random.default_rng(seed)
    steps = rng.normal(size=(samples - 1, n, 2)) * np.sqrt(2 * np.diff(times))[:, None, None]
    start = rng.normal(size=(1, n, 2)) * np.sqrt(variance)
    return np.concatenate([start, start + np.cumsum(steps, axis=0)])


def write(paths, times=None, dt=None, where=None):
    path = (where or directory("paths")) / "paths.h5"
    with h5py.File(path, "w") as file:
        file["paths"] = paths
        if dt is not None:
            file["paths"].attrs["dt"] = dt
        if times is not None:
            file["times"] = times
    return path


def equal_times(samples, dt=0.05):
    return np.arange(samples) * dt


def uneven_times(samples):
    """Growing at first, then equal, then one short step."""
    h = np.minimum(0.002 * 1.6 ** np.arange(samples - 1), 0.1)
    h[-1] *= 0.3
    return 0.7 + np.concatenate([[0.0], np.cumsum(h)])


# samples, cells, theta, lambda, regularization, quadrature, equal steps
GRID = [
    (2, 2, 1, 0, 0, "bridge", True), (3, 2, 1, 0, 0, "bridge", True), (3, 2, 10, 0, 0, "frozen", True),
    (12, 33, 1, 0, 0, "bridge", True), (12, 33, 0.01, 0, 0, "bridge", True), (12, 33, 100, 0, 0, "bridge", True),
    (20, 60, 10, 0, 0, "bridge", False), (15, 40, 0.1, 0, 0, "bridge", False), (12, 33, 1, 0, 0, "frozen", True),
    (12, 20, 10, 0, 0, "frozen", False), (12, 33, 1, 1.5, 0, "bridge", True), (12, 20, 0.1, 1, 0, "bridge", False),
    (10, 15, 100, 30, 0, "bridge", True), (10, 15, 0.01, 0.5, 0, "bridge", True), (12, 20, 1, 2, 0, "frozen", False),
    (12, 33, 1, 0, 0.05, "bridge", True), (12, 20, 10, 0, 0.02, "frozen", True), (12, 20, 10, 3, 0.02, "bridge", False),
    (12, 20, 0.1, 3, 0.3, "frozen", True), (30, 7, 1, 0, 0, "bridge", True), (12, 33, 1, 40, 0, "bridge", True),
]
TAILS = (1, 2, 5, 9)
TOLERANCES = (1e-3, 1e-6, 1e-8)
CHI = 3.7


class Tolerance(Case):
    """Rms error over the cells against the double loop, in units of their rms drift.  Where only tails of the kernel are
    felt, cells few and far apart or theta >> 1, drift.h promises less, and a few tolerances are allowed."""

    outcome = {}

    @classmethod
    def setUpClass(cls):
        work = [(g, t) for g in range(len(GRID)) for t in TOLERANCES]
        cls.outcome = dict(zip(work, together([lambda g=g, t=t: cls.evaluate(GRID[g], g, t) for g, t in work], 6)))

    @staticmethod
    def evaluate(grid, seed, tolerance):
        samples, n, theta, decay, eps, quadrature, equal = grid
        times = equal_times(samples) if equal else uneven_times(samples)
        paths = brownian(samples, n, seed, times)
        path = write(paths, dt=0.05) if equal else write(paths, times)
        model = {"theta": theta, "lambda": decay, "regularization": eps, "chi": CHI}
        result = program("drift", "paths.h5", *[f"model.{k}={v}" for k, v in model.items()], f"drift.quadrature={quadrature}",
                         f"drift.tolerance={tolerance}", ranks=1 + seed % 2, cwd=path.parent)
        if result.code != FINISHED:
            return result, None, None
        with h5py.File(path.parent / "drift.h5") as file:
            found = file["drift"][()]
        wanted = brute_force(paths, times, model, quadrature)
        return result, np.sqrt(((found - wanted) ** 2).sum() / (wanted ** 2).sum()), found.shape == wanted.shape


def tolerance_test(g):
    def test(self):
        for tolerance in TOLERANCES:
            result, error, shaped = self.outcome[g, tolerance]
            self.ends(result)
            self.assertTrue(shaped)
            self.assertLessEqual(error, (4 if g in TAILS else 1) * tolerance, GRID[g])
    return test


for index, (m_, n_, theta_, lambda_, eps_, rule_, equal_) in enumerate(GRID):
    name = f"test_{index:02d}_{rule_}_{m_}_samples_{n_}_cells_theta_{theta_}_lambda_{lambda_}_eps_{eps_}_" \
           f"{'equal' if equal_ else 'unequal'}_steps_meets_1e-3_1e-6_1e-8"
    setattr(Tolerance, name, tolerance_test(index))


class Given(Case):
    """Things about the answer that need no second method."""

    def drift(self, paths, *arguments, times=None, dt=0.05, ranks=1):
        path = write(paths, times, None if times is not None else dt)
        self.ends(program("drift", "paths.h5", *arguments, ranks=ranks, cwd=path.parent))
        return path.parent / "drift.h5"

    def values(self, *arguments, **more):
        with h5py.File(self.drift(*arguments, **more)) as file:
            return file["drift"][()]

    def test_the_double_loop_agrees_with_itself_where_lambda_tends_to_zero(self):
        times = uneven_times(9)
        paths = brownian(9, 10, 3, times)
        for quadrature in ("bridge", "frozen"):
            for eps in (0, 0.02):
                closed = {"theta": 3.0, "lambda": 0.0, "regularization": eps, "chi": 1.0}
                d = [brute_force(paths, times, {**closed, "lambda": decay}, quadrature) for decay in (0.0, 1e-13)]
                self.assertLess(np.abs(d[0] - d[1]).max(), 1e-11 * np.abs(d[0]).max())

    def test_files_are_identical_bytes_on_1_to_4_ranks(self):
        for n, arguments in ((33, ["drift.tolerance=1e-6"]), (3, ["model.lambda=2", "drift.quadrature=frozen"]),
                             (2, ["drift.precision=float"])):
            paths = brownian(15, n, 5, equal_times(15))
            files = together([lambda k=k: self.drift(paths, *arguments, ranks=k).read_bytes() for k in (1, 2, 3, 4)])
            self.assertEqual([f == files[0] for f in files], [True] * 4, f"{n} cells")

    def test_equal_steps_as_dt_and_as_times_are_the_same_drift(self):
        paths = brownian(10, 20, 6, equal_times(10))
        self.assertTrue(np.array_equal(self.values(paths), self.values(paths, times=0.05 * np.arange(10))))

    def test_the_drift_is_proportional_to_chi(self):
        paths = brownian(8, 12, 7, equal_times(8))
        one, three = self.values(paths, "model.chi=1"), self.values(paths, "model.chi=3")
        self.assertLess(np.abs(three - 3 * one).max(), 1e-13 * np.abs(three).max())

    def test_two_cells_attract_each_other(self):
        paths = np.zeros((4, 2, 2))
        paths[:, 1, 0] = 0.5
        d = self.values(paths)
        self.assertGreater(d[0, 0], 0)
        self.assertEqual((d[0, 0], d[0, 1], d[1, 1]), (-d[1, 0], 0, 0))

    def test_a_shift_in_space_changes_nothing_beyond_the_tolerance(self):
        paths = brownian(8, 12, 8, equal_times(8))
        here, there = self.values(paths, "drift.tolerance=1e-6"), self.values(paths + [1000.0, -500.0], "drift.tolerance=1e-6")
        self.assertLess(np.sqrt(((here - there) ** 2).sum() / (here ** 2).sum()), 2e-6)

    def test_a_horizon_forgets_older_samples(self):
        times = equal_times(12)
        paths = brownian(12, 12, 9, times)
        short = self.values(paths, "history.horizon=0.2", "drift.tolerance=1e-8", "model.theta=0.1")
        whole = self.values(paths, "drift.tolerance=1e-8", "model.theta=0.1")
        kept = [brute_force(paths[-k:], times[-k:], {"theta": 0.1, "lambda": 0, "regularization": 0, "chi": 2 * np.pi}, "bridge")
                for k in (4, 5, 6, 7)]
        self.assertGreater(np.abs(short - whole).max(), 1e-3 * np.abs(whole).max())
        self.assertLess(min(np.abs(short - k).max() for k in kept), 1e-7 * np.abs(whole).max())

    def test_the_last_sample_and_not_the_first_is_the_present(self):
        times = equal_times(6)
        paths = brownian(6, 9, 10, times)
        self.assertGreater(np.abs(self.values(paths) - self.values(paths[::-1].copy())).max(), 1e-2)

    def test_single_precision_and_integer_paths_are_read(self):
        paths = np.round(4 * brownian(5, 9, 11, equal_times(5))) + 20 * np.arange(9)[None, :, None]
        exact = self.values(paths)
        self.assertTrue(np.array_equal(exact, self.values(paths.astype(np.float32))))
        self.assertTrue(np.array_equal(exact, self.values(paths.astype(np.int16))))

    def test_the_result_goes_to_output_file(self):
        path = write(brownian(4, 5, 1, equal_times(4)), dt=0.05)
        self.ends(program("drift", "paths.h5", "output.file=mine.h5", ranks=2, cwd=path.parent))
        self.assertEqual(sorted(p.name for p in path.parent.iterdir()), ["mine.h5", "paths.h5"])


class BadPaths(Case):
    GOOD = brownian(5, 6, 1, equal_times(5))

    def refused(self, paths, *says, code=DAMAGED, times=None, dt=0.05, arguments=(), ranks=(1, 3)):
        where = directory("bad")
        if paths is not None:
            write(paths, times, dt, where)
        before = sorted(p.name for p in where.iterdir())
        for k in ranks:
            result = self.ends(program("drift", "paths.h5", *arguments, ranks=k, cwd=where), code)
            self.one_sentence(result, *says)
            self.assertEqual(result.out, "")
            self.assertEqual(sorted(p.name for p in where.iterdir()), before)

    def test_a_missing_file_is_65(self):
        self.refused(None, "paths.h5")

    def test_a_missing_dataset_is_65(self):
        where = directory("bad")
        with h5py.File(where / "paths.h5", "w") as file:
            file["path"] = self.GOOD
        self.one_sentence(self.ends(program("drift", "paths.h5", cwd=where), DAMAGED), "/paths")

    def test_a_missing_step_is_65(self):
        self.refused(self.GOOD, "dt", dt=None)

    def test_steps_that_are_zero_negative_or_nan_are_65(self):
        for dt in (0.0, -0.1, np.nan):
            self.refused(self.GOOD, "times", dt=dt, ranks=(1,))

    def test_times_of_another_length_are_65(self):
        self.refused(self.GOOD, "/times", times=np.arange(4.0))

    def test_times_that_do_not_grow_are_65(self):
        self.refused(self.GOOD, "grow", "3", times=np.array([0, 1, 2, 2, 3.0]))

    def test_a_nan_time_is_65(self):
        self.refused(self.GOOD, "finite", times=np.array([0, 1, np.nan, 3, 4.0]), ranks=(1,))

    def test_a_first_time_that_is_not_finite_is_65(self):
        self.refused(self.GOOD, "finite", times=np.array([-np.inf, 1, 2, 3, 4.0]), ranks=(1,))
        self.refused(self.GOOD[:2], "finite", times=np.array([-np.inf, 1]), ranks=(1,))

    def test_wrong_shapes_are_65(self):
        for bad, found in ((self.GOOD[0], "[6, 2]"), (self.GOOD[:1], "[1, 6, 2]"), (self.GOOD[:, :1], "[5, 1, 2]"),
                           (np.ones((5, 6, 3)), "[5, 6, 3]"), (np.ones((5, 6, 2, 1)), "[samples, N, 2]")):
            self.refused(bad, "/paths", found, ranks=(1,))

    def test_nan_and_infinity_in_any_sample_and_row_are_65(self):
        for sample, row, value in ((0, 0, np.nan), (4, 5, np.nan), (2, 3, np.inf)):
            bad = self.GOOD.copy()
            bad[sample, row, 1] = value
            self.refused(bad, "/paths", "finite")

    def test_unknown_keys_and_bad_values_are_64(self):
        self.refused(self.GOOD, "command line", "model.tetha", "model.theta", code=REFUSED, arguments=["model.tetha=1"])
        self.refused(self.GOOD, "command line", "drift.tolerance", code=REFUSED, arguments=["drift.tolerance=1"], ranks=(1,))

    def test_a_spacing_too_coarse_for_the_tolerance_is_64(self):
        self.refused(self.GOOD, "drift.spacing = 100 is too coarse", "at most", code=REFUSED,
                     arguments=["drift.engine=spectral", "drift.spacing=100"], ranks=(1,))

    def test_without_a_file_it_is_64(self):
        self.one_sentence(self.ends(program("drift"), REFUSED), "drift needs")


if __name__ == "__main__":
    main()
