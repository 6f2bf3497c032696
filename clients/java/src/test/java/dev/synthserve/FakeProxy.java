package dev.synthserve;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** An HTTP proxy on a port of this machine, which keeps what it was asked. */
final class FakeProxy implements AutoCloseable {
  /** What it does with a connection once it knows what is asked. */
  @FunctionalInterface
  interface Answer {
    void to(Socket client) throws IOException;
  }

  final List<String> asked = Collections.synchronizedList(new ArrayList<>());
  private final List<Socket> sockets = Collections.synchronizedList(new ArrayList<>());
  private final ServerSocket listening;
  private final Answer answer;

  private FakeProxy(Answer answer) throws IOException {
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    this.answer = answer;
    start(this::listen);
  }

  /** One that connects all to a port of this machine. */
  static FakeProxy to(int port) throws IOException {
    return new FakeProxy(client -> tunnel(client, port));
  }

  /** One that answers with a status, and closes. */
  static FakeProxy refusing(String status) throws IOException {
    return new FakeProxy(
        client -> {
          write(client, "HTTP/1.1 " + status + "\r\nContent-Length: 0\r\n\r\n");
          client.close();
        });
  }

  /** One that closes without an answer. */
  static FakeProxy closing() throws IOException {
    return new FakeProxy(Socket::close);
  }

  /** One that takes connections, and never answers. */
  static FakeProxy silent() throws IOException {
    return new FakeProxy(client -> {});
  }

  int port() {
    return listening.getLocalPort();
  }

  private static void start(Runnable body) {
    Thread thread = new Thread(body, "proxy");
    thread.setDaemon(true);
    thread.start();
  }

  private void listen() {
    try {
      while (true) {
        Socket client = listening.accept();
        sockets.add(client);
        start(() -> handle(client));
      }
    } catch (IOException e) {
      // It was closed.
    }
  }

  private void handle(Socket client) {
    try {
      asked.add(head(client.getInputStream()));
      answer.to(client);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String head(InputStream in) throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int read = in.read();
      if (read < 0) {
        break;
      }
      head.append((char) read);
    }
    return head.toString();
  }

  private static void write(Socket to, String text) throws IOException {
    to.getOutputStream().write(text.getBytes(ISO_8859_1));
  }

  private static void tunnel(Socket client, int port) throws IOException {
    Socket server = new Socket(InetAddress.getLoopbackAddress(), port);
    write(client, "HTTP/1.1 200 OK\r\n\r\n");
    start(() -> copy(server, client));
    copy(client, server);
  }

  private static void copy(Socket from, Socket to) {
    try (from;
        to) {
      from.getInputStream().transferTo(to.getOutputStream());
    } catch (IOException e) {
      // One side has closed.
    }
  }

  @Override
  public void close() throws IOException {
    listening.close();
    for (Socket socket : List.copyOf(sockets)) {
      socket.close();
    }
  }
}
