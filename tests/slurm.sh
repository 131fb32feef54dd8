#!/bin/bash
# slurm.sh DIR up|down: a private Slurm of one node on loopback, for testing job scripts.  All it writes is in DIR, which "up"
# makes; its user then sets SLURM_CONF=DIR/slurm.conf.  "down" cancels what still runs and ends the daemons.
# Exit code 77: there can be none here, and one line says why.
set -eu
where=$(realpath -m "${1:?DIR}")
action=${2:?up or down}
export SLURM_CONF=$where/slurm.conf PATH=$PATH:/usr/sbin:/sbin

refuse() {
  echo "slurm.sh: no private Slurm here: $1"
  exit 77
}

# Waits up to ten seconds until COMMAND ... is true.
soon() {
  for _ in {1..100}; do
    "$@" && return
    sleep 0.1
  done
  return 1
}
idle() { [ "$(sinfo --noheader --format=%t 2>&1)" = idle ]; }
no_job() { [ -z "$(squeue --noheader 2>/dev/null)" ]; }
ended() { ! kill -0 "$@" 2>/dev/null; }

down() {
  local pid pids=() # the files go before their daemons
  for pid in $(cat "$where"/*.pid 2>/dev/null); do
    if grep -qF "$where" "/proc/$pid/cmdline" 2>/dev/null; then pids+=("$pid"); fi
  done
  scancel --user=root 2>/dev/null && soon no_job || echo "slurm.sh: there may be jobs that have not ended" >&2
  [ ${#pids[@]} = 0 ] || kill "${pids[@]}"
  for pid in "${pids[@]}"; do soon ended "$pid"; done
}

[ "$(id -u)" = 0 ] || refuse "its daemons want root"
for program in munged slurmctld slurmd sbatch; do
  command -v $program >/dev/null || refuse "no $program (Debian: apt-get install slurm-wlm slurmctld slurmd slurm-client munge)"
done
if [ "$action" = down ]; then
  down
  exit
fi

mkdir -p "$where"/{state,spool,tmp}
(umask 077 && head -c 1024 /dev/urandom >"$where/key")
# below the ports that outgoing connections are given
ports=$(python3 -c 'import random, socket
for name, port in zip(("Slurmctld", "Slurmd"), random.sample(range(20000, 30000), 2)):
    socket.socket().bind(("", port))
    print(f"{name}Port={port}")')
# cred_expire: the least seconds that a job which was queued again can wait; JobRequeue: jobs may not, unless they ask for it
cat >"$SLURM_CONF" <<END
ClusterName=private
SlurmctldHost=localhost(127.0.0.1)
$ports
SlurmUser=root
AuthInfo=socket=$where/socket,cred_expire=5
JobRequeue=0
SchedulerParameters=sched_interval=1,batch_sched_delay=0
StateSaveLocation=$where/state
SlurmdSpoolDir=$where/spool
TmpFS=$where/tmp
SlurmctldPidFile=$where/slurmctld.pid
SlurmdPidFile=$where/slurmd.pid
SlurmctldLogFile=$where/slurmctld.log
SlurmdLogFile=$where/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SlurmdParameters=config_overrides
MailProg=/bin/true
KillWait=5
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2
PartitionName=all Nodes=localhost Default=YES MaxTime=INFINITE
END
munged --force --key-file="$where/key" --socket="$where/socket" --pid-file="$where/munged.pid" --seed-file="$where/seed" \
  --log-file="$where/munged.log" && slurmctld -c -f "$SLURM_CONF" && slurmd -c -f "$SLURM_CONF" -N localhost && soon idle ||
  { tail -n 5 "$where"/*.log >&2; down; exit 1; }
