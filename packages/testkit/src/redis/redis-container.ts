import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:net";
import { promisify } from "node:util";
import { GenericContainer } from "testcontainers";
import { eventually } from "../eventually.ts";
import { freePort } from "../process/free-port.ts";
import { guard } from "../process/guard.ts";
import type { TestRedis } from "./test-redis.ts";

const IMAGE = "redis:7-bookworm";
const MAX_PRINTED = 256 * 2 ** 20;

/**
 * Copies the append-only file. A process under test may have it rewritten at any time: then Redis writes other files and
 * removes the old ones, and the copy begins anew.
 */
const KEEP = `cd /data
for try in 1 2 3 4 5; do
  before=$(cat appendonlydir/*.manifest) && rm -rf kept && cp -a appendonlydir kept &&
    [ "$before" = "$(cat appendonlydir/*.manifest)" ] && exit
done
exit 1`;

/** Starts redis-server with these options in a container that is removed when this process ends. */
export async function startRedisContainer(args: readonly string[]): Promise<TestRedis> {
  // By default, testcontainers starts a second container, from another image, which removes containers after the tests.
  // Here, `guard` removes them, and needs only the docker command.
  process.env["TESTCONTAINERS_RYUK_DISABLED"] ??= "true";
  const port = await freePort();
  const name = `docrelay-test-${randomUUID()}`;
  // The container's name is chosen here and passed to `guard` at once, so that the container is removed even if this
  // process is killed while Docker is still creating it.
  const release = guard(`container ${name}`);
  const container = await new GenericContainer(IMAGE)
    .withName(name)
    .withLabels({ "docrelay.test.pid": String(process.pid) })
    .withExposedPorts({ container: 6379, host: port })
    .withCommand(["redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", ...args])
    .start();
  const host = container.getHost();
  const stop = async (): Promise<void> => {
    await container.stop({ timeout: 0 });
    release();
  };
  const restart = async (): Promise<void> => {
    await docker("start", name);
    await untilPong(host, port);
  };
  return {
    url: `redis://${host}:${port}`,
    port,
    stop,
    kill: async () => {
      if ((await docker("inspect", "--format", "{{.State.Running}}", name)).trim() === "true")
        await docker("kill", name);
    },
    restart,
    readLog: () => docker("exec", name, "sh", "-c", "cat /data/appendonlydir/*"),
    keep: async () => void (await docker("exec", name, "sh", "-c", KEEP)),
    rollBack: async () => {
      // The files are replaced while the container runs, because a stopped container takes no commands. The running
      // server does not notice: it keeps using the files that it has open.
      await docker("exec", name, "sh", "-c", "cd /data && rm -rf appendonlydir && mv kept appendonlydir");
      await docker("kill", name);
      await restart();
    },
    pause: async () => void (await docker("pause", name)),
    resume: async () => void (await docker("unpause", name)),
    [Symbol.asyncDispose]: stop,
  };
}

/** Runs a docker command, and returns what it prints, a character for each byte. */
async function docker(...words: string[]): Promise<string> {
  const options = { encoding: "latin1", maxBuffer: MAX_PRINTED } as const;
  return (await promisify(execFile)("docker", words, options)).stdout;
}

async function untilPong(host: string, port: number): Promise<void> {
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
    { what: "redis answering" },
  );
}
