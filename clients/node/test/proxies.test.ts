import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect as connectTcp, type AddressInfo, type Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { ServerCredentials } from "@grpc/grpc-js";
import { mapProxyName } from "@grpc/grpc-js/build/src/http_proxy.js";
import { parseUri, uriToString } from "@grpc/grpc-js/build/src/uri-parser.js";
import { proxyOf } from "#src/proxies.js";
import { Client, InvalidArgumentError, UnavailableError } from "synthserve";
import { makeIdentity } from "./certificates.js";
import { FakeServer, all, forgetProxies, rowsUpTo } from "./fakes.js";

/** A proxy that leads to this machine, whatever host it is asked for, and knows what passed through it. */
class Proxy implements AsyncDisposable {
  /** HOST:PORT of each tunnel that was asked for. */
  readonly asked: string[] = [];
  /** What clients sent, without TLS in plain text. */
  sent = "";
  readonly #server: Server;
  readonly #sockets = new Set<{ destroy(): unknown }>();

  private constructor(refusing: boolean) {
    this.#server = createServer().on("connect", ({ url = "" }, socket: Socket) => {
      this.asked.push(url);
      if (refusing) {
        socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
        return;
      }
      const there = connectTcp(Number(url.split(":").at(-1)), "127.0.0.1");
      for (const end of [socket, there]) {
        this.#sockets.add(end.on("error", () => undefined));
      }
      socket.write("HTTP/1.1 200 OK\r\n\r\n");
      socket.on("data", (data: Buffer) => (this.sent += data.toString("latin1"))).pipe(there);
      there.pipe(socket);
    });
  }

  static async start({ refusing = false } = {}): Promise<Proxy> {
    const proxy = new Proxy(refusing);
    await once(proxy.#server.listen(0, "127.0.0.1"), "listening");
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }
}

beforeEach(forgetProxies);
afterEach(forgetProxies);

const ROWS = { rows: [rowsUpTo(1, 1)] };

async function oneRow(client: Client): Promise<void> {
  assert.equal((await all(client.rows("m", { count: 1 }))).length, 1);
}

/** Another host by its name, and this one in truth. */
const elsewhere = ({ target }: FakeServer) => target.replace("127.0.0.1", "0.0.0.0");

describe("a server on this machine is reached without a proxy", () => {
  const names = [
    "127.0.0.1:P",
    "localhost:P",
    "LOCALHOST:P",
    "[::ffff:127.0.0.1]:P",
    "dns:///localhost:P",
    "dns:127.0.0.1:P",
    "ipv4:127.0.0.1:P",
  ];
  for (const name of names) {
    it(name, async () => {
      await using server = await FakeServer.start(ROWS);
      await using proxy = await Proxy.start();
      for (const variable of ["grpc_proxy", "https_proxy", "http_proxy"]) {
        process.env[variable] = `http://${proxy.address}`;
      }
      const options = { "grpc.enable_http_proxy": 1, "grpc.http_connect_target": "dns:elsewhere.example:1" };
      for (const channelOptions of [{}, options]) {
        using client = new Client(name.replace("P", server.target.split(":")[1]!), { token: "secret", channelOptions });
        await oneRow(client);
      }
      assert.deepEqual(proxy.asked, []);
    });
  }

  it("a Unix socket", async () => {
    const folder = mkdtempSync(join(tmpdir(), "proxy-"));
    await using server = await FakeServer.start(ROWS, { address: `unix:${join(folder, "socket")}` });
    await using proxy = await Proxy.start();
    process.env.grpc_proxy = `http://${proxy.address}`;
    using client = new Client(server.target, { token: "secret", channelOptions: { "grpc.enable_http_proxy": 1 } });
    await oneRow(client);
    assert.deepEqual(proxy.asked, []);
    rmSync(folder, { recursive: true });
  });
});

describe("a server elsewhere", () => {
  it("is reached through the proxy of the environment", async () => {
    await using server = await FakeServer.start(ROWS);
    await using proxy = await Proxy.start();
    process.env.http_proxy = `http://${proxy.address}`;
    using client = new Client(elsewhere(server));
    await oneRow(client);
    assert.deepEqual(proxy.asked, [elsewhere(server)]);
  });

  it("gets a token in plain text directly, not through a proxy", async () => {
    await using server = await FakeServer.start(ROWS);
    await using proxy = await Proxy.start();
    process.env.grpc_proxy = `http://${proxy.address}`;
    for (const channelOptions of [{}, { "grpc.enable_http_proxy": 1 }]) {
      using client = new Client(elsewhere(server), { token: "secret", insecureToken: true, channelOptions });
      await oneRow(client);
    }
    assert.deepEqual([proxy.asked, proxy.sent], [[], ""]);
    assert.deepEqual(server.metadata[0]?.get("authorization"), ["Bearer secret"]);
  });

  it("gets a token over TLS through the proxy, which cannot read it", async () => {
    const identity = makeIdentity();
    const pair = { cert_chain: Buffer.from(identity.certificate), private_key: Buffer.from(identity.key) };
    await using server = await FakeServer.start(ROWS, { credentials: ServerCredentials.createSsl(null, [pair]) });
    await using proxy = await Proxy.start();
    process.env.https_proxy = `http://${proxy.address}`;
    using client = new Client(elsewhere(server), {
      token: "secret",
      tls: { ca: identity.certificate },
      channelOptions: { "grpc.ssl_target_name_override": "localhost" },
    });
    await oneRow(client);
    assert.equal(proxy.asked.length, 1);
    assert.ok(proxy.sent.length > 0 && !proxy.sent.includes("secret"));
    assert.deepEqual(server.metadata[0]?.get("authorization"), ["Bearer secret"]);
  });
});

describe("an error names the proxy", () => {
  async function failure(target: string, environment: Record<string, string>): Promise<string> {
    Object.assign(process.env, environment);
    using client = new Client(target, { retry: false });
    const error: unknown = await client.model("m", { timeout: 20_000 }).catch((raised: unknown) => raised);
    assert.ok(error instanceof UnavailableError);
    assert.doesNotMatch(error.message, /secret/);
    return error.message;
  }

  it("that refuses", async () => {
    await using proxy = await Proxy.start({ refusing: true });
    assert.match(
      await failure("models.example.org:50051", { https_proxy: `http://me:secret@${proxy.address}` }),
      new RegExp(
        `^cannot connect to models.example.org:50051 through the proxy http://${proxy.address} \\(https_proxy\\)`,
      ),
    );
    assert.deepEqual(proxy.asked, ["models.example.org:50051"]);
  });

  it("that is not there", async () => {
    const gone = await Proxy.start();
    const { address } = gone;
    await gone[Symbol.asyncDispose]();
    assert.match(
      await failure("models.example.org:50051", { http_proxy: `http://me:secret@${address}` }),
      new RegExp(`through the proxy http://${address} \\(http_proxy\\): the proxy is not there or refuses`),
    );
  });

  it("that has no address", async () => {
    assert.match(
      await failure("models.example.org:50051", { grpc_proxy: "http://me:secret@nowhere.invalid" }),
      /through the proxy http:\/\/nowhere\.invalid:80 \(grpc_proxy\): cannot find the host of the proxy/,
    );
  });

  it("through which it met a server that is none", async () => {
    await using proxy = await Proxy.start();
    const port = proxy.address.split(":")[1]!; // an HTTP/1.1 server
    assert.match(
      await failure(`models.example.org:${port}`, { grpc_proxy: `http://${proxy.address}` }),
      /through the proxy http:\S+ \(grpc_proxy\): the server does not speak HTTP\/2/,
    );
  });

  it("whose user cannot be read, and not its password", () => {
    process.env.http_proxy = "http://me:50%secret@proxy.example:1";
    assert.throws(
      () => new Client("models.example.org:1"),
      (error) => error instanceof InvalidArgumentError && /^http_proxy: .*%25/.test(error.message),
    );
    new Client("localhost:1").close();
  });
});

describe("the proxy that messages name is the one of gRPC", () => {
  const environments: Record<string, string>[] = [
    {},
    { grpc_proxy: "", https_proxy: "", http_proxy: "" },
    { http_proxy: "http://p:1" },
    { http_proxy: "http://p" },
    { https_proxy: "http://p:2", http_proxy: "http://p:1" },
    { grpc_proxy: "http://u:w@[::1]:3", https_proxy: "http://p:2" },
    { grpc_proxy: "", http_proxy: "http://p:1" },
    { http_proxy: "https://p:1" },
    { http_proxy: "socks5://p:1" },
    { http_proxy: "http://50%@p:1" },
    { http_proxy: "p:1" },
    { http_proxy: "::" },
    { HTTPS_PROXY: "http://p:1" },
    ...["example.org", ".org", "models.example.org:1", "*", "10.0.0.0/8", "10.0.0.0/33", "10.0.0.1", "a/b/c", "x,"].map(
      (no_proxy) => ({ http_proxy: "http://p:1", no_proxy }),
    ),
    { http_proxy: "http://p:1", no_grpc_proxy: "a", no_proxy: "example.org" },
    { http_proxy: "http://p:1", no_grpc_proxy: "", no_proxy: "example.org,10.0.0.0/8" },
  ];
  const targets = [
    "models.example.org:1",
    "models.example.org",
    "dns:///models.example.org:1",
    "10.0.0.1:1",
    "ipv4:10.0.0.1:1",
    "[2001:db8::1]:1",
    "2001:db8::1",
    "unix:/tmp/s",
  ];
  for (const environment of environments) {
    it(JSON.stringify(environment), () => {
      Object.assign(process.env, environment);
      for (const target of targets) {
        const uri = parseUri(target)!;
        const known = ["dns", "ipv4", "unix"].includes(uri.scheme ?? "");
        const { target: first } = mapProxyName(known ? uri : { scheme: "dns", path: target }, {});
        const proxied = uriToString(first) === (known ? target : `dns:${target}`) ? undefined : `http://${first.path}`;
        assert.equal(proxyOf(target, process.env)?.address, proxied, target);
      }
      Reflect.deleteProperty(process.env, "HTTPS_PROXY");
    });
  }
});
