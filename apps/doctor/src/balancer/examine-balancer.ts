import { isIP } from "node:net";
import type { Finding, PartReport } from "../part.ts";
import { exchange } from "./exchange.ts";

/**
 * How many connections are opened to present a token at several edges: with so many, most balancers choose more than
 * one edge.
 */
const CONNECTIONS = 8;
/**
 * The address that `walk` forges in `X-Forwarded-For`; it is from a range reserved for documentation, so no client has
 * it.
 */
const FORGED = "203.0.113.77";

const ok = (about: string, text: string): Finding => ({ level: "ok", about, text });
const note = (about: string, text: string): Finding => ({ level: "note", about, text });
const problem = (about: string, text: string): Finding => ({ level: "problem", about, text });

/**
 * Examines a balancer with the steps of a browser: a session, the WebSockets of Socket.IO and of `/ws/chat/`, and the
 * session again over new connections, which may reach other edges.
 */
export async function examineBalancer(url: URL): Promise<PartReport> {
  const address = `${url.protocol}//${url.host}${url.pathname}`;
  const findings: Finding[] = [];
  try {
    await walk(url, findings);
  } catch (error) {
    findings.push(problem("connection", failureOf(error)));
  }
  return { part: "balancer", address, findings, settings: {}, facts: {} };
}

async function walk(url: URL, findings: Finding[]): Promise<void> {
  const ready = await exchange(url, "/readyz");
  const isHealth = /"checks"/.test(ready.body);
  if (isHealth && ready.status === 503) {
    const failed = [...ready.body.matchAll(/"([\w-]+)":"failed"/g)].map(([, name]) => name);
    findings.push(problem("readiness", `an edge is not ready: ${failed.join(", ") || "it stops"}; its log says why`));
  }
  const session = await exchange(url, "/v1/session", { method: "POST", headers: { "x-forwarded-for": FORGED } });
  const token = tokenOf(session.body);
  if (session.status === 429)
    return void findings.push(
      note("sessions", "this address gets no more sessions now (SESSIONS_PER_MINUTE): try again in a minute"),
    );
  if (session.status === 401 || session.status === 403)
    findings.push(note("sessions", "no anonymous sessions: AUTH_MODE wants a token"));
  else if (token === undefined) {
    const text = notHere(url, session.status);
    return void findings.push(problem("connection", text));
  } else findings.push(ok("connection", "a session was given"));
  findings.push(...clientAddress(session.headers["x-docrelay-client"], session.ownAddress));
  await upgrades(url, findings);
  if (token !== undefined) findings.push(await secrets(url, token));
}

function notHere(url: URL, status: number): string {
  const prefix = url.pathname.length > 1 ? `; the proxy must strip ${url.pathname} before it passes a request on` : "";
  if ([502, 503, 504].includes(status))
    return `the proxy answers ${status}: it reaches no edge, or holds none for healthy`;
  return `POST /v1/session is answered by ${status}: no edge is behind this address${prefix}`;
}

function clientAddress(header: string | string[] | undefined, own: string): Finding[] {
  if (typeof header !== "string") return [];
  const mine = own.replace(/^::ffff:/, "");
  if (header === FORGED) {
    const text =
      "an edge believes an X-Forwarded-For that a client made up: the proxy must replace or append to it, and TRUSTED_PROXIES name proxies only";
    return [problem("client address", text)];
  }
  if (header === mine) return [ok("client address", `edges see ${header}, as it is`)];
  // The address that edges see may be right even if this machine has another: the network may translate addresses.
  if (!isInner(header)) return [ok("client address", `edges see ${header}`)];
  const text = `edges see ${header} instead of ${mine}, so all users count as one: set TRUSTED_PROXIES of the edges to the proxy's address, and have the proxy send X-Forwarded-For`;
  return [problem("client address", text)];
}

function isInner(address: string): boolean {
  if (isIP(address) === 4)
    return /^(10|127|192\.168|172\.(1[6-9]|2\d|3[01])|169\.254|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./.test(address);
  return /^(::1|::\/64|f[cd]|fe[89ab])/.test(address);
}

async function upgrades(url: URL, findings: Finding[]): Promise<void> {
  const silent = (error: unknown): { status: number; body: string } => {
    if (error instanceof Error && (error.name === "TimeoutError" || error.name === "AbortError"))
      return { status: 0, body: "" };
    throw error;
  };
  const open = await exchange(url, "/socket.io/?EIO=4&transport=websocket", { upgrade: true }).catch(silent);
  const plain = await exchange(url, "/ws/chat/", { upgrade: true }).catch(silent);
  for (const [name, { status }] of [
    ["/socket.io/", open],
    ["/ws/chat/", plain],
  ] as const) {
    if (status === 101) findings.push(ok("upgrade", `a WebSocket opens at ${name}`));
    else if (status === 403)
      findings.push(
        problem(
          "upgrade",
          `${name} is refused by 403: the origin of this address is not allowed; the proxy must pass Host on with its port, or CORS_ALLOWED_ORIGINS name it`,
        ),
      );
    else if (status === 401) findings.push(note("upgrade", `${name} wants a token`));
    else
      findings.push(
        problem(
          "upgrade",
          `${name} is answered by ${status === 0 ? "silence" : status} instead of 101: the proxy must pass Upgrade and Connection on (HTTP/1.1)`,
        ),
      );
  }
  if (open.status === 101 && !open.body.includes("0{"))
    findings.push(
      problem("upgrade", "the WebSocket at /socket.io/ opens and says nothing: the proxy must not buffer it"),
    );
}

/** Opens several connections and checks that each edge they reach accepts a token that one edge issued. */
async function secrets(url: URL, token: string): Promise<Finding> {
  const headers = { authorization: `Bearer ${token}` };
  const tries = await Promise.all(
    Array.from({ length: CONNECTIONS }, () => exchange(url, "/v1/conversations", { headers })),
  );
  const refused = tries.filter(({ status }) => status === 401).length;
  const text = `an edge's session is good over ${CONNECTIONS} new connections`;
  if (refused === 0) return ok("secrets", text);
  return problem(
    "secrets",
    `an edge's session was refused ${refused} times of ${CONNECTIONS}: edges sign with different secrets; give all of them the same SESSION_SECRET, or none and the same Redis`,
  );
}

function tokenOf(body: string): string | undefined {
  try {
    const { token } = JSON.parse(body) as { token?: unknown };
    return typeof token === "string" ? token : undefined;
  } catch {
    return undefined;
  }
}

function failureOf(error: unknown): string {
  const { code, name, message } = error as NodeJS.ErrnoException;
  if (code === "ECONNREFUSED") return "nothing listens there";
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "its name does not resolve";
  if (name === "TimeoutError" || name === "AbortError") return "no answer within 5 s";
  if (code === "ECONNRESET") return "the connection is closed without an answer; http or https may be the wrong one";
  return `it fails: ${message}`;
}
