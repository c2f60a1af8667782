import { SentinelConnector, type Redis, type RedisOptions, type SentinelConnectionOptions } from "ioredis";
import { lookup, NodeConnector } from "../cluster/node-connector.ts";

/** Those methods of ioredis's connector, private there, that are patched here. A test fails if a patch has no effect. */
interface Patched {
  /** Opens a connection to a sentinel. */
  connectToSentinel(endpoint: object, options?: RedisOptions): Redis;
  /** Returns the options of the socket to the server that a sentinel has named. */
  sentinelNatResolve(named: object | null): object | null;
}

/**
 * Connects to the master that the sentinels name, as ioredis does it, except for how names are looked up: the search
 * for the name of a stopped master must not keep others from connecting ({@link lookup}).
 */
export class MasterConnector extends SentinelConnector {
  constructor(options: unknown) {
    super(options as SentinelConnectionOptions);
    const patched = this as unknown as Patched;
    const open = patched.connectToSentinel.bind(this);
    const resolve = patched.sentinelNatResolve.bind(this);
    patched.connectToSentinel = (endpoint, more) => open(endpoint, { ...more, Connector: NodeConnector });
    patched.sentinelNatResolve = (named) => {
      const to = resolve(named);
      return to && { ...to, lookup };
    };
  }
}
