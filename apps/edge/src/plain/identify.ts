import type { IncomingMessage } from "node:http";
import type { Identity } from "../auth/authenticator.ts";
import { newVisitor, type VisitorDeps } from "../limits/visitor.ts";

export type IdentifyDeps = VisitorDeps;

const BEARER = "bearer.";

/**
 * The user of an upgrade request: that of the token in its subprotocols, else a new anonymous user for this connection
 * only. @throws Refusal `AUTH_*`, `RATE_LIMITED`
 */
export async function identifyUpgrade(deps: IdentifyDeps, request: IncomingMessage): Promise<Identity> {
  const token = tokenOf(request);
  return token === undefined ? newVisitor(deps, request) : deps.authenticator.verify(token);
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
  return offered.find((protocol) => protocol.startsWith(BEARER))?.slice(BEARER.length);
}
