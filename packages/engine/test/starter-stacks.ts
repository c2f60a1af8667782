import { spawnSync, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventually, freePort, guard } from "@docrelay/testkit";
import { WebSocket } from "ws";

const EXAMPLES = join(import.meta.dirname, "../../../examples/engines");

/** How an example is started. `missing`: why it cannot be here, in a sentence. */
export interface Stack {
  readonly name: string;
  readonly missing: string | undefined;
  command(port: number, folder: string): readonly string[];
}

/** Debian's Python, for which Debian's packages are: another one on the PATH may have none of them. */
const PYTHON = ["/usr/bin/python3", "python3"].find((python) => runs(python, "-c", "import websockets")) ?? "python3";

/** The five examples. Whether their software is here is tried once, when this is called. */
export function starterStacks(): Stack[] {
  return [
    python("python_websockets.py", "import websockets", "python3-websockets"),
    python("python_fastapi.py", "import fastapi, uvicorn, websockets", "python3-fastapi, uvicorn, python3-websockets"),
    {
      ...python("python_channels.py", "import channels, daphne.server", "python3-django-channels, daphne"),
      command: (port) => [PYTHON, "-m", "daphne", "-p", String(port), "python_channels:application"],
    },
    {
      name: "node_ws.mjs",
      missing: undefined,
      command: (_port, folder) => {
        copyFileSync(join(EXAMPLES, "node_ws.mjs"), join(folder, "node_ws.mjs"));
        symlinkSync(join(import.meta.dirname, "../node_modules"), join(folder, "node_modules"), "junction");
        return [process.execPath, join(folder, "node_ws.mjs")];
      },
    },
    {
      name: "go/main.go",
      missing: runsGo("list", "github.com/gorilla/websocket")
        ? undefined
        : "it needs Debian's golang-go and golang-github-gorilla-websocket-dev",
      command: (port, folder) => {
        const program = join(folder, "engine");
        if (!runsGo("build", "-o", program, join(EXAMPLES, "go/main.go")))
          throw new Error("go/main.go does not compile");
        return [program, "-addr", `127.0.0.1:${port}`];
      },
    },
  ];
}

export interface RunningStarter extends AsyncDisposable {
  readonly url: string;
  /** What it has printed. */
  readonly output: () => string;
}

/** Starts an example on a free port; resolves when it takes WebSocket connections. */
export async function startStarter({ name, command }: Stack): Promise<RunningStarter> {
  const folder = mkdtempSync(join(tmpdir(), "docrelay-starter-"));
  const port = await freePort();
  const [program = "", ...args] = command(port, folder);
  const child = spawn(program, args, {
    cwd: EXAMPLES,
    env: { ...process.env, PORT: String(port), PYTHONUNBUFFERED: "1", PYTHONDONTWRITEBYTECODE: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const release = guard(`process ${child.pid ?? 0}`);
  const exited = once(child, "close").then(release);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (output += bytes.toString()));
  const url = `ws://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    child.kill("SIGKILL");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await eventually(() => accepts(url), { timeoutMs: 60_000, everyMs: 100, what: `${name} is ready` });
  } catch (error) {
    await stop();
    throw new Error(`${name} did not start; it printed:\n${output}`, { cause: error });
  }
  return { url, output: () => output, [Symbol.asyncDispose]: stop };
}

function python(file: string, imports: string, packages: string): Stack {
  const missing = runs(PYTHON, "-c", imports) ? undefined : `it needs Debian's ${packages}`;
  return { name: file, missing, command: () => [PYTHON, file] };
}

async function accepts(url: string): Promise<boolean> {
  const socket = new WebSocket(url, { origin: url.replace("ws", "http") });
  socket.on("error", () => undefined);
  await once(socket, "open");
  socket.terminate();
  return true;
}

function runs(program: string, ...args: string[]): boolean {
  return spawnSync(program, args, { stdio: "ignore", timeout: 30_000 }).status === 0;
}

/** With Debian's sources of Go packages, without a network. */
function runsGo(...args: string[]): boolean {
  const env = {
    GOPATH: "/usr/share/gocode",
    GOCACHE: join(tmpdir(), "docrelay-go"),
    ...process.env,
    GO111MODULE: "off",
  };
  return spawnSync("go", args, { stdio: "ignore", timeout: 120_000, env }).status === 0;
}
