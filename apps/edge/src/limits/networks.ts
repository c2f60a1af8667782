/**
 * The network of each user who is connected to this edge. Anonymous users are counted by network, too, because anybody
 * may create any number of users. A user with connections from several networks counts for the latest one.
 */
export interface Networks {
  /** Adds a connection; the returned function removes the connection, idempotently. */
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
