import { appendCategories, checkCategories } from "./categories.js";
import { ProtocolError } from "./errors.js";
import type { SchemaPart } from "./gen/synthserve/v1/schema.js";
import type { RowsInfo, RowsResponse } from "./wire.js";

/** A first response whose parts are incomplete. */
interface Begun {
  readonly response: RowsResponse & { readonly info: RowsInfo };
  readonly preamble: Uint8Array[];
  left: number;
}

/**
 * Joins the responses of one call if a schema is too large for one message: merges the responses that carry its parts
 * into the first. Pure.
 */
export class Assembly {
  #begun: Begun | undefined;

  /**
   * Takes the next response of the call.
   *
   * @returns The response, with its whole schema and preamble; undefined while parts are missing.
   * @throws ProtocolError - A part violates the protocol, or categories are missing after the last part.
   */
  accept(response: RowsResponse): RowsResponse | undefined {
    const { info, part } = response;
    if (this.#begun !== undefined) {
      append(this.#begun, part);
    } else if (part !== undefined) {
      throw new ProtocolError("a part of the schema came that was not announced");
    } else if (info === undefined) {
      return response;
    } else {
      this.#begun = { response: { ...response, info }, preamble: [response.preamble], left: response.partCount };
    }
    if (this.#begun.left > 0) {
      if (response.size !== 0n) {
        throw new ProtocolError("rows came before the schema was complete");
      }
      return undefined;
    }
    const { response: first, preamble } = this.#begun;
    this.#begun = undefined;
    checkCategories(first.info.schema.columns);
    return { ...first, preamble: Buffer.concat(preamble) };
  }
}

function append(begun: Begun, part: SchemaPart | undefined): void {
  if (part === undefined) {
    throw new ProtocolError(`${begun.left} parts of the schema are missing`);
  }
  appendCategories(begun.response.info.schema.columns, part.columns);
  begun.preamble.push(part.preamble);
  begun.left -= 1;
}
