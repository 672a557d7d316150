#!/usr/bin/env bash
# A search on a Slurm cluster. Each node of the job trains, by Ray; the first one drives.
#
# Once, in a folder that all nodes share, as your home mostly is:
#
#   python3 -m venv autocnn && source autocnn/bin/activate
#   pip install '.[ray,postgres]'
#
# Then, with that environment active, the words of `autocnn search`:
#
#   export AUTOCNN_STORAGE=postgresql://me@server/studies   # the password: ~/.pgpass
#   sbatch .github/clusters/slurm.sh cifar10 --trials 200
#   autocnn watch                                           # from any node
#
# What is said goes to autocnn-JOB.log. Two minutes before its time ends, the search
# saves what it trains and stops; the job is queued again, and goes on where it was. Give
# a total of trials: +20 would be 20 more each time.
#
#SBATCH --job-name=autocnn
#SBATCH --output=autocnn-%j.log
#SBATCH --open-mode=append
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
# A node that fails costs its trials an epoch, and not the search.
#SBATCH --no-kill
# With GPUs, here two trials on each: take one # off, and add to the words of the search
# `--gpus-per-worker 0.5 --workers 8` (nodes x GPUs x 2).
##SBATCH --gpus-per-node=2
set -euo pipefail

# Ray does what anyone asks of it, unless it has a token: this one is yours alone, in
# ~/.ray/auth_token, and all nodes find it there.
export RAY_AUTH_MODE=token RAY_USAGE_STATS_ENABLED=0
(umask 077 && ray get-auth-token --generate >/dev/null 2>&1)
chmod 600 ~/.ray/auth_token

# Slurm runs this script on the first node. Another job may have its Ray there too.
host=$(hostname) port=$((20000 + SLURM_JOB_ID % 10000))
export address="$host:$port"

# Images and networks are files: what Ray keeps in memory for them can be small.
# shellcheck disable=SC2016 # each task has its own variables
srun --no-kill --ntasks-per-node=1 --cpus-per-task="$SLURM_CPUS_PER_TASK" \
  --output=autocnn-%j.ray.log bash -c '
  own=(--num-cpus="$SLURM_CPUS_PER_TASK" --object-store-memory=100000000 --block)
  if ((SLURM_PROCID == 0)); then
    exec ray start --head --port="${address#*:}" --include-dashboard=false "${own[@]}"
  fi
  until (: <"/dev/tcp/${address/://}") 2>/dev/null; do sleep 1; done
  exec ray start --address="$address" "${own[@]}"
' &
for ((seconds = 0; seconds < 60; seconds++)); do
  (: <"/dev/tcp/$host/$port") 2>/dev/null && break
  sleep 1
done

# Nodes that are late join the search when they are there. Of an option that is given
# twice the last one counts, so yours do.
autocnn search --engine ray --address "$address" --plain \
  --workers $((SLURM_JOB_NUM_NODES * SLURM_CPUS_PER_TASK)) "$@" &
search=$! again=false
trap 'again=true; kill -TERM "$search"' USR1 # the time ends
trap 'kill -TERM "$search"' TERM             # somebody, or a job that may, wants it ended

code=0
while kill -0 "$search" 2>/dev/null; do
  wait "$search" && code=0 || code=$? # a signal ends the wait, and not the search
done
# 75: it stopped, and the same command goes on; over 128: it had not even begun.
if $again && ((code == 75 || code > 128)); then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
