package dev.synthserve;

import com.google.protobuf.ByteString;

/**
 * One image.
 *
 * @param index the image's index in the model's sequence
 * @param data the encoded image, in the requested format
 */
public record Image(long index, ByteString data) {}
