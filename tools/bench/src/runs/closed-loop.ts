import { randomUUID } from "node:crypto";
import { createAskTally } from "../measure/ask-tally.ts";
import { nowMs } from "../measure/clock.ts";
import { openTalker } from "../talkers/open-talker.ts";
import type { Protocol, Talker } from "../talkers/talker.ts";
import { inParallel } from "./in-parallel.ts";
import { takeTokens } from "./session.ts";

const CONNECT_MS = 15_000;
const CONNECT_AT_ONCE = 32;

/** Users that each send the next ask as soon as the last one has ended, until the loop is disposed. */
export interface ClosedLoop extends Disposable {
  readonly answered: number;
  /** How many asks were refused or have failed so far. Such an ask counts as ended, so its user sends the next one. */
  readonly failed: number;
}

/**
 * Connects the users and starts. The deployment must not limit a user's rate. @throws Error when a user cannot connect.
 */
export async function startClosedLoop(of: {
  urls: readonly string[];
  protocol: Protocol;
  users: number;
  message: string;
}): Promise<ClosedLoop> {
  const tokens = await takeTokens(of);
  const tally = createAskTally(of.protocol === "socketio");
  let stopped = false;

  function askNext(talker: Talker): void {
    if (stopped) return;
    const id = randomUUID();
    const now = nowMs();
    tally.sent(id, now, now, true);
    talker.ask(id, of.message);
  }
  const talkers = await inParallel(of.users, CONNECT_AT_ONCE, async (index) => {
    const talker: Talker = await openTalker(of.protocol, {
      url: of.urls[index % of.urls.length] ?? "",
      token: tokens[index] ?? "",
      timeoutMs: CONNECT_MS,
      tally: () => tally,
      // The next ask is not sent within this call: a closed connection may end an ask while it is still being sent.
      onEnded: () => void setImmediate(askNext, talker),
    });
    return talker;
  });
  for (const talker of talkers) askNext(talker);
  return {
    get answered() {
      return tally.progress.answered;
    },
    get failed() {
      return Object.values(tally.result().errors).reduce((sum, count) => sum + count, 0);
    },
    [Symbol.dispose]() {
      stopped = true;
      for (const talker of talkers) talker.close();
    },
  };
}
