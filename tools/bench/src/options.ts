import { parseArgs } from "node:util";
import type { Protocol } from "./talkers/talker.ts";

export const KINDS = ["connections", "asks", "pdfs", "uploads", "streams"] as const;
export type Kind = (typeof KINDS)[number];

/** The options of one run. Every run is bounded in time and in the number of asks. */
export interface Options {
  readonly kind: Kind;
  readonly urls: readonly string[];
  readonly protocol: Protocol;
  /** Asks per second; for `pdfs` and `uploads`, the rate of the text asks that run beside them. */
  readonly rate: number;
  /** Number of users; each has a connection and a conversation. */
  readonly users: number;
  readonly durationMs: number;
  /** The time before the measurement begins. Asks in this time are sent, but not measured. */
  readonly warmupMs: number;
  /** At the end of the run: how long it waits for asks that have not ended. */
  readonly drainMs: number;
  /** How many asks, connections or uploads there are at most. */
  readonly count: number;
  /** How many connections are opened, or files sent, at the same time. */
  readonly atOnce: number;
  readonly bytes: number;
  readonly pages: number;
  readonly message: string;
  /** The pid of a process on this machine. If set, the result also has the memory and CPU time of this process. */
  readonly pid?: number;
  readonly tokensFile?: string;
  readonly json?: string;
  readonly html?: string;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly fallback: (kind: Kind) => number;
  readonly help: string;
}

const pick = (kind: Kind, of: Partial<Record<Kind, number>>, other: number): number => of[kind] ?? other;

const NUMBERS = {
  rate: {
    min: 0.1,
    max: 100_000,
    fallback: (kind) => pick(kind, { asks: 100 }, 20),
    help: "asks per second, by schedule (pdfs, uploads: of the text beside them)",
  },
  users: {
    min: 1,
    max: 100_000,
    fallback: () => 0,
    help: "users; by default one for each ask per second, streams: 50",
  },
  duration: { min: 1, max: 3600, fallback: () => 15, help: "seconds that are measured" },
  warmup: { min: 0, max: 600, fallback: () => 3, help: "seconds before, not counted" },
  drain: { min: 1, max: 600, fallback: () => 20, help: "seconds that unfinished asks are waited for" },
  count: {
    min: 1,
    max: 10_000_000,
    fallback: (kind) => pick(kind, { connections: 1000, uploads: 50, pdfs: 1000 }, 1_000_000),
    help: "at most so many connections, asks or files",
  },
  "at-once": {
    min: 1,
    max: 10_000,
    fallback: (kind) => pick(kind, { connections: 64, uploads: 50 }, 4),
    help: "connections opened, or files sent, at the same time",
  },
  bytes: { min: 1024, max: 268_435_456, fallback: () => 5_000_000, help: "size of an uploaded file" },
  pages: { min: 1, max: 2000, fallback: () => 30, help: "pages of a PDF" },
  pid: { min: 1, max: 4_194_304, fallback: () => 0, help: "a local process whose memory and CPU are looked at" },
} as const satisfies Record<string, Bounds>;
type NumberName = keyof typeof NUMBERS;

export const USAGE = [
  "npm run bench [-- --rows <row,…>] [--rounds <n>] [--save]   the standard set, on a private cluster",
  "node tools/bench/src/main.ts <kind> --url http://host:port [--url …] [options]   one run against a deployment",
  "",
  `  kinds: ${KINDS.join(", ")}; standard: what npm run bench does`,
  "  --protocol socketio|plain",
  ...Object.entries(NUMBERS).map(([name, { help }]) => `  --${name} <n>  ${help}`),
  "  --message <text>  what is asked",
  "  --tokens <file>   one token a line, for a deployment in jwt mode",
  "  --json <file>     the result as JSON",
  "  --html <file>     the result as a page with latency curves",
  "",
].join("\n");

/** Parses a command line (without node and script). Returns all problems at once, one sentence each. */
export function readOptions(
  args: readonly string[],
): { ok: true; options: Options } | { ok: false; problems: string[] } {
  const problems: string[] = [];
  const string = { type: "string" } as const;
  let parsed;
  try {
    const numbers = Object.fromEntries(Object.keys(NUMBERS).map((name) => [name, string]));
    const words = { protocol: string, message: string, tokens: string, json: string, html: string };
    const url = { type: "string", multiple: true } as const;
    parsed = parseArgs({ args: [...args], allowPositionals: true, options: { url, ...words, ...numbers } });
  } catch (error) {
    return { ok: false, problems: [error instanceof Error ? error.message : String(error)] };
  }
  const values: Readonly<Record<string, unknown>> = parsed.values;
  const [kind] = parsed.positionals;
  if (parsed.positionals.length > 1) problems.push("give one kind only");
  if (!isKind(kind)) return { ok: false, problems: [`the kind must be one of: ${KINDS.join(", ")}, standard`] };

  const urls = (values["url"] as string[] | undefined) ?? [];
  if (urls.length === 0) problems.push("--url is missing: where is the deployment? (http://host:port)");
  for (const url of urls) {
    if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
      problems.push("--url must begin with http:// or https://");
  }
  const protocol = values["protocol"] ?? "socketio";
  if (protocol !== "socketio" && protocol !== "plain") problems.push("--protocol must be socketio or plain");
  if (protocol === "plain" && (kind === "pdfs" || kind === "uploads" || kind === "connections"))
    problems.push(`--protocol plain goes with asks and streams, not with ${kind}`);

  const number = (name: NumberName): number => {
    const { min, max, fallback }: Bounds = NUMBERS[name];
    const given = values[name];
    if (given === undefined) return fallback(kind);
    const value = typeof given === "string" && given.trim() !== "" ? Number(given) : Number.NaN;
    if (!(value >= min && value <= max)) problems.push(`--${name} must be a number from ${min} to ${max}`);
    return value;
  };
  const text = (name: string): string | undefined => values[name] as string | undefined;
  const rate = number("rate");
  const pid = number("pid");
  const [tokensFile, json, html] = [text("tokens"), text("json"), text("html")];
  const options: Options = {
    kind,
    urls,
    protocol: protocol as Protocol,
    rate,
    users: Math.round(number("users")) || (kind === "streams" ? 50 : Math.ceil(rate)),
    durationMs: number("duration") * 1000,
    warmupMs: number("warmup") * 1000,
    drainMs: number("drain") * 1000,
    count: Math.round(number("count")),
    atOnce: Math.round(number("at-once")),
    bytes: Math.round(number("bytes")),
    pages: Math.round(number("pages")),
    message: text("message") ?? "what is inside this pdf?",
    ...(pid > 0 ? { pid } : {}),
    ...(tokensFile === undefined ? {} : { tokensFile }),
    ...(json === undefined ? {} : { json }),
    ...(html === undefined ? {} : { html }),
  };
  return problems.length > 0 ? { ok: false, problems } : { ok: true, options };
}

function isKind(word: string | undefined): word is Kind {
  return KINDS.some((kind) => kind === word);
}
