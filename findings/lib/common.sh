# The scripts of this folder source this file. It gives them a temporary folder that is removed at the end, pinned
# packages in it, a Redis server of their own, and the module check.mjs, which prints what is seen and compares it with
# what was recorded.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
children=()
clean_up() {
  for child in "${children[@]}"; do kill "$child" 2>/dev/null || true; done
  for child in "${children[@]}"; do wait "$child" 2>/dev/null || true; done
  rm -rf "$work"
}
trap clean_up EXIT
cd "$work"
echo "== $(basename "$0" .sh)"

# npm_packages NAME@VERSION...: installs exactly these packages, without install scripts, and prints their versions.
npm_packages() {
  echo '{ "private": true, "type": "module" }' >package.json
  npm install --silent --prefer-offline --no-audit --no-fund --ignore-scripts --save-exact "$@"
  echo "version: Node $(node -p process.versions.node)"
  printf 'version: %s\n' "$@"
}

# debian_packages NAME...: unpacks these packages into ./debian, without their dependencies; prints the versions.
debian_packages() {
  mkdir -p debian
  (cd debian && apt-get download -qq -o APT::Sandbox::User=root "$@" && for file in *.deb; do dpkg -x "$file" .; done)
  (cd debian && for file in *.deb; do dpkg-deb --show --showformat 'version: ${Package} ${Version}\n' "$file"; done)
}

# start_redis [OPTION...]: starts a Redis server that listens on the socket $REDIS only; a second call restarts the
# server.
start_redis() {
  export REDIS="$work/redis.sock"
  if [ -n "${redis_pid:-}" ]; then
    kill "$redis_pid" 2>/dev/null && wait "$redis_pid" || true
  else
    redis=(redis-server)
    if ! command -v redis-server >/dev/null; then
      debian_packages redis-tools libjemalloc2 liblzf1 libatomic1
      # Debian's redis-tools holds the server's program; the package redis-server adds a link to it.
      ln -s redis-check-rdb debian/usr/bin/redis-server
      redis=(env "LD_LIBRARY_PATH=$(echo "$work"/debian/usr/lib/*-linux-gnu*)" "$work/debian/usr/bin/redis-server")
    fi
    "${redis[@]}" --version | sed 's/^/version: /'
  fi
  "${redis[@]}" --port 0 --unixsocket "$REDIS" --dir "$work" --save "" "$@" >redis.log &
  redis_pid=$!
  children+=("$redis_pid")
  for _ in $(seq 100); do [ -S "$REDIS" ] && return; sleep 0.1; done
  echo "Redis does not start" >&2
  return 1
}

# run_node [OPTION...] <<'JS': runs the module on standard input in the temporary folder, for two minutes at most.
run_node() {
  cat >finding.mjs
  timeout 120 node "$@" finding.mjs
}

cat >check.mjs <<'JS'
import { isDeepStrictEqual } from "node:util";

export const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const show = (value) => (typeof value === "string" ? value : JSON.stringify(value));

/** Prints, in plain words, what one would expect and what happens instead. */
export function about({ expected, happens }) {
  console.log(`expected: ${expected}\nhappens:  ${happens}`);
}

/**
 * Prints a result that is as anybody would expect, which shows that the experiment itself works; fails if it is no
 * longer `recorded`.
 */
export function usual(what, actual, recorded) {
  compare("usual:   ", what, actual, recorded);
}

/** Prints a result that is not as anybody would expect; fails if it is no longer `recorded`, or is `expected`. */
export function surprise(what, { actual, recorded, expected }) {
  compare("seen:    ", what, actual, recorded);
  if (isDeepStrictEqual(actual, expected)) fail(`no surprise any more: ${what} is what one expects`);
}

function compare(label, what, actual, recorded) {
  console.log(`${label} ${what}: ${show(actual)}`);
  if (!isDeepStrictEqual(actual, recorded)) fail(`changed: ${what} was ${show(recorded)}`);
}

function fail(words) {
  console.log(`FAILED    ${words}`);
  process.exitCode = 1;
}

/** Ends the process, with everything that is still open in it. */
export function done() {
  process.exit(process.exitCode ?? 0);
}
JS
