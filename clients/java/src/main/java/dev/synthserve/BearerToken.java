package dev.synthserve;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import java.util.function.Supplier;
import java.util.regex.Pattern;

/**
 * Sends a token with every attempt of every call.
 *
 * @param token returns the token; the thread of the call runs it and gets its exceptions
 */
record BearerToken(Supplier<String> token) implements ClientInterceptor {
  private static final Metadata.Key<String> AUTHORIZATION =
      Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);

  /** Characters that editors add around a token: a byte order mark, blanks, line ends. */
  private static final Pattern AROUND = Pattern.compile("^\\uFEFF?[ \\t\\r\\n]*|[ \\t\\r\\n]+\\z");

  private static final Pattern LINE = Pattern.compile("[\\x20-\\x7e]+");

  @Override
  public <Q, R> ClientCall<Q, R> interceptCall(
      MethodDescriptor<Q, R> method, CallOptions options, Channel next) {
    return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
      @Override
      public void start(Listener<R> listener, Metadata headers) {
        headers.put(AUTHORIZATION, "Bearer " + checked(token.get()));
        super.start(listener, headers);
      }
    };
  }

  /** The token as a header value. The error does not contain the token. */
  static String checked(String token) {
    if (token == null) {
      throw SynthserveException.invalid("token", "its source gave none");
    }
    String stripped = AROUND.matcher(token).replaceAll("");
    if (!LINE.matcher(stripped).matches()) {
      throw SynthserveException.invalid(
          "token", "must be one line of printable ASCII text, and not empty");
    }
    return stripped;
  }
}
