package dev.synthserve;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TargetTest {
  @ParameterizedTest
  @ValueSource(
      strings = {
        "localhost:50051",
        "LOCALHOST:1",
        "127.0.0.1:1",
        "127.9.9.9:1",
        "[::1]:1",
        "dns:///localhost:1",
        "dns:localhost:1",
        "dns:///[::1]:1",
        "dns:/localhost:1",
        "dns:localhost",
        "127.0.0.01:1",
        "[::ffff:127.0.0.1]:1",
        "[0:0:0:0:0:0:0:1]:1",
        "unix:/run/synthserve.sock"
      })
  void knowsThisMachine(String target) {
    assertDoesNotThrow(() -> Target.check(target));
    assertTrue(Target.isLocal(target));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "example.org:1",
        "localhost.example.org:1",
        "127.0.0.1.example.org:1",
        "10.0.0.1:1",
        "0.0.0.0:1",
        "[2001:db8::1]:1",
        "dns://localhost/example.org:1",
        "dns://localhost:53/127.0.0.1:1",
        "dns:///example.org:1",
        "127.0.0.1.example.com:1",
        "foo.localhost:1",
        "localhost.:1",
        "[::]:1",
        "[::ffff:10.0.0.1]:1",
        "128.0.0.1:1",
        "xds:///localhost:1"
      })
  void knowsOtherMachines(String target) {
    assertDoesNotThrow(() -> Target.check(target));
    assertFalse(Target.isLocal(target));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "localhost",
        "localhost:",
        ":1",
        "host:0",
        "host:65536",
        "host:x",
        "::1",
        "http://host:1",
        "host:1/path",
        "two words:1",
        // What gRPC would end with an exception of its own, or take for another host.
        "my_host:1",
        "münchen:1",
        "127.1:1",
        "999.9.9.9:1",
        "127.0.0.1.5:1",
        "user@localhost:1",
        "localhost?x:1",
        "localhost#x:1",
        "[127.0.0.1]:1",
        "localhost:99999999999",
        "dns:///localhost:99999",
        "dns:///localhost:0",
        "dns:",
        "dns:///",
        "dns:///a/b:1",
        "unix:",
        "unix-abstract:name"
      })
  void refusesWhatIsNoAddress(String target) {
    SynthserveException refused =
        assertThrows(SynthserveException.class, () -> Client.builder(target));
    assertEquals("target", refused.fieldViolations().get(0).getField());
  }
}
