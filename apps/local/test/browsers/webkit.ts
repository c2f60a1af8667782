import { freePort } from "@docrelay/testkit";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { findProgram, keyActions, type DrivenBrowser } from "./driven-browser.ts";
import { startPrograms } from "./programs.ts";

const START_MS = 100_000;
const CALL_MS = 100_000;
const PAUSE_MS = 50;
/** The field in which WebDriver returns an element's id. */
const ELEMENT = "element-6066-11e4-a52e-4f735466cecf";

/**
 * Returns a function that starts the test browser of WebKitGTK, on the X server Xvfb, which needs no screen. Returns
 * undefined if these programs are not installed.
 */
export function webKitStarter(): (() => Promise<DrivenBrowser>) | undefined {
  const driver = findProgram("WEBKIT_DRIVER_PATH", ["WebKitWebDriver"]);
  const xvfb = findProgram("XVFB_PATH", ["Xvfb"]);
  return driver === undefined || xvfb === undefined ? undefined : () => start(driver, xvfb);
}

async function start(driver: string, xvfb: string): Promise<DrivenBrowser> {
  await using started = new AsyncDisposableStack();
  const programs = started.use(await startPrograms());
  const screen = programs.start(xvfb, ["-displayfd", "3", "-screen", "0", "1100x800x24", "-nolisten", "tcp"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const signal = AbortSignal.timeout(START_MS);
  const [display] = (await once(screen.stdio[3] as Readable, "data", { signal })) as [Buffer];
  const port = await freePort();
  programs.start(driver, [`--port=${port}`, "--host=127.0.0.1"], {
    stdio: "ignore",
    env: { DISPLAY: `:${display.toString().trim()}`, GDK_BACKEND: "x11", LIBGL_ALWAYS_SOFTWARE: "1" },
  });
  const server = `http://127.0.0.1:${port}`;
  await listening(server, signal);
  const { sessionId } = await call<{ sessionId: string }>(server, "POST", "/session", {
    capabilities: { alwaysMatch: { unhandledPromptBehavior: "ignore" } },
  });
  const session = `${server}/session/${sessionId}`;
  started.defer(async () => void (await call(session, "DELETE", "")));
  const all = started.move();
  return { ...drive(session), [Symbol.asyncDispose]: () => all.disposeAsync() };
}

async function listening(server: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await call(server, "GET", "/status");
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof TypeError)) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

async function call<T>(base: string, method: string, path: string, body?: object): Promise<T> {
  const response = await fetch(base + path, {
    method,
    signal: AbortSignal.timeout(CALL_MS),
    ...(body && { body: JSON.stringify(body) }),
  });
  const { value } = (await response.json()) as { value: T & { error?: string; message?: string } };
  if (!response.ok) throw new Error(`WebKit: ${value.error} ${value.message}`);
  return value;
}

/**
 * A script that evaluates an expression in the page. The script returns an error of the expression as a value: if it
 * threw the error, drivers would report it in different forms.
 */
const SCRIPT = (expression: string): string => `const done = arguments[arguments.length - 1];
  (async () => (${expression}))().then((value) => done(JSON.stringify({ value })), (error) => done(JSON.stringify({ error: String(error) })));`;

/** A script that collects the errors that a page reports after the script has run. */
const HEAR = `(() => {
  globalThis.problems ??= [];
  const hear = (text) => globalThis.problems.push(String(text));
  addEventListener("error", ({ message }) => hear(message));
  addEventListener("unhandledrejection", ({ reason }) => hear(reason));
  console.error = (...words) => hear(words.join(" "));
})()`;

function drive(session: string): Omit<DrivenBrowser, typeof Symbol.asyncDispose> {
  const past: string[] = [];

  async function evaluate<T>(expression: string): Promise<T> {
    const result = await call<string>(session, "POST", "/execute/async", { script: SCRIPT(expression), args: [] });
    const { value, error } = JSON.parse(result) as { value: T; error?: string };
    if (error !== undefined) throw new Error(`${error}, of ${expression}`);
    return value;
  }
  const problems = async (): Promise<string[]> => [...past, ...(await evaluate<string[]>("globalThis.problems ?? []"))];
  async function load(path: string, body: object): Promise<void> {
    past.push(...(await evaluate<string[]>("globalThis.problems ?? []")));
    await call(session, "POST", path, body);
    await evaluate(HEAR);
  }
  return {
    problems,
    goto: (url) => load("/url", { url }),
    reload: () => load("/refresh", {}),
    evaluate,
    press: async (keys) => void (await call(session, "POST", "/actions", { actions: keyActions(keys) })),
    async choose(selector, paths) {
      const found = await call<{ [ELEMENT]: string }>(session, "POST", "/element", {
        using: "css selector",
        value: selector,
      });
      await call(session, "POST", `/element/${found[ELEMENT]}/value`, { text: paths.join("\n") });
    },
  };
}
