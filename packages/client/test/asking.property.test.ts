import { isTerminal, wireError } from "@docrelay/protocol";
import { eventually } from "@docrelay/testkit";
import fc from "fast-check";
import { expect, test } from "vitest";
import { connect, memoryStorage, type Answer, type Relay, type Turn } from "../src/index.ts";
import { RelayServer, type Fault } from "./relay-server.ts";

type Step =
  | { readonly type: "ask" | "offline" | "online" | "reload" | "other tab" | "answers" }
  | { readonly type: "stop" | "again"; readonly pick: number }
  | { readonly type: "fault"; readonly fault: Fault }
  | { readonly type: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ type: "ask" } as const) },
  {
    weight: 5,
    arbitrary: fc.record({
      type: fc.constantFrom(
        "offline" as const,
        "online" as const,
        "reload" as const,
        "other tab" as const,
        "answers" as const,
      ),
    }),
  },
  { weight: 4, arbitrary: fc.record({ type: fc.constantFrom("stop" as const, "again" as const), pick: fc.nat(9) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      type: fc.constant("fault" as const),
      fault: fc.constantFrom<Fault>("break-after", "break-before", { refuse: wireError("BUSY", { retryAfterMs: 1 }) }),
    }),
  },
  { weight: 5, arbitrary: fc.record({ type: fc.constant("wait" as const), ms: fc.nat(40) }) },
);

/**
 * One user with a page, which at times is also open in another tab. It records what the user did; at the end, the test
 * compares the record with the turns.
 */
class World implements AsyncDisposable {
  readonly server: RelayServer;
  private readonly storage = memoryStorage();
  private relay: Relay;
  /** A second tab: it shows the same conversation and shares the storage. */
  private otherTab: Relay | undefined;
  /** The ids of all asks, in the order in which they were asked first. */
  asked: string[] = [];
  readonly stopped = new Set<string>();
  private count = 0;

  private constructor(server: RelayServer) {
    this.server = server;
    this.relay = this.open();
  }
  static async start(): Promise<World> {
    return new World(await RelayServer.start());
  }
  async [Symbol.asyncDispose](): Promise<void> {
    this.relay.close();
    this.otherTab?.close();
    await this.server[Symbol.asyncDispose]();
  }
  private open(): Relay {
    const relay = connect({ url: this.server.url, storage: this.storage });
    relay.conversation("c").onTurns(() => undefined);
    return relay;
  }
  get turns(): readonly Turn[] {
    return this.relay.conversation("c").turns;
  }

  async take(step: Step): Promise<void> {
    switch (step.type) {
      case "ask": {
        const id = `q${++this.count}`;
        return this.note(this.relay.conversation("c").ask(`question ${this.count}`, { id }));
      }
      case "offline":
        return this.server.away();
      case "online":
        return this.server.back();
      case "reload":
        this.relay.close();
        this.relay = this.open();
        return;
      case "other tab":
        this.otherTab?.close();
        this.otherTab = this.otherTab ? undefined : this.open();
        return;
      case "answers":
        return this.answerAll();
      case "fault":
        this.server.faults.set("ask", [...(this.server.faults.get("ask") ?? []), step.fault]);
        return;
      case "wait":
        return new Promise((resolve) => setTimeout(resolve, step.ms));
      case "stop":
      case "again": {
        const turn = this.turns[step.pick % Math.max(1, this.turns.length)];
        if (!turn) return;
        if (step.type === "again") return this.note(this.relay.conversation("c").retry(turn.id));
        if (turn.state === "completed" || turn.state === "failed") return;
        this.stopped.add(turn.id);
        this.relay
          .conversation("c")
          .cancel(turn.id)
          .catch(() => undefined);
      }
    }
  }
  private note(answer: Answer): void {
    answer.text().catch(() => undefined);
    answer.accepted.catch(() => undefined);
    if (!this.asked.includes(answer.id)) this.asked.push(answer.id);
  }
  answerAll(): void {
    const ended = new Set(this.server.log.filter(isTerminal).map(({ ask }) => ask));
    for (const ask of this.server.accepted) if (!ended.has(ask)) this.server.answer(ask, `answer to ${ask}`);
  }
  /** Ends all faults, and waits until every ask has ended. */
  async settle(): Promise<void> {
    this.server.faults.clear();
    this.server.back();
    await eventually(() => this.relay.state === "online");
    // After a reload, the page may not have read the log yet.
    await this.relay.conversation("c").ready;
    await eventually(() => {
      if (this.turns.some(({ state }) => state === "sending")) return false;
      this.answerAll();
      return this.turns.every(({ state }) => state !== "running");
    });
  }
}

test("each question is asked once and in order, or was stopped, and stands among the turns, whatever happens", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30, size: "max" }), async (steps) => {
      await using world = await World.start();
      for (const each of steps) await world.take(each);
      await world.settle();
      const { server, stopped, asked } = world;
      const { accepted } = server;
      expect(new Set(accepted).size).toBe(accepted.length);
      expect(accepted.filter((id) => !stopped.has(id))).toEqual(asked.filter((id) => !stopped.has(id)));
      expect(world.turns.map(({ id }) => id).toSorted()).toEqual(asked.toSorted());
      for (const { id, state, text } of world.turns) {
        if (state === "completed") expect(text).toBe(`answer to ${id}`);
        else expect([id, state, stopped.has(id)]).toEqual([id, "cancelled", true]);
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
}, 120_000);
