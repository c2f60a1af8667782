#!/usr/bin/env bash
# Replaces the replicas of a service (edge, ask or extract) by replicas of the current image, one at a time: an old replica is
# stopped only when a new one is healthy. Usage: `deploy/roll.sh edge`. Build or pull the new image first.
set -euo pipefail
service=${1:?which service? edge, ask or extract}
cd "$(dirname "$0")/.."

old=$(docker compose ps --quiet "$service")
replicas=$(grep -c . <<<"$old" || true)
[ "$replicas" -gt 0 ] || { echo "no replica of $service is running" >&2; exit 1; }

until_healthy() {
  for _ in $(seq 120); do
    states=$(docker compose ps --quiet "$service" | xargs docker inspect --format '{{.State.Health.Status}}')
    if [ "$(sort -u <<<"$states")" = healthy ]; then return; fi
    sleep 0.5
  done
  echo "$service does not get healthy: its logs say why; nothing else was replaced" >&2
  exit 1
}

for container in $old; do
  docker compose --progress quiet up --detach --no-deps --no-recreate --no-build \
    --scale "$service=$((replicas + 1))" "$service"
  until_healthy
  # Gives the balancer, which checks the replicas once a second, time to find the new one.
  sleep 2
  docker stop "$container" >/dev/null
  docker rm "$container" >/dev/null
  echo "$service: $(docker compose ps --quiet "$service" | grep -c .) running, ${container:0:12} replaced"
done
