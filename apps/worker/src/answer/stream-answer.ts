import { append, finish, newNonce, type Store, type TakenAsk } from "@docrelay/channel";
import type { Engine, EngineAsk } from "@docrelay/engine";
import {
  attempt,
  NEW_ATTEMPT,
  type AttemptAction,
  type AttemptEvent,
  type AttemptInput,
  type AttemptPlan,
  type Outcome,
} from "./attempt.ts";
import { originOf } from "../report/failure.ts";
import type { HeldBytes } from "./held-bytes.ts";
import type { RunningAsks } from "./running-asks.ts";
import type { Tick } from "./flush-timer.ts";

export interface AnswerDeps {
  readonly store: Store;
  readonly engine: Engine;
  readonly tick: Tick;
  readonly held: HeldBytes;
  readonly running: RunningAsks;
}

export interface AnswerRun {
  readonly ask: TakenAsk;
  readonly owner: string;
  /** Number of the engine call, as `begin` answered it. */
  readonly attempt: number;
  readonly plan: AttemptPlan;
  readonly prompt: EngineAsk;
  /** Until the ask expires, in ms from now. */
  readonly expiresInMs: number;
  /** The engine has the prompt. */
  onSent(): void;
  /** An event of this attempt is in the log. */
  onWritten(body: AttemptEvent): void;
  /** The mailbox was empty when the reply was completed. */
  onEmpty(): void;
}

/**
 * Makes one engine call and brings what it says into the log: the I/O around {@link attempt}. Resolves when the attempt
 * is over; nothing of it runs on then, and its engine connection is let go of.
 * @throws what is a bug, of ours or of the store's scripts.
 */
export function answer(deps: AnswerDeps, run: AnswerRun): Promise<Outcome> {
  const { store, engine, tick, held, running } = deps;
  const { ask, owner, plan } = run;
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const call = new AbortController();
  let state = NEW_ATTEMPT;
  let pending: { action: AttemptAction & { do: "write" }; nonce: string } | undefined;
  let again: NodeJS.Timeout | undefined;

  function dispatch(input: AttemptInput): void {
    const step = attempt(state, input, performance.now(), plan, tick.windowMs);
    state = step.state;
    for (const action of step.actions) perform(action);
    if (!held.hold(owner, state.buffer.text.length) && input.kind === "text") dispatch({ kind: "overflow" });
  }

  function perform(action: AttemptAction): void {
    if (action.do === "write") {
      pending = { action, nonce: newNonce() };
      write();
    } else if (action.do === "write-again") {
      again = setTimeout(write, action.afterMs);
    } else {
      settle(action.outcome);
    }
  }

  function write(): void {
    if (!pending || state.over) return;
    const { action, nonce } = pending;
    put(store, ask, { attempt: run.attempt, n: action.n }, action.events, nonce).then(
      ({ input, empty }) => {
        if (input.kind === "stored") for (const event of action.events) run.onWritten(event);
        if (empty) run.onEmpty();
        dispatch(input);
      },
      (error: unknown) => {
        if (originOf(error).kind === "store") dispatch({ kind: "unknown" });
        else fail(error);
      },
    );
  }

  async function read(): Promise<void> {
    try {
      // To its very end, also after the reply's: only then is the connection fit for the next ask.
      for await (const event of engine.ask(run.prompt, call.signal)) {
        if (event.kind === "sent") run.onSent();
        dispatch(event.kind === "end" ? { kind: "end", end: event } : event);
      }
      dispatch({ kind: "engine-failed", failure: { code: "ENGINE_BAD_REPLY", reason: "empty" } });
    } catch (error) {
      if (call.signal.aborted) return;
      const origin = originOf(error);
      if (origin.kind === "engine") dispatch({ kind: "engine-failed", failure: origin.failure });
      else fail(error);
    }
  }

  const expiry = setTimeout(() => dispatch({ kind: "expired" }), Math.max(0, run.expiresInMs));
  const stopTick = tick.add(() => dispatch({ kind: "tick" }));
  const stopRunning = running.add({ ask, owner, tell: dispatch });
  const reading = read();

  function close(): void {
    clearTimeout(expiry);
    clearTimeout(again);
    stopTick();
    stopRunning();
    held.release(owner);
  }
  function settle(outcome: Outcome): void {
    close();
    // A whole reply's connection is fit for the next ask; what was left in the middle of is not.
    if (!state.end) call.abort(new Error("the attempt is over"));
    reading.then(() => resolve(outcome), reject);
  }
  function fail(error: unknown): void {
    state = { ...state, over: true };
    close();
    call.abort(error);
    reject(error instanceof Error ? error : new Error(String(error)));
  }
  return promise;
}

/** Gives events to the store and reads its answer as the attempt understands it. */
async function put(
  store: Store,
  ask: TakenAsk,
  at: { attempt: number; n: number },
  events: readonly AttemptEvent[],
  nonce: string,
): Promise<{ input: AttemptInput; empty: boolean }> {
  const last = events.at(-1);
  if (last?.type === "completed") {
    const finished = await finish(store, ask, at, last, nonce, events.slice(0, -1));
    if (finished.kind === "finished") return { input: { kind: "stored" }, empty: finished.empty };
    return { input: { kind: finished.kind }, empty: false };
  }
  const { kind } = await append(store, ask, at, events, nonce);
  return { input: { kind: kind === "written" || kind === "done" ? "stored" : kind }, empty: false };
}
