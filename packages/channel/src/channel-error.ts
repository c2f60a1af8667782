/**
 * `hole`, `wrong-answer`: the stored data are not what this code wrote. `io`: a server or disk that stores data fails
 * now; a retry may succeed. `setting`: a process cannot start with this setting; the message is for the operator.
 * `key`: the data are encrypted with a key that this process does not have.
 */
export class ChannelError extends Error {
  override readonly name = "ChannelError";
  readonly kind: "hole" | "wrong-answer" | "io" | "setting" | "key";
  constructor(kind: ChannelError["kind"], message: string, options?: ErrorOptions) {
    super(message, options);
    this.kind = kind;
  }
}
