import type { Link } from "../link/link.ts";
import { list, object, text } from "../wire/read.ts";
import { RelayError } from "../wire/relay-error.ts";
import { readJson, writeJson, type Storage } from "../storage.ts";

/** An ask as it goes over the wire, its files uploaded already. */
export interface Outgoing {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
  readonly files: ReadonlyArray<{ readonly upload: string; readonly password?: string }>;
}

/** The server's answer to an ask: the ask is durable, and `seq` is that of its `accepted` event. */
export interface Accepted {
  readonly seq: number;
  /** An ask with this id was stored before; nothing new was stored. */
  readonly duplicate: boolean;
}

/**
 * Asks that were sent and not acknowledged yet, kept in the storage so that a reload sends them again: with the same id
 * that is always safe. Asks with a password are not kept.
 */
export interface Outbox {
  put(ask: Outgoing): void;
  /** Removes an ask whose outcome is known. */
  settle(id: string): void;
  /** The asks of a conversation that a former page sent and got no answer to. */
  waiting(conversation: string): Outgoing[];
}

const MAX_KEPT = 20;
/** How long an ask is sent again before its outcome counts as unknown. */
const ASK_MS = 120_000;
/** Retryable refusals after which it is certain that nothing was stored. */
const NOTHING_STORED = new Set(["BUSY", "QUOTA_EXCEEDED", "RATE_LIMITED"]);

const readKept = list<Outgoing>(
  object({ id: text, conversation: text, message: text, files: list(object<{ upload: string }>({ upload: text })) }),
);

export function createOutbox(storage: Storage, url: string): Outbox {
  const key = `docrelay:outbox:${url}`;
  const read = (): Outgoing[] => readJson(storage, key, readKept) ?? [];
  const without = (id: string): Outgoing[] => read().filter((ask) => ask.id !== id);
  return {
    put(ask) {
      if (ask.files.some(({ password }) => password !== undefined)) return;
      writeJson(storage, key, [...without(ask.id), ask].slice(-MAX_KEPT));
    },
    settle(id) {
      const rest = without(id);
      if (rest.length < read().length) writeJson(storage, key, rest);
    },
    waiting: (conversation) => read().filter((ask) => ask.conversation === conversation),
  };
}

/**
 * Sends an ask until the server accepts or refuses it; meanwhile, and while its outcome is unknown, it is in the outbox.
 * @throws RelayError the refusal, or after 120 s without an outcome `STORE_UNAVAILABLE`.
 */
export async function sendAsk(deps: { link: Link; outbox: Outbox }, ask: Outgoing): Promise<Accepted> {
  const { link, outbox } = deps;
  const { files, ...rest } = ask;
  outbox.put(ask);
  try {
    const ack = await link.call("ask", files.length > 0 ? { ...rest, files } : rest, { deadlineMs: ASK_MS });
    outbox.settle(ask.id);
    return ack;
  } catch (error) {
    const certain = error instanceof RelayError && (!error.retryable || NOTHING_STORED.has(error.code));
    if (certain) outbox.settle(ask.id);
    throw error;
  }
}
