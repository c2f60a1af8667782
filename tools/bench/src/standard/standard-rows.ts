import { startCluster, type ClusterWish } from "../processes/cluster.ts";
import { answersAfterText } from "../runs/one-pdf-run.ts";
import { readOptions, type Options } from "../options.ts";
import { figureOf, latencyIn, type Section } from "../report/result.ts";
import { run } from "../runs/run.ts";
import { cpuPerAsk, cpuPerReply, type Adapter } from "../runs/scale-run.ts";
import type { Figures } from "./standard-figures.ts";

/** A row of the standard set: one or more runs, each on a cluster of its own, and the figures that they produce. */
export interface StandardRow {
  readonly name: string;
  /**
   * How many rounds this row has at most. Set for rows that measure a sum of CPU time: such a sum varies little, so
   * more rounds would add nothing.
   */
  readonly most?: number;
  round(follow: (show: () => string) => void): Promise<Figures>;
}

async function measure(
  wish: ClusterWish,
  args: string,
  follow: (show: () => string) => void,
  pid?: "edge",
): Promise<readonly Section[]> {
  await using cluster = await startCluster(wish);
  const parsed = readOptions([...args.split(" "), ...cluster.urls.flatMap((url) => ["--url", url])]);
  if (!parsed.ok) throw new Error(parsed.problems.join("; "));
  const watched = pid === "edge" ? cluster.edges[0]?.pid : undefined;
  const options: Options = { ...parsed.options, ...(watched === undefined ? {} : { pid: watched }) };
  return (await run(options, follow)).sections;
}

/**
 * Replies of 12 events: the engine pauses for longer than a worker gathers text, so that each piece becomes an event.
 */
const SPACED = { edges: 1, gapMs: 45, pieces: 9 };
const PROMPT = { edges: 1 };
const SCALE = { rate: 150, durationMs: 1500 };

export const ROWS: readonly StandardRow[] = [
  {
    name: "asks",
    async round(follow) {
      const [section] = await measure(SPACED, "asks --rate 400 --duration 5 --warmup 5", follow);
      return {
        "first added p50, 400 asks/s": latencyIn(section, "first added", "p50"),
        "first added p99, 400 asks/s": latencyIn(section, "first added", "p99"),
        "events per answer, 400 asks/s": figureOf(section, "events per answer"),
      };
    },
  },
  {
    name: "throughput",
    async round(follow) {
      const [section] = await measure(PROMPT, "asks --rate 800 --duration 5 --warmup 4", follow);
      return {
        "answered of 800 asks/s": (100 * figureOf(section, "answered")) / figureOf(section, "asks"),
        "whole p99, 800 asks/s": latencyIn(section, "whole", "p99"),
        "generator late p99, 800 asks/s": latencyIn(section, "late", "p99"),
      };
    },
  },
  {
    name: "connections",
    async round(follow) {
      const [section] = await measure(PROMPT, "connections --count 10000 --duration 1", follow, "edge");
      return {
        "memory per idle connection": figureOf(section, "memory per connection"),
        "connects/s, 10,000 on one edge": figureOf(section, "connects/s"),
      };
    },
  },
  {
    name: "uploads",
    async round(follow) {
      const [, text, files] = await measure(PROMPT, "uploads --rate 20 --duration 2 --warmup 2", follow);
      return {
        "text p99 beside 50 uploads": latencyIn(text, "first added", "p99"),
        "uploads beside text": figureOf(files, "MB/s"),
      };
    },
  },
  {
    name: "pdfs",
    async round(follow) {
      const [, text, files] = await measure(PROMPT, "pdfs --rate 50 --duration 4 --warmup 2", follow);
      return {
        "text p99 beside PDFs, times idle": figureOf(text, "first p99, times idle"),
        "PDFs of 30 pages": figureOf(files, "files") / figureOf(files, "took"),
      };
    },
  },
  {
    name: "one-pdf",
    async round(follow) {
      follow(() => "1,000 asks about one PDF");
      return { "answers after the text, 1,000 asks of a PDF": await answersAfterText({ asks: 1000, pages: 4 }) };
    },
  },
  {
    name: "scale",
    most: 1,
    async round(follow) {
      let done = 0;
      follow(() => `what a reply costs: ${done} of 7`);
      const edges = async (count: number): Promise<number> => {
        const cpu = await cpuPerAsk({ edges: count, ...SCALE });
        done++;
        return cpu;
      };
      const nodes = async (adapter: Adapter, count: number): Promise<number> => {
        const cpu = await cpuPerReply({ adapter, nodes: count, ...SCALE });
        done++;
        return cpu;
      };
      return {
        "edge CPU per ask, 1 edge": await edges(1),
        "edge CPU per ask, 2 edges": await edges(2),
        "edge CPU per ask, 4 edges": await edges(4),
        "adapter CPU per reply, sharded, 1 node": await nodes("sharded", 1),
        "adapter CPU per reply, sharded, 4 nodes": await nodes("sharded", 4),
        "adapter CPU per reply, classic, 1 node": await nodes("classic", 1),
        "adapter CPU per reply, classic, 4 nodes": await nodes("classic", 4),
      };
    },
  },
];
