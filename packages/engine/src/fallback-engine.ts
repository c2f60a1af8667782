import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from "cockatiel";
import type { Engine, EngineAsk, EngineEvent, ResumePoint } from "./engine.ts";
import { EngineError } from "./failure/engine-error.ts";

export interface NamedEngine {
  readonly engine: Engine;
  /** The engine's name for users. A name that the engine itself sends takes precedence. */
  readonly name: string;
}

export interface FallbackOptions {
  readonly first: NamedEngine;
  readonly second: NamedEngine;
  /** After this many consecutive failures, the first engine is not called for a while; default 3. */
  readonly failures?: number;
  /** For how long it is not called, in ms, default 10,000. Then one call tries it. */
  readonly pauseMs?: number;
  /** Called when the first engine failed and the second one is called. Not called while the first engine is skipped. */
  readonly onFallback?: (error: EngineError) => void;
}

/** The prefixes of the marks of the first and the second engine. */
const [FIRST, SECOND] = ["1:", "2:"] as const;

/** A call that has begun to answer: its events so far, and the rest of the call. */
interface Begun {
  readonly events: readonly EngineEvent[];
  readonly rest: AsyncIterator<EngineEvent>;
}

/**
 * Calls the second engine when the first one fails before the first text of its answer. A later failure is passed on.
 * So `sent` is emitted only with the first text, with the name of the engine that answers. Disposing disposes both
 * engines.
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
      // Otherwise the breaker would let this call wait until the call that tries the first engine has its first text.
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

  /** Continues an answer. Only the engine that has begun the answer can do this. */
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

/** Whether an error means that the engine is down. A prompt that is too large says nothing about the engine. */
function isOutage(error: unknown): boolean {
  return error instanceof EngineError && error.kind !== "too-large";
}
