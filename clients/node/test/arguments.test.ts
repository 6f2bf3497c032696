/** What JavaScript lets people write, and TypeScript does not. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Client, InvalidArgumentError, type ClientOptions } from "synthserve";
import { FakeServer, connect } from "./fakes.js";

/** Anything, as any type. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters
const as = <Type>(value: unknown) => value as Type;

function names(field: string): (error: unknown) => boolean {
  return (error) =>
    error instanceof InvalidArgumentError &&
    error.fields.length === 1 &&
    error.fields[0]?.field === field &&
    error.message.startsWith(`${field}: `);
}

/** Of each type one, and things that have no text. */
const ANYTHING: unknown[] = [5, 5n, true, "x", Symbol("s"), null, [], {}, Object.create(null), () => 1, new Map(), NaN];

const without = (...types: string[]) => ANYTHING.filter((value) => !types.includes(typeof value));
const noOptions = ANYTHING.filter((value) => typeof value !== "object" || value === null || Symbol.iterator in value);

describe("a client refuses by name, when it is made", () => {
  const localhost = "localhost:1";
  const wrong: Record<string, readonly unknown[]> = {
    tls: noOptions.filter((value) => typeof value !== "boolean"),
    token: without("string", "function"),
    insecureToken: without("boolean"),
    retry: noOptions,
    channelOptions: noOptions.filter((value) => value !== null),
  };
  for (const [option, values] of Object.entries(wrong)) {
    it(option, () => {
      for (const value of values) {
        const options = { token: "t", [option]: value };
        assert.throws(() => new Client(localhost, as<ClientOptions>(options)), names(option));
      }
    });
  }

  it("options, and does not show what may be a token", () => {
    for (const value of noOptions) {
      assert.throws(() => new Client(localhost, as(value)), names("options"));
    }
    assert.throws(
      () => new Client(localhost, as("my-token")),
      (error) => error instanceof Error && !error.message.includes("my-token"),
    );
  });

  it("the target", () => {
    for (const value of [...without("string"), undefined]) {
      assert.throws(() => new Client(as(value)), names("target"));
    }
  });

  it("a text that is no token, and does not show it", () => {
    for (const token of ["", "two\nlines", "naïve", "a\0b"]) {
      assert.throws(() => new Client(localhost, { token }), names("token"));
    }
    assert.throws(
      () => new Client(localhost, { token: as(Buffer.from("my-token")) }),
      (error) => names("token")(error) && !(error as Error).message.includes("my-token"),
    );
  });

  it("`insecureToken` that only looks like false", () => {
    const options = as<ClientOptions>({ token: "t", insecureToken: "false" });
    assert.throws(() => new Client("models.example.org:1", options), names("insecureToken"));
  });
});

describe("calls refuse by name, before anything is sent", () => {
  const anyInteger = without("bigint", "number");
  const wrong: Record<string, readonly unknown[]> = {
    count: [...anyInteger, NaN, Infinity, 0.5, 2 ** 53, 2n ** 63n],
    seed: [...anyInteger, NaN, -Infinity, 2n ** 64n],
    offset: [...anyInteger.filter((value) => value !== null), 1e300, -(2n ** 63n) - 1n],
    timeout: [...without("number"), NaN, -1, -Infinity],
    where: noOptions.filter((value) => value !== null),
    signal: ANYTHING,
  };
  const images: Record<string, readonly unknown[]> = {
    ...wrong,
    jpeg_quality: [...without("number").filter((value) => value !== null), NaN, Infinity, 0.5, 2 ** 31, 2 ** 53],
    format: ANYTHING.filter((value) => value !== null),
  };
  const option = (field: string) => field.replace(/_q/, "Q");

  it("of rows, of encoded rows and of images", async () => {
    await using server = await FakeServer.start({});
    using client = connect(server);
    for (const [field, values] of Object.entries(images)) {
      for (const value of values) {
        const options = { [option(field)]: value };
        assert.throws(() => client.images("m", options), names(field));
        if (field in wrong) {
          assert.throws(() => client.rows("m", options), names(field));
          assert.throws(() => client.encodedRows("m", { format: "csv", ...options }), names(field));
        }
      }
    }
    for (const value of noOptions) {
      assert.throws(() => client.rows("m", as(value)), names("options"));
      assert.throws(() => client.images("m", as(value)), names("options"));
      assert.throws(() => client.encodedRows("m", as(value)), names("options"));
    }
    assert.throws(() => client.encodedRows("m", as(undefined)), names("options"));
    for (const value of without("string")) {
      assert.throws(() => client.rows(as(value)), names("model"));
    }
    assert.throws(() => client.rows("m", { where: as({ a: {} }) }), names("conditions[a]"));
    assert.equal(server.requests.length, 0);
  });

  it("of models", async () => {
    await using server = await FakeServer.start({});
    using client = connect(server);
    for (const timeout of wrong.timeout!) {
      await assert.rejects(client.model("m", as({ timeout })), names("timeout"));
      await assert.rejects(client.models(as({ timeout })).next(), names("timeout"));
    }
    for (const value of ANYTHING) {
      await assert.rejects(client.model("m", as({ signal: value })), names("signal"));
    }
    for (const value of [...ANYTHING.filter((value) => value !== null), "toString", "BASIC"]) {
      await assert.rejects(client.models(as({ view: value })).next(), names("view"));
    }
    for (const value of without("string")) {
      await assert.rejects(client.model(as(value)), names("model"));
    }
    for (const value of noOptions) {
      await assert.rejects(client.model("m", as(value)), names("options"));
      await assert.rejects(client.models(as(value)).next(), names("options"));
    }
    assert.equal(server.requests.length, 0);
  });

  it("of a function that gives no token", async () => {
    await using server = await FakeServer.start({});
    for (const value of [...without("string"), Buffer.from("my-token"), "two\nlines", undefined]) {
      using client = connect(server, { token: as(() => value) });
      await assert.rejects(client.model("m"), names("token"));
    }
    assert.equal(server.requests.length, 0);
  });
});
