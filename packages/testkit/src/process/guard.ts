import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

/** What must end with this process: a process by its pid, a folder by its path, or a container by its name. */
export type Guarded = `process ${number}` | `folder ${string}` | `container ${string}`;

/*
 * The program of the guard, a small shell. The shell reads lines from its input: "+x" adds x to a list and "-x" removes
 * it. When this process ends, the system closes the pipe; the guard reads the end of its input and ends everything on
 * the list. The guard makes at least three rounds: a process that is being killed may still write into its folder, and
 * Docker may still be creating a container whose client has ended. On a busy machine, processes and containers end more
 * slowly, so the rounds continue until the folders are gone, for a minute at most.
 */
const SCRIPT = `
trap "" INT TERM HUP
nl='
'
list=$nl
while IFS= read -r line; do
  entry=$nl\${line#?}$nl
  case $line in
  +*) list=$list\${line#?}$nl ;;
  -*) case $list in *"$entry"*) list=\${list%%"$entry"*}$nl\${list#*"$entry"} ;; esac ;;
  esac
done
[ "$list" = "$nl" ] && exit
set -f
IFS=$nl
round=0
while [ "$round" -lt 60 ]; do
  round=$((round + 1))
  for entry in $list; do case $entry in process*) kill -KILL "\${entry#* }" ;; esac; done
  others=
  for entry in $list; do case $entry in process*) ;; *) others=$others$entry$nl ;; esac; done
  list=$others
  for entry in $list; do case $entry in folder*) rm -rf -- "\${entry#* }" ;; esac; done
  [ "$round" -gt 3 ] || for entry in $list; do case $entry in container*) docker rm --force --volumes "\${entry#* }" ;; esac; done
  left=
  for entry in $list; do case $entry in folder*) [ -e "\${entry#* }" ] && left=$nl ;; esac; done
  [ -z "$list" ] && break
  [ "$round" -ge 3 ] && [ -z "$left" ] && break
  sleep 1
done`;

let guardInput: Writable | undefined;

/**
 * Ends `what` when this process ends, even by SIGKILL. A small shell does this (the guard); there is one guard for each
 * process that calls this function. The guard has a process group of its own, so Ctrl-C does not reach it. Processes
 * get SIGKILL.
 * @returns a function to call when `what` has ended or is gone: its pid or name may later belong to something else.
 */
export function guard(what: Guarded): () => void {
  guardInput ??= startGuard();
  const input = guardInput;
  input.write(`+${what}\n`);
  return () => void input.write(`-${what}\n`);
}

function startGuard(): Writable {
  const child = spawn("sh", ["-c", SCRIPT, "docrelay-test-guard"], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  child.unref();
  const { stdin } = child;
  stdin.on("error", () => undefined); // an error here means that the guard was killed; each test still cleans up by itself
  (stdin as Writable & { unref?(): void }).unref?.();
  return stdin;
}
