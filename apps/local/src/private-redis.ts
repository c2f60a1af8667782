import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, totalmem } from "node:os";
import { join } from "node:path";

/** A Redis for one `npm start`. Its folder, and the conversations in it, are removed when it ends. */
export interface PrivateRedis extends AsyncDisposable {
  readonly url: string;
  /** Resolves when the server ends, whether intended or not. */
  readonly ended: Promise<void>;
}

// A unix socket's path must stay under 108 bytes.
const SOCKET_ROOM = 80;
/** A bound for a server that hangs; a server that cannot start ends by itself. */
const MAX_MEMORY = 3_221_225_472;
const START_MS = 180_000;

/* The shell holds one end of a pipe to this process. When this process ends, for whatever reason, the shell reads
   the end of the file, ends the server and removes the folder. */
const GUARD = `"$@" <&- & server=$!
exec >&- 2>&-
cat >/dev/null
kill -TERM $server 2>/dev/null
wait $server
rm -rf "$FOLDER"`;

/** Starts the server. @throws Error when it does not become ready. */
export async function startPrivateRedis(server: string): Promise<PrivateRedis> {
  const base = tmpdir().length < SOCKET_ROOM ? tmpdir() : "/tmp";
  const folder = await mkdtemp(join(base, "docrelay-"));
  const socket = join(folder, "redis.sock");
  const settings = ["--port", "0", "--unixsocket", socket, "--unixsocketperm", "700", "--dir", folder, "--save", ""];
  settings.push("--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction");
  // The same memory as in compose, or half of the machine's if that is less: an edge refuses new asks and files before
  // it is full.
  settings.push("--maxmemory", String(Math.floor(Math.min(MAX_MEMORY, totalmem() / 2))));
  // With these settings a finished ask takes less than half of the memory: see "Sizing" in docs/operations.md.
  settings.push("--hash-max-listpack-value", "4096", "--stream-node-max-bytes", "1536");
  // In a process group of its own: so Ctrl-C reaches only this process, and the server ends last.
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
