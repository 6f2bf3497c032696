/**
 * The generated stubs, for methods that {@link Client} does not cover. They share its connection:
 *
 * ```ts
 * const stub = new ModelServiceClient(target, credentials.createInsecure(), { channelOverride: client.channel });
 * ```
 */
export * from "./gen/synthserve/v1/generation.js";
export * from "./gen/synthserve/v1/model.js";
export * from "./gen/synthserve/v1/schema.js";
