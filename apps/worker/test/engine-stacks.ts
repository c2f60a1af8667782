import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildGo, findPython, freePort, runs, runsGo, startForeign, type ForeignProgram } from "@docrelay/testkit";

const FOLDER = join(import.meta.dirname, "stacks");
const MIB = 1_048_576;

/**
 * An engine written with one WebSocket library, with the library's default limits. `below` and `above` are sizes of a
 * file's text, in bytes.
 */
export interface Stack {
  readonly name: string;
  /** Which software is missing on this machine, so that the engine cannot run; undefined if it can run. */
  readonly missing: string | undefined;
  /** A size that fits into the largest message that the library accepts. */
  readonly below: number;
  /**
   * Sizes that exceed the largest message that the library accepts: by a little, and by so much that the engine refuses
   * the prompt before all of it is sent. Empty if the library has no limit that a file reaches.
   */
  readonly above: readonly number[];
  /** The `reason` of the error when the engine is called at a wrong path; undefined if the engine accepts any path. */
  readonly wrongPath: string | undefined;
  readonly wrongKey: string;
  command(folder: string, port: number): readonly string[] | Promise<readonly string[]>;
}

const python = findPython("websockets");

/** Returns all stacks. Each call tries whether the software of each stack is installed. */
export function engineStacks(): Stack[] {
  return [
    {
      ...ofPython("websockets", "websockets", "python3-websockets"),
      ...{ below: 0.9 * MIB, above: [1.1 * MIB, 4.5 * MIB], wrongPath: "http-404", wrongKey: "http-401" },
    },
    {
      ...ofPython("fastapi", "fastapi, uvicorn, websockets", "python3-fastapi, uvicorn, python3-websockets"),
      ...{ below: 8 * MIB, above: [17 * MIB], wrongPath: "http-403", wrongKey: "http-403" },
    },
    {
      ...ofPython("aiohttp", "aiohttp", "python3-aiohttp"),
      ...{ below: 3.9 * MIB, above: [4.1 * MIB, 9 * MIB], wrongPath: "http-404", wrongKey: "http-401" },
    },
    {
      ...ofPython("channels", "channels, daphne.server", "python3-django-channels, daphne"),
      ...{ below: 3 * MIB, above: [], wrongPath: "http-500", wrongKey: "http-403" },
      command: (_folder, port) => [python, "-m", "daphne", "-p", String(port), "stack_channels:application"],
    },
    {
      name: "ws",
      missing: undefined,
      ...{ below: 8 * MIB, above: [], wrongPath: "http-400", wrongKey: "http-401" },
      command: () => [process.execPath, join(FOLDER, "stack_ws.mjs")],
    },
    {
      ...ofGo("gorilla", "github.com/gorilla/websocket", "golang-github-gorilla-websocket-dev"),
      ...{ below: 8 * MIB, above: [], wrongPath: "http-404", wrongKey: "http-401" },
    },
    {
      ...ofGo("nhooyr", "nhooyr.io/websocket", "golang-nhooyr-websocket-dev"),
      ...{ below: 30_000, above: [34_000, 4.5 * MIB], wrongPath: "http-404", wrongKey: "http-401" },
    },
  ];
}

/** An engine that can be restarted at its port. */
export interface StackEngine extends AsyncDisposable {
  readonly port: number;
  /** Returns how many prompts the engine's handler has got since the first start, restarts included. */
  prompts(): number;
  /** Ends the engine as a supervisor does, by SIGTERM and after 1 s by SIGKILL, and starts it again `awayMs` later. */
  restart(awayMs: number): Promise<void>;
}

export async function startStack({ command }: Stack): Promise<StackEngine> {
  const folder = mkdtempSync(join(tmpdir(), "docrelay-stack-"));
  const port = await freePort();
  const line = await command(folder, port);
  const start = (): Promise<ForeignProgram> => startForeign(line, { port, cwd: FOLDER });
  let program = await start();
  let earlier = "";
  return {
    port,
    prompts: () => (earlier + program.output()).match(/^prompt /gm)?.length ?? 0,
    async restart(awayMs) {
      await program.stop(1000);
      earlier += program.output();
      await new Promise((resolve) => setTimeout(resolve, awayMs));
      program = await start();
    },
    async [Symbol.asyncDispose]() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Program = Pick<Stack, "name" | "missing" | "command">;

function ofPython(name: string, modules: string, packages: string): Program {
  // The modules are looked for but not imported: to import them would take half a second each.
  const find = `import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, "${modules}".split(", "))))`;
  const missing = runs(python, "-c", find) ? undefined : `it needs Debian's ${packages}`;
  return { name, missing, command: () => [python, `stack_${name}.py`] };
}

function ofGo(name: string, module: string, packages: string): Program {
  const missing = runsGo("list", module) ? undefined : `it needs Debian's golang-go and ${packages}`;
  let built: Promise<readonly string[]> | undefined;
  const build = async (program: string): Promise<readonly string[]> => {
    await buildGo(join(FOLDER, "go", `${name}.go`), program);
    return [program];
  };
  // The program is built once, into the folder of the stack's first engine. That folder exists as long as the stack's
  // other engines need the program, because all of them end together.
  return { name, missing, command: (folder) => (built ??= build(join(folder, name))) };
}
