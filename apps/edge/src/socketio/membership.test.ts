import { conversationAddress, roomOf, type ConversationAddress } from "@docrelay/channel";
import { DeadlineError } from "@docrelay/platform";
import { refuse } from "@docrelay/protocol";
import { describe, expect, it } from "vitest";
import { createMembership } from "./membership.ts";
import type { Subscriptions } from "../conversation/subscriptions.ts";

/** Makes an object with the parts of a Socket.IO socket that a membership uses. A disconnected socket joins no room. */
function socketLike(): { connected: boolean; rooms: Set<string>; join(room: string): void; leave(room: string): void } {
  const rooms = new Set(["own-id"]); // in Socket.IO each socket is in a room with its own id
  return {
    connected: true,
    rooms,
    join(room) {
      if (this.connected) rooms.add(room);
    },
    leave: (room) => void rooms.delete(room),
  };
}
const confirming: Subscriptions = {
  confirmed: async () => undefined,
  onBack: () => undefined,
  onResync: () => undefined,
};
const heard = ({ rooms }: { rooms: Set<string> }): number => rooms.size - 1;
const talk = (name: string): ConversationAddress => conversationAddress("ann", name);

describe("membership", () => {
  it("has joined, and Redis has confirmed it, before the work begins", async () => {
    const socket = socketLike();
    const { promise, resolve } = Promise.withResolvers<void>();
    const membership = createMembership(socket, { ...confirming, confirmed: () => promise });
    let began = false;
    const during = membership.during(talk("one"), async () => void (began = true));
    await Promise.resolve();
    expect([[...socket.rooms], began]).toEqual([["own-id", roomOf(talk("one"))], false]);
    resolve();
    await during;
    expect(began).toBe(true);
    expect(heard(socket)).toBe(1);
    membership.leave(talk("one"));
    expect(heard(socket)).toBe(0);
  });

  it("leaves what was refused, unless it was heard before", async () => {
    const socket = socketLike();
    const membership = createMembership(socket, confirming);
    const refused = (): Promise<never> => Promise.reject(refuse("RESUME_LOST"));
    await expect(membership.during(talk("one"), refused)).rejects.toThrow("RESUME_LOST");
    expect(heard(socket)).toBe(0);
    await membership.during(talk("one"), async () => undefined);
    await expect(membership.during(talk("one"), refused)).rejects.toThrow("RESUME_LOST");
    expect(heard(socket)).toBe(1);
  });

  it("stays while another request of the same conversation runs", async () => {
    const socket = socketLike();
    const membership = createMembership(socket, confirming);
    const { promise, resolve } = Promise.withResolvers<void>();
    const slow = membership.during(talk("one"), () => promise);
    await expect(membership.during(talk("one"), () => Promise.reject(refuse("BUSY")))).rejects.toThrow("BUSY");
    expect(heard(socket)).toBe(1);
    membership.leave(talk("one"));
    expect(heard(socket)).toBe(1);
    resolve();
    await slow;
    expect(heard(socket)).toBe(1);
  });

  it("stays when the outcome is unknown: the ask may have been accepted", async () => {
    const socket = socketLike();
    const membership = createMembership(socket, confirming);
    const unknown = membership.during(talk("one"), () => Promise.reject(new Error("Command timed out")));
    await expect(unknown).rejects.toThrow("Command timed out");
    expect(heard(socket)).toBe(1);
  });

  it("leaves, and does not work, when Redis does not confirm in time", async () => {
    const socket = socketLike();
    const membership = createMembership(socket, { ...confirming, confirmed: () => new Promise(() => undefined) });
    let began = false;
    const during = membership.during(talk("one"), async () => void (began = true));
    await expect(during).rejects.toMatchObject({ name: "DeadlineError" });
    expect([heard(socket), began]).toEqual([0, false]);
  });

  it("leaves when Redis refuses the subscription, and stays when the work itself runs out of time", async () => {
    const socket = socketLike();
    const refusing = { ...confirming, confirmed: () => Promise.reject(new Error("Command timed out")) };
    await expect(createMembership(socket, refusing).during(talk("one"), async () => undefined)).rejects.toThrow(
      "timed",
    );
    expect(heard(socket)).toBe(0);
    const late = createMembership(socket, confirming).during(talk("one"), () => Promise.reject(new DeadlineError(900)));
    await expect(late).rejects.toThrow(DeadlineError);
    expect(heard(socket)).toBe(1);
  });

  it("subscribes for nobody once the socket has gone", async () => {
    const socket = socketLike();
    let asked = 0;
    const membership = createMembership(socket, { ...confirming, confirmed: async () => void asked++ });
    socket.connected = false;
    const during = membership.during(talk("one"), async () => undefined);
    await expect(during).rejects.toMatchObject({ wire: { code: "SHUTTING_DOWN" } });
    expect(asked).toBe(0);
  });

  it("hears a thousand conversations and no more, and those it hears again and again", async () => {
    const socket = socketLike();
    const membership = createMembership(socket, confirming);
    const open = (n: number): Promise<void> => membership.during(talk(`n${n}`), async () => undefined);
    for (let n = 0; n < 1000; n++) await open(n);
    await expect(open(1000)).rejects.toMatchObject({ wire: { code: "BUSY" } });
    expect(heard(socket)).toBe(1000);
    await open(7);
    membership.leave(talk("n0"));
    await open(1000);
    expect(heard(socket)).toBe(1000);
  });

  it("opens as many at once as it may hear, also again", async () => {
    const socket = socketLike();
    const membership = createMembership(socket, confirming);
    const open = (n: number): Promise<void> => membership.during(talk(`n${n}`), async () => undefined);
    for (let n = 0; n < 600; n++) await open(n);
    await Promise.all(Array.from({ length: 1000 }, (_, n) => open(n)));
    expect(heard(socket)).toBe(1000);
  });
});
