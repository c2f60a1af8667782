import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { WebSocket } from "ws";
import { takeTokens } from "../runs/session.ts";
import { openRelaySocket, type RelaySocket } from "../talkers/relay-socket.ts";

/**
 * What an abuser can do: it has one address, which it sends in the header `X-Forwarded-For` as a balancer would, and
 * may create any number of anonymous users.
 */
export interface Abuser {
  readonly signal: AbortSignal;
  /** How many events, connections and sessions were accepted or refused, by code. */
  readonly seen: Record<string, number>;
  count(code: string): void;
  /** Creates a user and returns its token. @throws Error when the relay refuses a new user. */
  token(): Promise<string>;
  /** Opens a Socket.IO connection of a user to one of the edges. */
  socket(token: string): Promise<RelaySocket>;
  /** Opens a WebSocket on this path; undefined when it was refused. */
  webSocket(path: string): Promise<WebSocket | undefined>;
  /** Runs `work` again and again in `count` parallel loops (lanes) until the end of the abuse; errors are counted. */
  lanes(count: number, work: (lane: number) => Promise<unknown>): Promise<void>;
  /** Sends an event and counts its answer; resolves with whether the event was accepted. */
  call(socket: RelaySocket, event: string, payload: object, bytes?: Uint8Array): Promise<boolean>;
}

const CALL_MS = 5000;
const OPEN_MS = 5000;
/** The pause after a refusal, in ms: without it, the abuser would only keep its own process busy. */
const PAUSE_MS = 20;

export function createAbuser(of: { urls: readonly string[]; address: string; signal: AbortSignal }): Abuser {
  const { urls, address, signal } = of;
  const headers = { "x-forwarded-for": address };
  const seen: Record<string, number> = {};
  let next = 0;
  const url = (): string => urls[next++ % urls.length] ?? "";
  const count = (code: string): void => void (seen[code] = (seen[code] ?? 0) + 1);

  const abuser: Abuser = {
    signal,
    seen,
    count,
    async token() {
      const [token = ""] = await takeTokens({ urls: [url()], users: 1, headers });
      count("session");
      return token;
    },
    socket: (token) =>
      openRelaySocket({
        url: url(),
        token,
        headers,
        timeoutMs: OPEN_MS,
        onEvent: () => undefined,
        onEnd: () => count("connection ended"),
      }),
    webSocket(path) {
      const ws = new WebSocket(`${url().replace(/^http/, "ws")}${path}`, {
        headers,
        perMessageDeflate: false,
        handshakeTimeout: OPEN_MS,
      });
      return new Promise((resolve) => {
        ws.on("error", () => resolve(undefined));
        ws.once("close", (code) => count(`closed ${code}`));
        ws.once("open", () => resolve(ws));
      });
    },
    async lanes(lanes, work) {
      const lane = async (index: number): Promise<void> => {
        while (!signal.aborted) {
          try {
            await work(index);
          } catch (error) {
            count(error instanceof Error ? error.message.slice(0, 60) : "error");
            await sleep(PAUSE_MS);
          }
        }
      };
      await Promise.all(Array.from({ length: lanes }, (_, index) => lane(index)));
    },
    async call(socket, event, payload, bytes) {
      if (!socket.open) throw new Error("no connection");
      const answer =
        bytes && event === "ask"
          ? await socket.callWith(bytes, event, payload, CALL_MS)
          : await socket.call(event, payload, CALL_MS, bytes);
      count(answer.ok ? "ok" : (answer.error?.code ?? "refused"));
      if (!answer.ok) await sleep(PAUSE_MS);
      return answer.ok;
    },
  };
  return abuser;
}

/** Returns a function that gives the connection of a parallel loop (`lane`), and opens it again when it has ended. */
export function keepOpen(abuser: Abuser, tokens: readonly string[]): (lane: number) => Promise<RelaySocket> {
  const opened = new Map<number, Promise<RelaySocket>>();
  return async (lane) => {
    const known = opened.get(lane);
    if (known && (await known).open) return known;
    const newer = opened.get(lane);
    if (newer && newer !== known) return newer;
    const opening = abuser.socket(tokens[lane % tokens.length] ?? "");
    opened.set(lane, opening);
    opening.catch(() => opened.delete(lane));
    return opening;
  };
}

export const newId = (): string => randomUUID();
