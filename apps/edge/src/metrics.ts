import { createMetrics, type Metrics } from "@docrelay/platform";

/** What an edge counts. Labels are names from our own tables, never ids. */
export interface EdgeMetrics {
  readonly metrics: Metrics;
  /** A client event or frame was answered: `ok` or the refusal's code. */
  answered(event: string, outcome: string): void;
  asked(seconds: number): void;
  resynced(): void;
  /** The server ended a connection, and why. */
  closed(code: string): void;
  unexpected(): void;
}

export function createEdgeMetrics(
  connections: () => { socketio: number; plain: number; unstoredBytes: number },
): EdgeMetrics {
  const metrics = createMetrics();
  metrics.gauge("docrelay_edge_socketio_connections", "Socket.IO connections open now", () => connections().socketio);
  metrics.gauge("docrelay_edge_plain_connections", "Plain WebSocket connections open now", () => connections().plain);
  metrics.gauge(
    "docrelay_edge_upload_unstored_bytes",
    "Bytes of uploads received and not stored yet",
    () => connections().unstoredBytes,
  );
  const events = metrics.counter("docrelay_edge_events_total", "Client events by name and outcome", [
    "event",
    "outcome",
  ]);
  const accepts = metrics.histogram(
    "docrelay_edge_accept_seconds",
    "From an ask's arrival to its acknowledgement",
    [0.005, 0.02, 0.05, 0.2, 1, 5],
  );
  const resyncs = metrics.counter("docrelay_edge_resyncs_total", "Times the subscriber connection came back");
  const closes = metrics.counter("docrelay_edge_closed_total", "Connections that the server ended, by code", ["code"]);
  const unexpected = metrics.counter("docrelay_edge_unexpected_errors_total", "Errors that nobody caught");
  return {
    metrics,
    answered: (event, outcome) => events.inc({ event, outcome }),
    asked: (seconds) => accepts.observe(seconds),
    resynced: () => resyncs.inc(),
    closed: (code) => closes.inc({ code }),
    unexpected: () => unexpected.inc(),
  };
}
