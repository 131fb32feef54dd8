# find_package(mnemotaxis) gives the target mnemotaxis::mnemotaxis
include(CMakeFindDependencyMacro)
find_dependency(PkgConfig)
pkg_check_modules(MPI REQUIRED IMPORTED_TARGET ompi-c)
pkg_check_modules(HDF5 REQUIRED IMPORTED_TARGET hdf5-openmpi)
pkg_check_modules(PETSC IMPORTED_TARGET PETSc)
pkg_check_modules(INIH IMPORTED_TARGET inih)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
include(${CMAKE_CURRENT_LIST_DIR}/mnemotaxis-targets.cmake)
