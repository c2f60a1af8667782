import { channelOf, roomOf, type ConversationAddress } from "@docrelay/channel";
import { within } from "@docrelay/platform";
import { Refusal, refuse } from "@docrelay/protocol";
import type { Subscriptions } from "../conversation/subscriptions.ts";

/** The parts of a Socket.IO socket that are used here. */
interface Rooms {
  readonly connected: boolean;
  readonly rooms: ReadonlySet<string>;
  join(room: string): unknown;
  leave(room: string): unknown;
}

/** The conversations whose events a socket receives: only those that it opened or asked in. */
export interface Membership {
  /**
   * Joins a conversation, waits until Redis has confirmed the subscription, then runs `work`; the socket stays joined
   * afterwards. If `work` throws a refusal, the socket leaves the conversation, unless it had joined before or another
   * `during` of the conversation is running. After any other error the outcome is unknown, and the socket stays joined.
   */
  during<T>(conversation: ConversationAddress, work: () => Promise<T>): Promise<T>;
  leave(conversation: ConversationAddress): void;
  isJoined(conversation: ConversationAddress): boolean;
}

const BARRIER_MS = 900;
const MAX_ROOMS = 1000;

export function createMembership(socket: Rooms, subscriptions: Subscriptions): Membership {
  return new SocketMembership(socket, subscriptions);
}

/** This is a class because each connection has one: methods, unlike closures, cost an idle connection no memory. */
class SocketMembership implements Membership {
  readonly #socket: Rooms;
  readonly #subscriptions: Subscriptions;
  readonly #held = new Set<string>();
  /** How many calls of `during` are running for each room; undefined while none is running. */
  #pending: Map<string, number> | undefined;

  constructor(socket: Rooms, subscriptions: Subscriptions) {
    this.#socket = socket;
    this.#subscriptions = subscriptions;
  }

  async during<T>(conversation: ConversationAddress, work: () => Promise<T>): Promise<T> {
    const room = roomOf(conversation);
    const socket = this.#socket;
    // `>` and not `>=`: each socket is also in the room of its own id, which is no conversation.
    if (!socket.rooms.has(room) && socket.rooms.size > MAX_ROOMS) {
      throw refuse("BUSY", { message: "Too many conversations are open on this connection. Close some." });
    }
    this.#begin(room);
    let worked = false;
    try {
      void socket.join(room);
      // A disconnected socket cannot join a room, and no client would receive the events.
      if (!socket.rooms.has(room)) throw refuse("SHUTTING_DOWN", { message: "The connection has ended." });
      await within(BARRIER_MS, () => this.#subscriptions.confirmed(channelOf(conversation)));
      worked = true;
      const done = await work();
      this.#held.add(room);
      return done;
    } catch (error) {
      // After an error that is no refusal, `work` may have taken effect: then the client must receive the events.
      if (worked && !(error instanceof Refusal)) this.#held.add(room);
      throw error;
    } finally {
      this.#finish(room);
      this.#leaveIdle(room);
    }
  }

  leave(conversation: ConversationAddress): void {
    this.#held.delete(roomOf(conversation));
    this.#leaveIdle(roomOf(conversation));
  }

  isJoined(conversation: ConversationAddress): boolean {
    return this.#held.has(roomOf(conversation));
  }

  #begin(room: string): void {
    this.#pending ??= new Map();
    this.#pending.set(room, (this.#pending.get(room) ?? 0) + 1);
  }

  #finish(room: string): void {
    const others = (this.#pending?.get(room) ?? 1) - 1;
    if (others > 0) this.#pending?.set(room, others);
    else this.#pending?.delete(room);
    if (this.#pending?.size === 0) this.#pending = undefined;
  }

  #leaveIdle(room: string): void {
    if (!this.#held.has(room) && !this.#pending?.has(room)) void this.#socket.leave(room);
  }
}
