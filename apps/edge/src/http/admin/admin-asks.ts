import {
  addressOfAsk,
  askKey,
  cancelAt,
  lastEnds,
  lifeOfAsk,
  newNonce,
  readAskKey,
  unfinishedAsks,
  unfinishedAsksOf,
  keptConversations,
  type AskFacts,
  type Bell,
  type Store,
} from "@docrelay/channel";
import { refuse } from "@docrelay/protocol";
import { lifeOf, type Life } from "./ask-life.ts";

/** Looks up and ends asks for operators. No result contains words of a question, a file or an answer. */
export interface AdminAsks {
  /**
   * Finds unfinished asks whose id, trace or user's hash is `word`. `sum`: how many unfinished asks all users have;
   * `looked`: how many unfinished asks were read to find the matching ones.
   */
  find(word: string): Promise<{ asks: readonly AskFacts[]; looked: number; sum: number }>;
  /**
   * Returns a user's unfinished asks, and the asks that ended last in the user's latest conversations. `conversations`:
   * how many conversations are kept of the user.
   */
  ofUser(user: string): Promise<{ asks: readonly AskFacts[]; ended: readonly EndedAsk[]; conversations: number }>;
  /** Returns the events of one ask, with their times. @throws Refusal `NOT_FOUND` */
  life(where: AskWhere): Promise<Life & { key: string }>;
  /**
   * Ends an unfinished ask. `ended`: it had ended before; `cancelled`: it has ended now; `flagged`: a worker will end
   * it. Idempotent. @throws Refusal `NOT_FOUND`
   */
  end(where: AskWhere): Promise<{ how: "ended" | "cancelled" | "flagged" }>;
}

/** Names one ask: by the `key` that a listing gave for it, or by its user and its id. */
export type AskWhere = { readonly key: string } | { readonly user: string; readonly ask: string };

export interface EndedAsk {
  readonly id: string;
  readonly conversation: string;
  readonly at: number;
  readonly how: string;
  readonly code?: string;
}

const MAX_LOOKED = 10_000;
const MAX_FOUND = 50;
const CONVERSATIONS = 5;

export function createAdminAsks({ store, bell }: { store: Store; bell: Bell }): AdminAsks {
  async function addressOf(where: AskWhere): Promise<NonNullable<ReturnType<typeof readAskKey>>> {
    const at = "key" in where ? readAskKey(where.key) : await addressOfAsk(store, where.user, where.ask);
    if (!at) throw refuse("NOT_FOUND");
    return at;
  }
  async function lifeAt(where: AskWhere): Promise<Life & { key: string }> {
    const at = await addressOf(where);
    const found = await lifeOfAsk(store, at);
    const life = found && lifeOf(found.events, found.facts);
    if (!life) throw refuse("NOT_FOUND", { message: "Nothing is kept of this ask." });
    return { ...life, key: askKey(at) };
  }

  return {
    async find(word) {
      const { asks, sum } = await unfinishedAsks(store, MAX_LOOKED);
      const found = asks.filter(({ id, trace, u }) => id === word || trace === word || u === word);
      return { asks: found.slice(0, MAX_FOUND), looked: asks.length, sum };
    },
    async ofUser(user) {
      const [asks, conversations] = await Promise.all([unfinishedAsksOf(store, user), keptConversations(store, user)]);
      const latest = conversations.toSorted((a, b) => b.at - a.at).slice(0, CONVERSATIONS);
      const ended = (await Promise.all(latest.map(({ id }) => endedIn(store, user, id)))).flat();
      return {
        asks: asks.slice(0, MAX_FOUND),
        ended: ended.toSorted((a, b) => b.at - a.at).slice(0, MAX_FOUND),
        conversations: conversations.length,
      };
    },
    life: lifeAt,
    async end(where) {
      const at = await addressOf(where);
      const { id, conversation } = await lifeAt(where);
      const { kind } = await cancelAt(store, at, { conversation, id, nonce: newNonce() });
      if (kind === "unknown") throw refuse("NOT_FOUND");
      // If this bell is lost, the sweeper rings again.
      if (kind !== "ended") await bell.ring({ conversation: at }).catch(() => undefined);
      return { how: kind };
    },
  };
}

/** Returns the asks that ended last in a conversation, at most `MAX_FOUND`. */
async function endedIn(store: Store, user: string, conversation: string): Promise<EndedAsk[]> {
  const ends = await lastEnds(store, { user, conversation }, MAX_FOUND);
  return ends.map((event) => ({
    id: event.ask,
    conversation,
    at: event.at,
    how: event.type,
    ...(event.type === "failed" && { code: event.error.code }),
  }));
}
