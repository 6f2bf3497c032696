import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { channelOptions } from "#src/channel.js";
import { checkedTarget, isLocal } from "#src/targets.js";
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

  const wrong = [
    "",
    "a b",
    "host:",
    "host:0",
    "host:65536",
    "host:x",
    "http://host:1",
    "host:1/path",
    "[::1",
    "unix:",
    "dns:///",
    "dns:h:65536",
  ];
  wrong.push("ipv4:localhost:1", "ipv4:1.2.3.4:0", "ipv6:1.2.3.4:1", "ipv4:127.0.0.1:1,", "UNIX:/tmp/s", "h:1\n");
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
    "[::ffff:127.0.0.1]:1",
    "::ffff:127.9.9.9",
    "[0:0:0:0:0:0:0:1]:1",
    "ipv6:[::1]:1,[::ffff:7f00:1]:2",
    "dns://192.0.2.1/127.0.0.1:1",
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
    "[::]:1",
    "[::ffff:10.0.0.1]:1",
    "[::127.0.0.1]:1",
    "foo.localhost:1",
    "localhost.:1",
    "localhost,localhost:1",
    "128.0.0.1:1",
    "127.1:1",
  ];
  for (const [targets, expected] of [
    [here, true],
    [elsewhere, false],
  ] as const) {
    for (const target of targets) {
      it(`is ${expected ? "" : "not "}${target}`, () => {
        assert.equal(isLocal(target), expected);
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
    for (const end of ["", "\n", "\r\n", " \t\r\n\r\n"]) {
      assert.equal(authorization(`\uFEFFabc${end}`), "Bearer abc");
    }
    const wrong = ["", "  ", "\uFEFF", "two\nlines", "naïve", "abc\u00A0", "abc\uFEFF", "a\0b", "\uFFFD\uFFFDa\0b\0"];
    for (const token of wrong) {
      assert.throws(
        () => authorization(token),
        (error) => error instanceof InvalidArgumentError && (token.length < 4 || !error.message.includes(token)),
      );
    }
  });
});

it("the caller's options go over those of the client", () => {
  const options = channelOptions({ "grpc.keepalive_time_ms": 1 }, false);
  assert.equal(options["grpc.keepalive_time_ms"], 1);
  assert.equal(options["grpc.max_receive_message_length"], 64 * 1024 * 1024);
  assert.equal("grpc.enable_http_proxy" in options, false);
});

it("options that gRPC could not work with are refused by name", () => {
  const wrong: Record<string, unknown>[] = [
    { "grpc.keepalive_time_ms": 2 ** 31 },
    { "grpc.keepalive_time_ms": NaN },
    { "grpc.max_reconnect_backoff_ms": Infinity },
    { "grpc.initial_reconnect_backoff_ms": 0.5 },
    { "grpc-node.flow_control_window": 2 ** 31 },
    { "grpc.max_receive_message_length": 1e300 },
    { "grpc.primary_user_agent": "two\nlines" },
    { "grpc.default_authority": "h\r\nx: y" },
  ];
  for (const channelOptions of wrong) {
    const [name] = Object.keys(channelOptions);
    assert.throws(
      () => new Client("localhost:1", { channelOptions }),
      (error) =>
        error instanceof InvalidArgumentError && error.fields[0]?.field === `channelOptions[${JSON.stringify(name)}]`,
    );
  }
  assert.throws(() => new Client("localhost:1", { channelOptions: { "grpc.service_config": "{" } }), /channelOptions/);
  new Client("localhost:1", { channelOptions: { "grpc.max_receive_message_length": -1 } }).close();
});
