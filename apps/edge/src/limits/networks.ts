/**
 * The network of each user who is connected to this edge. Limits also hold for all users of one network together,
 * because one client may create any number of anonymous users. A user with connections from several networks counts for
 * the network of the latest connection.
 */
export interface Networks {
  /** Adds a connection of a user; the returned function removes it, idempotently. */
  join(user: string, network: string): () => void;
  of(user: string): string | undefined;
}

export function createNetworks(): Networks {
  const users = new Map<string, string[]>();
  return {
    of: (user) => users.get(user)?.at(-1),
    join(user, network) {
      const known = users.get(user) ?? [];
      known.push(network);
      users.set(user, known);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        known.splice(known.indexOf(network), 1);
        if (known.length === 0) users.delete(user);
      };
    },
  };
}
