import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { findProgram, keyActions, type DrivenBrowser } from "./driven-browser.ts";
import { startPrograms } from "./programs.ts";

/**
 * With these preferences Firefox sends no requests to Mozilla's servers, and a frame that is of another site than the
 * page around it cannot store anything.
 */
const PREFERENCES = {
  "app.normandy.enabled": false,
  "app.update.disabledForTesting": true,
  "browser.aboutwelcome.enabled": false,
  "browser.shell.checkDefaultBrowser": false,
  "datareporting.policy.dataSubmissionEnabled": false,
  "extensions.systemAddon.update.enabled": false,
  "network.captive-portal-service.enabled": false,
  "network.connectivity-service.enabled": false,
  "network.cookie.cookieBehavior": 1,
  "services.settings.server": "data:,none",
};
const START_MS = 100_000;

/**
 * Returns a function that starts Firefox without a window and with a new profile. Returns undefined if Firefox is not
 * installed.
 */
export function firefoxStarter(): (() => Promise<DrivenBrowser>) | undefined {
  const path = findProgram("FIREFOX_PATH", ["firefox-esr", "firefox"]);
  return path === undefined ? undefined : () => start(path);
}

async function start(path: string): Promise<DrivenBrowser> {
  await using started = new AsyncDisposableStack();
  const programs = started.use(await startPrograms());
  const preferences = Object.entries(PREFERENCES).map(
    ([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`,
  );
  await writeFile(join(programs.home, "user.js"), preferences.join("\n"));
  const args = ["--headless", "--no-remote", "--profile", programs.home, "--remote-debugging-port", "0", "about:blank"];
  const { stderr } = programs.start(path, args, { stdio: ["ignore", "ignore", "pipe"] });
  const socket = new WebSocket(await addressIn(stderr as Readable));
  started.defer(() => socket.close());
  await once(socket, "open", { signal: AbortSignal.timeout(START_MS) });
  const page = await drive(socket);
  const all = started.move();
  return { ...page, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Returns the WebSocket address on which Firefox listens, which Firefox prints. */
async function addressIn(output: Readable): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const printed: string[] = [];
  const fail = (): void => reject(new Error(`Firefox did not start; it printed:\n${printed.join("\n")}`));
  const timer = setTimeout(fail, START_MS);
  createInterface({ input: output })
    .on("line", (line) => {
      printed.push(line);
      const address = /WebDriver BiDi listening on (ws:\S+)/.exec(line)?.[1];
      if (address !== undefined) resolve(`${address}/session`);
    })
    .on("close", fail);
  return promise.finally(() => clearTimeout(timer));
}

interface Message {
  readonly id?: number;
  readonly type: "success" | "error" | "event";
  readonly method?: string;
  readonly params?: { readonly level?: string; readonly text?: string };
  readonly result: unknown;
  readonly message?: string;
}

async function drive(socket: WebSocket): Promise<Omit<DrivenBrowser, typeof Symbol.asyncDispose>> {
  const problems: string[] = [];
  const waiting = new Map<number | undefined, PromiseWithResolvers<unknown>>();

  socket.addEventListener("message", ({ data }) => {
    const said = JSON.parse(String(data)) as Message;
    if (said.method === "log.entryAdded" && said.params?.level === "error") problems.push(said.params.text ?? "");
    const call = waiting.get(said.id);
    waiting.delete(said.id);
    if (said.type === "success") call?.resolve(said.result);
    else call?.reject(new Error(`Firefox: ${said.message}`));
  });
  socket.addEventListener("close", () => waiting.forEach(({ reject }) => reject(new Error("Firefox has ended"))));
  let last = 0;
  function call<T = unknown>(method: string, params: object): Promise<T> {
    const answer = Promise.withResolvers<unknown>();
    waiting.set(++last, answer);
    socket.send(JSON.stringify({ id: last, method, params }));
    return answer.promise as Promise<T>;
  }

  await call("session.new", { capabilities: {} });
  await call("session.subscribe", { events: ["log.entryAdded"] });
  // Uses a new tab: in the tab that Firefox opens first, the address bar keeps the focus and would get the pressed
  // keys.
  const { context } = await call<{ context: string }>("browsingContext.create", { type: "tab" });

  async function evaluate(expression: string): Promise<{ value?: string; sharedId?: string }> {
    const how = { expression, target: { context }, awaitPromise: true, resultOwnership: "root" };
    const { result, exceptionDetails: thrown } = await call<{
      result: { value?: string; sharedId?: string };
      exceptionDetails?: { text: string };
    }>("script.evaluate", how);
    if (thrown) throw new Error(`${thrown.text}, of ${expression}`);
    return result;
  }
  return {
    problems: async () => problems,
    goto: async (url) => void (await call("browsingContext.navigate", { context, url, wait: "complete" })),
    reload: async () => void (await call("browsingContext.reload", { context, wait: "complete" })),
    async evaluate<T>(expression: string): Promise<T> {
      const { value = "null" } = await evaluate(`(async () => JSON.stringify(await (${expression})))()`);
      return JSON.parse(value) as T;
    },
    press: async (keys) => void (await call("input.performActions", { context, actions: keyActions(keys) })),
    async choose(selector, files) {
      const { sharedId } = await evaluate(`document.querySelector(${JSON.stringify(selector)})`);
      await call("input.setFiles", { context, element: { sharedId }, files });
    },
  };
}
