import fc from "fast-check";
import { Decoder, Encoder, PacketType, type Packet as LibraryPacket } from "socket.io-parser";
import { expect, test } from "vitest";
import { connectPacket, eventPackets, readPacket } from "./packets.ts";

/** Decodes packets with the library that servers use, after removing the `4` by which Engine.IO marks a message. */
function decode(packets: readonly (string | Uint8Array)[]): LibraryPacket {
  const decoded: LibraryPacket[] = [];
  const decoder = new Decoder();
  decoder.on("decoded", (packet) => decoded.push(packet));
  for (const packet of packets) decoder.add(typeof packet === "string" ? packet.slice(1) : Buffer.from(packet));
  const [first, ...more] = decoded;
  if (!first || more.length > 0) throw new Error(`${decoded.length} packets`);
  return first;
}
const encode = (packet: Omit<LibraryPacket, "nsp">): string =>
  `4${String(new Encoder().encode({ nsp: "/", ...packet })[0])}`;

test("an event reaches the server's library as it was, bytes included", () => {
  const json = fc.jsonValue();
  const payload = fc.record({ text: json, bytes: fc.uint8Array({ maxLength: 40 }) }, { requiredKeys: [] });
  fc.assert(
    fc.property(fc.string(), payload, fc.nat(), (event, value, id) => {
      const { data, id: read, type } = decode(eventPackets(event, value, id));
      expect([read, type]).toEqual([id, PacketType.EVENT]);
      const bytes = value.bytes && { bytes: Buffer.from(value.bytes) };
      expect(data).toEqual([event, { ...(JSON.parse(JSON.stringify({ text: value.text })) as object), ...bytes }]);
    }),
    { examples: [["connect?", { text: "1-/a,7[", bytes: new Uint8Array() }, 0]] },
  );
});

test("what the server's library sends is read", () => {
  fc.assert(
    fc.property(fc.string(), fc.jsonValue(), fc.nat(), (event, value, id) => {
      const said = JSON.parse(JSON.stringify(value)) as unknown;
      expect(readPacket(encode({ type: PacketType.EVENT, data: [event, value] }))).toEqual({
        type: "event",
        event,
        payload: said,
      });
      expect(readPacket(encode({ type: PacketType.ACK, data: [value], id }))).toEqual({
        type: "ack",
        id,
        answer: said,
      });
      const refused = encode({ type: PacketType.CONNECT_ERROR, data: { message: event, data: value } });
      expect(readPacket(refused)).toEqual({ type: "refused", why: said });
    }),
  );
  expect(readPacket(encode({ type: PacketType.CONNECT, data: { sid: "s" } }))).toEqual({ type: "connected" });
  expect(readPacket(encode({ type: PacketType.DISCONNECT, data: undefined }))).toEqual({ type: "disconnected" });
  expect(decode([connectPacket({ token: "t" })])).toMatchObject({ type: PacketType.CONNECT, data: { token: "t" } });
});

test.each([
  ['0{"sid":"s"}', { type: "open", hello: { sid: "s" } }],
  ["2", { type: "ping" }],
  ["1", { type: "disconnected" }],
  ["6", { type: "other" }],
  ['451-["bytes",{"_placeholder":true,"num":0}]', { type: "other" }],
])("the packet %s is read", (packet, read) => {
  expect(readPacket(packet)).toEqual(read);
});

test.each(["42[", "43x", "0{", "44"])("the packet %s is refused", (packet) => {
  expect(() => readPacket(packet)).toThrow(SyntaxError);
});
