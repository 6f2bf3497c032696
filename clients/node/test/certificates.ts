/** Certificates, which Node.js can read and not make: the little of DER that one needs. */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

export interface Identity {
  /** A certificate that is its own authority, PEM. */
  readonly certificate: string;
  readonly key: string;
}

/** Makes a certificate for localhost that is good for a day around now. */
export function makeIdentity(): Identity {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const name = der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, Buffer.from("localhost")))));
  const alternative = der(0x30, der(0x82, Buffer.from("localhost")));
  const toSign = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))), // the third version
    der(0x02, Buffer.of(1), randomBytes(8)), // serial number
    ED25519,
    name,
    der(0x30, time(-12), time(12)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, der(0x30, SUBJECT_ALTERNATIVE_NAME, der(0x04, alternative)))),
  );
  const signature = der(0x03, Buffer.of(0), sign(null, toSign, privateKey));
  const lines = der(0x30, toSign, ED25519, signature).toString("base64");
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.replace(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}

const COMMON_NAME = der(0x06, Buffer.of(0x55, 4, 3));
const SUBJECT_ALTERNATIVE_NAME = der(0x06, Buffer.of(0x55, 0x1d, 0x11));
const ED25519 = der(0x30, der(0x06, Buffer.of(0x2b, 0x65, 0x70)));

/** Some hours from now, as a UTCTime. */
function time(hours: number): Buffer {
  const digits = new Date(Date.now() + hours * 3_600_000).toISOString().replace(/\D/g, "").slice(2, 14);
  return der(0x17, Buffer.from(`${digits}Z`));
}

function der(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  const size = content.length;
  const length = size < 0x80 ? [size] : size < 0x100 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.of(tag, ...length), content]);
}
