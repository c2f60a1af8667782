import { request as overHttp, type IncomingHttpHeaders, type RequestOptions } from "node:http";
import { request as overTls } from "node:https";

/** The response that came back over one new connection. */
export interface Exchange {
  /** The HTTP status; 101 for an upgrade. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The beginning of the body, or after an upgrade the beginning of the server's first frame. */
  readonly body: string;
  /** The address of this machine's end of the connection. */
  readonly ownAddress: string;
}

const TIMEOUT_MS = 5000;
const MAX_BYTES = 65_536;
const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
};

/** Sends one request over a new connection. @throws errors of the connection; a TimeoutError or AbortError after 5 s */
export function exchange(
  url: URL,
  path: string,
  of: { method?: string; headers?: Record<string, string>; upgrade?: boolean } = {},
): Promise<Exchange> {
  const { method = "GET", headers = {}, upgrade = false } = of;
  const options: RequestOptions = {
    method,
    agent: false,
    headers: { ...headers, ...(upgrade ? { ...UPGRADE, origin: url.origin } : {}) },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  };
  const target = new URL(url.pathname.replace(/\/$/, "") + path, url);
  const request = (target.protocol === "https:" ? overTls : overHttp)(target, options);
  const { promise, resolve, reject } = Promise.withResolvers<Exchange>();
  request.on("error", reject);
  request.on("response", (response) => {
    const ownAddress = response.socket.localAddress ?? "";
    let body = "";
    response.setEncoding("utf8");
    response.on("error", reject);
    response.on("data", (text: string) => {
      if (body.length < MAX_BYTES) body += text;
    });
    response.on("end", () =>
      resolve({ status: response.statusCode ?? 0, headers: response.headers, body, ownAddress }),
    );
  });
  request.on("upgrade", (response, socket, head) => {
    const ownAddress = response.socket.localAddress ?? "";
    const done = (body: string): void => {
      socket.destroy();
      resolve({ status: 101, headers: response.headers, body, ownAddress });
    };
    socket.on("error", reject);
    // After an upgrade, a Socket.IO server sends the first frame. At `/ws/chat/` the server sends nothing before the
    // client has.
    if (head.length > 0 || path.startsWith("/ws/")) return done(head.toString("latin1"));
    socket.once("data", (data: Buffer) => done(data.toString("latin1")));
    socket.once("end", () => done(""));
  });
  request.end();
  return promise;
}
