import { Cluster, type Redis } from "ioredis";
import type { RedisClient } from "./client.ts";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** How an argument is passed to Lua: as a string, or converted to a number. */
export type ArgumentKind = "text" | "number";

/**
 * A Lua script. Its keys, arguments and list are local variables with the names given here. `K` and `A`: the names of
 * the keys and arguments for which {@link run} needs values.
 */
export interface Script<K extends string = string, A extends string = string> {
  readonly lua: string;
  readonly sha: string;
  readonly keys: readonly K[];
  readonly args: readonly A[];
}

export interface ScriptParts<K extends string, A extends string> {
  /** Lua files that together are the script, in this order; see {@link lua}. */
  readonly files: readonly URL[];
  readonly keys: readonly K[];
  readonly args?: Readonly<Record<A, ArgumentKind>>;
  /** The name of the Lua table that gets the script's last arguments, whose number varies. */
  readonly list?: string;
  /** Lua tables of constant names, by the table's name; for example the fields of a record. */
  readonly names?: Readonly<Record<string, readonly string[]>>;
}

const scripts: Script[] = [];

/** Returns the path of a Lua file beside a module: `lua(import.meta.url, "take.lua")`. */
export function lua(moduleUrl: string, file: string): URL {
  return new URL(file, moduleUrl);
}
export const CLOCK = lua(import.meta.url, "clock.lua");

/** Makes a script from Lua files. The files are read by this call, so a module calls it once, when it is loaded. */
export function script<const K extends string, A extends string = never>(parts: ScriptParts<K, A>): Script<K, A> {
  const body = parts.files.map((file) => readFileSync(file, "utf8")).join("\n");
  const made = scriptOf(parts, body);
  scripts.push(made);
  return made;
}

/**
 * Makes a script from Lua source, with its keys and arguments as local variables. Only this function maps names to
 * positions in `KEYS` and `ARGV`, so adding a name cannot make the Lua source read a wrong position.
 */
export function scriptOf<K extends string, A extends string>(
  { keys, args, list, names = {} }: Omit<ScriptParts<K, A>, "files">,
  body: string,
): Script<K, A> {
  const kinds = Object.entries<ArgumentKind>(args ?? {});
  const locals = [
    ...keys.map((key, index) => `local ${key} = KEYS[${index + 1}]`),
    ...kinds.map(([name, kind], index) => {
      const value = `ARGV[${index + 1}]`;
      return `local ${name} = ${kind === "number" ? `tonumber(${value})` : value}`;
    }),
  ];
  for (const [name, values] of Object.entries(names)) {
    locals.push(`local ${name} = { ${values.map((value) => `'${value}'`).join(", ")} }`);
  }
  if (list !== undefined) {
    locals.push(`local ${list} = {}`, `for i = ${kinds.length + 1}, #ARGV do ${list}[#${list} + 1] = ARGV[i] end`);
  }
  const lua = `${locals.join("\n")}\n${body}`;
  const sha = createHash("sha1").update(lua).digest("hex");
  return { lua, sha, keys, args: kinds.map(([name]) => name as A) };
}

/**
 * Loads all scripts into Redis at each connect, before any other command, because a restart empties Redis's script
 * cache. If Redis lacked a script, {@link run} would have to send it a second time, and commands sent in between would
 * be executed before it.
 */
export function loadScripts(redis: RedisClient): void {
  if (!(redis instanceof Cluster)) return loadInto(redis);
  for (const node of redis.nodes()) loadInto(node);
  redis.on("+node", loadInto);
}

function loadInto(node: Redis): void {
  const load = (): void => {
    const pipeline = node.pipeline();
    for (const one of scripts) pipeline.script("LOAD", one.lua);
    pipeline.exec().catch(() => undefined); // if this fails, `run` sends the text of a script that Redis does not have
  };
  if (node.status === "ready") load();
  node.on("ready", load);
}

type Value = string | number | null;
export type Reply = [status: string, ...rest: Value[]];

/** The values for a script's keys and arguments. `list`: the last arguments, whose number varies. */
export interface ScriptInput<K extends string, A extends string> {
  readonly keys: Readonly<Record<K, string>>;
  readonly args: Readonly<Record<A, string | number>>;
  readonly list?: ReadonlyArray<string | Buffer>;
}

/** Runs a script by its hash; if Redis does not have the script, sends its text. */
export async function run<K extends string, A extends string>(
  redis: RedisClient,
  of: Script<K, A>,
  { keys, args, list = [] }: ScriptInput<K, A>,
): Promise<Reply> {
  const { lua, sha } = of;
  const values = [...of.keys.map((name) => keys[name]), ...of.args.map((name) => args[name]), ...list];
  try {
    return (await redis.evalsha(sha, of.keys.length, ...values)) as Reply;
  } catch (error) {
    if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
    return (await redis.eval(lua, of.keys.length, ...values)) as Reply;
  }
}
