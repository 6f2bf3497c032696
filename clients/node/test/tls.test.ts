import assert from "node:assert/strict";
import { createPrivateKey, createPublicKey } from "node:crypto";
import { describe, it } from "node:test";
import { ServerCredentials } from "@grpc/grpc-js";
import { Client, InvalidArgumentError, type TlsOptions } from "synthserve";
import { makeIdentity, type Identity, type Kind } from "./certificates.js";
import { FakeServer, all, rowsUpTo } from "./fakes.js";

const AUTHORITY = makeIdentity({ kind: "p256", authority: true });
const OWN = makeIdentity({ kind: "p256", issuer: AUTHORITY, host: "client" });
const OTHER = makeIdentity({ kind: "p256", issuer: AUTHORITY, host: "other" });

function serving(identity: Identity, clientAuthority?: Identity): ServerCredentials {
  const pair = { cert_chain: Buffer.from(identity.certificate), private_key: Buffer.from(identity.key) };
  const roots = clientAuthority === undefined ? null : Buffer.from(clientAuthority.certificate);
  return ServerCredentials.createSsl(roots, [pair], clientAuthority !== undefined);
}

/** Makes a client, and a handshake with a server that wants its certificate. */
async function handshake(tls: TlsOptions, server: Identity): Promise<void> {
  await using fake = await FakeServer.start({ rows: [rowsUpTo(1, 1)] }, { credentials: serving(server, AUTHORITY) });
  using client = new Client(fake.target.replace("127.0.0.1", "localhost"), { tls, retry: false });
  assert.equal((await all(client.rows("m", { count: 1 }))).length, 1);
}

describe("what is accepted works: a key of", () => {
  for (const kind of ["rsa", "p256", "p384", "p521", "ed25519"] satisfies Kind[]) {
    it(kind, async () => {
      const client = makeIdentity({ kind, issuer: AUTHORITY, host: "client" });
      const tls = { ca: AUTHORITY.certificate, certificate: client.certificate, key: client.key };
      await handshake(tls, makeIdentity({ kind, issuer: AUTHORITY }));
    });
  }
});

describe("PEM is read", () => {
  const SERVER = makeIdentity({ kind: "p256", issuer: AUTHORITY });
  const sec1 = OWN.privateKey.export({ type: "sec1", format: "pem" }).toString();
  const parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
  const written: Record<string, (pem: string) => string | Uint8Array> = {
    "as text": (pem) => pem,
    "as a buffer": (pem) => Buffer.from(pem),
    "as bytes in the middle of others": (pem) => new Uint8Array(Buffer.from(`xx${pem}xx`)).subarray(2, -2),
    "with a byte order mark": (pem) => `\uFEFF${pem}`,
    "with the bytes of a byte order mark": (pem) => Buffer.from(`\uFEFF${pem}`),
    "with lines that end as on Windows": (pem) => pem.replaceAll("\n", "\r\n"),
    "with lines that end as on old Macs": (pem) => pem.replaceAll("\n", "\r"),
    "with blanks at the ends of lines, and text around": (pem) => `Größe - 1\n${pem.replaceAll("\n", " \n")}\n-- x\n`,
  };
  for (const [how, write] of Object.entries(written)) {
    it(how, () =>
      handshake({ ca: write(AUTHORITY.certificate), certificate: write(OWN.certificate), key: write(OWN.key) }, SERVER),
    );
  }

  it("with a byte order mark in the middle, where two files were put together", () =>
    handshake(
      {
        ca: `${OTHER.certificate}\uFEFF${AUTHORITY.certificate}`,
        certificate: `${OWN.certificate}\uFEFF${AUTHORITY.certificate}`,
        key: OWN.key,
      },
      SERVER,
    ));

  it("where certificate and key are in one file, the key in an older form", () => {
    const both = `${parameters}${sec1}${OWN.certificate}`;
    return handshake({ ca: AUTHORITY.certificate, certificate: both, key: both }, SERVER);
  });
});

describe("TLS refuses by name", () => {
  const { certificate, key } = OWN;
  const ca = AUTHORITY.certificate;
  const odd = makeIdentity({ kind: "secp256k1" });
  const encrypted = (type: "pkcs1" | "pkcs8", kind: Kind) =>
    createPrivateKey(makeIdentity({ kind }).key)
      .export({ type, format: "pem", cipher: "aes-256-cbc", passphrase: "secret" })
      .toString();
  const utf16 = Buffer.from(`\uFEFF${ca}`, "utf16le");
  const wrong: Record<string, [unknown, string, RegExp]> = {
    "a file name as CA": [{ ca: "certs/ca.pem" }, "tls.ca", /no PEM certificate; give the content of the file/],
    "an empty CA": [{ ca: "" }, "tls.ca", /no PEM certificate$/],
    "a CA in DER": [
      { ca: Buffer.from(ca.split("\n").slice(1, -2).join(""), "base64") },
      "tls.ca",
      /no PEM certificate/,
    ],
    "a CA in UTF-16": [{ ca: utf16 }, "tls.ca", /UTF-16/],
    "a CA in UTF-16, big-endian": [{ ca: Buffer.from(utf16).swap16() }, "tls.ca", /UTF-16/],
    "a CA in UTF-16, read as UTF-8": [{ ca: utf16.toString("utf8") }, "tls.ca", /UTF-16/],
    "a key as CA": [{ ca: key }, "tls.ca", /no PEM certificate$/],
    "a CA that is damaged": [
      { ca: ca.replace(/MI[A-Za-z0-9]{4}/, "??????") },
      "tls.ca",
      /certificate 1 of 1 is damaged/,
    ],
    "a second CA that is damaged": [
      { ca: ca + ca.replace(/MI[A-Za-z0-9]{4}/, "MIIIII") },
      "tls.ca",
      /certificate 2 of 2 is damaged/,
    ],
    "a CA that is cut off": [{ ca: ca + ca.slice(0, 200) }, "tls.ca", /not whole/],
    "a CA that is no text": [{ ca: 5 }, "tls.ca", /must be PEM/],
    "a CA that is null": [{ ca: null }, "tls.ca", /must be PEM/],
    "a certificate without a key": [{ certificate }, "tls.key", /is missing/],
    "a key without a certificate": [{ key }, "tls.certificate", /is missing/],
    "certificate and key that are null": [{ certificate: null, key: null }, "tls.certificate", /must be PEM/],
    "certificate and key the wrong way round": [
      { certificate: key, key: certificate },
      "tls.certificate",
      /no PEM cert/,
    ],
    "a key that is none": [{ certificate, key: "k" }, "tls.key", /no PEM private key; give the content/],
    "a public key": [
      { certificate, key: createPublicKey(key).export({ type: "spki", format: "pem" }) },
      "tls.key",
      /no PEM private key$/,
    ],
    "a key that is damaged": [
      { certificate, key: key.replace(/[A-Za-z]{8}/, "AAAAAAAA") },
      "tls.key",
      /cannot be read/,
    ],
    "a key with a password": [{ certificate, key: encrypted("pkcs8", "p256") }, "tls.key", /has a password/],
    "a key with a password, in an older form": [
      { certificate, key: encrypted("pkcs1", "rsa") },
      "tls.key",
      /has a password/,
    ],
    "the key of another certificate": [{ certificate, key: OTHER.key }, "tls.key", /not the key of the certificate/],
    "a chain that begins with the authority": [
      { certificate: ca + certificate, key },
      "tls.certificate",
      /wrong order/,
    ],
    "a kind of key that TLS does not know": [
      { certificate: odd.certificate, key: odd.key },
      "tls.key",
      /this kind of key \(secp256k1\)/,
    ],
    "text in the place of options": ["yes", "tls", /must be/],
    "null in the place of options": [null, "tls", /must be/],
  };
  for (const [what, [tls, field, message]] of Object.entries(wrong)) {
    it(what, () => {
      assert.throws(
        () => new Client("localhost:1", { tls: tls as TlsOptions }),
        (error) =>
          error instanceof InvalidArgumentError &&
          error.fields[0]?.field === field &&
          message.test(error.message) &&
          !error.message.includes("BEGIN"),
      );
    });
  }
});
