import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from "cockatiel";
import type { Engine, EngineAsk, EngineEvent, ResumePoint } from "./engine.ts";
import { EngineError } from "./failure/engine-error.ts";

export interface NamedEngine {
  readonly engine: Engine;
  /** The name of the engine that users see, unless the engine itself sends a name. */
  readonly name: string;
}

export interface FallbackOptions {
  readonly first: NamedEngine;
  readonly second: NamedEngine;
  /** After this many failures in a row, the first engine is not called for `pauseMs`. Default: 3. */
  readonly failures?: number;
  /**
   * For how many ms the first engine is skipped after `failures` failures in a row. Then one call tries it again.
   * Default: 10,000.
   */
  readonly pauseMs?: number;
  /**
   * Called when the first engine has failed and the second one is called instead. Not called while the first engine is
   * skipped.
   */
  readonly onFallback?: (error: EngineError) => void;
}

/** One of these is put before the mark of a resume point, and tells which of the two engines has set the mark. */
const [FIRST, SECOND] = ["1:", "2:"] as const;

/** A call whose answer has begun: its events so far, and an iterator for the events that follow. */
interface Begun {
  readonly events: readonly EngineEvent[];
  readonly rest: AsyncIterator<EngineEvent>;
}

/**
 * Calls the second engine if the first one is skipped, or fails before the first text of its answer. If the first one
 * fails after that text, the call fails. `sent` is emitted only together with the first text, because only then is it
 * known which engine answers. Disposing disposes both engines.
 * @throws the second engine's error, if both fail.
 */
export function createFallbackEngine(options: FallbackOptions): Engine {
  const { first, second, failures = 3, pauseMs = 10_000, onFallback } = options;
  const breaker = circuitBreaker(handleWhen(isOutage), {
    halfOpenAfter: pauseMs,
    breaker: new ConsecutiveBreaker(failures),
  });

  async function* ask(request: EngineAsk, signal: AbortSignal): AsyncGenerator<EngineEvent, void, void> {
    if (request.resume) return yield* goOn(request, request.resume, signal);
    let begun: Begun;
    try {
      // While one call tries the first engine, other calls go to the second. Without this check, the breaker would let
      // them wait until that call has its first text.
      if (breaker.state === CircuitState.HalfOpen) throw new BrokenCircuitError();
      begun = await breaker.execute(() => begin(first.engine.ask(request, signal)));
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof EngineError) onFallback?.(error);
      else if (!(error instanceof BrokenCircuitError)) throw error;
      for await (const event of second.engine.ask(request, signal)) yield named(event, second.name, SECOND);
      return;
    }
    try {
      for (const event of begun.events) yield named(event, first.name, FIRST);
      for (let next = await begun.rest.next(); next.done !== true; next = await begun.rest.next())
        yield named(next.value, first.name, FIRST);
    } finally {
      await begun.rest.return?.();
    }
  }

  /** Continues an answer with the engine that has begun it, because no other engine can. */
  async function* goOn(
    request: EngineAsk,
    { mark, bytes }: ResumePoint,
    signal: AbortSignal,
  ): AsyncGenerator<EngineEvent, void, void> {
    const [{ engine, name }, label] = mark.startsWith(SECOND) ? [second, SECOND] : [first, FIRST];
    const resume = { mark: mark.slice(label.length), bytes };
    for await (const event of engine.ask({ ...request, resume }, signal)) yield named(event, name, label);
  }

  return {
    ask,
    async [Symbol.asyncDispose]() {
      await Promise.all([first.engine[Symbol.asyncDispose](), second.engine[Symbol.asyncDispose]()]);
    },
  };
}

/** Reads a call up to its first text, or its end. */
async function begin(call: AsyncIterable<EngineEvent>): Promise<Begun> {
  const rest = call[Symbol.asyncIterator]();
  const events: EngineEvent[] = [];
  while (true) {
    const { done, value } = await rest.next();
    if (done === true) return { events, rest };
    events.push(value);
    if (value.kind !== "sent") return { events, rest };
  }
}

function named(event: EngineEvent, name: string, label: string): EngineEvent {
  if (event.kind === "end") return event;
  const marked = event.mark === undefined ? event : { ...event, mark: label + event.mark };
  return marked.kind === "sent" ? { ...marked, engine: marked.engine ?? name } : marked;
}

/** Whether an error means that the engine is down. A prompt that is too large does not. */
function isOutage(error: unknown): boolean {
  return error instanceof EngineError && error.kind !== "too-large";
}
