import { copyFileSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findPython, freePort, runs, runsGo, startForeign, type ForeignProgram } from "@docrelay/testkit";

const EXAMPLES = join(import.meta.dirname, "../../../examples/engines");

/** An example of an engine, and how to start it. `missing`: a sentence that tells why it cannot run here. */
export interface Stack {
  readonly name: string;
  readonly missing: string | undefined;
  command(port: number, folder: string): readonly string[];
}

const PYTHON = findPython("websockets");

/** Returns the five examples. Each call tries out which of them can run on this machine. */
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

export interface RunningStarter extends Pick<ForeignProgram, "output">, AsyncDisposable {
  readonly url: string;
}

/** Starts an example on a free port; resolves when it listens. */
export async function startStarter({ command }: Stack): Promise<RunningStarter> {
  const folder = mkdtempSync(join(tmpdir(), "docrelay-starter-"));
  const port = await freePort();
  const { output, stop } = await startForeign(command(port, folder), { port, cwd: EXAMPLES });
  return {
    url: `ws://127.0.0.1:${port}`,
    output,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function python(file: string, imports: string, packages: string): Stack {
  const missing = runs(PYTHON, "-c", imports) ? undefined : `it needs Debian's ${packages}`;
  return { name: file, missing, command: () => [PYTHON, file] };
}
