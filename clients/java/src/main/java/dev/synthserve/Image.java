package dev.synthserve;

import com.google.protobuf.ByteString;

/**
 * One image.
 *
 * @param index its index in the stream of its seed
 * @param data the encoded image, in the format that was asked for
 */
public record Image(long index, ByteString data) {}
