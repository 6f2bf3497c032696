/** Certificates, which Node.js can read and not make: the little of DER that they need. */
import { generateKeyPairSync, randomBytes, sign, type KeyObject, type KeyPairKeyObjectResult } from "node:crypto";

export interface Identity {
  /** PEM. */
  readonly certificate: string;
  /** Its private key, PEM without a password. */
  readonly key: string;
  readonly name: Buffer;
  readonly privateKey: KeyObject;
}

const KINDS = {
  rsa: () => generateKeyPairSync("rsa", { modulusLength: 2048 }),
  p256: () => generateKeyPairSync("ec", { namedCurve: "P-256" }),
  p384: () => generateKeyPairSync("ec", { namedCurve: "P-384" }),
  p521: () => generateKeyPairSync("ec", { namedCurve: "P-521" }),
  secp256k1: () => generateKeyPairSync("ec", { namedCurve: "secp256k1" }),
  ed25519: () => generateKeyPairSync("ed25519"),
} satisfies Record<string, () => KeyPairKeyObjectResult>;

export type Kind = keyof typeof KINDS;

interface Wanted {
  readonly kind?: Kind;
  /** The issuer; without it, the certificate is self-signed. */
  readonly issuer?: Identity;
  /** Whether it may sign others. */
  readonly authority?: boolean;
  /** The host that it is for. */
  readonly host?: string;
  /** In hours from now. */
  readonly from?: number;
  readonly to?: number;
}

/** Makes a certificate, by default for localhost, its own authority, and good for a day around now. */
export function makeIdentity(wanted: Wanted = {}): Identity {
  const { kind = "ed25519", issuer, authority = false, host = "localhost", from = -12, to = 12 } = wanted;
  const { publicKey, privateKey } = KINDS[kind]();
  const commonName = authority ? `Authority ${randomBytes(4).toString("hex")}` : host;
  const name = der(0x30, der(0x31, der(0x30, COMMON_NAME, der(0x0c, Buffer.from(commonName)))));
  const signer = issuer?.privateKey ?? privateKey;
  const algorithm = ALGORITHMS[signer.asymmetricKeyType as keyof typeof ALGORITHMS];
  const extension = authority
    ? der(0x30, BASIC_CONSTRAINTS, der(0x04, der(0x30, der(0x01, Buffer.of(0xff)))))
    : der(0x30, SUBJECT_ALTERNATIVE_NAME, der(0x04, der(0x30, der(0x82, Buffer.from(host)))));
  const toSign = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))), // the third version
    der(0x02, Buffer.of(1), randomBytes(8)), // serial number
    algorithm,
    issuer?.name ?? name,
    der(0x30, time(from), time(to)),
    name,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, extension)),
  );
  const digest = signer.asymmetricKeyType === "ed25519" ? null : "sha256";
  const signature = der(0x03, Buffer.of(0), sign(digest, toSign, signer));
  const lines = der(0x30, toSign, algorithm, signature)
    .toString("base64")
    .match(/.{1,64}/g)!;
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    name,
    privateKey,
  };
}

const COMMON_NAME = der(0x06, Buffer.of(0x55, 4, 3));
const SUBJECT_ALTERNATIVE_NAME = der(0x06, Buffer.of(0x55, 0x1d, 0x11));
const BASIC_CONSTRAINTS = der(0x06, Buffer.of(0x55, 0x1d, 0x13));
const ALGORITHMS = {
  ed25519: der(0x30, der(0x06, Buffer.of(0x2b, 0x65, 0x70))),
  ec: der(0x30, der(0x06, Buffer.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2))),
  rsa: der(0x30, der(0x06, Buffer.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b)), der(0x05)),
};

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
