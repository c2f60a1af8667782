import { spawn } from "node:child_process";
import type { Writable } from "node:stream";

/**
 * A resource that must end with this process: a process by its pid, a folder by its path, or a container by its name.
 */
export type Guarded = `process ${number}` | `folder ${string}` | `container ${string}`;

/*
 * The guard reads a list from its input, line by line: "+x" adds x and "-x" removes it. When this process ends, the
 * system closes the pipe; the guard reads the end of its input and ends everything on the list. It makes at least three
 * rounds, because a process that is being killed may still write into its folder, and Docker may still be creating a
 * container whose client has ended. On a busy machine such a process takes longer, so the rounds continue until the
 * folders are gone, for a minute at most.
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
 * Ends `what` as soon as this process ends, even by SIGKILL. One small shell for each process does this. The shell has
 * a process group of its own, so Ctrl-C does not reach it. Processes get SIGKILL.
 * @returns a function to call when `what` has ended or is gone, because its pid or name may later belong to something
 * else.
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
  stdin.on("error", () => undefined); // the guard was killed; the clean-up of each test is still done
  (stdin as Writable & { unref?(): void }).unref?.();
  return stdin;
}
