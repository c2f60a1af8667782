/** Thrown when the queue does not do its part. `timeout`: the outcome is unknown; `shape`: no job of this catalogue. */
export class JobsError extends Error {
  override readonly name = "JobsError";
  readonly kind: "timeout" | "shape";
  constructor(kind: JobsError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
