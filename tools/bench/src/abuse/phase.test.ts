import { expect, it } from "vitest";
import { brokenBy, createPhase, quietOf, type Phase, type Promises, type Round } from "./phase.ts";
import { reportAbuses } from "./report-abuses.ts";

const PROMISED: Promises = { ratio: 2, unnoticedMs: 10, edgeBytes: 100e6, redisBytes: 50e6 };

function phase(text: number, pdf: number, refused: Record<string, number> = {}): Phase {
  const one = createPhase();
  for (let n = 0; n < 100; n++) one.text.record(text);
  one.pdf.record(pdf);
  return Object.assign(one, { refused });
}
function round(of: Partial<Round> = {}): Round {
  const memoryBefore = { edges: [200e6, 200e6], redis: 10e6 };
  return {
    abuse: "half messages",
    before: phase(20, 300),
    during: phase(39, 590),
    after: phase(20, 300),
    memoryBefore,
    memoryMost: { edges: [290e6, 210e6], redis: 40e6 },
    seen: { BUSY: 9, ok: 1 },
    lost: 0,
    ...of,
  };
}

const broken = (one: Round, others: Round[] = []): string[] => brokenBy([one], quietOf([one, ...others]), PROMISED);

it("a p99 is compared with that of all quiet times of the run, and a p50 with that of the time before", () => {
  const one = round({ during: phase(20, 900) });
  expect(broken(one, [round({ before: phase(20, 500) })])).toEqual(["pdf p50 took 3.0 × as long"]);
  expect(broken(one, [round({ before: phase(20, 100) })])).toEqual([
    "pdf p50 took 3.0 × as long",
    "pdf p99 took 3.0 × as long",
  ]);
});

it("a round in which honest users wait less than twice as long breaks nothing", () => {
  expect(broken(round())).toEqual([]);
  // Texts take 19 ms, which is 19 times as long as before the abuse. But the 1 ms before the abuse counts as
  // `unnoticedMs` (10), and 19 is less than twice that.
  expect(broken(round({ before: phase(1, 300), during: phase(19, 300) }))).toEqual([]);
});

it.each([
  [{ during: phase(60, 300) }, ["text p50 took 3.0 × as long", "text p99 took 3.0 × as long"]],
  [{ during: phase(20, 900) }, ["pdf p50 took 3.0 × as long", "pdf p99 took 3.0 × as long"]],
  [{ during: phase(20, 300, { BUSY: 2 }) }, ["honest users were refused during it: 2 × BUSY"]],
  [{ after: phase(20, 300, { "closed 1006": 1 }) }, ["honest users were refused after it: 1 × closed 1006"]],
  [{ during: createPhase() }, ["no text was answered", "no pdf was answered"]],
  [{ lost: 1 }, ["1 acknowledged asks have no end"]],
  [{ memoryMost: { edges: [210e6, 301e6], redis: 40e6 } }, ["an edge grew by 101 MB"]],
  [{ memoryMost: { edges: [200e6, 200e6], redis: 61e6 } }, ["Redis grew by 51 MB"]],
])("a promise that is broken is said: %#", (of, sentences) => {
  expect(broken(round(of))).toEqual(sentences);
  const { text, ok } = reportAbuses([round(of)], PROMISED);
  expect(ok).toBe(false);
  expect(text).toContain(`FAIL\n  half messages: ${sentences[0]}\n`);
});

it("the median of an abuse's rounds is compared, and a refusal counts in any round", () => {
  const slow = round({ during: phase(60, 900) });
  const three = [round(), slow, round()];
  expect(brokenBy(three, quietOf(three), PROMISED)).toEqual([]);
  const twice = [round(), slow, slow];
  expect(brokenBy(twice, quietOf(twice), PROMISED)).toEqual([
    "text p50 took 3.0 × as long",
    "text p99 took 3.0 × as long",
    "pdf p50 took 3.0 × as long",
    "pdf p99 took 3.0 × as long",
  ]);
  const refused = [round(), round(), round({ during: phase(39, 590, { BUSY: 1 }) })];
  expect(brokenBy(refused, quietOf(refused), PROMISED)).toEqual(["honest users were refused during it: 1 × BUSY"]);
});

it("a report has one row for all rounds of an abuse", () => {
  const grown = { edges: [200e6, 240e6], redis: 11e6 };
  const { text } = reportAbuses([round(), round({ during: phase(60, 900), memoryMost: grown }), round()], PROMISED);
  expect(text).toMatch(/half messages +20 39 20 +20 39 20 +1.9 .* 90, 40 +30\n/);
  expect(text).toMatch(/half messages +27 BUSY, 3 ok\n\nPASS/);
});

it("a report has a row for each round, and how its abuser was answered", () => {
  const { text, ok } = reportAbuses([round()], PROMISED);
  expect(ok).toBe(true);
  expect(text).toMatch(/half messages +20 39 20 +20 39 20 +1.9 .* 90, 10 +30\n/);
  expect(text).toMatch(/half messages +9 BUSY, 1 ok\n\nPASS/);
});
