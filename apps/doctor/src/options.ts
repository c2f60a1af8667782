import { parseArgs } from "node:util";

/** The parts that there is a doctor for. */
export const PARTS = ["settings", "redis", "files", "engine", "balancer"] as const;
export type PartName = (typeof PARTS)[number];

export interface Options {
  /** In the order of {@link PARTS}; all of them when none was named. */
  readonly parts: readonly PartName[];
  /** Where users reach docrelay, for the part `balancer`. */
  readonly url: URL | undefined;
  /** Also send growing prompts. */
  readonly sizes: boolean;
  readonly json: boolean;
}

export const USAGE = `usage: npm run doctor -- [${PARTS.join("|")}]… [--url http://…] [--sizes] [--json]\n`;

/** Undefined when the words are not understood. */
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
    return undefined; // an option that does not exist, or no address
  }
}
