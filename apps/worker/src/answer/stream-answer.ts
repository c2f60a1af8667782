import { append, finish, newNonce, type Store, type TakenAsk } from "@docrelay/channel";
import { HandedOver, type Engine, type EngineAsk, type EngineError } from "@docrelay/engine";
import { originOf, type Failure } from "../report/failure.ts";
import { sleep } from "../report/retry.ts";
import {
  attempt,
  goOn,
  NEW_ATTEMPT,
  type AttemptAction,
  type AttemptEvent,
  type AttemptInput,
  type AttemptPlan,
  type AttemptState,
  type Begun,
  type Outcome,
} from "./attempt.ts";
import { NOT_AWAY, waitForEngine } from "./away.ts";
import type { FlushTimer } from "./flush-timer.ts";
import type { HeldBytes } from "./held-bytes.ts";
import type { RunningAsks } from "./running-asks.ts";

export interface StreamDeps {
  readonly store: Store;
  readonly engine: Engine;
  readonly flushTimer: FlushTimer;
  readonly held: HeldBytes;
  readonly running: RunningAsks;
}

/** One engine call for an ask, and the functions that are called while its reply arrives. */
export interface AnswerCall {
  readonly ask: TakenAsk;
  readonly owner: string;
  /** The number of this call among the engine calls of its ask, as the store has counted them. */
  readonly attempt: number;
  readonly plan: AttemptPlan;
  readonly prompt: EngineAsk;
  /**
   * What a dead worker has written of the attempt, if this call continues that attempt from `prompt.resume`; else
   * undefined.
   */
  readonly begun?: Begun | undefined;
  /** In how many ms the ask expires. */
  readonly expiresInMs: number;
  /** For how many ms the call is repeated while the engine does not accept it. */
  readonly awayMs: number;
  /**
   * Called when the engine did not accept the call, before the call is repeated. `sinceMs`: for how long the engine has
   * not accepted the call.
   */
  onAway(error: EngineError, sinceMs: number): void;
  /** Called when the engine has received the prompt; the prompt was sent `agoMs` ago. */
  onSent(agoMs: number): void;
  onText(text: string): void;
  /** Returns how many tokens are counted for the user; called when the whole reply has arrived. */
  tokens(): number;
  /** Called for each event that this call has written to the log. */
  onWritten(body: AttemptEvent): void;
}

/**
 * Makes one engine call and writes its reply to the log: it does what the pure function {@link attempt} decides. When
 * it resolves, the attempt is over, its engine connection is released, and nothing of the call runs any more.
 * @throws only for bugs, of this code or of the store's scripts.
 */
export function streamAnswer(deps: StreamDeps, call: AnswerCall): Promise<Outcome> {
  return new AnswerStream(deps, call).run();
}

/** A write to which the store has not replied yet. */
type Pending = Omit<Extract<AttemptAction, { do: "write" }>, "do"> & { readonly nonce: string };

class AnswerStream {
  readonly #deps: StreamDeps;
  readonly #call: AnswerCall;
  readonly #engineCall = new AbortController();
  readonly #outcome = Promise.withResolvers<Outcome>();
  #state: AttemptState;
  /** The state before the engine has sent anything to this process. */
  readonly #before: AttemptState;
  #pending: Pending | undefined;
  #resend: NodeJS.Timeout | undefined;
  #stopInputs = (): void => undefined;
  #reading = Promise.resolve();

  constructor(deps: StreamDeps, call: AnswerCall) {
    this.#deps = deps;
    this.#call = call;
    this.#before = call.begun ? goOn(call.begun, performance.now()) : NEW_ATTEMPT;
    this.#state = this.#before;
  }

  run(): Promise<Outcome> {
    const { flushTimer, running } = this.#deps;
    const { ask, owner, expiresInMs } = this.#call;
    const expiry = setTimeout(() => this.#dispatch({ kind: "expired" }), Math.max(0, expiresInMs));
    const stopTicks = flushTimer.add(() => this.#dispatch({ kind: "tick" }));
    const stopRenewals = running.add({ ask, owner, notify: (change) => this.#dispatch(change) });
    this.#stopInputs = () => {
      clearTimeout(expiry);
      stopTicks();
      stopRenewals();
    };
    this.#reading = this.#read();
    return this.#outcome.promise;
  }

  #dispatch(input: AttemptInput): void {
    const { flushTimer, held } = this.#deps;
    const moment = { now: performance.now(), windowMs: flushTimer.windowMs };
    const step = attempt(this.#state, input, this.#call.plan, moment);
    this.#state = step.state;
    for (const action of step.actions) this.#perform(action);
    const fits = held.hold(this.#call.owner, 2 * this.#state.buffer.text.length);
    if (!fits && input.kind === "text") this.#dispatch({ kind: "overflow" });
  }

  #perform(action: AttemptAction): void {
    if (action.do === "write") {
      this.#pending = { ...action, nonce: newNonce() };
      void this.#write();
    } else if (action.do === "write-again") {
      this.#resend = setTimeout(() => void this.#write(), action.afterMs);
    } else {
      this.#settle(action.outcome);
    }
  }

  async #write(): Promise<void> {
    const pending = this.#pending;
    if (!pending || this.#state.over) return;
    try {
      const input = await this.#store(pending);
      if (input.kind === "stored" || input.kind === "finished") {
        for (const event of pending.events) this.#call.onWritten(event);
      }
      this.#dispatch(input);
    } catch (error) {
      if (originOf(error).kind === "store") this.#dispatch({ kind: "unknown" });
      else this.#fail(error);
    }
  }

  /** Writes events in one step; returns the store's reply as an input of {@link attempt}. */
  async #store({ n, events, nonce, resumable, resume }: Pending): Promise<AttemptInput> {
    const { store } = this.#deps;
    const { ask, attempt: number } = this.#call;
    const at = { attempt: number, n };
    const { owner } = this.#call;
    const last = events.at(-1);
    if (last?.type === "completed")
      return finish(store, ask, at, {
        end: last,
        nonce,
        before: events.slice(0, -1),
        owner: resumable && owner,
        tokens: this.#call.tokens(),
      });
    const reply = await append(store, ask, at, { events, nonce, resumable: resumable && { owner, resume } });
    return reply.kind === "written" || reply.kind === "done" ? { kind: "stored" } : { kind: reply.kind };
  }

  /** Calls the engine, and calls it again while it does not accept the call. All these calls count as one attempt. */
  async #read(): Promise<void> {
    const { signal } = this.#engineCall;
    let away = NOT_AWAY;
    while (!signal.aborted) {
      const begunAt = performance.now();
      const failure = await this.#callOnce();
      if (!failure) return;
      const now = performance.now();
      const { awayMs: longestMs, onAway } = this.#call;
      const { engine } = failure;
      // Once text has come, the call is not repeated: within one attempt, text cannot be taken back.
      if (engine?.retry !== "away" || this.#state.text !== this.#before.text)
        return this.#dispatch({ kind: "engine-failed", failure });
      const wait = waitForEngine(away, engine, { begunAt, now, longestMs, random: Math.random() });
      if (!wait) return this.#dispatch({ kind: "engine-failed", failure: { ...failure, isFinal: true } });
      onAway.call(this.#call, engine, Math.round(now - wait.away.since));
      away = wait.away;
      await sleep(wait.pauseMs, signal);
    }
  }

  /**
   * Makes one call. Returns why it failed; undefined if the attempt is over and has aborted the call. A failure is also
   * returned after a complete reply; {@link attempt} then ignores it.
   */
  async #callOnce(): Promise<Failure | undefined> {
    const { signal } = this.#engineCall;
    try {
      // The loop goes on after the reply's end, because the engine client then still prepares the connection for the
      // next ask.
      for await (const event of this.#deps.engine.ask(this.#call.prompt, signal)) {
        if (event.kind === "sent") this.#call.onSent(event.agoMs ?? 0);
        if (event.kind === "text") this.#call.onText(event.text);
        this.#dispatch(event.kind === "end" ? { kind: "end", end: event } : event);
      }
      return { code: "ENGINE_BAD_REPLY", reason: "empty" };
    } catch (error) {
      if (signal.aborted) return undefined;
      const origin = originOf(error);
      if (origin.kind === "engine") return origin.failure;
      this.#fail(error);
      return undefined;
    }
  }

  #settle(outcome: Outcome): void {
    this.#close();
    // After a complete reply, the engine connection can be used again. In the middle of a reply the call is aborted,
    // which closes the connection.
    if (!this.#state.end) {
      const isHandedOver = outcome.kind === "stale" || outcome.kind === "abandoned";
      this.#engineCall.abort(isHandedOver ? new HandedOver() : new Error("the attempt is over"));
    }
    this.#reading.then(() => this.#outcome.resolve(outcome), this.#outcome.reject);
  }

  #fail(error: unknown): void {
    this.#state = { ...this.#state, over: true, buffer: NEW_ATTEMPT.buffer };
    this.#close();
    this.#engineCall.abort(error);
    this.#outcome.reject(error instanceof Error ? error : new Error(String(error)));
  }

  #close(): void {
    this.#stopInputs();
    clearTimeout(this.#resend);
    this.#deps.held.release(this.#call.owner);
  }
}
