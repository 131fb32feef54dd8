"""plot.py RUN_DIR [PICTURE.png]: paths, density and E|X|^2 of a run, from its files alone."""

import sys
from pathlib import Path

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend has to be chosen first)

PATHS_DRAWN = 60


def read_snapshots(run):
    """Times [S] and positions [S, N, 2] of all snapshots."""
    with h5py.File(run / "snapshots.h5", "r") as f:
        steps = f["index/step"][:]
        times = f["index/time"][:]
        position = [f[f"data/{step}/particles/cells/position"] for step in steps]
        return times, np.stack([np.stack([p["x"][:], p["y"][:]], axis=1) for p in position])


def read_series(run, *names):
    with h5py.File(run / "series.h5", "r") as f:
        return [f["observables"][name][:] for name in names]


def draw_paths(axes, times, x):
    chosen = np.linspace(0, x.shape[1] - 1, min(PATHS_DRAWN, x.shape[1])).astype(int)
    axes.scatter(x[-1, :, 0], x[-1, :, 1], s=2, color="0.8", linewidths=0)
    for i in chosen:
        axes.plot(x[:, i, 0], x[:, i, 1], linewidth=0.7, alpha=0.8)
    axes.scatter(x[-1, chosen, 0], x[-1, chosen, 1], s=6, color="black", zorder=3)
    axes.set_title(f"{len(chosen)} of {x.shape[1]} paths, time {times[0]:g} to {times[-1]:g}")


def draw_density(axes, times, x, reach):
    histogram, *_ = np.histogram2d(x[-1, :, 0], x[-1, :, 1], bins=48, range=[[-reach, reach]] * 2, density=True)
    share = np.mean(np.all(np.abs(x[-1]) < reach, axis=1))
    image = axes.imshow(share * histogram.T, origin="lower", extent=[-reach, reach] * 2, cmap="viridis")
    axes.set_title(f"density at time {times[-1]:g}")
    axes.figure.colorbar(image, ax=axes, shrink=0.8)


def draw_mean_square(axes, run):
    time, square, error, pull, pull_error = read_series(
        run, "time", "mean_square", "mean_square_error", "pull", "pull_error")
    free = square - pull
    start = free[0]
    axes.fill_between(time, square - error, square + error, alpha=0.3, linewidth=0)
    axes.plot(time, square, label="E|X|$^2$, one standard error")
    axes.plot(time, start + 4 * time + pull, "k--", linewidth=1, label="with the free cells as control")
    axes.plot(time, start + 4 * time, ":", color="0.5", label="without chemical")
    axes.set_xlabel("time")
    axes.legend(fontsize=8)
    axes.set_title(f"what the chemical did: {pull[-1]:.4f} ± {pull_error[-1]:.4f}")


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    run = Path(sys.argv[1])
    picture = Path(sys.argv[2]) if len(sys.argv) == 3 else run / "picture.png"
    times, x = read_snapshots(run)
    reach = 1.05 * np.quantile(np.abs(x[-1]), 0.998)
    figure, axes = plt.subplots(1, 3, figsize=(16, 5), constrained_layout=True)
    draw_paths(axes[0], times, x)
    draw_density(axes[1], times, x, reach)
    draw_mean_square(axes[2], run)
    for a in axes[:2]:
        a.set_aspect("equal")
        a.set_xlim(-reach, reach)
        a.set_ylim(-reach, reach)
        a.set_xlabel("x")
        a.set_ylabel("y")
    figure.savefig(picture, dpi=120)
    print(f"picture: {picture}")


if __name__ == "__main__":
    main()
