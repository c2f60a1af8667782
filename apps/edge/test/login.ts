import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from "jose";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A key with which a login system signs tokens. `published`: its public part, as the login system publishes it. */
export interface LoginKey {
  readonly alg: string;
  readonly kid: string | undefined;
  readonly privateKey: CryptoKey;
  readonly published: JWK;
}

export async function createLoginKey(alg: string, kid?: string): Promise<LoginKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const published = { ...(await exportJWK(publicKey)), use: "sig", ...(kid === undefined ? {} : { kid }) };
  return { alg, kid, privateKey, published };
}

/** Makes a token with these claims. Unless they have an `exp`, the token expires in ten minutes. */
export function signWith({ alg, kid, privateKey }: LoginKey, claims: JWTPayload, header: object = {}): Promise<string> {
  const exp = Math.floor(Date.now() / 1000) + 600;
  return new SignJWT({ exp, ...claims })
    .setProtectedHeader({ alg, ...(kid === undefined ? {} : { kid }), ...header })
    .sign(privateKey);
}

/** A server that publishes the keys of a login system. */
export interface Login extends AsyncDisposable {
  readonly url: string;
  /** How often the keys were requested. */
  readonly asked: number;
  /** Further entries of the published key set, for example keys for other purposes than tokens. */
  readonly others: object[];
  /** Sets what the server responds from now on: these published keys; or only this status (a number); or this text. */
  publish(what: readonly LoginKey[] | number | string): void;
}

export async function startLogin(...keys: LoginKey[]): Promise<Login> {
  let published: readonly LoginKey[] | number | string = keys;
  const others: object[] = [];
  let asked = 0;
  const server = createServer((_request, response) => {
    asked++;
    if (typeof published === "number") return response.writeHead(published, { location: "/keys" }).end();
    if (typeof published === "string") return response.end(published);
    response.end(JSON.stringify({ keys: [...others, ...published.map((key) => key.published)] }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    get asked() {
      return asked;
    },
    others,
    publish(what) {
      published = what;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      if (server.listening) await once(server, "close");
    },
  };
}
