"""compare.py RUN_DIR PDE_DIR [PICTURE.png]: cells beside continuum, and every distance beside its noise, from files."""

import sys
from pathlib import Path

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend has to be chosen first)

TITLES = {
    "mean_square": "E|X|$^2$, cells less continuum",
    "kolmogorov": "radial distribution (Kolmogorov)",
    "sliced_wasserstein": "sliced Wasserstein",
    "sobolev": "H$^{-2}$",
    "chemical": "c at the cells, rms",
    "chemical_gradient": "grad c at the cells, rms",
}


def read_cells(run, time):
    """Positions [N, 2] at a time."""
    with h5py.File(run / "snapshots.h5", "r") as f:
        k = np.argmin(np.abs(f["index/time"][:] - time))
        position = f[f"data/{f['index/step'][k]}/particles/cells/position"]
        return np.stack([position["x"][:], position["y"][:]], axis=1)


def read_density(pde, time):
    """Density [ny, nx] at a time on the solver's own mesh, with middles and widths of its columns and rows."""
    with h5py.File(pde / "snapshots.h5", "r") as f:
        k = np.argmin(np.abs(f["index/time"][:] - time))
        step = f["index/step"][k]
    with h5py.File(pde / f"snapshots/{step:010d}.h5", "r") as f:
        g = f["continuum"]
        axes = [g[name][2:-2] for name in ("x", "y", "width_x", "width_y")]  # without two ghosts at either end
        return g["density"][:], *axes


def draw_maps(figure, axes, cells, rho, x, y):
    centre = np.mean(cells, axis=0)
    reach = 1.05 * np.quantile(np.abs(cells - centre), 0.998)
    window = [[c - reach, c + reach] for c in centre]
    histogram, *edges = np.histogram2d(cells[:, 0], cells[:, 1], bins=48, range=window, density=True)
    share = np.mean(np.all(np.abs(cells - centre) < reach, axis=1))
    top = max(rho.max(), np.quantile(share * histogram, 0.995))
    axes[0].pcolormesh(*edges, share * histogram.T, vmin=0, vmax=top, cmap="viridis")
    shown = axes[1].pcolormesh(x, y, rho, shading="gouraud", vmin=0, vmax=top, cmap="viridis")
    for a, title in zip(axes, (f"{len(cells)} cells", "continuum")):
        a.set(xlim=window[0], ylim=window[1], xlabel="x", ylabel="y", title=title, aspect="equal")
    figure.colorbar(shown, ax=axes[1], shrink=0.8)


def draw_radial(axes, cells, rho, x, y, width_x, width_y):
    r = np.sort(np.hypot(cells[:, 0], cells[:, 1]))
    radius = np.hypot(x[None, :], y[:, None]).ravel()
    mass = (rho * width_x[None, :] * width_y[:, None]).ravel()
    order = np.argsort(radius)
    axes.step(r, (np.arange(len(r)) + 1) / len(r), where="post", label="cells")
    axes.plot(radius[order], np.cumsum(mass[order]) / mass.sum(), "k--", linewidth=1, label="continuum")
    axes.set(xlim=(0, 1.1 * r[-1]), xlabel="r", title="share within r of 0")
    axes.legend(fontsize=8)


def draw_distance(axes, table, name):
    time, found = table["time"][:], table[name][:]
    expected, deviation = table[name + "_expected"][:], table[name + "_deviation"][:]
    for sigmas in (2, 1):
        axes.fill_between(time, expected - sigmas * deviation, expected + sigmas * deviation, color="C0", alpha=0.2,
                          linewidth=0, label=f"noise of as many samples, {sigmas} deviations")
    axes.plot(time, found, "o-", color="black", markersize=4, label="found")
    axes.set(title=TITLES[name], xlabel="time")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    run, pde = Path(sys.argv[1]), Path(sys.argv[2])
    picture = Path(sys.argv[3]) if len(sys.argv) == 4 else run / "compare.png"
    figure, axes = plt.subplots(3, 3, figsize=(15, 13), constrained_layout=True)
    with h5py.File(run / "compare.h5", "r") as f:
        table = f["compare"]
        last = table["time"][-1]
        for a, name in zip(axes[1:].ravel(), TITLES):
            draw_distance(a, table, name)
    axes[1, 0].legend(fontsize=8)
    cells = read_cells(run, last)
    rho, x, y, width_x, width_y = read_density(pde, last)
    draw_maps(figure, axes[0, :2], cells, rho, x, y)
    draw_radial(axes[0, 2], cells, rho, x, y, width_x, width_y)
    figure.suptitle(f"cells and continuum at time {last:g}; below, their distances over time")
    figure.savefig(picture, dpi=110)
    print(f"picture: {picture}")


if __name__ == "__main__":
    main()
