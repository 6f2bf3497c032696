import { readFile } from "node:fs/promises";

/** A server, and how to connect to it. */
export interface Connection {
  readonly target: string;
  readonly ca?: string;
  readonly token?: string;
}

/** A condition: equals, any of (null: or missing), between, missing, not missing. */
export type Wanted =
  | string
  | readonly (string | null)[]
  | { readonly low?: string; readonly high?: string }
  | { readonly missing: false }
  | null;

/** A request; tests/conformance/README.md in the repository documents the fields. */
export interface Case {
  readonly name: string;
  readonly connection: string;
  readonly call: "rows" | "images" | "models" | "model";
  readonly model?: string;
  readonly count?: string;
  readonly seed?: string;
  readonly offset?: string;
  readonly where?: Readonly<Record<string, Wanted>>;
  readonly format?: "columns" | "csv" | "json_lines" | "arrow" | "png" | "jpeg" | "raw";
  readonly per_message?: number;
  readonly jpeg_quality?: number;
  readonly timeout_ms?: number;
  readonly retries?: boolean;
  readonly cancel_after?: string;
  readonly pause_after?: string;
}

/** Cases, and the servers that they use. */
export interface Play {
  readonly connections: Readonly<Record<string, Connection>>;
  readonly cases: readonly Case[];
}

export async function readPlay(file: string): Promise<Play> {
  // Decoded so that a byte order mark is removed.
  return JSON.parse(new TextDecoder().decode(await readFile(file))) as Play;
}
