import { BrokenCircuitError, circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from "cockatiel";
import type { Engine, EngineAsk, EngineEvent, ResumePoint } from "./engine.ts";
import { EngineError } from "./failure/engine-error.ts";

export interface NamedEngine {
  readonly engine: Engine;
  /** For users; an engine's own name for itself comes first. */
  readonly name: string;
}

export interface FallbackOptions {
  readonly first: NamedEngine;
  readonly second: NamedEngine;
  /** Failures of the first engine in a row after which it is not asked for a while, default 3. */
  readonly failures?: number;
  /** For how long, in ms, default 10,000; then one call tries it. */
  readonly pauseMs?: number;
  /** The first engine failed, and the second is asked. Not called while the first one is not asked. */
  readonly onFallback?: (error: EngineError) => void;
}

/** Before the marks of the first engine, and of the second. */
const [FIRST, SECOND] = ["1:", "2:"] as const;

/** A call that has begun to answer: what it has said so far, and where it goes on. */
interface Begun {
  readonly events: readonly EngineEvent[];
  readonly rest: AsyncIterator<EngineEvent>;
}

/**
 * Asks a second engine when the first one fails before the first text of its answer; afterwards a failure is a failure. So
 * `sent` comes with the first text only, with the name of the engine that answers. Disposing disposes both.
 * @throws as the second engine, if both fail.
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
      // The breaker would let this call wait until the one that tries the first engine has its first text.
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

  /** Only the engine that has begun an answer can go on with it. */
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

/** A prompt that is too large says nothing about the engine. */
function isOutage(error: unknown): boolean {
  return error instanceof EngineError && error.kind !== "too-large";
}
