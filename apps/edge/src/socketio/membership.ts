import { channelOf, roomOf, type ConversationAddress } from "@docrelay/channel";
import { within } from "@docrelay/platform";
import { Refusal, refuse } from "@docrelay/protocol";
import type { Subscriptions } from "../conversation/subscriptions.ts";

/** The rooms of one socket: the used parts of a Socket.IO socket. */
interface Rooms {
  readonly connected: boolean;
  readonly rooms: ReadonlySet<string>;
  join(room: string): unknown;
  leave(room: string): unknown;
}

/** The conversations whose events a socket receives: those it opened or asked in, and no others. */
export interface Membership {
  /**
   * Joins a conversation before `work` runs; the socket stays joined when `work` is done. Redis has confirmed the
   * subscription before `work` begins. When `work` throws a refusal the conversation is left, unless it was joined
   * before or another `during` of it runs; after any other error the outcome is unknown, and the socket stays joined.
   */
  during<T>(conversation: ConversationAddress, work: () => Promise<T>): Promise<T>;
  leave(conversation: ConversationAddress): void;
  isJoined(conversation: ConversationAddress): boolean;
}

const BARRIER_MS = 900;
const MAX_ROOMS = 1000;

export function createMembership(socket: Rooms, subscriptions: Subscriptions): Membership {
  const held = new Set<string>();
  const pending = new Map<string, number>();

  const leaveIdle = (room: string): void => {
    if (!held.has(room) && !pending.has(room)) void socket.leave(room);
  };

  return {
    async during(conversation, work) {
      const room = roomOf(conversation);
      // `>` and not `>=`, because each socket is also in the room of its own id.
      if (!socket.rooms.has(room) && socket.rooms.size > MAX_ROOMS) {
        throw refuse("BUSY", { message: "Too many conversations are open on this connection. Close some." });
      }
      pending.set(room, (pending.get(room) ?? 0) + 1);
      let worked = false;
      try {
        void socket.join(room);
        // A disconnected socket joins no room; a subscription of its channel would have no receiver.
        if (!socket.rooms.has(room)) throw refuse("SHUTTING_DOWN", { message: "The connection has ended." });
        await within(BARRIER_MS, () => subscriptions.confirmed(channelOf(conversation)));
        worked = true;
        const done = await work();
        held.add(room);
        return done;
      } catch (error) {
        // `work` may have taken effect despite the error, so the socket has to receive its events.
        if (worked && !(error instanceof Refusal)) held.add(room);
        throw error;
      } finally {
        const others = (pending.get(room) ?? 1) - 1;
        if (others > 0) pending.set(room, others);
        else pending.delete(room);
        leaveIdle(room);
      }
    },
    leave(conversation) {
      held.delete(roomOf(conversation));
      leaveIdle(roomOf(conversation));
    },
    isJoined: (conversation) => held.has(roomOf(conversation)),
  };
}
