import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually } from "./eventually.ts";
import { freePort } from "./free-port.ts";

/** A Redis of a test's own. `kill` ends it at once; `restart` brings it back on the same port with the same files. */
export interface TestRedis extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  stop(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** SIGSTOP and SIGCONT: connected, but silent. */
  pause(): Promise<void>;
  resume(): Promise<void>;
}

export interface RedisOptions {
  /** Append-only file, always synced: what was acknowledged outlives `kill`. */
  readonly aof?: boolean;
  /** false: never in a container, since what is measured there is also the container's network. */
  readonly container?: false;
  /** More of redis-server's own options. */
  readonly args?: readonly string[];
}

const IMAGE = "redis:7-bookworm";

/**
 * Starts a private Redis ≥ 7: in a container where a Docker engine answers, else as a local `redis-server`. The same
 * tests run either way. It ends with this process.
 * @throws Error naming the command to type when there is neither.
 */
export async function startRedis(options: RedisOptions = {}): Promise<TestRedis> {
  const args = ["--save", "", "--maxmemory-policy", "noeviction", ...(options.args ?? [])];
  if (options.aof) args.push("--appendonly", "yes", "--appendfsync", "always");
  return options.container !== false && (await dockerAnswers()) ? startContainer(args) : startLocal(args);
}

/** Whether a Docker engine answers on its socket, within half a second. */
export async function dockerAnswers(): Promise<boolean> {
  const host = process.env["DOCKER_HOST"] ?? "unix:///var/run/docker.sock";
  if (!host.startsWith("unix://")) return true;
  const socket = connect(host.slice("unix://".length));
  const timer = setTimeout(() => socket.destroy(new Error("slow")), 500);
  try {
    socket.write("GET /_ping HTTP/1.0\r\n\r\n");
    const [data] = (await once(socket, "data")) as [Buffer];
    return data.toString().includes("200 OK");
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

async function startContainer(args: string[]): Promise<TestRedis> {
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
  const { GenericContainer } = await import("testcontainers");
  const port = await freePort();
  const container = await new GenericContainer(IMAGE)
    .withExposedPorts({ container: 6379, host: port })
    .withCommand(["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", ...args])
    .start();
  const engine = container.getId();
  const docker = async (...words: string[]): Promise<void> => {
    const [code] = (await once(spawn("docker", words, { stdio: "ignore" }), "exit")) as [number];
    if (code !== 0) throw new Error(`docker ${words[0]} failed`);
  };
  const host = container.getHost();
  const stop = async (): Promise<void> => void (await container.stop({ timeout: 0 }));
  return {
    url: `redis://${host}:${port}`,
    port,
    stop,
    kill: () => docker("kill", engine),
    restart: async () => {
      await docker("start", engine);
      await answers(host, port);
    },
    pause: () => docker("pause", engine),
    resume: () => docker("unpause", engine),
    [Symbol.asyncDispose]: stop,
  };
}

async function startLocal(args: string[]): Promise<TestRedis> {
  const dir = await mkdtemp(join(tmpdir(), "docrelay-redis-"));
  let child: ChildProcess | undefined;
  let port = 0;

  // Another process may take a free port first: then the next is tried.
  for (let tries = 0; ; tries++) {
    port = await freePort();
    const spawned = await launch(dir, port, args);
    if (spawned) {
      child = spawned;
      break;
    }
    if (tries === 4) throw new Error("redis-server did not start on any of five ports");
  }
  const kill = async (): Promise<void> => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGKILL");
    await gone;
  };
  const forget = (): void => rmSync(dir, { recursive: true, force: true });
  process.once("exit", forget);
  const stop = async (): Promise<void> => {
    await kill();
    await rm(dir, { recursive: true, force: true });
    process.removeListener("exit", forget);
  };
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    stop,
    kill,
    restart: async () => {
      child = await eventually(() => launch(dir, port, args), {
        what: "redis-server back on its port",
        timeoutMs: 10_000,
      });
    },
    pause: async () => void child?.kill("SIGSTOP"),
    resume: async () => void child?.kill("SIGCONT"),
    [Symbol.asyncDispose]: stop,
  };
}

async function launch(dir: string, port: number, args: string[]): Promise<ChildProcess | undefined> {
  const server = process.env["DOCRELAY_REDIS_SERVER"] || "redis-server";
  const child = spawn(server, ["--port", String(port), "--bind", "127.0.0.1", "--dir", dir, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const end = (): void => void child.kill("SIGKILL");
  process.once("exit", end);
  child.once("exit", () => process.removeListener("exit", end));
  let said = "";
  const ready = new Promise<boolean>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      said = (said + data.toString()).slice(-2000);
      if (said.includes("Ready to accept connections")) resolve(true);
    });
    child.once("error", () =>
      reject(new Error("No Redis here: install one (apt-get install redis-server) or start a Docker engine.")),
    );
    child.once("exit", () => resolve(false));
  });
  return (await ready) ? child : undefined;
}

async function answers(host: string, port: number): Promise<void> {
  await eventually(
    async () => {
      const socket = connect(port, host);
      try {
        socket.write("PING\r\n");
        const [data] = (await once(socket, "data")) as [Buffer];
        return data.toString().startsWith("+PONG");
      } finally {
        socket.destroy();
      }
    },
    { what: "redis answering", timeoutMs: 10_000 },
  );
}
