import { wireError, type Ack } from "@docrelay/protocol";
import type { ListedConversation, Shared, UploadStatus, WireError } from "./contract.ts";
import { readError, readListed, readOpened, UPLOAD_STATUS } from "./payloads.ts";
import { tryRead, flag, int, list, literal, number, object, optional, text, type Reader } from "./read.ts";
import { RelayError } from "./relay-error.ts";

const ok = literal(true);
const refused = object<Extract<Ack, { ok: false }>>({ ok: literal(false), error: readError });
const plain = object<{ ok: true }>({ ok });

/** For each call: the reader of its acknowledgement, if the server did not refuse the call. */
export const ACKS = {
  ask: object<{ ok: true; ask: string; seq: number; duplicate: boolean }>({ ok, ask: text, seq: int, duplicate: flag }),
  cancel: plain,
  feedback: plain,
  "conversation:open": readOpened,
  "conversation:close": plain,
  "conversation:rename": plain,
  "conversation:delete": plain,
  "conversation:unshare": plain,
  "conversation:share": object<{ ok: true } & Shared>({ ok, token: text, expiresAt: number, expiresInMs: int }),
  "conversations:list": object<{ ok: true; conversations: ListedConversation[]; more: boolean }>({
    ok,
    conversations: list(readListed),
    more: flag,
  }),
  "upload:start": object<{ ok: true; upload: string; offset: number; chunkBytes: number }>({
    ok,
    upload: text,
    offset: int,
    chunkBytes: int,
  }),
  "upload:chunk": object<{ ok: true; offset: number; done: boolean }>({ ok, offset: int, done: flag }),
  "upload:status": object<{ ok: true } & UploadStatus>({ ok, ...UPLOAD_STATUS }),
  "auth:refresh": object<{ ok: true; expiresAt: number; expiresInMs?: number | undefined }>({
    ok,
    expiresAt: number,
    expiresInMs: optional(int),
  }),
} as const;

/** The events that a client sends and a server acknowledges. */
export type CallName = keyof typeof ACKS;
/** The acknowledgement of a call that the server did not refuse. */
export type Acked<N extends CallName> = ReturnType<(typeof ACKS)[N]>;
const READERS: { readonly [N in CallName]: Reader<Acked<N>> } = ACKS;

/**
 * Reads an acknowledgement. Fields that this version does not know are dropped.
 * @throws RelayError with the server's refusal; with `INTERNAL` when the acknowledgement does not fit the contract.
 */
export function readAck<N extends CallName>(name: N, answer: unknown): Acked<N> {
  try {
    return READERS[name](answer);
  } catch (cause) {
    throw new RelayError(refusalOf(name, answer), { cause });
  }
}

function refusalOf(name: CallName, answer: unknown): WireError {
  return (
    tryRead(refused, answer)?.error ??
    wireError("INTERNAL", { message: `The server's answer to ${name} cannot be read.` })
  );
}
