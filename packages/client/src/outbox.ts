import { idSchema } from "@docrelay/protocol";
import * as z from "zod/mini";
import { readJson, writeJson, type Storage } from "./storage.ts";

/** An ask as it goes over the wire, its files uploaded already. */
export interface Outgoing {
  readonly id: string;
  readonly conversation: string;
  readonly message: string;
  readonly files: ReadonlyArray<{ readonly upload: string; readonly password?: string }>;
}

/**
 * Asks that were sent and not acknowledged yet, kept so that a reload sends them again: with the same id that is always
 * safe. Those with a password are not kept.
 */
export interface Outbox {
  put(ask: Outgoing): void;
  settle(id: string): void;
  waiting(conversation: string): Outgoing[];
}

const MOST = 20;
const outgoingSchema = z.array(
  z.object({
    id: idSchema,
    conversation: idSchema,
    message: z.string(),
    files: z.array(z.object({ upload: idSchema })),
  }),
);

export function createOutbox(storage: Storage, url: string): Outbox {
  const key = `docrelay:outbox:${url}`;
  const isList = (value: unknown): value is Outgoing[] => z.safeParse(outgoingSchema, value).success;
  const read = (): Outgoing[] => readJson(storage, key, isList) ?? [];
  return {
    put(ask) {
      if (ask.files.some(({ password }) => password !== undefined)) return;
      writeJson(storage, key, [...read().filter(({ id }) => id !== ask.id), ask].slice(-MOST));
    },
    settle(id) {
      const asks = read();
      if (asks.some((ask) => ask.id === id))
        writeJson(
          storage,
          key,
          asks.filter((ask) => ask.id !== id),
        );
    },
    waiting: (conversation) => read().filter((ask) => ask.conversation === conversation),
  };
}
