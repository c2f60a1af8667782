import { parseArgs } from "node:util";

/** The parts of a deployment that the doctor can examine. */
export const PARTS = ["settings", "redis", "files", "engine", "balancer"] as const;
export type PartName = (typeof PARTS)[number];

export interface Options {
  /** The parts to examine, in the order of {@link PARTS}; all if none was named. */
  readonly parts: readonly PartName[];
  /** The address at which users reach docrelay, for the part `balancer`. */
  readonly url: URL | undefined;
  /** Whether to find the largest prompt that the engine answers, by prompts of growing size. */
  readonly sizes: boolean;
  readonly json: boolean;
}

export const USAGE = `usage: npm run doctor -- [${PARTS.join("|")}]… [--url http://…] [--sizes] [--json]\n`;

/** Parses the command line; undefined when it is invalid. */
export function parseOptions(words: readonly string[]): Options | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        url: { type: "string" },
        sizes: { type: "boolean", default: false },
        json: { type: "boolean", default: false },
      },
    });
    if (!positionals.every((word) => (PARTS as readonly string[]).includes(word))) return undefined;
    const url = values.url === undefined ? undefined : new URL(values.url);
    if (url && !/^https?:$/.test(url.protocol)) return undefined;
    if (positionals.includes("balancer") && !url) return undefined;
    const parts = positionals.length === 0 ? PARTS : PARTS.filter((part) => positionals.includes(part));
    return { parts, url, sizes: values.sizes, json: values.json };
  } catch {
    return undefined; // an option is unknown or lacks its value
  }
}
