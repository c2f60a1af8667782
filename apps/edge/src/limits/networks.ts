/**
 * The network of each user of this edge. Limits also hold for all users of one network together, because one client may
 * create any number of anonymous users. A user with connections from several networks counts for the network of the
 * latest open connection. A user whose connections have all closed counts for the network of the one that closed last:
 * a client may close its connection at once, while the edge still handles what the client has sent.
 */
export interface Networks {
  /**
   * Adds a connection of a user; the returned function removes it, idempotently. With `undefined`, nothing is added, and
   * the networks of closed connections no longer count: the user has come back without a network (or without a tenant,
   * see {@link createTenants}).
   */
  join(user: string, network: string | undefined): () => void;
  of(user: string): string | undefined;
}

/**
 * How long a user counts for the network of a closed connection. What the edge handles for a closed connection ends
 * earlier, even if Redis is slow: each command has a deadline of seconds, and no step is retried.
 */
const KEEP_MS = 600_000;
/** The most users without an open connection whose network is known: about 10 MB. */
const MAX_LEFT = 50_000;

export function createNetworks({ maxLeft = MAX_LEFT, now = (): number => performance.now() } = {}): Networks {
  const connected = new Map<string, string[]>();
  /** The users without an open connection, in the order in which they left. */
  const left = new Map<string, { readonly network: string; readonly until: number }>();

  function leave(user: string, network: string): void {
    left.delete(user);
    left.set(user, { network, until: now() + KEEP_MS });
    for (const [name, { until }] of left) {
      if (until > now() && left.size <= maxLeft) break;
      left.delete(name);
    }
  }

  return {
    of(user) {
      const open = connected.get(user)?.at(-1);
      if (open !== undefined) return open;
      const gone = left.get(user);
      return gone && gone.until > now() ? gone.network : undefined;
    },
    join(user, network) {
      left.delete(user);
      if (network === undefined) return () => undefined;
      const known = connected.get(user) ?? [];
      known.push(network);
      connected.set(user, known);
      let isOver = false;
      return () => {
        if (isOver) return;
        isOver = true;
        known.splice(known.indexOf(network), 1);
        if (known.length > 0) return;
        connected.delete(user);
        leave(user, network);
      };
    },
  };
}
