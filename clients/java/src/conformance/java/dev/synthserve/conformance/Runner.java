package dev.synthserve.conformance;

import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonObject;
import com.google.gson.JsonParseException;
import dev.synthserve.Client;
import dev.synthserve.ClientBuilder;
import dev.synthserve.RetryPolicy;
import dev.synthserve.example.Program;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Plays conformance cases: {@code Runner PLAY}. */
public final class Runner {
  private static final Gson JSON =
      new GsonBuilder()
          .setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES)
          .create();

  private final Map<String, Connection> connections;
  private final Map<String, Client> clients = new HashMap<>();
  private final BufferedReader in =
      new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));

  private Runner(Map<String, Connection> connections) {
    this.connections = connections;
  }

  /** A server in the file. */
  private record Connection(String target, String ca, String token) {}

  /** The file. */
  private record Play(Map<String, Connection> connections, List<Case> cases) {}

  /** Plays the cases of the file in the arguments. */
  public static void main(String[] arguments) {
    System.setProperty("java.awt.headless", "true");
    Program.run(
        "Runner",
        () -> {
          if (arguments.length != 1) {
            throw new IllegalArgumentException("name one file: Runner PLAY");
          }
          Play play = read(Path.of(arguments[0]));
          Runner runner = new Runner(play.connections());
          for (Case asked : play.cases()) {
            runner.play(asked);
          }
          runner.clients.values().forEach(Client::close);
        });
  }

  private static Play read(Path file) throws IOException {
    try {
      Play play = JSON.fromJson(Files.readString(file), Play.class);
      if (play != null && play.connections() != null && play.cases() != null) {
        return play;
      }
    } catch (JsonParseException e) {
      throw new IOException(file + " is no play: " + e.getMessage(), e);
    }
    throw new IOException(file + " is no play: it needs connections and cases");
  }

  private void play(Case asked) throws IOException {
    Client client = client(asked.connection(), !Boolean.FALSE.equals(asked.retries()));
    say(asked, new Player(asked, client, () -> pause(asked)).play());
  }

  private Client client(String name, boolean retries) {
    return clients.computeIfAbsent(
        name + (retries ? "" : ", no retries"),
        key -> {
          Connection connection = connections.get(name);
          if (connection == null) {
            throw new IllegalArgumentException("the play has no connection '" + name + "'");
          }
          ClientBuilder builder = Client.builder(connection.target());
          if (connection.ca() != null) {
            builder.tls(Path.of(connection.ca()));
          }
          if (connection.token() != null) {
            builder.token(connection.token());
          }
          if (!retries) {
            builder.retry(RetryPolicy.none());
          }
          return builder.build();
        });
  }

  private void pause(Case asked) throws IOException {
    say(asked, Map.of("paused", true));
    in.readLine();
  }

  private void say(Case asked, Map<String, Object> outcome) throws IOException {
    JsonObject line = new JsonObject();
    line.addProperty("case", asked.name());
    outcome.forEach((key, value) -> line.add(key, JSON.toJsonTree(value)));
    Program.println(line.toString());
  }
}
