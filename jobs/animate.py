"""animate.py RUN_DIR [ANIMATION.gif]: the cells of a run from snapshot to snapshot, their density beside them."""

import sys
from pathlib import Path

import h5py
import matplotlib
import numpy as np

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402  (the backend has to be chosen first)
from matplotlib.animation import FuncAnimation, PillowWriter  # noqa: E402

MOST_FRAMES, BINS = 120, 64


def read_frames(run):
    """Times and positions [N, 2] of at most MOST_FRAMES snapshots, evenly chosen."""
    with h5py.File(run / "snapshots.h5", "r") as f:
        steps, times = f["index/step"][:], f["index/time"][:]
        for k in np.unique(np.linspace(0, len(steps) - 1, min(MOST_FRAMES, len(steps))).astype(int)):
            p = f[f"data/{steps[k]}/particles/cells/position"]
            yield times[k], np.stack([p["x"][:], p["y"][:]], axis=1)


def animate(frames, out):
    reach = 1.05 * max(np.quantile(np.abs(x), 0.995) for _, x in frames)
    box = [-reach, reach, -reach, reach]
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4.5), layout="constrained")
    cells = left.scatter([], [], s=max(0.2, min(6.0, 3000 / len(frames[0][1]))), linewidths=0)
    left.set(xlim=box[:2], ylim=box[2:], aspect="equal")
    densities = [np.histogram2d(x[:, 0], x[:, 1], bins=BINS, range=[box[:2], box[2:]])[0].T for _, x in frames]
    densities = [d / (len(frames[0][1]) * (2 * reach / BINS)**2) for d in densities]
    picture = right.imshow(densities[0], origin="lower", extent=box, cmap="viridis",
                           vmax=np.quantile([d.max() for d in densities], 0.5))
    right.set_title("density")

    def show(k):
        cells.set_offsets(frames[k][1])
        picture.set_data(densities[k])
        left.set_title(f"{len(frames[k][1])} cells, time {frames[k][0]:.4g}")

    FuncAnimation(figure, show, frames=len(frames)).save(out, writer=PillowWriter(fps=15), dpi=90)


def main(arguments):
    if len(arguments) not in (1, 2):
        sys.exit(__doc__.splitlines()[0])
    run = Path(arguments[0])
    out = Path(arguments[1]) if len(arguments) == 2 else run / "animation.gif"
    frames = list(read_frames(run))
    if len(frames) < 3:
        sys.exit(f"animate.py: {run} has {len(frames)} snapshots; run with output.snapshot_every=K for more")
    animate(frames, out)
    print(out)


if __name__ == "__main__":
    main(sys.argv[1:])
