import { WebSocket } from "ws";
import { nowMs } from "../measure/clock.ts";
import type { Talker, TalkerOptions } from "./talker.ts";

/**
 * Opens a talker over `/ws/chat/`, with the frames of the original front end, in which `unique_id` names the ask. An
 * engine understands these frames too, so that an engine can be measured without a relay.
 */
export async function openPlainTalker(of: TalkerOptions): Promise<Talker> {
  const address = `${of.url.replace(/^http/, "ws").replace(/\/$/, "")}/ws/chat/`;
  const ws = new WebSocket(address, ["docrelay.v1", `bearer.${of.token}`], {
    perMessageDeflate: false,
    skipUTF8Validation: true,
    handshakeTimeout: of.timeoutMs,
  });
  const running = new Set<string>();
  const end = (ask: string): void => {
    if (running.delete(ask)) of.onEnded?.(ask);
  };
  ws.on("message", (data) => {
    const frame = JSON.parse((data as Buffer).toString()) as Record<string, unknown>;
    const ask = typeof frame["unique_id"] === "string" ? frame["unique_id"] : "";
    const now = nowMs();
    of.tally().event();
    if (frame["type"] === "delta") return of.tally().text(ask, textOf(frame["text"] ?? frame["message"]), now);
    if (frame["type"] === "error") of.tally().ended(ask, textOf(frame["code"]), now);
    else {
      of.tally().text(ask, textOf(frame["message"]), now);
      of.tally().ended(ask, "completed", now);
    }
    end(ask);
  });
  ws.on("close", () => {
    for (const ask of running) {
      of.tally().dropped(ask);
      end(ask);
    }
  });
  await new Promise<void>((resolve, reject) => {
    ws.once("open", resolve);
    ws.on("error", reject);
  });
  return {
    ask(id, message) {
      running.add(id);
      if (ws.readyState === WebSocket.OPEN)
        return ws.send(JSON.stringify({ message, type: "chat", unique_id: id, stream: true }));
      of.tally().dropped(id);
      end(id);
    },
    get running() {
      return running.size;
    },
    catchUp: () => Promise.resolve(),
    close: () => ws.close(),
  };
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}
