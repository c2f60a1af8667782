import type { WireError } from "@docrelay/protocol";
import { WebSocket } from "ws";
import type { Edge } from "../src/edge.ts";
import { type Client, type Fixture } from "./fixture.ts";

/** One way to send a token, or no token, to an edge. Resolves to `ok`, or to the code of the refusal. */
export type Endpoint = (edge: Edge, token: string | undefined) => Promise<string>;

/** The origin whose pages may use the cookie with the token. `COOKIE`: the name of that cookie. */
export const LISTED = "https://app.test";
export const COOKIE = "chat-token";

/** Returns every way in which a client can send a token to an edge, with the name of each. */
export function endpointsOf(relay: Fixture): ReadonlyArray<readonly [name: string, endpoint: Endpoint]> {
  return [
    [
      "Socket.IO",
      (edge, token) => codeOf(relay.client(edge, undefined, { token: token ?? null, auth: { token, protocol: 1 } })),
    ],
    [
      "/ws/chat by subprotocol",
      (edge, token) => upgrade(edge, token === undefined ? {} : { protocols: [`bearer.${token}`] }),
    ],
    [
      "/ws/chat by cookie",
      (edge, token) =>
        upgrade(edge, { origin: LISTED, ...(token === undefined ? {} : { cookie: `a=b; ${COOKIE}=${token}` }) }),
    ],
    ...["GET /v1/conversations", "GET /v1/models", "DELETE /v1/uploads/u", "POST /v1/asks", "POST /v1/responses"].map(
      (route) => [route, (edge: Edge, token: string | undefined) => request(edge, route, token)] as const,
    ),
  ];
}

async function codeOf(connecting: Promise<Client>): Promise<string> {
  const connected = await connecting.then(
    () => undefined,
    (error: unknown) => error as WireError,
  );
  return connected?.code ?? "ok";
}

/** Connects to `/ws/chat`. Resolves to `ok`, or to the code of the refusal. */
export async function upgrade(
  edge: Edge,
  { protocols = [], origin, cookie }: { protocols?: string[]; origin?: string; cookie?: string },
): Promise<string> {
  const headers = { ...(origin === undefined ? {} : { origin }), ...(cookie === undefined ? {} : { cookie }) };
  const ws = new WebSocket(`ws://127.0.0.1:${edge.port}/ws/chat`, ["docrelay.v1", ...protocols], { headers });
  return new Promise<string>((resolve, reject) => {
    ws.once("open", () => {
      resolve("ok");
      ws.close();
    });
    ws.once("unexpected-response", (_request, response) => {
      let body = "";
      response.on("data", (chunk: Buffer) => (body += chunk.toString()));
      response.once("end", () => resolve((JSON.parse(body) as { error: WireError }).error.code));
    });
    ws.once("error", reject);
  });
}

/**
 * Sends an HTTP request with the token. Resolves to the code of the refusal if the token was refused. A refusal for
 * another reason counts as `ok`, because the token was accepted.
 */
async function request(edge: Edge, route: string, token: string | undefined): Promise<string> {
  const [method = "", path = ""] = route.split(" ");
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const response = await fetch(`http://127.0.0.1:${edge.port}${path}`, { method, headers });
  const body = (await response.text().then((text) => (text === "" ? {} : JSON.parse(text)))) as { error?: WireError };
  const code = body.error?.code ?? "ok";
  return response.status === 401 || code.startsWith("AUTH_") ? code : "ok";
}
