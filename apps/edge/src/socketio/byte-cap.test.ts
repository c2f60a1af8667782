import { once } from "node:events";
import { EventEmitter } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { eventually } from "@docrelay/testkit";
import { setImmediate } from "node:timers/promises";
import { capBytes } from "./byte-cap.ts";

let reader: Socket;
let writer: Socket;
let connection: EventEmitter & { request: { socket: Socket } };

/** Opens a real TCP connection whose reader does not read, and sends packets over it as engine.io does. */
beforeEach(async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  reader = connect((server.address() as AddressInfo).port, "127.0.0.1");
  [writer] = (await once(server, "connection")) as [Socket];
  reader.pause();
  server.close();
  connection = Object.assign(new EventEmitter(), { request: { socket: writer } });
});
afterEach(() => {
  reader.destroy();
  writer.destroy();
});

const packet = (data: string | Buffer): void => void connection.emit("packetCreate", { data });
function flush(data: string | Buffer): void {
  connection.emit("flush");
  writer.write(data);
}

describe("the byte cap", () => {
  it("counts packets that were not handed over, then what the socket holds", () => {
    const cap = capBytes(connection, 1_000_000, () => undefined);
    packet("é".repeat(10));
    packet(Buffer.alloc(5));
    connection.emit("packetCreate", {});
    expect(cap.buffered()).toBe(25);
    connection.emit("flush");
    expect(cap.buffered()).toBe(0);
  });

  it("says once that a client does not read", () => {
    let slow = 0;
    capBytes(connection, 100_000, () => slow++);
    const chunk = Buffer.alloc(50_000);
    for (let n = 0; n < 2000 && slow === 0; n++) {
      packet(chunk);
      flush(chunk);
    }
    expect(slow).toBe(1);
    for (let n = 0; n < 10; n++) packet(chunk);
    expect(slow).toBe(1);
  });

  it("lets one message exceed it", () => {
    let slow = 0;
    capBytes(connection, 1000, () => slow++);
    packet(Buffer.alloc(50_000));
    expect(slow).toBe(0);
    packet("next");
    expect(slow).toBe(1);
  });

  it("says that there is room again when the client has read, and when the connection has ended", async () => {
    const cap = capBytes(connection, 100_000_000, () => undefined);
    let roomy = 0;
    const whenRoom = (): void => cap.whenRoom(() => roomy++);
    whenRoom();
    expect(roomy).toBe(1);
    const fill = (): void => {
      const chunk = Buffer.alloc(1_000_000);
      for (let n = 0; n < 100 && cap.buffered() < 1_000_000; n++) {
        packet(chunk);
        flush(chunk);
      }
      expect(cap.buffered()).toBeGreaterThan(65_536);
      whenRoom();
    };
    fill();
    packet(Buffer.alloc(10));
    await setImmediate();
    expect(roomy).toBe(1);
    reader.resume();
    await once(writer, "drain");
    connection.emit("flush");
    await eventually(() => roomy === 2);
    reader.pause();
    fill();
    cap.end();
    await eventually(() => roomy === 3);
    whenRoom();
    expect(roomy).toBe(4);
  });

  it("leaves who reads alone", async () => {
    let slow = 0;
    const cap = capBytes(connection, 200_000, () => slow++);
    reader.resume();
    for (let n = 0; n < 40; n++) {
      const chunk = Buffer.alloc(100_000);
      packet(chunk);
      connection.emit("flush");
      if (!writer.write(chunk)) await once(writer, "drain");
    }
    expect([slow, cap.buffered()]).toEqual([0, 0]);
  });
});
