import type { Event, Position } from "@docrelay/protocol";
import { randomUUID } from "node:crypto";
import { nowMs } from "../measure/clock.ts";
import { openRelaySocket, type RelaySocket } from "./relay-socket.ts";
import type { Talker, TalkerOptions } from "./talker.ts";

const OPEN_MS = 10_000;
const OPENS = 100;

/** A talker over Socket.IO: counts each event once, and reads the log when there is a gap, as a client has to. */
export async function openSocketioTalker(of: TalkerOptions): Promise<Talker> {
  const conversation = randomUUID();
  const running = new Set<string>();
  let last: Position = { seq: 0, nonce: "" };
  let reading: Promise<void> | undefined;
  let again = false;

  function end(ask: string): void {
    if (running.delete(ask)) of.onEnded?.(ask);
  }
  function apply(event: Event): void {
    last = { seq: event.seq, nonce: event.nonce };
    const { ask } = event;
    if (event.type === "delta") of.tally().text(ask, event.text, nowMs());
    else if (event.type === "extracted") of.tally().extracted(ask, nowMs());
    else if (event.type === "completed") {
      // A reply in one piece has no delta: its text comes with `completed`.
      of.tally().text(ask, event.text, nowMs());
      of.tally().ended(ask, "completed", nowMs());
      end(ask);
    } else if (event.type === "failed" || event.type === "cancelled") {
      of.tally().ended(ask, event.type === "failed" ? event.error.code : "cancelled", nowMs());
      end(ask);
    }
  }
  function hear(event: Event): void {
    of.tally().event();
    if (event.seq === last.seq + 1) return apply(event);
    if (event.seq <= last.seq) return of.tally().repeated();
    if (reading) again = true;
    else {
      of.tally().gap();
      void read().catch(() => undefined); // the log is read once more when the run ends
    }
  }
  /** Reads the log from the last position to its end, and again when an event was dropped meanwhile. */
  async function read(): Promise<void> {
    reading ??= (async () => {
      for (let opens = 0, more = true; more && opens < OPENS; opens++) {
        again = false;
        const after = last.seq > 0 ? { after: last } : {};
        const ack = await socket.call("conversation:open", { conversation, ...after }, OPEN_MS);
        if (!ack.ok) throw new Error(ack.error?.code);
        for (const event of ack["events"] as Event[]) if (event.seq === last.seq + 1) apply(event);
        more = ack["more"] === true || again;
      }
    })().finally(() => (reading = undefined));
    await reading;
  }

  const socket: RelaySocket = await openRelaySocket({
    ...of,
    onEvent(name, payload) {
      if (name === "event") hear(payload as Event);
      else if (name === "resync") void read().catch(() => undefined);
    },
    onEnd() {
      for (const ask of running) {
        of.tally().dropped(ask);
        end(ask);
      }
    },
  });
  return {
    ask(id, message, upload) {
      running.add(id);
      if (!socket.open) {
        of.tally().dropped(id);
        return end(id);
      }
      const files = upload === undefined ? {} : { files: [{ upload }] };
      socket.send("ask", { id, conversation, message, ...files }, (ack) => {
        of.tally().acked(id, nowMs(), ack.ok ? undefined : (ack.error?.code ?? "unknown"));
        if (!ack.ok) end(id);
      });
    },
    get running() {
      return running.size;
    },
    async catchUp() {
      if (running.size > 0 && socket.open) await read();
    },
    close: () => socket.close(),
  };
}
