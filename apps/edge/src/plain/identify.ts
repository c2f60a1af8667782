import type { IncomingMessage } from "node:http";
import type { Identity } from "../auth/authenticator.ts";
import { normalOrigin, type Origins } from "../auth/origin.ts";
import { newVisitor, type VisitorDeps } from "../limits/visitor.ts";

export interface IdentifyDeps extends VisitorDeps {
  readonly origins: Origins;
  /** The name of the cookie that may hold the token (`JWT_COOKIE`); if undefined, no cookie is read. */
  readonly cookie: string | undefined;
}

const BEARER = "bearer.";

/**
 * Finds the user of a request to open a socket, by the token in its subprotocols or in the cookie. Without a token the
 * user is a new anonymous one, for this connection only. @throws Refusal `AUTH_*`, `BUSY`, `RATE_LIMITED`
 */
export async function identifyUpgrade(deps: IdentifyDeps, request: IncomingMessage): Promise<Identity> {
  const token = tokenOf(request) ?? cookieOf(deps, request);
  return token === undefined ? newVisitor(deps, request) : deps.authenticator.verify(token);
}

function tokenOf({ headers }: IncomingMessage): string | undefined {
  const offered = (headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
  return offered.find((protocol) => protocol.startsWith(BEARER))?.slice(BEARER.length);
}

/**
 * Returns the token in the cookie, but only for pages of an origin in `CORS_ALLOWED_ORIGINS`: a browser also sends the
 * cookie with requests of other sites' pages.
 */
function cookieOf({ cookie, origins }: IdentifyDeps, { headers }: IncomingMessage): string | undefined {
  if (cookie === undefined || headers.origin === undefined) return undefined;
  if (!origins.listed.includes(normalOrigin(headers.origin) ?? "")) return undefined;
  const start = `${cookie}=`;
  const pair = (headers.cookie ?? "").split(";").find((one) => one.trimStart().startsWith(start));
  return pair?.trim().slice(start.length);
}
