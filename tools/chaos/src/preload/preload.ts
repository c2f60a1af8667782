import { Redis } from "ioredis";
import fs from "node:fs";
import { flushCompileCache, registerHooks, syncBuiltinESMExports } from "node:module";
import { setTimeout as sleep } from "node:timers/promises";
import { obeyMachine } from "./machine.ts";
import { rewriteSteps } from "./steps.ts";
import { LEADS, VARIANTS } from "./variants.ts";

/*
 * This module is loaded with NODE_OPTIONS=--import, and only into processes under test. It rewrites sources while they
 * are loaded, because the product's own source does not mention failpoints; everything else runs as in production.
 *
 * CHAOS_FAILPOINTS  `append:after@2,finish:before@1`: dies at the n-th crossing of a named point
 * CHAOS_FORGET      `append@2`: the n-th answer of a step is lost, as when a command times out
 * CHAOS_SWEEPS      `1`: sweeps even while another process is the leader, which must do no harm
 * CHAOS_BELLS       `0.1`: this share of the bells is lost, as many are rung twice, and as many up to two seconds late
 * CHAOS_DROP_HINT   `3`: the n-th delta that Redis publishes to this process is dropped
 * CHAOS_SLOW_SUBSCRIBE_MS  every subscription takes this long
 * CHAOS_MACHINE     the machine that the process sees from the start, as JSON; messages may change it (see machine.ts)
 * CHAOS_VARIANT     the name of a broken variant of the product, as in variants.ts
 */

/**
 * The exit code if a line that a variant replaces is missing: without its change, a canary (see variants.ts) would
 * prove nothing.
 */
const EXIT_STALE_VARIANT = 97;

const isUnderTest = /apps\/(?:edge|worker)\/src\/main\.ts$/.test(process.argv[1] ?? "");
if (isUnderTest) install(process.env);

function install(env: NodeJS.ProcessEnv): void {
  const points = parseCounts(env["CHAOS_FAILPOINTS"]);
  const forgets = parseCounts(env["CHAOS_FORGET"]);
  const bells = Number(env["CHAOS_BELLS"] ?? 0);
  const crossed = new Map<string, number>();
  const count = (name: string): number => {
    const times = (crossed.get(name) ?? 0) + 1;
    crossed.set(name, times);
    return times;
  };
  const cross = (point: string): void => {
    if (points.get(point) !== count(point)) return;
    flushCompileCache(); // a killed process does not write the cache, and each later one would compile everything again
    process.kill(process.pid, "SIGKILL");
  };
  const around =
    <A extends unknown[], R>(step: string, real: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      cross(`${step}:before`);
      const answer = await (step === "ring" ? spoil(bells, real)(...args) : real(...args));
      cross(`${step}:after`);
      if (forgets.get(step) === count(`${step} answered`)) throw new Error("Command timed out");
      return answer;
    };
  Object.assign(globalThis, { [Symbol.for("docrelay.chaos")]: { cross, around } });

  const variant = env["CHAOS_VARIANT"];
  const broken = variant === undefined ? [] : VARIANTS[variant];
  if (!broken) throw new Error(`there is no variant ${variant}`);
  const changes = env["CHAOS_SWEEPS"] === "1" ? [...broken, LEADS] : broken;
  const changed = (url: string, original: string): string => {
    let source = original;
    for (const change of changes.filter(({ file }) => url.endsWith(file))) {
      if (!source.includes(change.from)) {
        process.stderr.write(`variant ${variant}: ${change.file} has no ${JSON.stringify(change.from)} any more\n`);
        process.exit(EXIT_STALE_VARIANT);
      }
      source = source.replaceAll(change.from, () => change.to);
      process.stderr.write(`variant ${variant}: ${change.file} is changed\n`);
    }
    return source;
  };
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.startsWith("file:") || url.includes("node_modules") || !url.endsWith(".ts")) return loaded;
      return { ...loaded, source: rewriteSteps(url, changed(url, textOf(loaded.source))) };
    },
  });
  rewriteLua(changed);
  obeyMachine(env["CHAOS_MACHINE"]);
  dropHint(Number(env["CHAOS_DROP_HINT"] ?? 0));
  slowSubscribe(Number(env["CHAOS_SLOW_SUBSCRIBE_MS"] ?? 0));
}

/** Returns a `ring` that loses a share of the bells, rings as many twice, and as many late. */
function spoil<A extends unknown[], R>(share: number, ring: (...args: A) => Promise<R>): (...args: A) => Promise<R> {
  return async (...args) => {
    const lot = Math.random();
    if (lot < share) return true as R;
    if (lot < 2 * share) await ring(...args);
    if (lot > 1 - share) {
      setTimeout(() => void ring(...args).catch(() => undefined), Math.random() * 2000);
      return true as R;
    }
    return ring(...args);
  };
}

/**
 * Replaces `readFileSync`, by which the channel package reads its Lua files: these are no modules that a hook could
 * change.
 */
function rewriteLua(changed: (url: string, source: string) => string): void {
  const { readFileSync } = fs;
  const read = (...args: Parameters<typeof readFileSync>): ReturnType<typeof readFileSync> => {
    const content = readFileSync(...args);
    const [file] = args;
    const isLua = file instanceof URL && file.pathname.endsWith(".lua");
    return isLua && typeof content === "string" ? changed(file.href, content) : content;
  };
  fs.readFileSync = read as typeof readFileSync;
  syncBuiltinESMExports();
}

function textOf(source: string | ArrayBuffer | NodeJS.TypedArray | null | undefined): string {
  if (typeof source === "string") return source;
  return source ? new TextDecoder().decode(source) : "";
}

function parseCounts(text = ""): Map<string, number> {
  return new Map(
    text
      .split(",")
      .filter(Boolean)
      .map((item) => {
        const [name = "", times = "1"] = item.split("@");
        return [name, Number(times)];
      }),
  );
}

function dropHint(nth: number): void {
  if (nth === 0) return;
  const { emit } = Redis.prototype;
  let heard = 0;
  let last = "";
  let drops = false;
  Redis.prototype.emit = function (this: Redis, name: string | symbol, ...args: unknown[]): boolean {
    if (name === "smessage" || name === "smessageBuffer") {
      const text = String(args.at(-1));
      // ioredis emits each message twice, as text and as bytes. The first of the two decides, and the second is dropped
      // if the first was.
      if (text !== last) drops = text.includes('"type":"delta"') && ++heard === nth;
      last = text;
      if (drops) return true;
    }
    return (emit as (...all: unknown[]) => boolean).call(this, name, ...args);
  } as typeof emit;
}

function slowSubscribe(ms: number): void {
  if (ms === 0) return;
  const prototype = Redis.prototype as unknown as { ssubscribe(...channels: string[]): Promise<unknown> };
  const { ssubscribe } = prototype;
  prototype.ssubscribe = async function (this: Redis, ...channels: string[]) {
    await sleep(ms);
    return ssubscribe.call(this, ...channels);
  };
}
