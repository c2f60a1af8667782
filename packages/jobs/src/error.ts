/**
 * `timeout`: the queue did not reply in time, so the outcome of the call is unknown. `shape`: the data of a job are not
 * valid.
 */
export class JobsError extends Error {
  override readonly name = "JobsError";
  readonly kind: "timeout" | "shape";
  constructor(kind: JobsError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
