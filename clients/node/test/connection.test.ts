import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channelOptions, checkedTarget, isLocal } from "#src/channel.js";
import { authorization } from "#src/tokens.js";
import { Client, InvalidArgumentError } from "synthserve";

describe("addresses", () => {
  const right = [
    "localhost:50051",
    "host",
    "10.0.0.1:1",
    "[::1]:65535",
    "::1",
    "dns:///h:1",
    "unix:/tmp/s",
    "ipv4:1.2.3.4:5",
  ];
  for (const target of right) {
    it(`can be ${target}`, () => {
      assert.equal(checkedTarget(target), target);
    });
  }

  const wrong = ["", "a b", "host:", "host:0", "host:65536", "host:x", "http://host:1", "host:1/path", "[::1", "unix:"];
  for (const target of wrong) {
    it(`cannot be ${JSON.stringify(target)}`, () => {
      assert.throws(() => new Client(target), InvalidArgumentError);
    });
  }
});

describe("this machine", () => {
  const here = [
    "localhost",
    "LOCALHOST:50051",
    "127.0.0.1:1",
    "127.9.9.9",
    "[::1]:1",
    "::1",
    "dns:///localhost:1",
    "dns:127.0.0.1:1",
    "ipv4:127.0.0.1:1,127.0.0.2:1",
    "ipv6:[::1]:1",
    "unix:/tmp/socket",
    "unix:///tmp/socket",
  ];
  const elsewhere = [
    "host:1",
    "10.0.0.1:1",
    "127.0.0.1.example.org:1",
    "localhost.example.org:1",
    "[2001:db8::1]:1",
    "dns:///host:1",
    "ipv4:127.0.0.1:1,10.0.0.1:1",
    "0.0.0.0:1",
  ];
  for (const [targets, expected] of [
    [here, true],
    [elsewhere, false],
  ] as const) {
    for (const target of targets) {
      it(`is ${expected ? "" : "not "}${target}`, () => {
        assert.equal(isLocal(target), expected);
        assert.equal("grpc.enable_http_proxy" in channelOptions(target, {}), expected);
      });
    }
  }
});

describe("tokens", () => {
  it("are not sent in plain text to other machines, unless the caller insists", () => {
    assert.throws(() => new Client("host:1", { token: "t" }), /plain text/);
    new Client("host:1", { token: "t", tls: true }).close();
    new Client("host:1", { token: "t", insecureToken: true }).close();
    new Client("localhost:1", { token: "t" }).close();
  });

  it("are a line of ASCII text, which errors do not repeat", () => {
    assert.equal(authorization(" abc.DEF-1 \n"), "Bearer abc.DEF-1");
    for (const token of ["", "  ", "two\nlines", "naïve"]) {
      assert.throws(
        () => authorization(token),
        (error) => error instanceof InvalidArgumentError && (token.trim() === "" || !error.message.includes(token)),
      );
    }
  });
});

describe("TLS", () => {
  const wrong = {
    "a CA that is none": { ca: "no PEM" },
    "a certificate without a key": { certificate: "c" },
    "a key without a certificate": { key: "k" },
    "a certificate that is none": { certificate: "c", key: "k" },
  };
  for (const [what, tls] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      assert.throws(() => new Client("host:1", { tls }), InvalidArgumentError);
    });
  }
});

it("the caller's options go over those of the client", () => {
  const options = channelOptions("host:1", { "grpc.keepalive_time_ms": 1 });
  assert.equal(options["grpc.keepalive_time_ms"], 1);
  assert.equal(options["grpc.max_receive_message_length"], 64 * 1024 * 1024);
});
