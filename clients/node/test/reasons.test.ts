/** Each way in which a connection can fail, met for real, and what is told of it. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import { createServer, type AddressInfo, type Server } from "node:net";
import { after, before, describe, it } from "node:test";
import { createServer as createTlsServer, type TlsOptions as TlsServerOptions } from "node:tls";
import { ServerCredentials, status } from "@grpc/grpc-js";
import { unreachable, type Peer } from "#src/reasons.js";
import { Client, UnavailableError, type ClientOptions } from "synthserve";
import { makeIdentity, type Identity } from "./certificates.js";
import { FakeServer, forgetProxies, serviceError } from "./fakes.js";

before(forgetProxies);

const AUTHORITY = makeIdentity({ kind: "p256", authority: true });
const STRANGER = makeIdentity({ kind: "p256", authority: true });
const SERVER = makeIdentity({ kind: "p256", issuer: AUTHORITY });
const CA = { ca: AUTHORITY.certificate };

const certified = ({ certificate, key }: Identity) => ({ certificate, key });
const NOT_TRUSTED = makeIdentity({ kind: "p256", issuer: STRANGER, host: "client" });
const EXPIRED = makeIdentity({ kind: "p256", issuer: AUTHORITY, host: "client", from: -48, to: -24 });

/** A server of gRPC; with `clients`, only for those with a certificate of the authority. */
async function serving({ certificate, key }: Identity, clients = false): Promise<FakeServer> {
  const pair = { cert_chain: Buffer.from(certificate), private_key: Buffer.from(key) };
  const credentials = ServerCredentials.createSsl(Buffer.from(AUTHORITY.certificate), [pair], clients);
  return FakeServer.start({}, { credentials });
}

/** What a client tells that cannot connect. */
async function told(target: string, { tls }: Pick<ClientOptions, "tls">): Promise<string> {
  // Not by the name localhost: that can have a second address, and gRPC tells of the last one only.
  const channelOptions = { "grpc.ssl_target_name_override": "localhost" };
  using client = new Client(target, { tls, channelOptions, retry: { startAttempts: 2, initialBackoff: 0 } });
  const error: unknown = await client.model("m").catch((raised: unknown) => raised);
  assert.ok(error instanceof UnavailableError);
  assert.ok(error.message.includes(target));
  assert.match((error.cause as Error).message, /^14 UNAVAILABLE: /);
  return error.message.replace(target, "TARGET");
}

/** A server that is none of gRPC. */
async function listening(server: Server): Promise<string> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  after(() => server.close());
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe("the reason is told, and what to do", () => {
  it("a wrong CA", async () => {
    await using server = await serving(SERVER);
    const expected =
      /^cannot connect to TARGET: .* not issued by an authority that this client trusts; set tls\.ca to the certificate/;
    assert.match(await told(server.target, { tls: { ca: STRANGER.certificate } }), expected);
    assert.match(await told(server.target, { tls: true }), expected);
  });

  it("a certificate that is its own authority", async () => {
    await using server = await serving(makeIdentity({ kind: "p256" }));
    assert.match(
      await told(server.target, { tls: CA }),
      /not issued by an authority .* \(Error: self-signed certificate\)$/,
    );
  });

  it("a wrong host name", async () => {
    await using server = await serving(makeIdentity({ kind: "p256", issuer: AUTHORITY, host: "models.example.org" }));
    assert.match(
      await told(server.target, { tls: CA }),
      /^cannot connect to TARGET: the server's certificate is for other names; .*DNS:models\.example\.org\)$/,
    );
  });

  it("a certificate that has expired, or is not valid yet", async () => {
    await using expired = await serving(makeIdentity({ kind: "p256", issuer: AUTHORITY, from: -48, to: -24 }));
    assert.match(await told(expired.target, { tls: CA }), /the server's certificate has expired, or the clock/);
    await using early = await serving(makeIdentity({ kind: "p256", issuer: AUTHORITY, from: 24, to: 48 }));
    assert.match(await told(early.target, { tls: CA }), /the server's certificate is not valid yet, or the clock/);
  });

  it("TLS to plain text", async () => {
    await using server = await FakeServer.start({});
    assert.match(await told(server.target, { tls: CA }), /: the server does not speak TLS; connect without tls/);
  });

  it("plain text to TLS", async () => {
    await using server = await serving(SERVER);
    assert.match(await told(server.target, {}), /: the server closed the connection .*; if it speaks TLS, set tls/);
  });

  for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
    it(`no certificate of the client's own, or one that is not accepted, over ${maxVersion}`, async () => {
      const options: TlsServerOptions = {
        ca: AUTHORITY.certificate,
        cert: SERVER.certificate,
        key: SERVER.key,
        requestCert: true,
        ALPNProtocols: ["h2"],
        maxVersion,
      };
      const target = await listening(createTlsServer(options).on("tlsClientError", () => undefined));
      assert.match(
        await told(target, { tls: CA }),
        /if it asks for a client certificate, set tls\.certificate and tls\.key/,
      );
      for (const own of [NOT_TRUSTED, EXPIRED]) {
        assert.match(
          await told(target, { tls: { ...CA, ...certified(own) } }),
          /accept tls\.certificate.* its authority/,
        );
      }
    });
  }

  it("a certificate of the client's own that gRPC's server does not accept", async () => {
    await using server = await serving(SERVER, true);
    assert.match(await told(server.target, { tls: CA }), /if it asks for a client certificate, set tls\.certificate/);
    assert.match(await told(server.target, { tls: { ...CA, ...certified(NOT_TRUSTED) } }), /accept tls\.certificate/);
  });

  it("no server at the address", async () => {
    const gone = await FakeServer.start({});
    await gone[Symbol.asyncDispose]();
    const expected = "no server at TARGET (connection refused): is it running? Else check the address";
    assert.equal(await told(gone.target, {}), expected);
    assert.equal(await told(gone.target, { tls: CA }), expected);
    assert.match(await told("unix:/nowhere/socket", {}), /^no server at TARGET \(no such socket\): is it running\?/);
  });

  it("an unknown host", async () => {
    const expected = "cannot find the host of TARGET: check the address";
    assert.equal(await told("nowhere.invalid:1", { tls: CA }), expected);
  });

  it("a server of another kind", async () => {
    const http = await listening(createHttpServer());
    assert.match(
      await told(http, {}),
      /^cannot connect to TARGET: the server does not speak HTTP\/2 as gRPC does; check/,
    );
    const https = createTlsServer({ cert: SERVER.certificate, key: SERVER.key, ALPNProtocols: ["http/1.1"] });
    https.on("tlsClientError", () => undefined);
    assert.match(await told(await listening(https), { tls: CA }), /the server offers no HTTP\/2, which gRPC needs/);
    const closing = await listening(createServer((socket) => socket.end()));
    assert.match(await told(closing, {}), /the server closed the connection before it answered/);
    assert.match(await told(closing, { tls: CA }), /the server closed the connection before it answered/);
  });

  it("time that ran out without a connection", async () => {
    const silent = await listening(createServer((socket) => socket.on("error", () => undefined).unref()));
    using client = new Client(silent);
    await assert.rejects(client.model("m", { timeout: 300 }), {
      code: "DEADLINE_EXCEEDED",
      message: new RegExp(`^not connected to ${silent} in time: Deadline exceeded`),
    });
  });
});

describe("what is read in gRPC's words", () => {
  const PEER: Peer = { target: "host:1", security: "plain", proxy: undefined };
  const failed = (error: string) =>
    unreachable(`No connection established. Last error: ${error}. Resolution note: `, PEER);

  it("is what the network says", () => {
    assert.match(
      failed("Error: connect ETIMEDOUT 192.0.2.1:1"),
      /^cannot connect to host:1: it timed out; .*ETIMEDOUT/,
    );
    assert.match(failed("Error: connect EHOSTUNREACH 192.0.2.1:1"), /: there is no route to it; .*EHOSTUNREACH/);
    assert.match(failed("Error: connect ENETUNREACH 192.0.2.1:1"), /: there is no route to it; .*ENETUNREACH/);
    assert.match(failed("Error: connect EACCES /run/s"), /: this user may not connect to it; .*EACCES/);
  });

  it("is nothing that is not known: they are told as they are", () => {
    assert.equal(failed("Error: something new"), "cannot connect to host:1: Error: something new");
    assert.equal(failed("a: b (2026-01-02T03:04:05.678Z)"), "cannot connect to host:1: a: b");
  });

  it("is not what a server or a proxy says in words like them", async () => {
    const sayings = ["cannot resolve backend", "upstream refused", "no healthy upstream"];
    for (const said of sayings) {
      assert.equal(unreachable(said, PEER), `host:1 is unavailable: ${said}`);
    }
    assert.equal(
      unreachable("Stream refused by server", PEER),
      "lost the connection to host:1: Stream refused by server",
    );
    await using server = await FakeServer.start({
      model: [() => serviceError(status.UNAVAILABLE, "cannot resolve x")],
    });
    assert.equal(await told(server.target, {}), "TARGET is unavailable: cannot resolve x");
  });
});
