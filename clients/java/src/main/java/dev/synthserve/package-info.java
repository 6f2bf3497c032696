/**
 * Rows and images from generative models, streamed over gRPC from a synthserve server.
 *
 * <p>Start with {@link dev.synthserve.Client}. The package {@code dev.synthserve.v1} contains the
 * messages of the server, and the stubs for methods that this package does not cover.
 */
package dev.synthserve;
