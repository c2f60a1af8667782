import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";

/** A Redis server for one `npm start`. When the server ends, its folder with all conversations is removed. */
export interface PrivateRedis extends AsyncDisposable {
  readonly url: string;
  /** Resolves when the server has ended, for whatever reason. */
  readonly ended: Promise<void>;
}

// The path of a unix socket must be shorter than 108 bytes. So the system's folder for temporary files is used only if
// its own path has fewer characters than this; otherwise `/tmp` is used.
const SOCKET_ROOM = 80;
/** Most memory for the data of the private Redis, in bytes. */
const MAX_MEMORY = 3_221_225_472;
/**
 * How many ms the server may take to start. Only a server that hangs needs more: a server that cannot start ends by
 * itself.
 */
const START_MS = 180_000;

/* A shell starts the server and reads from a pipe whose other end this process holds. When this process ends, for
   whatever reason, the pipe closes: then the shell ends the server and removes the folder. */
const GUARD = `"$@" <&- & server=$!
exec >&- 2>&-
cat >/dev/null
kill -TERM $server 2>/dev/null
wait $server
rm -rf "$FOLDER"`;

/** Starts the server. @throws Error with the server's last output, when the server does not become ready. */
export async function startPrivateRedis(server: string): Promise<PrivateRedis> {
  const base = tmpdir().length < SOCKET_ROOM ? tmpdir() : "/tmp";
  const folder = await mkdtemp(join(base, "docrelay-"));
  const socket = join(folder, "redis.sock");
  const settings = ["--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", folder, "--save", ""];
  settings.push("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction");
  // Redis may use as much memory as in the compose file, or half of the machine's memory if that is less. Edges refuse
  // new asks and files before the memory is full.
  settings.push("--maxmemory", String(Math.floor(Math.min(MAX_MEMORY, totalmem() / 2))));
  // With these settings a finished ask takes less than half of the memory that it takes with Redis's defaults: see
  // "Sizing" in docs/operations.md.
  settings.push("--hash-max-listpack-value", "4096", "--stream-node-max-bytes", "1536");
  // `detached` gives the shell a process group of its own, so that Ctrl-C does not reach the shell, and Redis ends
  // last.
  const guard = spawn("sh", ["-c", GUARD, "guard", server, ...settings], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, FOLDER: folder },
    detached: true,
  });
  const { stdin, stdout } = guard;
  stdin.on("error", () => undefined);
  let said = "";
  const ended = once(stdout, "close").then(() => undefined);
  const exited = once(guard, "exit");
  const ready = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`Redis did not start in ${START_MS / 1000} s:\n${said}`)),
      START_MS,
    );
    stdout.on("data", (data: Buffer) => {
      said = (said + data.toString()).slice(-2000);
      if (!said.includes("eady to accept connections")) return;
      clearTimeout(timer);
      resolve();
    });
    void ended.then(() => {
      clearTimeout(timer);
      reject(new Error(`Redis ended at once:\n${said}`));
    });
  });
  const dispose = async (): Promise<void> => {
    stdin.end();
    await exited;
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await ready;
  } catch (error) {
    await dispose();
    throw error;
  }
  return { url: `unix:${socket}`, ended, [Symbol.asyncDispose]: dispose };
}
