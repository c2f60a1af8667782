import type { AdminPages } from "@docrelay/platform";
import { refuse } from "@docrelay/protocol";
import { hash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { toFailure } from "../../report/failure.ts";
import { sendError, sendJson } from "../api/respond.ts";
import { contentPolicy, findInline } from "../content-policy.ts";
import { adminRoutes, type AdminRoutesDeps } from "./admin-routes.ts";
import { adminDocument } from "./page/document.ts";

export interface AdminPagesDeps extends AdminRoutesDeps {
  /** The token that operators sign in with; if it is undefined, the pages for operators are off. */
  readonly token: string | undefined;
}

const MAX_BODY_BYTES = 4096;

/** Creates the pages and routes for operators on the admin port, protected by `ADMIN_TOKEN`. */
export function createAdminPages(deps: AdminPagesDeps): AdminPages {
  const { token, log } = deps;
  const page = adminDocument();
  const policy = contentPolicy(findInline(page), []);
  const routes = adminRoutes(deps);

  async function run(path: string, request: IncomingMessage): Promise<object> {
    if (!isBearer(request.headers.authorization, token)) {
      throw refuse(request.headers.authorization === undefined ? "AUTH_REQUIRED" : "AUTH_INVALID");
    }
    const route = `${request.method} ${path}`;
    const known = Object.hasOwn(routes, route) ? routes[route] : undefined;
    if (!known) throw refuse("NOT_FOUND");
    return known(new URLSearchParams((request.url ?? "").split("?")[1]), () => readJson(request));
  }

  /**
   * Sends the page, which contains no data: its script asks for the token, then fetches the data. A request without a
   * token gets the page with status 401, so that no request without a token succeeds.
   */
  function sayPage(request: IncomingMessage, response: ServerResponse): void {
    const status = isBearer(request.headers.authorization, token) ? 200 : 401;
    response.writeHead(status, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": policy,
      "cache-control": "no-store",
      "referrer-policy": "no-referrer",
      "cross-origin-opener-policy": "same-origin",
    });
    response.end(request.method === "HEAD" ? undefined : page);
  }

  return async (path, request, response) => {
    if (token === undefined) return false;
    try {
      if (path === "/admin" && (request.method === "GET" || request.method === "HEAD")) sayPage(request, response);
      else sendJson(response, 200, await run(path, request));
    } catch (error) {
      const { wire, severity } = toFailure(error);
      if (severity === "bug") log.error({ err: error, event: "admin" }, "bug");
      if (!request.complete) response.setHeader("connection", "close");
      sendError(response, wire);
    }
    return true;
  };
}

function isBearer(authorization = "", token = ""): boolean {
  const given = /^bearer +(\S+)$/i.exec(authorization)?.[1] ?? "";
  // Digests always have the same length, so that the time of the comparison reveals nothing about the token.
  return timingSafeEqual(hash("sha256", given, "buffer"), hash("sha256", token, "buffer"));
}

/** @throws Refusal `PAYLOAD_TOO_LARGE`, `BAD_MESSAGE` */
async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_BODY_BYTES) throw refuse("PAYLOAD_TOO_LARGE", { reason: "frame" });
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    throw refuse("BAD_MESSAGE", { reason: "json" });
  }
}
