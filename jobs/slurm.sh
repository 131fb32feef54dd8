# slurm.sh  What the job scripts share; sourced by them.
#
# A job stops by itself before its time limit, and on USR1: the program writes a checkpoint and ends with exit code 75, the
# job queues itself again and goes on where it was.  Any other exit code ends the job with that code.
#
# From the environment, all optional:
#   MNEMOTAXIS           the program; else build/release/mnemotaxis beside jobs/, else mnemotaxis in PATH
#   MNEMOTAXIS_LAUNCHER  what starts it on all tasks: "srun --mpi=pmix" (default), "mpirun", ...
#   MNEMOTAXIS_MARGIN    minutes before the time limit at which the program stops by itself (2)
#   MNEMOTAXIS_RETRIES   how often a job may queue itself again (100)

if [ -z "${SLURM_JOB_ID:-}" ]; then
  echo "$(basename "$0"): this is a job script; submit it: sbatch [--account=A --partition=P --time=T --ntasks=N] $0 ..." >&2
  exit 64
fi

# The last task of an array has the number of the whole array.
job=${SLURM_ARRAY_JOB_ID:+${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID}
job=${job:-$SLURM_JOB_ID}
asked=
trap 'asked=yes' USR1 # before anything else: it would end this script

find_program() {
  if [ -n "${MNEMOTAXIS:-}" ]; then
    echo "$MNEMOTAXIS"
  elif [ -x "$jobs/../build/release/mnemotaxis" ]; then
    echo "$jobs/../build/release/mnemotaxis"
  else
    command -v mnemotaxis || { echo "slurm.sh: no program; set MNEMOTAXIS" >&2; return 1; }
  fi
}

# Minutes the program may run, fractions included; empty: no limit.
minutes_left() {
  local end
  end=$(squeue -h -j "$job" -o %e)
  [ -n "$end" ] && end=$(date -d "$end" +%s 2>/dev/null) || return 0
  awk -v left=$((end - $(date +%s))) -v margin="${MNEMOTAXIS_MARGIN:-2}" \
    'BEGIN { m = left / 60 - margin; if (left < 3e7) print (m > 0.05 ? m : 0.05) }'
}

# ARG ...: runs the program with these arguments; ends the script.
run_and_requeue() {
  local program code left signalled
  program=$(find_program) || exit 64
  left=$(minutes_left)
  ${MNEMOTAXIS_LAUNCHER:-srun --mpi=pmix} "$program" "$@" "limit.wall_minutes=${left:-0}" &
  local child=$!
  trap 'signalled=yes; kill -USR1 $child 2>/dev/null' USR1 # launchers hand it on to all ranks
  trap 'signalled=yes; kill -TERM $child 2>/dev/null' TERM
  [ -z "$asked" ] || { sleep 2 && kill -USR1 $child; } # asked before there was a launcher to hand it on
  while :; do
    signalled=
    wait $child
    code=$?
    [ -n "$signalled" ] || break # else a signal has ended the waiting, not the program
  done
  [ $code != 138 ] || code=75 # USR1 came before the ranks could catch it; nothing is lost
  if [ $code = 75 ]; then
    case $(squeue -h -j "$job" -o %T,%r 2>/dev/null) in
      COMPLETING,TimeLimit) ;;
      COMPLETING,*) echo "slurm.sh: stopped early, and Slurm is ending the job: submit it again to go on"; exit $code ;;
    esac
  fi
  if [ $code = 75 ] && [ "${SLURM_RESTART_COUNT:-0}" -lt "${MNEMOTAXIS_RETRIES:-100}" ]; then
    echo "slurm.sh: stopped early; queued again (${SLURM_RESTART_COUNT:-0} times so far)"
    scontrol requeue "$job"
  elif [ $code = 75 ]; then
    echo "slurm.sh: stopped early, and queued again ${SLURM_RESTART_COUNT:-0} times already: submit the job again to go on"
  fi
  exit $code
}
