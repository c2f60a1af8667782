import { refuse, Refusal } from "@docrelay/protocol";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity } from "../../auth/authenticator.ts";
import { Expiry } from "../../auth/expiry.ts";
import { REVOKED } from "../../auth/revocations.ts";
import type { ClientConnection } from "../../limits/client-connection.ts";

/** A request that matches a route, before its user is known and admitted. */
export interface ApiRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** The ids in the path: what the route's `:id` has matched. */
  readonly params: readonly string[];
}

/** An admitted request of a user. Until its response has ended, it counts as a client connection. */
export class ApiCall implements ClientConnection, ApiRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly params: readonly string[];
  readonly identity: Identity;
  readonly #abort = new AbortController();
  readonly #expiry = new Expiry(() => this.#abort.abort(refuse("AUTH_EXPIRED")));

  constructor({ request, response, query, params }: ApiRequest, identity: Identity) {
    this.request = request;
    this.response = response;
    this.query = query;
    this.params = params;
    this.identity = identity;
    if (identity.expiresAt !== Number.POSITIVE_INFINITY) this.#expiry.until(identity.expiresAt);
    response.once("close", () => {
      this.#expiry.stop();
      this.#abort.abort(refuse("SHUTTING_DOWN", { message: "The connection has ended." }));
    });
  }

  get user(): string {
    return this.identity.user;
  }

  /**
   * Whether the request had no token. Its user was then created for this request only, and no client can read the
   * user's data after the connection has ended.
   */
  get isVisitor(): boolean {
    return this.identity.expiresAt === Number.POSITIVE_INFINITY;
  }

  /**
   * Aborted with a Refusal when the call must end, for example because the client has disconnected, the token has
   * expired or the edge drains.
   */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get pending(): number {
    return 1;
  }

  shutDown(): void {
    this.#abort.abort(refuse("SHUTTING_DOWN", { retryAfterMs: 0 }));
  }

  revoked(): void {
    this.end(refuse("AUTH_INVALID", { message: REVOKED }));
  }

  /** Ends the call's work, by aborting `signal` with this error. Idempotent. */
  end(error: Refusal): void {
    this.#abort.abort(error);
  }
}
