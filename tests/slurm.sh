#!/bin/bash
# slurm.sh DIR up|down: a private Slurm of one node on loopback, for testing job scripts.  All it writes is in DIR, which "up"
# makes; its user then sets SLURM_CONF=DIR/slurm.conf.  "down" cancels what still runs and ends the daemons.
# Exit code 77: there can be none here, and one line says why.
set -eu
where=${1:?DIR}
action=${2:?up or down}

refuse() {
  echo "slurm.sh: no private Slurm: $1"
  exit 77
}

# NAME COMMAND ...: starts a daemon in a session of its own; it is told later by its number and by DIR in its arguments.
start() {
  setsid "${@:2}" >"$where/$1.out" 2>&1 </dev/null &
  echo $! >"$where/$1.pid"
}

runs() { # NAME
  [ -s "$where/$1.pid" ] && grep -qF "$where" "/proc/$(cat "$where/$1.pid")/cmdline" 2>/dev/null
}

# Does COMMAND ... come true within ten seconds?
soon() {
  for _ in {1..100}; do
    "$@" && return
    sleep 0.1
  done
  return 1
}

idle() { [ "$(sinfo --noheader --format=%t 2>&1)" = idle ]; }
no_job() { [ -z "$(squeue --noheader 2>&1)" ]; }
gone() { ! runs "$1"; }

[ "$(id -u)" = 0 ] || refuse "only root may start its daemons"
PATH=$PATH:/usr/sbin:/sbin
for program in munged slurmctld slurmd sbatch srun scontrol; do
  command -v $program >/dev/null || refuse "$program is missing; Debian: apt-get install slurm-wlm slurmctld slurmd slurm-client munge"
done
export SLURM_CONF=$where/slurm.conf

if [ "$action" = down ]; then
  if runs slurmctld && runs slurmd; then
    scancel --user=root
    soon no_job || echo "slurm.sh: some jobs do not end" >&2
  fi
  for daemon in slurmd slurmctld munged; do
    if runs $daemon; then kill "$(cat "$where/$daemon.pid")"; fi
  done
  for daemon in slurmd slurmctld munged; do
    soon gone $daemon || { echo "slurm.sh: $daemon does not end" >&2; exit 1; }
  done
  exit
fi

mkdir -p "$where"/{state,spool,tmp}
(umask 077 && head -c 1024 /dev/urandom >"$where/key")
# below the ports that outgoing connections are given
read -r port other < <(python3 -c '
import random, socket
ports = random.sample(range(20000, 30000), 2)
for port in ports:
    socket.socket().bind(("", port))
print(*ports)') || { echo "slurm.sh: no free ports; try again" >&2; exit 1; }
# cred_expire: so many seconds a job that was queued again waits; JobRequeue: jobs may not, unless they ask for it
cat >"$SLURM_CONF" <<END
ClusterName=private
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=$port
SlurmdPort=$other
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$where/socket,cred_expire=5
StateSaveLocation=$where/state
SlurmdSpoolDir=$where/spool
SlurmctldPidFile=$where/slurmctld.own
SlurmdPidFile=$where/slurmd.own
TmpFS=$where/tmp
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
SlurmdParameters=config_overrides
MailProg=/bin/true
ReturnToService=2
KillWait=5
JobRequeue=0
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2 State=UNKNOWN
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE
END
start munged munged --foreground --force --key-file="$where/key" --socket="$where/socket" --pid-file="$where/munged.own" \
  --seed-file="$where/seed" --log-file="$where/munged.log"
soon test -S "$where/socket"
start slurmctld slurmctld -D -c -f "$SLURM_CONF"
start slurmd slurmd -D -c -f "$SLURM_CONF" -N localhost
soon idle || {
  echo "slurm.sh: the daemons do not work together:" >&2
  tail -n 5 "$where"/*.out >&2
  "$0" "$where" down
  exit 1
}
