/** The streaming methods: how to read their responses, and how to join the responses of one call. */
import { Assembly } from "./assembly.js";
import type { StreamMethod } from "./calls.js";
import {
  GenerationServiceService,
  type GenerateImagesRequest,
  type GenerateRowsRequest,
} from "./gen/synthserve/v1/generation.js";
import { readImages, readRows, type ImagesResponse, type RowsResponse } from "./wire.js";

export const GENERATE_ROWS: StreamMethod<GenerateRowsRequest, RowsResponse> = {
  ...GenerationServiceService.generateRows,
  responseDeserialize: readRows,
  joiner: () => {
    const assembly = new Assembly();
    return (response) => assembly.accept(response);
  },
};

export const GENERATE_IMAGES: StreamMethod<GenerateImagesRequest, ImagesResponse> = {
  ...GenerationServiceService.generateImages,
  responseDeserialize: readImages,
  joiner: () => (response) => response,
};
