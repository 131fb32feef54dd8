#!/bin/sh
# mpirun.sh RANKS PROGRAM [ARG ...]: runs a program under MPI, also as root and on fewer cores than ranks.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
# no busy waiting of idle ranks, no network: everything is on this machine
export OMPI_MCA_mpi_yield_when_idle=1 OMPI_MCA_btl=self,vader OMPI_MCA_btl_vader_single_copy_mechanism=none
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none
ranks=$1
shift
exec mpirun -q -n "$ranks" "$@"
