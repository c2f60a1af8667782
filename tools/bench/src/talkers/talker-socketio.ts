import type { Event, Position } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import { nowMs } from "../measure/clock.ts";
import { openRelaySocket, type RelaySocket } from "./relay-socket.ts";
import type { Talker, TalkerOptions } from "./talker.ts";

const OPEN_MS = 10_000;
const OPENS = 100;

interface Log {
  readonly of: TalkerOptions;
  readonly conversation: string;
  /** Ids of asks that have no terminal event yet. */
  readonly running: Set<string>;
  call: RelaySocket["call"];
  last: Position;
  reading: Promise<void> | undefined;
  /** Whether an event came while the log was being read and was dropped; then the log is read again. */
  again: boolean;
}

/**
 * Opens a talker over Socket.IO. It counts each event once, and reads the log when it notices a gap, as every client
 * must.
 */
export async function openSocketioTalker(of: TalkerOptions): Promise<Talker> {
  const log: Log = {
    of,
    conversation: randomUUID(),
    running: new Set(),
    call: (...event) => socket.call(...event),
    last: { seq: 0, nonce: "" },
    reading: undefined,
    again: false,
  };
  const socket: RelaySocket = await openRelaySocket({
    ...of,
    onEvent(name, payload) {
      if (name === "event") hear(log, payload as Event);
      else if (name === "resync") void read(log).catch(() => undefined);
    },
    onEnd() {
      for (const ask of log.running) {
        of.tally().dropped(ask);
        end(log, ask);
      }
    },
  });
  return {
    ask(id, message, upload) {
      log.running.add(id);
      if (!socket.open) {
        of.tally().dropped(id);
        return end(log, id);
      }
      const files = upload === undefined ? {} : { files: [{ upload }] };
      socket.send("ask", { id, conversation: log.conversation, message, ...files }, (ack) => {
        of.tally().acked(id, nowMs(), ack.ok ? undefined : (ack.error?.code ?? "unknown"));
        if (!ack.ok) end(log, id);
      });
    },
    get running() {
      return log.running.size;
    },
    async catchUp() {
      if (log.running.size > 0 && socket.open) await read(log);
    },
    close: () => socket.close(),
  };
}

function end(log: Log, ask: string): void {
  if (log.running.delete(ask)) log.of.onEnded?.(ask);
}

function apply(log: Log, event: Event): void {
  log.last = { seq: event.seq, nonce: event.nonce };
  const { ask } = event;
  if (event.type === "delta") log.of.tally().text(ask, event.text, nowMs());
  else if (event.type === "extracted") log.of.tally().extracted(ask, nowMs());
  else if (event.type === "completed") {
    // A reply in one piece has no delta: its text is in `completed`.
    log.of.tally().text(ask, event.text, nowMs());
    log.of.tally().ended(ask, "completed", nowMs());
    end(log, ask);
  } else if (event.type === "failed" || event.type === "cancelled") {
    log.of.tally().ended(ask, event.type === "failed" ? event.error.code : "cancelled", nowMs());
    end(log, ask);
  }
}

function hear(log: Log, event: Event): void {
  log.of.tally().event();
  if (event.seq === log.last.seq + 1) return apply(log, event);
  if (event.seq <= log.last.seq) return log.of.tally().repeated();
  if (log.reading) log.again = true;
  else {
    log.of.tally().gap();
    void read(log).catch(() => undefined); // an error is ignored: at the end of the run the log is read again
  }
}

/** Reads the log from the last position to its end; reads it again if an event was dropped meanwhile. */
async function read(log: Log): Promise<void> {
  log.reading ??= (async () => {
    for (let opens = 0, more = true; more && opens < OPENS; opens++) {
      log.again = false;
      const after = log.last.seq > 0 ? { after: log.last } : {};
      const ack = await log.call("conversation:open", { conversation: log.conversation, ...after }, OPEN_MS);
      if (!ack.ok) throw new Error(ack.error?.code);
      for (const event of ack["events"] as Event[]) if (event.seq === log.last.seq + 1) apply(log, event);
      more = ack["more"] === true || log.again;
    }
  })().finally(() => (log.reading = undefined));
  await log.reading;
}
