import {
  askAckSchema,
  openAckSchema,
  plainAckSchema,
  refreshAckSchema,
  uploadChunkAckSchema,
  uploadStartAckSchema,
  wireError,
  type WireError,
} from "@docrelay/protocol";
import * as z from "zod/mini";
import { RelayError } from "./relay-error.ts";

/** The schema of the acknowledgement of each call. */
const ACKS = {
  ask: askAckSchema,
  cancel: plainAckSchema,
  "conversation:open": openAckSchema,
  "conversation:close": plainAckSchema,
  "upload:start": uploadStartAckSchema,
  "upload:chunk": uploadChunkAckSchema,
  "auth:refresh": refreshAckSchema,
} as const;

/** The events that a client sends and a server acknowledges. */
export type CallName = keyof typeof ACKS;
type Ack<N extends CallName> = z.infer<(typeof ACKS)[N]>;
const SCHEMAS: { readonly [N in CallName]: z.ZodMiniType<Ack<N>> } = ACKS;
/** What the server answers to a call that it did not refuse. */
export type Acked<N extends CallName> = Extract<Ack<N>, { ok: true }>;

/**
 * Reads an acknowledgement; fields that this version does not know are left out.
 * @throws RelayError the server's refusal, or `INTERNAL` when the answer does not have the form of the contract.
 */
export function readAck<N extends CallName>(name: N, answer: unknown): Acked<N> {
  const read = z.safeParse(SCHEMAS[name], answer);
  if (read.success && isDone(read.data)) return read.data;
  throw new RelayError(refusalOf(name, read.data), { cause: read.error });
}

function isDone<A extends { ok: boolean }>(ack: A): ack is Extract<A, { ok: true }> {
  return ack.ok;
}

function refusalOf(name: CallName, ack: Ack<CallName> | undefined): WireError {
  if (ack && !ack.ok) return ack.error;
  return wireError("INTERNAL", { message: `The server's answer to ${name} cannot be read.` });
}
