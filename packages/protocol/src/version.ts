/** The version of the wire contract. Clients send it in the handshake, the server in `welcome`. */
export const PROTOCOL_VERSION = 1;
