import { arrived, type Store, type TakenAsk } from "@docrelay/channel";
import type { EngineAsk } from "@docrelay/engine";
import { parsePoint, type Begun } from "../answer/attempt.ts";

/**
 * Returns the point from which the engine can continue an answer that another worker has begun; undefined if a new call
 * has to begin.
 */
export function pointOf({ resume, attempt, begun }: TakenAsk): Begun["point"] | undefined {
  return resume === undefined || attempt === 0 || begun ? undefined : parsePoint(resume);
}

/** Reads from the log what another worker has written of an answer that is to be continued from `point`. */
export async function readBegun(store: Store, ask: TakenAsk, point: Begun["point"]): Promise<Begun> {
  const { text, startedAt, firstTextAt } = await arrived(store, ask, ask.attempt);
  const firstTokenMs = firstTextAt === undefined ? undefined : firstTextAt - (startedAt ?? firstTextAt);
  return { n: ask.n, text, point, firstTokenMs };
}

/** Returns the request to continue an answer; it has no prompt, because the engine has that already. */
export function resumedAsk({ address }: TakenAsk, { text, point }: Begun): EngineAsk {
  const bytes = Buffer.byteLength(text.slice(0, point.at));
  return { message: "", uniqueId: address.c, affinity: address.u, resume: { mark: point.mark, bytes } };
}
