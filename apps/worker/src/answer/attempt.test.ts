import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  attempt,
  goOn,
  NEW_ATTEMPT,
  parsePoint,
  type AttemptAction,
  type AttemptInput,
  type AttemptPlan,
  type AttemptState,
} from "./attempt.ts";

const PLAN: AttemptPlan = {
  engine: "e",
  cite: (_text, given = []) => given.filter(({ file }) => file === 0),
  usage: (_text, given) => given && { ...given },
  acceptedAt: 0,
  begunAt: 100,
  extractMs: 30,
  maxPieceBytes: 64,
  maxHeldUnits: 1000,
};
const WINDOW_MS = 40;

/** Applies the inputs, which come 10 ms apart. Returns the last state, all actions and the time of the last input. */
function run(
  inputs: AttemptInput[],
  from: AttemptState = NEW_ATTEMPT,
  startAt = 200,
): { state: AttemptState; actions: AttemptAction[]; now: number } {
  let state = from;
  let now = startAt;
  const actions: AttemptAction[] = [];
  for (const input of inputs) {
    const step = attempt(state, input, PLAN, { now: (now += 10), windowMs: WINDOW_MS });
    state = step.state;
    actions.push(...step.actions);
  }
  return { state, actions, now };
}
const TICK: AttemptInput = { kind: "tick" };
/** Ticks for as long as text is gathered (`WINDOW_MS`): `run` applies them 10 ms apart. */
const WINDOW = [TICK, TICK, TICK, TICK];
const SENT: AttemptInput = { kind: "sent" };
const STORED: AttemptInput = { kind: "stored" };
const FINISHED: AttemptInput = { kind: "finished", empty: false };
const text = (of: string): AttemptInput => ({ kind: "text", text: of });
const end = (of: object = {}): AttemptInput => ({ kind: "end", end: of });
const FAILURE = { code: "ENGINE_TIMEOUT" } as const;

describe("an attempt", () => {
  it("writes started with the first text, then deltas, then completed, each write after the one before is stored", () => {
    const first = run([SENT, text("Hel"), text("lo")]);
    expect(first.actions).toEqual([
      {
        do: "write",
        n: 1,
        events: [
          { type: "started", engine: "e" },
          { type: "delta", text: "Hel" },
        ],
      },
    ]);
    const named = run([{ kind: "sent", engine: "chat m", agoMs: 1000 }, text("Hel"), end({ truncated: true })]);
    expect(named.actions[0]).toMatchObject({ events: [{ type: "started", engine: "chat m" }, {}] });
    const ended = run([STORED], named.state, named.now).actions[0];
    expect(ended).toMatchObject({ events: [{ type: "completed", truncated: true, timings: { firstTokenMs: 1010 } }] });
    const second = run([STORED, text(" all"), TICK, TICK], first.state, first.now);
    expect(second.actions).toEqual([{ do: "write", n: 3, events: [{ type: "delta", text: "lo all" }] }]);
    const third = run([text("!"), end()], second.state, second.now);
    expect(third.actions).toEqual([]);
    const fourth = run([STORED], third.state, third.now);
    expect(fourth.actions).toEqual([
      {
        do: "write",
        n: 4,
        events: [{ type: "delta", text: "!" }, expect.objectContaining({ type: "completed", text: "Hello all!" })],
      },
    ]);
    expect(run([FINISHED], fourth.state).actions).toEqual([
      { do: "settle", outcome: { kind: "completed", empty: false } },
    ]);
  });

  it("writes started alone when the engine is slower than a window", () => {
    expect(run([SENT, TICK, TICK, TICK]).actions).toEqual([]);
    expect(run([SENT, ...WINDOW]).actions).toEqual([{ do: "write", n: 1, events: [{ type: "started", engine: "e" }] }]);
  });

  it("writes a reply of one frame as completed alone, with the frame and the valid citations", () => {
    const citations = [
      { file: 0, page: 2 },
      { file: 1, page: 1 },
    ];
    const { actions } = run([
      SENT,
      end({ text: "all", frame: '{"message":"all"}', citations, suggestions: ["And then?"] }),
    ]);
    expect(actions).toMatchObject([
      {
        do: "write",
        n: 1,
        events: [
          { type: "started" },
          {
            type: "completed",
            text: "all",
            frame: '{"message":"all"}',
            citations: [{ file: 0, page: 2 }],
            suggestions: ["And then?"],
          },
        ],
      },
    ]);
  });

  it("writes text that waited for long in several steps", () => {
    const { state, now } = run([SENT, ...WINDOW]);
    const held = run([text("x".repeat(64 * 9)), end()], state, now);
    const rest = run([STORED, STORED, { kind: "finished", empty: true }], held.state, held.now);
    expect(rest.actions.map((action) => (action.do === "write" ? [action.n, action.events.length] : action))).toEqual([
      [2, 8],
      [10, 2],
      { do: "settle", outcome: { kind: "completed", empty: true } },
    ]);
  });

  it("prefers the whole text of the engine's end frame to the joined pieces", () => {
    const { actions } = run([SENT, text("pie"), STORED, end({ text: "pieces, corrected" })]);
    expect(actions.at(-1)).toMatchObject({ n: 3, events: [{ type: "completed", text: "pieces, corrected" }] });
  });

  it("has the times: queued without extraction, first token since the prompt was sent, total since acceptance", () => {
    // These inputs come at 210, 220 to 250, 260, 270 and 280 ms.
    const { actions } = run([SENT, ...WINDOW, text("a"), end(), STORED]);
    expect(actions.at(-1)).toMatchObject({
      events: [{ type: "delta" }, { timings: { queuedMs: 70, extractMs: 30, firstTokenMs: 50, totalMs: 280 } }],
    });
  });

  it("sends the same events again, with backoff, while the outcome is unknown, and goes on reading the engine", () => {
    const { state, now } = run([SENT, text("a")]);
    const away = run([{ kind: "unknown" }, text("b"), { kind: "unknown" }, { kind: "unknown" }, text("c")], state, now);
    expect(away.actions).toEqual([50, 100, 200].map((afterMs) => ({ do: "write-again", afterMs })));
    const back = run([STORED, TICK], away.state, away.now);
    expect(back.actions).toEqual([{ do: "write", n: 3, events: [{ type: "delta", text: "bc" }] }]);
  });

  it("ends the engine call when too much text waits for the store, but not after the reply's end", () => {
    const { state } = run([SENT, text("a"), { kind: "unknown" }]);
    const tooMuch = run([text("x".repeat(1001))], state);
    expect(tooMuch.actions).toEqual([
      { do: "settle", outcome: { kind: "failed", failure: { code: "ENGINE_UNAVAILABLE", reason: "held" } } },
    ]);
    const whole = run([text("x".repeat(900)), end(), { kind: "overflow" }], state);
    expect(whole.actions).toEqual([]);
    expect(run([{ kind: "overflow" }], state).actions).toMatchObject([{ outcome: { kind: "failed" } }]);
  });

  it.each(["stale", "ended", "expired", "abandoned"] as const)("settles as %s and ignores later inputs", (kind) => {
    const { state, actions } = run([SENT, text("a"), STORED, { kind }]);
    expect(actions.at(-1)).toEqual({ do: "settle", outcome: { kind } });
    expect(run([text("b"), STORED, end(), { kind: "cancelled" }], state).actions).toEqual([]);
  });

  it("settles a cancel with all text that had arrived, in the log or not", () => {
    const { actions } = run([SENT, text("shown"), STORED, text(" and not"), { kind: "cancelled" }]);
    expect(actions.at(-1)).toEqual({ do: "settle", outcome: { kind: "cancelled", text: "shown and not" } });
  });

  it("settles as failed when the engine fails, but not after its end", () => {
    const failed: AttemptInput = { kind: "engine-failed", failure: FAILURE };
    expect(run([SENT, failed]).actions.at(-1)).toEqual({ do: "settle", outcome: { kind: "failed", failure: FAILURE } });
    expect(run([SENT, end({ text: "a" }), failed]).actions.at(-1)).toMatchObject({
      events: [{ type: "started" }, { type: "completed" }],
    });
  });

  it("holds for any order of inputs: events are numbered without holes, and the deltas joined are the engine's text", () => {
    const happening = fc.oneof(
      fc.string({ maxLength: 200 }).map(text),
      fc.constantFrom<AttemptInput>({ kind: "tick" }, { kind: "answer" } as never, { kind: "unknown" }),
    );
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 60 }), (happenings) => {
        let state = NEW_ATTEMPT;
        let now = 0;
        let said = "";
        const written: Array<AttemptAction & { do: "write" }> = [];
        const feed = (input: AttemptInput): void => {
          const step = attempt(state, input, { ...PLAN, maxHeldUnits: 1e9 }, { now: (now += 15), windowMs: WINDOW_MS });
          state = step.state;
          for (const action of step.actions) if (action.do === "write") written.push(action);
        };
        feed(SENT);
        for (const input of happenings) {
          const answer = (input.kind as string) === "answer";
          if (answer || input.kind === "unknown") {
            if (state.inFlight.length > 0) feed(answer ? STORED : input);
          } else {
            if (input.kind === "text") said += input.text;
            feed(input);
          }
        }
        feed(end());
        while (!state.over) feed(state.inFlight.at(-1)?.type === "completed" ? FINISHED : STORED);
        const events = written.flatMap((write) => write.events);
        expect(written.map(({ n }) => n)).toEqual(
          written.map((_, index) => {
            return 1 + written.slice(0, index).flatMap((write) => write.events).length;
          }),
        );
        expect(events[0]?.type).toBe("started");
        expect(events.flatMap((event) => (event.type === "delta" ? [event.text] : [])).join("")).toBe(said);
        expect(events.filter(({ type }) => type !== "delta")).toHaveLength(2);
        expect(events.at(-1)).toMatchObject({ type: "completed", text: said });
      }),
      { numRuns: 300 },
    );
  });
});

describe("an attempt that another worker goes on with", () => {
  const marked = (of: string, mark: string): AttemptInput => ({ kind: "text", text: of, mark });

  it("stores the engine's mark with the text before it, and no mark of text that waits", () => {
    const { state, actions } = run([{ ...SENT, mark: "m0" }, ...WINDOW, STORED, marked("one ", "m1")]);
    expect(actions).toEqual([
      { do: "write", n: 1, events: [{ type: "started", engine: "e" }], resumable: true, resume: "0 m0" },
      { do: "write", n: 2, events: [{ type: "delta", text: "one " }], resumable: true, resume: "4 m1" },
    ]);
    const long = run([STORED, marked("x".repeat(100), "m2")], state, 500);
    expect(long.actions).toMatchObject([{ n: 3, events: [{ type: "delta", text: "x".repeat(64) }], resumable: true }]);
    expect(long.actions[0]).not.toHaveProperty("resume");
    expect(run([STORED, ...WINDOW], long.state, 700).actions).toMatchObject([{ n: 4, resume: "104 m2" }]);
  });

  it("writes no started again, skips what is in the log already, and keeps the time of the first text", () => {
    const begun = { n: 3, text: "one two th", point: { at: 8, mark: "m2" }, firstTokenMs: 70 };
    const { actions } = run([SENT, marked("three", "m3"), ...WINDOW, STORED, end()], goOn(begun, 200));
    expect(actions).toEqual([
      { do: "write", n: 4, events: [{ type: "delta", text: "ree" }], resumable: true, resume: "13 m3" },
      {
        do: "write",
        n: 5,
        events: [expect.objectContaining({ type: "completed", text: "one two three" })],
        resumable: true,
        resume: "13 m3",
      },
    ]);
    const last = actions.at(-1);
    const completed = last?.do === "write" ? last.events.at(-1) : undefined;
    expect(completed?.type === "completed" && completed.timings.firstTokenMs).toBe(70);
  });

  it("is whole wherever workers die: the deltas joined are the engine's text, each piece once", () => {
    const run = fc.array(fc.string({ minLength: 1, maxLength: 90, unit: "grapheme" }), { minLength: 1, maxLength: 12 });
    const deaths = fc.array(fc.nat(6), { maxLength: 6 });
    fc.assert(
      fc.property(run, deaths, fc.array(fc.boolean(), { maxLength: 40 }), (pieces, lives, answers) => {
        let [n, text, stored, now] = [0, "", "", 0];
        let isOver = false;
        for (const life of [...lives, Number.POSITIVE_INFINITY]) {
          const point = parsePoint(stored);
          if (isOver) break;
          // If the dead worker has stored no point at which its answer can be continued, the next worker begins another
          // attempt, and readers drop the text so far.
          if (!point) [n, text] = [0, ""];
          let state = point ? goOn({ n, text, point, firstTokenMs: undefined }, now) : NEW_ATTEMPT;
          let left = life;
          const feed = (input: AttemptInput): void => {
            const step = attempt(
              state,
              input,
              { ...PLAN, maxHeldUnits: 1e9 },
              { now: (now += 25), windowMs: WINDOW_MS },
            );
            state = step.state;
            for (const action of step.actions) {
              if (action.do !== "write" || left-- <= 0) continue;
              expect(action.n).toBe(n + 1);
              n += action.events.length;
              stored = action.resume ?? stored;
              for (const event of action.events) {
                if (event.type === "delta") text += event.text;
                if (event.type === "completed") expect(event.text).toBe(pieces.join(""));
                isOver ||= event.type === "completed";
              }
            }
          };
          feed({ ...SENT, mark: "0" });
          for (let at = Number(point?.mark ?? 0); at < pieces.length && left > 0; at++) {
            feed(marked(pieces[at] ?? "", String(at + 1)));
            feed(TICK);
            if (state.inFlight.length > 0 && answers[at] !== false) feed(STORED);
          }
          if (left > 0) feed(end());
          while (!state.over && left > 0) feed(state.inFlight.at(-1)?.type === "completed" ? FINISHED : STORED);
        }
        expect(text).toBe(pieces.join(""));
      }),
      // In this example the worker dies after its first write, which holds only a part of the first text.
      { numRuns: 500, examples: [[["x".repeat(70), " "], [1], []]] },
    );
  });
});
