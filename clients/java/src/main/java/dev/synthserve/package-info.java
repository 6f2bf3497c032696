/**
 * Rows and images from generative models, streamed over gRPC from a synthserve server.
 *
 * <p>{@link dev.synthserve.Client} is where to begin. The messages that come as the server sends
 * them, and the stubs for what this package does not cover, are in {@code dev.synthserve.v1}.
 */
package dev.synthserve;
