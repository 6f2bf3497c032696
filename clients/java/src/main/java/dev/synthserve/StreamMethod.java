package dev.synthserve;

import dev.synthserve.v1.GenerateImagesRequest;
import dev.synthserve.v1.GenerateImagesResponse;
import dev.synthserve.v1.GenerateRowsRequest;
import dev.synthserve.v1.GenerateRowsResponse;
import dev.synthserve.v1.GenerationServiceGrpc;
import dev.synthserve.v1.ImageStreamInfo;
import dev.synthserve.v1.RowStreamInfo;
import io.grpc.MethodDescriptor;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The properties of a streaming method that a resuming call needs.
 *
 * @param descriptor the method
 * @param request builds the request for the missing samples
 * @param reading joins responses that belong together
 * @param part extracts the part of a response that {@link Resume} needs
 * @param unpacking extracts the samples of a response
 */
record StreamMethod<Q, R, T>(
    MethodDescriptor<Q, R> descriptor,
    Function<Resume.Ask, Q> request,
    UnaryOperator<Iterator<R>> reading,
    Function<R, Resume.Part> part,
    Unpacking<R, T> unpacking) {

  /** Extracts the samples of a response. */
  @FunctionalInterface
  interface Unpacking<R, T> {
    /**
     * Extracts the samples of a response.
     *
     * @param response the next response of the stream
     * @param info the information of the stream
     * @param first whether it is the first response of the stream, not only of a resuming call
     * @return the samples
     */
    List<T> unpack(R response, Resume.Info info, boolean first);
  }

  static <T> StreamMethod<GenerateRowsRequest, GenerateRowsResponse, T> rows(
      RowsRequest request,
      dev.synthserve.v1.RowFormat format,
      Unpacking<GenerateRowsResponse, T> unpacking) {
    return new StreamMethod<>(
        GenerationServiceGrpc.getGenerateRowsMethod(),
        ask -> {
          GenerateRowsRequest.Builder message =
              GenerateRowsRequest.newBuilder()
                  .setModel(ask.model())
                  .setOffset(ask.offset())
                  .addAllConditions(request.conditions)
                  .setFormat(format)
                  .setRowsPerMessage(request.rowsPerMessage);
          ask.count().ifPresent(message::setCount);
          ask.seed().ifPresent(message::setSeed);
          return message.build();
        },
        RowResponses::new,
        response ->
            new Resume.Part(
                Optional.of(response)
                    .filter(GenerateRowsResponse::hasInfo)
                    .map(GenerateRowsResponse::getInfo)
                    .map(StreamMethod::info),
                response.getFirstIndex(),
                response.getRowCount()),
        unpacking);
  }

  static <T> StreamMethod<GenerateImagesRequest, GenerateImagesResponse, T> images(
      ImagesRequest request, Unpacking<GenerateImagesResponse, T> unpacking) {
    return new StreamMethod<>(
        GenerationServiceGrpc.getGenerateImagesMethod(),
        ask -> {
          GenerateImagesRequest.Builder message =
              GenerateImagesRequest.newBuilder()
                  .setModel(ask.model())
                  .setOffset(ask.offset())
                  .addAllConditions(request.conditions)
                  .setFormat(request.format.wire)
                  .setJpegQuality(request.jpegQuality)
                  .setImagesPerMessage(request.imagesPerMessage);
          ask.count().ifPresent(message::setCount);
          ask.seed().ifPresent(message::setSeed);
          return message.build();
        },
        UnaryOperator.identity(),
        response ->
            new Resume.Part(
                Optional.of(response)
                    .filter(GenerateImagesResponse::hasInfo)
                    .map(GenerateImagesResponse::getInfo)
                    .map(StreamMethod::info),
                response.getFirstIndex(),
                response.getImagesCount()),
        unpacking);
  }

  private static Resume.Info info(RowStreamInfo info) {
    return new Resume.Info(info.getModel(), info.getSeed(), info.getSchema());
  }

  private static Resume.Info info(ImageStreamInfo info) {
    return new Resume.Info(info.getModel(), info.getSeed(), info.getSchema());
  }
}
