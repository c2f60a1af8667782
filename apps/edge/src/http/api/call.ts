import { refuse, Refusal } from "@docrelay/protocol";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Identity } from "../../auth/authenticator.ts";
import { Expiry } from "../../auth/expiry.ts";
import { REVOKED } from "../../auth/revocations.ts";
import type { ClientConnection } from "../../limits/client-connection.ts";

/** What is known of a request before its admission. */
export interface ApiRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  /** The parts of the path that the route's pattern has captured. */
  readonly params: readonly string[];
}

/** An admitted request of a user: a client connection for as long as its response lasts. */
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

  /** Whether the request has no token: then no client can read its user's data after the connection has ended. */
  get isVisitor(): boolean {
    return this.identity.expiresAt === Number.POSITIVE_INFINITY;
  }

  /** Aborted with a Refusal when the client has disconnected, the token has expired or the edge drains. */
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

  /** Ends the call's work. Idempotent. */
  end(error: Refusal): void {
    this.#abort.abort(error);
  }
}
