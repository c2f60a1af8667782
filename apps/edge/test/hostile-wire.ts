import { expect } from "vitest";
import { FRAME_BYTES, MARK, type Target } from "./attack.ts";
import type { Cases } from "./hostile-socket.ts";

/**
 * The tests of bad inputs that need frames that no client library sends. If the Socket.IO library, and not docrelay,
 * ends the connection, the client gets the close code 1005.
 */
export const FRAMES: Cases = {
  // The text "Invalid namespace" comes from the Socket.IO library: PROTOCOL.md has one namespace, and no error code for
  // other namespaces.
  async S13(target, user) {
    const raw = await target.raw();
    raw.send(`40/admin,${JSON.stringify({ token: await target.token(user), protocol: 1 })}`);
    expect(await raw.frame(/^44\/admin,/)).toContain("Invalid namespace");
  },
  async S14(target) {
    const raw = await target.raw();
    expect(await raw.closed).toBe(1005);
  },
  // Socket.IO ends a connection that answers no ping 45 s after the connection began, which is too long for a test. So
  // the test checks the times that Socket.IO announces.
  async S15(target) {
    const raw = await target.raw();
    const { pingInterval, pingTimeout } = JSON.parse((await raw.frame(/^0\{/)).slice(1)) as Record<string, number>;
    expect([pingInterval, pingTimeout]).toEqual([25_000, 20_000]);
  },
  async S17(target, user) {
    for (const name of ["connect", "disconnecting", "newListener"]) {
      const raw = await target.joined(user);
      raw.send(`42["${name}","${MARK}"]`);
      expect(await raw.closed).toBe(1005);
    }
  },
  async S18(target, user) {
    const raw = await target.joined(user);
    const payloads = ["[7]", `["toString","${MARK}"]`, '["nope",1]', '["ASK",{}]'];
    for (const [index, payload] of payloads.entries()) {
      raw.send(`42${index}${payload}`);
      expect(await raw.frame(new RegExp(`^43${index}\\[`))).toMatch(/"ok":false.*BAD_MESSAGE/);
    }
    expect(raw.isOpen).toBe(true);
    for (let n = payloads.length; n < 20; n++) raw.send('42["nope",1]');
    await raw.closed;
    expect(raw.frames.at(-1)).toMatch(/^42\["closing",\{"code":"BAD_MESSAGE"/);
  },
  async S19(target) {
    const raw = await target.raw();
    raw.send(`42["ask",{"message":"${MARK}"}]`);
    expect(await raw.closed).toBe(1005);
  },
  async S21(target, user) {
    const raw = await target.joined(user);
    raw.send('450-["ask"]');
    expect(await raw.closed).toBe(1005);
  },
  async S22(target, user) {
    const raw = await target.joined(user);
    raw.send(Buffer.from(MARK));
    expect(await raw.closed).toBe(1005);
  },
  async S23(target, user) {
    const raw = await target.joined(user);
    raw.send(`42["ask","${"x".repeat(FRAME_BYTES)}"]`);
    expect(await raw.closed).toBe(1009);
  },
};

const HOST = "Host: edge.test\r\n";
const status = (answer: string): number => Number(answer.split(" ")[1]);
const get = (target: Target, path: string): Promise<string> =>
  target.bytes(`GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);

export const HTTP: Cases = {
  // The edge has no route `POST /uploads`. It waits for the rest of the body for a second only, and then sends its 404.
  async H01(target) {
    const head = `POST /uploads HTTP/1.1\r\n${HOST}Connection: close\r\n`;
    const begin = MARK.repeat(1000);
    const chunk = `${begin.length.toString(16)}\r\n${begin}\r\n`;
    expect(status(await target.bytes(`${head}Content-Length: 26214401\r\n\r\n${begin}`))).toBe(404);
    expect(status(await target.bytes(`${head}Transfer-Encoding: chunked\r\n\r\n${chunk}`))).toBe(404);
  },
  async H03(target) {
    const sockets = Array.from({ length: 200 }, () => target.bytes(`GET / HTTP/1.1\r\n${HOST}X-Slow: `, 20_000));
    for (const answer of await Promise.all(sockets)) expect(status(answer)).toBe(408);
  },
  async H04(target) {
    const long = `GET / HTTP/1.1\r\n${HOST}X: ${MARK.repeat(900)}\r\n\r\n`;
    const many = `GET / HTTP/1.1\r\n${HOST}${Array.from({ length: 2000 }, (_, n) => `X-${n}: value\r\n`).join("")}\r\n`;
    const none = `GET / HTTP/1.1\r\n${HOST}no header at all\r\n\r\n`;
    expect(status(await target.bytes(long))).toBe(431);
    expect(status(await target.bytes(many))).toBe(431);
    expect(status(await target.bytes(none))).toBe(400);
  },
  // Unless `TRANSPORTS` allows polling, no polling request reaches the Socket.IO library.
  async H05(target) {
    const path = "/socket.io/?EIO=4&transport=polling";
    for (const [method, type, body] of [
      ["POST", "text/plain", "4hello"],
      ["PUT", "text/plain", "4hello"],
      ["POST", "application/octet-stream", "\x04"],
      ["POST", "text/plain", MARK.repeat(10_000)],
    ] as const) {
      const head = `${method} ${path} HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Type: ${type}\r\n`;
      const answer = await target.bytes(`${head}Content-Length: ${body.length}\r\n\r\n${body}`);
      expect([status(answer), answer.includes('"code":"BAD_MESSAGE"')]).toEqual([400, true]);
    }
  },
  async H07(target) {
    for (const path of ["/../package.json", "/assets/../../package.json", "/..%2fpackage.json", "//elsewhere.test"]) {
      const answer = await get(target, path);
      expect([path, status(answer), answer.includes('"code":"NOT_FOUND"')]).toEqual([path, 404, true]);
    }
  },
  async H08(target) {
    for (const path of ["/metrics", "/health/ready", "/admin/queues", "/queues"]) {
      expect(status(await get(target, path))).toBe(404);
    }
  },
  async H09(target) {
    const head = `OPTIONS /v1/session HTTP/1.1\r\n${HOST}Connection: close\r\nAccess-Control-Request-Method: POST\r\n`;
    const evil = await target.bytes(`${head}Origin: https://evil.test\r\nCookie: a=${MARK}\r\n\r\n`);
    expect([status(evil), /access-control-allow/i.test(evil)]).toEqual([403, false]);
    const fine = await target.bytes(`${head}Origin: https://app.test\r\n\r\n`);
    expect([status(fine), /access-control-allow-credentials/i.test(fine)]).toEqual([204, false]);
    expect(fine).toMatch(/access-control-allow-origin: https:\/\/app\.test\r\n/i);
  },
  // The id of another user's conversation or file gets the same response as an unknown id.
  async H11(target, user) {
    const token = await target.token(user);
    for (const path of ["/v1/conversations/talk/events", "/v1/asks/a", "/v1/uploads/u"]) {
      const request = `GET ${path} HTTP/1.1\r\n${HOST}Connection: close\r\nAuthorization: Bearer ${token}\r\n\r\n`;
      expect(status(await target.bytes(request))).toBe(404);
    }
  },
  async H12(target) {
    const boundary = "b".repeat(10_000);
    const part = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${"n".repeat(4096)}"\r\n\r\n${MARK}\r\n`;
    const head = `POST /v1/asks HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Type: multipart/form-data; boundary=${boundary}\r\n`;
    const answer = await target.bytes(`${head}Content-Length: ${part.length * 100}\r\n\r\n${part.repeat(100)}`);
    expect(status(answer)).toBe(400);
  },
};
