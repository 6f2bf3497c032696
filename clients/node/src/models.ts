/** The models of a server, joined from pages. */
import * as args from "./arguments.js";
import { appendCategories, checkCategories } from "./categories.js";
import { ProtocolError } from "./errors.js";
import {
  ModelView,
  type GetModelRequest,
  type GetModelResponse,
  type ListModelsRequest,
  type ListModelsResponse,
  type Model,
} from "./gen/synthserve/v1/model.js";

/** The detail of each model in a list: `basic` omits the categories, `full` includes those that fit into a message. */
export type View = "basic" | "full";

/** Sends a request to a server. */
type Ask<Request, Response> = (request: Request) => Promise<Response>;

const VIEWS: Readonly<Record<View, ModelView>> = { basic: ModelView.BASIC, full: ModelView.FULL };

/** @throws InvalidArgumentError - The view is unknown. */
export function modelView(view: View): ModelView {
  return args.choice("view", view, VIEWS);
}

/** Yields the models of all pages. */
export async function* allModels(
  ask: Ask<ListModelsRequest, ListModelsResponse>,
  view: ModelView,
): AsyncGenerator<Model, undefined, undefined> {
  let pageToken = "";
  do {
    const page = await ask({ pageSize: 0, pageToken, view });
    yield* page.models;
    pageToken = page.nextPageToken;
  } while (pageToken !== "");
}

/**
 * A model with the categories of all pages.
 *
 * @param name - The resource name.
 * @throws ProtocolError - A page is empty or violates the protocol, or categories are missing after the last page.
 */
export async function wholeModel(ask: Ask<GetModelRequest, GetModelResponse>, name: string): Promise<Model> {
  const { model, nextPageToken } = await ask({ name, pageToken: "" });
  if (model === undefined) {
    throw new ProtocolError("the server described no model");
  }
  const columns = model.output?.$case === "table" ? model.output.value.columns : undefined;
  for (let pageToken = nextPageToken; pageToken !== "";) {
    const page = await ask({ name, pageToken });
    if (page.part === undefined) {
      throw new ProtocolError("a further page of the model has no categories");
    }
    appendCategories(columns ?? [], page.part.columns);
    appendCategories(model.conditions, page.part.conditions);
    pageToken = page.nextPageToken;
  }
  // The conditions of a table use the categories of its columns.
  checkCategories(columns ?? model.conditions);
  return model;
}
