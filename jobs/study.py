"""study.py STUDY_DIR: rates.png, coupling.png and report.html of a study, from study.h5 and used.ini alone.

report.html holds everything it shows and opens in any browser, without a network.
"""

import base64
import html
import io
import sys
from pathlib import Path

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend has to be chosen first)

DISTANCES = ["kolmogorov", "sliced_wasserstein", "sobolev"]
COUPLINGS = ["coupling", "coupling_sup"]
CORRELATIONS = [f"correlation_{m}" for m in range(4)]
WEAK = [f"weak_{m}" for m in range(4)]
TARGETS = {**dict.fromkeys(DISTANCES, -0.5), **dict.fromkeys(COUPLINGS + CORRELATIONS + WEAK, -1.0)}


class Study:
    def __init__(self, directory):
        with h5py.File(directory / "study.h5", "r") as f:
            self.cells = f["table/cells"][:]
            names = f["variations"].attrs
            self.variations = [names[k].decode() if isinstance(names[k], bytes) else str(names[k]) for k in sorted(names)]
            self.data = {g: {k: f[g][k][:] for k in f[g]} for g in ("table", "paired", "fits")}
            self.about = {k: self.text(f["table"][k].attrs["about"]) for k in f["table"]}
        self.settings = (directory / "used.ini").read_text()

    @staticmethod
    def text(value):
        return value.decode() if isinstance(value, bytes) else str(value)

    def row(self, group, name, v):
        n = len(self.cells)
        return self.data[group][name][v * n:(v + 1) * n]

    def fit(self, name, v):
        """exponent, low, high, prefactor"""
        return [self.data["fits"][f"{name}_{part}"][v] for part in ("exponent", "low", "high", "prefactor")]


def draw_quantity(axes, study, name, v, **style):
    n = study.cells
    value, error = np.abs(study.row("table", name, v)), study.row("table", f"{name}_error", v)
    good = np.isfinite(value) & (value > 0)
    if not good.any():
        return
    exponent, low, high, prefactor = study.fit(name, v)
    label = name
    if np.isfinite(exponent):
        label = f"{name}: {exponent:.3f} [{low:.3f}, {high:.3f}]"
    lines = axes.errorbar(n[good], value[good], yerr=np.minimum(error[good], 0.9 * value[good]), fmt="o", ms=4, capsize=2,
                          label=label, **style)
    if np.isfinite(exponent):
        axes.plot(n, prefactor * n**exponent, "-", linewidth=1, color=lines[0].get_color())


def finish(axes, title, slope, study):
    anchor = [c.get_ydata()[0] for c in axes.get_lines() if len(c.get_ydata())]
    if anchor:
        axes.plot(study.cells, max(anchor) * 1.5 * (study.cells / study.cells[0])**slope, "k:", linewidth=1,
                  label=f"slope {slope:g} (target, not a theorem)")
    axes.set(xscale="log", yscale="log", xlabel="number of cells N", title=title)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(fontsize=7)


def rate_figure(study):
    columns = len(study.variations)
    figure, grid = plt.subplots(3, columns, figsize=(5.2 * columns, 13), squeeze=False, layout="constrained")
    for v, name in enumerate(study.variations):
        for k, (title, quantities, slope) in enumerate([("distances to the limit", DISTANCES, -0.5),
                                                        ("pair correlations, absolute", CORRELATIONS, -1.0),
                                                        ("weak errors, absolute", WEAK, -1.0)]):
            for quantity in quantities:
                draw_quantity(grid[k][v], study, quantity, v)
            finish(grid[k][v], title + ("" if name == "-" else f"\n{name}"), slope, study)
    return figure


def coupling_figure(study):
    columns = len(study.variations)
    figure, grid = plt.subplots(1, columns, figsize=(5.6 * columns, 4.6), squeeze=False, layout="constrained")
    for v, name in enumerate(study.variations):
        for quantity in COUPLINGS:
            draw_quantity(grid[0][v], study, quantity, v)
        finish(grid[0][v], "E|X - Y|$^2$, same noise" + ("" if name == "-" else f"\n{name}"), -1.0, study)
    return figure


def image(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=min(110, 60000 / figure.get_size_inches()[0]))
    return f'<img src="data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}">'


def number(value, error):
    return "" if not np.isfinite(value) else f"{value:.5g}" + (f" &plusmn; {error:.1g}" if np.isfinite(error) else "")


def table(head, rows):
    line = "".join(f"<th>{h}</th>" for h in head)
    body = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in rows)
    return f"<table><tr>{line}</tr>{body}</table>"


def fits_table(study, v):
    rows = []
    for name, target in TARGETS.items():
        exponent, low, high, prefactor = study.fit(name, v)
        if np.isfinite(exponent):
            rows.append([name, html.escape(study.about[name]), f"{exponent:.3f}", f"[{low:.3f}, {high:.3f}]", f"{target:g}",
                         f"{prefactor:.3g}"])
    return table(["quantity", "meaning", "exponent", "95 % interval", "target", "prefactor"], rows)


def values_table(study, group, v, names):
    rows = []
    for k, n in enumerate(study.cells):
        rows.append([str(n)] + [number(study.row(group, q, v)[k], study.row(group, f"{q}_error", v)[k]) for q in names])
    return table(["N"] + names, rows)


STYLE = """body{font:15px/1.5 sans-serif;max-width:1200px;margin:2em auto;padding:0 1em;color:#222}
table{border-collapse:collapse;margin:1em 0;font-size:13px}td,th{border:1px solid #ccc;padding:3px 8px;text-align:right}
td:nth-child(2){text-align:left}img{max-width:100%}pre{background:#f4f4f4;padding:1em;font-size:12px;overflow:auto}"""


def report(study, figures):
    parts = [f"<!doctype html><meta charset=utf-8><title>Study</title><style>{STYLE}</style><h1>Propagation of chaos</h1>",
             "<p>X: a cell of the N-particle system. Y: the cell of the limit with the same start and the same noise. Errors are "
             "standard errors over runs; intervals hold 95 % of the exponents of resampled runs. Exponents are fitted, weighted by "
             f"the errors, over N = {study.cells.min()} ... {study.cells.max()}. N<sup>-1</sup> and N<sup>-1/2</sup> are empirical "
             "targets for this system, not theorems.</p>"]
    parts += [image(f) for f in figures]
    for v, name in enumerate(study.variations):
        finished = ", ".join(str(k) for k in study.row("table", "finished", v))
        parts += [f"<h2>{'Results' if name == '-' else html.escape(name)}</h2><p>Runs for each N: {finished}.</p>",
                  fits_table(study, v), values_table(study, "table", v, ["mean_square", "modulus"] + COUPLINGS + DISTANCES),
                  values_table(study, "table", v, CORRELATIONS + WEAK)]
        if v < len(study.variations) - 1:
            parts += ["<p>Less the last variation, run by run with the same noise: what step and tolerance cost.</p>",
                      values_table(study, "paired", v, ["mean_square"] + COUPLINGS + DISTANCES)]
    parts.append(f"<h2>Settings</h2><pre>{html.escape(study.settings)}</pre>")
    return "\n".join(parts)


def main(arguments):
    if len(arguments) != 1:
        sys.exit(__doc__.splitlines()[0])
    directory = Path(arguments[0])
    study = Study(directory)
    figures = {"rates.png": rate_figure(study), "coupling.png": coupling_figure(study)}
    for name, figure in figures.items():
        figure.savefig(directory / name, dpi=min(150, 60000 / figure.get_size_inches()[0]))
    (directory / "report.html").write_text(report(study, figures.values()))
    print(f"{directory}/report.html, rates.png, coupling.png")


if __name__ == "__main__":
    main(sys.argv[1:])
