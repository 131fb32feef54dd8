# Spack recipe: spack repo create mnemotaxis-repo, put this file into packages/mnemotaxis/, and
# spack dev-build --source-path=SOURCE mnemotaxis@main (not tried on a Spack installation of ours).
from spack.package import *


class Mnemotaxis(CMakePackage):
    """N-particle system of the doubly parabolic Keller-Segel equation: cells follow the trail of all the others."""

    license("BSD-3-Clause")
    version("main", branch="main")

    depends_on("c", type="build")
    depends_on("cmake@3.18:", type="build")
    depends_on("pkgconfig", type="build")
    depends_on("mpi")
    depends_on("hdf5+mpi")
    depends_on("petsc+mpi")
    depends_on("fftw precision=float,double")
    depends_on("random123")
    depends_on("xxhash")
    depends_on("inih")
    depends_on("python", type="run")
    depends_on("py-h5py", type="run")
    depends_on("py-matplotlib", type="run")

    def cmake_args(self):
        return [self.define("MNEMOTAXIS_ARCH", ""), self.define("MNEMOTAXIS_TESTS", False), self.define("MNEMOTAXIS_BENCHMARKS", False)]
