import { channelOf, roomOf, type ConversationAddress } from "@docrelay/channel";
import { within } from "@docrelay/platform";
import { Refusal, refuse } from "@docrelay/protocol";
import type { Subscriptions } from "../conversation/subscriptions.ts";

/** The rooms of one socket. What Socket.IO gives us of it. */
interface Rooms {
  readonly connected: boolean;
  readonly rooms: ReadonlySet<string>;
  join(room: string): unknown;
  leave(room: string): unknown;
}

/** Which conversations a socket hears: those it opened or asked in, and no others. */
export interface Membership {
  /**
   * Hears a conversation while `work` runs, and goes on hearing it when `work` is done. Redis has confirmed the
   * subscription before `work` begins. When `work` throws a refusal the conversation is left again, unless it was heard
   * before or another `during` of it runs; after any other error the outcome is unknown, and it stays.
   */
  during<T>(conversation: ConversationAddress, work: () => Promise<T>): Promise<T>;
  leave(conversation: ConversationAddress): void;
  hears(conversation: ConversationAddress): boolean;
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
      // Besides these a socket is in the room of its own id.
      if (!socket.rooms.has(room) && socket.rooms.size > MAX_ROOMS) {
        throw refuse("BUSY", { message: "Too many conversations are open on this connection. Close some." });
      }
      pending.set(room, (pending.get(room) ?? 0) + 1);
      let worked = false;
      try {
        void socket.join(room);
        // A socket that has gone joins nothing; asking Redis for its channel would subscribe for nobody.
        if (!socket.rooms.has(room)) throw refuse("SHUTTING_DOWN", { message: "The connection has ended." });
        await within(BARRIER_MS, () => subscriptions.confirmed(channelOf(conversation)));
        worked = true;
        const done = await work();
        held.add(room);
        return done;
      } catch (error) {
        // Work that was not refused may have been carried out, so its events have to be heard.
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
    hears: (conversation) => held.has(roomOf(conversation)),
  };
}
