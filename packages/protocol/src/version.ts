/** Version of the wire contract, sent by clients in the handshake and by the server in `welcome`. */
export const PROTOCOL_VERSION = 1;
