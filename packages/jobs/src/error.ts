/**
 * `timeout`: the queue did not reply in time, so the outcome is unknown. `shape`: the data are not a job of this
 * catalogue.
 */
export class JobsError extends Error {
  override readonly name = "JobsError";
  readonly kind: "timeout" | "shape";
  constructor(kind: JobsError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
