import type { IncomingMessage } from "node:http";
import type { Identity } from "../auth/authenticator.ts";
import { normalOrigin, type Origins } from "../auth/origin.ts";
import { newVisitor, type VisitorDeps } from "../limits/visitor.ts";

export interface IdentifyDeps extends VisitorDeps {
  readonly origins: Origins;
  /** The name of the cookie that may hold the token; undefined: no cookie is read. */
  readonly cookie: string | undefined;
}

const BEARER = "bearer.";

/**
 * The user of an upgrade request: the user of the token in its subprotocols or in the cookie; without a token, a new
 * anonymous user for this connection only. @throws Refusal `AUTH_*`, `BUSY`, `RATE_LIMITED`
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
 * The cookie counts only for pages of a listed origin, because a browser sends it along with requests of any site's
 * pages.
 */
function cookieOf({ cookie, origins }: IdentifyDeps, { headers }: IncomingMessage): string | undefined {
  if (cookie === undefined || headers.origin === undefined) return undefined;
  if (!origins.listed.includes(normalOrigin(headers.origin) ?? "")) return undefined;
  const start = `${cookie}=`;
  const pair = (headers.cookie ?? "").split(";").find((one) => one.trimStart().startsWith(start));
  return pair?.trim().slice(start.length);
}
