import { createMetrics, type Metrics } from "@docrelay/platform";

/**
 * The metrics of an edge. Labels are only names from fixed tables and the names of a bounded number of tenants, because
 * each label adds a time series.
 */
export interface EdgeMetrics {
  readonly metrics: Metrics;
  /**
   * Returns how many events, connections, plain frames and HTTP requests of clients were refused since the start, by
   * what was refused (`event`) and code.
   */
  refusals(): Promise<Array<{ event: string; code: string; count: number }>>;
  /** Returns some of the current counts, under readable names, for the pages of operators. */
  figures(): Readonly<Record<string, number>>;
  /**
   * Counts a client's event, frame or request that was acknowledged or refused. `outcome`: `ok` or the refusal's code.
   */
  answered(event: string, outcome: string): void;
  /** Counts an acknowledged ask. `seconds`: the time from its arrival to its acknowledgement. */
  asked(seconds: number): void;
  /** Counts an accepted ask of a tenant; `bytes`: the size of its question. */
  askedByTenant(tenant: string, bytes: number): void;
  /**
   * Counts an open of a conversation from a position; `events`: how many events of the log the client got. `reconnect`:
   * the connection had not joined the conversation before; `gap`: it had joined it, but has missed events.
   */
  resumed(why: "reconnect" | "gap", events: number): void;
  /**
   * Counts a message that the Socket.IO adapter has received from Redis: an event or a hint for a conversation that is
   * open on this edge.
   */
  heard(): void;
  resynced(): void;
  /** Counts a connection that this edge has ended, for the reason `code`. */
  closed(code: string): void;
  unexpected(): void;
  feedbackGiven(verdict: "up" | "down" | "none"): void;
}

/** The counts that are read at each scrape of the metrics. */
export interface OpenNow {
  readonly socketio: number;
  readonly plain: number;
  readonly http: number;
  readonly unstoredBytes: number;
  readonly uploads: number;
  readonly opensWaiting: number;
  readonly workersHeard: number;
  readonly redisEvictedKeys: number;
  readonly redisLosses: number;
  readonly asksLost: number;
  readonly bufferedBytes: number;
  readonly largestBuffer: number;
}

const GAUGES: { readonly [Field in keyof OpenNow]: readonly [name: string, help: string] } = {
  socketio: ["docrelay_edge_socketio_connections", "Socket.IO connections open now"],
  plain: ["docrelay_edge_plain_connections", "Plain WebSocket connections open now"],
  http: ["docrelay_edge_http_requests", "Requests to the HTTP API open now"],
  unstoredBytes: ["docrelay_edge_upload_unstored_bytes", "Bytes of uploads received and not stored yet"],
  uploads: ["docrelay_edge_uploads", "Uploads that have chunks in this edge now"],
  opensWaiting: [
    "docrelay_edge_opens_waiting",
    "Conversations that wait for their turn to be read, or for their client to read what it was sent",
  ],
  workersHeard: ["docrelay_edge_workers_heard", "Workers whose beats this edge hears"],
  redisEvictedKeys: ["docrelay_edge_redis_evicted_keys", "Keys that Redis has dropped for want of memory"],
  redisLosses: [
    "docrelay_edge_redis_losses",
    "Times that Redis had lost what the edges share, and this edge set it again",
  ],
  asksLost: ["docrelay_edge_asks_lost", "Asks that this edge acknowledged and a later Redis does not have"],
  bufferedBytes: [
    "docrelay_edge_socket_buffer_bytes",
    "Bytes that wait for Socket.IO clients to read them, of all connections",
  ],
  largestBuffer: ["docrelay_edge_socket_buffer_largest_bytes", "Bytes that wait for the slowest Socket.IO client"],
};

/** @param now returns the current counts; it is called once at each scrape, since it goes through all connections. */
export function createEdgeMetrics(now: () => OpenNow): EdgeMetrics {
  const metrics = createMetrics();
  metrics.gauges(GAUGES, now);
  const resumes = metrics.counter("docrelay_edge_resumes_total", "Conversations opened from a position on, by why", [
    "why",
  ]);
  const replayed = metrics.counter("docrelay_edge_replayed_events_total", "Events sent from the log at an open");
  const messages = metrics.counter(
    "docrelay_edge_fan_out_messages_total",
    "Messages that the adapter's connection was sent",
  );
  const events = metrics.counter("docrelay_edge_events_total", "Client events by name and outcome", [
    "event",
    "outcome",
  ]);
  const accepts = metrics.histogram(
    "docrelay_edge_accept_seconds",
    "From an ask's arrival to its acknowledgement",
    [0.001, 0.0025, 0.005, 0.01, 0.02, 0.05, 0.2, 1, 5],
  );
  const tenantAsks = metrics.counter("docrelay_edge_tenant_asks_total", "Accepted asks by tenant", ["tenant"]);
  const tenantBytes = metrics.counter("docrelay_edge_tenant_bytes_total", "Bytes of these asks", ["tenant"]);
  const resyncs = metrics.counter("docrelay_edge_resyncs_total", "Times the subscriber connection came back");
  const closes = metrics.counter("docrelay_edge_closed_total", "Connections that the server ended, by code", ["code"]);
  const unexpected = metrics.counter("docrelay_edge_unexpected_errors_total", "Errors that no code caught");
  const feedback = metrics.counter("docrelay_edge_feedback_total", "What users say of answers, by verdict", [
    "verdict",
  ]);
  return {
    metrics,
    refusals: () => refusalsIn(events),
    figures: () => figuresOf(now()),
    answered: (event, outcome) => events.inc({ event, outcome }),
    asked: (seconds) => accepts.observe(seconds),
    askedByTenant(tenant, bytes) {
      tenantAsks.inc({ tenant });
      tenantBytes.inc({ tenant }, bytes);
    },
    resumed(why, count) {
      resumes.inc({ why });
      replayed.inc(count);
    },
    heard: () => messages.inc(),
    resynced: () => resyncs.inc(),
    closed: (code) => closes.inc({ code }),
    unexpected: () => unexpected.inc(),
    feedbackGiven: (verdict) => feedback.inc({ verdict }),
  };
}

async function refusalsIn(events: ReturnType<Metrics["counter"]>): ReturnType<EdgeMetrics["refusals"]> {
  const { values } = await events.get();
  return values
    .map(({ labels, value }) => ({ event: String(labels.event), code: String(labels.outcome), count: value }))
    .filter(({ code }) => code !== "ok" && code !== "gone");
}

function figuresOf({ socketio, plain, http, uploads, opensWaiting, workersHeard }: OpenNow): Record<string, number> {
  return {
    connections: socketio + plain,
    requests: http,
    uploads,
    "opens waiting": opensWaiting,
    workers: workersHeard,
  };
}
