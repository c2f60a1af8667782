import type { Event, EventBody } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { answerWords } from "../cluster/engine.ts";
import { check } from "./checker.ts";
import { shownOf } from "./digest.ts";
import type { Entry } from "../history.ts";
import type { Fault } from "./violation.ts";

const USER = { user: "u1", conversation: "talk" };
const text = (ask: string, call: number): string => answerWords(ask, call).join("");

type Draft = Omit<Event, "seq" | "nonce" | "at" | "conversation">;
const draft = (ask: string, attempt: number, body: EventBody): Draft => ({ ask, attempt, ...body });
const timings = { queuedMs: 1, extractMs: 0, firstTokenMs: 1, totalMs: 2 };

/** Returns the events of an ask whose first worker was killed, and which the second engine call answered. */
function answered(ask: string): Draft[] {
  const words = answerWords(ask, 2);
  return [
    draft(ask, 0, { type: "accepted", message: "what now?", files: [] }),
    draft(ask, 1, { type: "started", engine: "websocket" }),
    draft(ask, 1, { type: "delta", text: answerWords(ask, 1)[0] ?? "" }),
    draft(ask, 2, { type: "started", engine: "websocket" }),
    draft(ask, 2, { type: "delta", text: words.slice(0, 4).join("") }),
    draft(ask, 2, { type: "delta", text: words.slice(4).join("") }),
    draft(ask, 2, { type: "completed", text: words.join(""), timings }),
  ];
}
const log = (...drafts: Draft[]): Event[] =>
  drafts.map(
    (one, index) => ({ ...one, seq: index + 1, nonce: `n${index}`, at: index, conversation: "talk" }) as Event,
  );

interface Story {
  events: Event[];
  shown: Event[];
  more: Entry[];
  /** Whether an entry is left out of the history. */
  without?: (entry: Entry) => boolean;
}

/**
 * Returns a history with the given change. Unchanged it is correct: two asks of one user, both answered, as one tab and
 * one replay saw them.
 */
function story(change: (one: Story) => void = () => undefined): Entry[] {
  const events = log(...answered("u1-1"), ...answered("u1-2"));
  const told: Story = { events, shown: [...events], more: [] };
  change(told);
  const asks = ["u1-1", "u1-2"];
  const entries: Entry[] = [
    { t: 0, kind: "meta", seed: 1, attempts: 3, deadlineMs: 60_000, faults: "none" },
    ...asks.flatMap((ask): Entry[] => [
      { t: 1, kind: "sent", ...USER, ask },
      { t: 2, kind: "acked", ...USER, ask, seq: ask === "u1-1" ? 1 : 8, duplicate: false, ms: 1 },
      { t: 3, kind: "call", ask, call: 1, text: text(ask, 1), sawFile: false },
      { t: 4, kind: "call", ask, call: 2, text: text(ask, 2), sawFile: false },
      { t: 5, kind: "answered", ask, call: 2 },
    ]),
    ...told.shown.map((event): Entry => ({ t: 6, kind: "shown", ...USER, tab: "u1.1", ...shownOf(event) })),
    ...told.more,
    { t: 9, kind: "replayed", ...USER, events: told.events, first: 1 },
    { t: 9, kind: "stood", ...USER, tab: "u1.1", seq: told.shown.at(-1)?.seq ?? 0, online: true },
  ];
  return entries.filter((entry) => !told.without?.(entry));
}
const faults = (entries: Entry[]): Fault[] => [...new Set(check(entries).violations.map(({ fault }) => fault))].sort();
/** Returns a change that is made to the log and to the shown events alike. */
const both = (change: (events: Event[]) => Event[]) => (told: Story) => {
  told.events = change(told.events);
  told.shown = [...told.events];
};
const renumber = (events: Event[]): Event[] => events.map((event, index) => ({ ...event, seq: index + 1 }));

describe("a history in which nothing is wrong", () => {
  it("passes, with its numbers", () => {
    const verdict = check(story());
    expect(verdict.violations).toEqual([]);
    expect(verdict).toMatchObject({ pass: true, acked: 2, completed: 2, failed: 0, engineCalls: 4 });
  });
  it("passes with asks that are gone with the end of a log that was rolled back, and were shown before", () => {
    const gone = log(...answered("u1-1"), ...answered("u1-3")).map((event) => ({ ...event, nonce: `x${event.seq}` }));
    const more: Entry[] = [
      { t: 2, kind: "acked", ...USER, ask: "u1-3", seq: 8, duplicate: false, ms: 1 },
      { t: 2, kind: "stored", user: "u1", upload: "up", offset: 512 },
      ...gone.map((event): Entry => ({ t: 3, kind: "shown", ...USER, tab: "u1.1", ...shownOf(event) })),
      { t: 4, kind: "rollback", keptAt: 2 },
      { t: 5, kind: "reset", ...USER, tab: "u1.1" },
      { t: 6, kind: "stored", user: "u1", upload: "up", offset: 0 },
    ];
    expect(faults(story((told) => told.more.push(...more)))).toEqual([]);
  });
  it("passes with a refused ask that left nothing", () => {
    const refused: Entry = { t: 3, kind: "refused", ...USER, ask: "u1-3", code: "BUSY", clean: true };
    expect(faults(story((told) => told.more.push(refused)))).toEqual([]);
  });
});

describe("a planted fault is found", () => {
  const planted: Array<[what: string, fault: Fault, change: (story: Story) => void]> = [
    ["an acknowledged ask without an end", "LOST", both((events) => events.slice(0, -1))],
    [
      "an acknowledged ask that is nowhere",
      "LOST",
      (told) => void (told.more = [{ t: 2, kind: "acked", ...USER, ask: "u1-9", seq: 15, duplicate: false, ms: 1 }]),
    ],
    [
      "an ask acknowledged before the copy of a log that was rolled back",
      "LOST",
      (told) => {
        told.more = [
          { t: 2, kind: "acked", ...USER, ask: "u1-9", seq: 15, duplicate: false, ms: 1 },
          { t: 4, kind: "rollback", keptAt: 3 },
        ];
      },
    ],
    [
      "stored bytes that are gone",
      "LOST",
      (told) => {
        for (const offset of [512, 0]) told.more.push({ t: 2, kind: "stored", user: "u1", upload: "up", offset });
      },
    ],
    [
      "an ask with two ends",
      "TWO-ENDS",
      both((events) => renumber([...events, { ...events[13], nonce: "other" } as Event])),
    ],
    [
      "an ask accepted twice",
      "DUP-APPLIED",
      both((events) =>
        renumber([...events.slice(0, 7), { ...events[0], nonce: "other" } as Event, ...events.slice(7)]),
      ),
    ],
    [
      "an event written twice",
      "DUP-APPLIED",
      both((events) => renumber([...events.slice(0, 5), events[4] as Event, ...events.slice(5)])),
    ],
    ["an event shown twice", "DUP-APPLIED", (told) => void told.shown.splice(5, 0, told.shown[4] as Event)],
    ["an event that was not shown", "GAPS", (told) => void told.shown.splice(5, 1)],
    ["a hole in the log", "GAPS", both((events) => events.filter(({ seq }) => seq !== 5))],
    ["a tab that stayed behind", "GAPS", (told) => void told.shown.pop()],
    [
      "a tab that was not connected any more",
      "GAPS",
      (told) => {
        told.without = (entry) => entry.kind === "stood" && entry.online;
        told.more = [{ t: 9, kind: "stood", ...USER, tab: "u1.1", seq: 14, online: false }];
      },
    ],
    [
      "an event of another user",
      "CROSS-USER",
      (told) =>
        void told.more.push(
          { t: 1, kind: "sent", user: "u2", conversation: "talk", ask: "u2-1" },
          { t: 7, kind: "shown", ...USER, tab: "u1.1", ...shownOf(log(...answered("u2-1"))[0] as Event), seq: 15 },
        ),
    ],
    [
      "an event shown with other words than the log has",
      "NOT-THE-LOG",
      (told) => void (told.shown[4] = { ...told.shown[4], text: "else" } as Event),
    ],
    [
      "a log that was rolled back",
      "NOT-THE-LOG",
      (told) => void told.more.push({ t: 7, kind: "reset", ...USER, tab: "u1.1" }),
    ],
    [
      "a second reset after one rollback",
      "NOT-THE-LOG",
      (told) =>
        void told.more.push(
          { t: 4, kind: "rollback", keptAt: 3 },
          { t: 5, kind: "reset", ...USER, tab: "u1.1" },
          { t: 5, kind: "reset", ...USER, tab: "u1.1" },
        ),
    ],
    [
      "an event of a log that was rolled back, which a tab keeps",
      "NOT-THE-LOG",
      (told) => {
        told.more = [{ t: 4, kind: "rollback", keptAt: 3 }];
        told.shown[9] = { ...told.shown[9], nonce: "gone" } as Event;
      },
    ],
    [
      "an acknowledgement of another place",
      "NOT-THE-LOG",
      (told) => void told.more.push({ t: 2, kind: "acked", ...USER, ask: "u1-1", seq: 3, duplicate: true, ms: 1 }),
    ],
    [
      "a text of two calls",
      "WRONG-TEXT",
      both((events) =>
        events.map((event) =>
          event.type === "completed" ? { ...event, text: `${text(event.ask, 1)}${text(event.ask, 2)}` } : event,
        ),
      ),
    ],
    ["a text whose call was not finished", "WRONG-TEXT", (told) => void (told.without = (e) => e.kind === "answered")],
    ["pieces that are not the text", "WRONG-TEXT", both((events) => renumber(events.filter(({ seq }) => seq !== 6)))],
    [
      "a file that the engine did not get",
      "WRONG-TEXT",
      (told) => {
        told.without = (entry) => entry.kind === "sent" && entry.ask === "u1-1" && entry.marker === undefined;
        told.more = [{ t: 1, kind: "sent", ...USER, ask: "u1-1", marker: "mark1" }];
      },
    ],
    [
      "asks that ran at the same time",
      "ORDER",
      both((events) =>
        renumber([...events.slice(0, 6), ...events.slice(7, 9), events[6] as Event, ...events.slice(9)]),
      ),
    ],
    [
      "an attempt that went backwards",
      "ORDER",
      both((events) => renumber([...events.slice(0, 5), { ...events[2], nonce: "late" } as Event, ...events.slice(5)])),
    ],
    [
      "a fourth call",
      "CALLS",
      (told) => {
        for (const call of [3, 4])
          told.more.push({ t: 6, kind: "call", ask: "u1-1", call, text: text("u1-1", call), sawFile: false });
      },
    ],
    [
      "a fourth call after the clock of a worker has jumped",
      "CALLS",
      (told) => {
        told.more = [{ t: 5, kind: "fault", fault: "jump worker", target: "worker-1", forMs: 0 }];
        for (const call of [3, 4])
          told.more.push({ t: 6, kind: "call", ask: "u1-1", call, text: text("u1-1", call), sawFile: false });
      },
    ],
    [
      "a refused ask that is in the log",
      "REFUSED-STORED",
      (told) => {
        told.more = [{ t: 3, kind: "refused", ...USER, ask: "u1-2", code: "BUSY", clean: true }];
      },
    ],
    [
      "an end after its time",
      "LATE",
      both((events) => events.map((event) => (event.type === "completed" ? { ...event, at: 90_000 } : event))),
    ],
    [
      "events that nobody told a tab of",
      "UNTOLD",
      (told) => void told.more.push({ t: 90_000, kind: "silence", ...USER, tab: "u1.1", found: 2 }),
    ],
    ["a failpoint that nobody crossed", "UNTRIED", (told) => void told.more.push({ t: 9, kind: "missed", point: "x" })],
    ["a key that stayed", "LEAK", (told) => void told.more.push({ t: 9, kind: "leftover", key: "{s00}:due" })],
    [
      "memory that grew",
      "LEAK",
      (told) => void told.more.push({ t: 9, kind: "memory", process: "edge-1", bytes: 2, limit: 1 }),
    ],
    [
      "a process that died by itself",
      "DIED",
      (told) => void told.more.push({ t: 9, kind: "died", process: "edge-1", how: "exit 1", lines: [] }),
    ],
  ];
  it.each(planted)("%s: %s", (_what, fault, change) => {
    expect(faults(story(change))).toContain(fault);
  });

  it("silence after something was broken is no fault", () => {
    const more: Entry[] = [
      { t: 85_000, kind: "fault", fault: "reset redis", target: "edge-1", forMs: 0 },
      { t: 90_000, kind: "silence", ...USER, tab: "u1.1", found: 2 },
    ];
    expect(faults(story((told) => told.more.push(...more)))).toEqual([]);
  });

  it("silence while a process is away is no fault, though its death is recorded when it is over", () => {
    const more: Entry[] = [
      { t: 85_000, kind: "silence", ...USER, tab: "u1.1", found: 2 },
      { t: 90_000, kind: "fault", fault: "kill edge", target: "edge-1", forMs: 8000 },
    ];
    expect(faults(story((told) => told.more.push(...more)))).toEqual([]);
  });
});

describe("how long people waited", () => {
  it("counts apart what was disturbed by more than the end of a process", () => {
    const back = (t: number, catchUpMs: number): Entry => ({
      t,
      kind: "recovered",
      user: "u1",
      tab: "u1.1",
      lostMs: 900,
      catchUpMs,
    });
    const fault = (name: string, t: number, forMs: number): Entry => ({
      t,
      kind: "fault",
      fault: name,
      target: "x",
      forMs,
    });
    const more = [
      fault("kill edge", 10_500, 600),
      back(10_400, 40),
      fault("kill redis", 20_000, 1000), // this fault began at 19,000
      back(20_500, 1400),
      back(18_900, 30),
      fault("blackhole redis", 30_000, 4000), // this fault lasts until 34,000
      back(34_100, 3000),
      back(40_000, 50),
    ];
    const verdict = check(story((told) => told.more.push(...more)));
    expect(verdict.catchUp).toMatchObject({ count: 5, most: 3000 });
    expect(verdict.calmCatchUp).toMatchObject({ count: 3, most: 50 });
  });
});
