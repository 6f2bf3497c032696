//! Addresses of servers.

use std::net::{IpAddr, Ipv6Addr};

use crate::Error;

/// The port of an address without one, as everywhere in gRPC.
const DEFAULT_PORT: u16 = 443;

/// Where a server is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    /// A host and a port.
    Tcp { host: String, port: u16 },
    /// The path of a Unix socket.
    Unix(String),
}

impl Target {
    /// Reads `HOST:PORT`, `HOST`, `[IPV6]:PORT`, an IPv6 address or `unix:PATH`.
    pub(crate) fn parse(text: &str) -> Result<Self, Error> {
        if let Some(path) = text.strip_prefix("unix:") {
            return unix(path);
        }
        if text.parse::<Ipv6Addr>().is_ok() {
            return Ok(Self::Tcp {
                host: format!("[{text}]"),
                port: DEFAULT_PORT,
            });
        }
        let wrong = || Error::invalid("target", &format!("must be HOST:PORT or unix:PATH, not {text:?}"));
        // An IPv6 address in brackets has colons of its own.
        let after_host = text.rfind(']').map_or(0, |bracket| bracket + 1);
        let (host, port) = match text[after_host..].split_once(':') {
            None => (text, None),
            Some((rest, port)) => (&text[..after_host + rest.len()], Some(port)),
        };
        let is_host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => !host.is_empty() && host.chars().all(|c| c.is_alphanumeric() || "-._".contains(c)),
        };
        let port = match port {
            None => DEFAULT_PORT,
            Some(digits) => match digits.parse() {
                Ok(port) if port > 0 => port,
                _ => return Err(wrong()),
            },
        };
        if is_host {
            Ok(Self::Tcp {
                host: host.to_owned(),
                port,
            })
        } else {
            Err(wrong())
        }
    }

    /// The address in the form that tonic accepts.
    pub(crate) fn uri(&self, tls: bool) -> String {
        match self {
            Self::Tcp { host, port } if tls => format!("https://{host}:{port}"),
            Self::Tcp { host, port } => format!("http://{host}:{port}"),
            Self::Unix(path) => format!("unix:{path}"),
        }
    }

    /// Whether messages to the target stay on this machine.
    pub(crate) fn is_local(&self) -> bool {
        match self {
            Self::Unix(_) => true,
            Self::Tcp { host, .. } if host.eq_ignore_ascii_case("localhost") => true,
            Self::Tcp { host, .. } => host
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                // `::ffff:127.0.0.1` is an IPv4 address.
                .is_ok_and(|address| address.to_canonical().is_loopback()),
        }
    }
}

/// A Unix socket, if the system accepts the path: systems limit the length to about 100 bytes.
fn unix(path: &str) -> Result<Target, Error> {
    // `unix://PATH` is an alternative form.
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() {
        return Err(Error::invalid("target", "unix: has no path after it"));
    }
    #[cfg(unix)]
    std::os::unix::net::SocketAddr::from_pathname(path)
        .map_err(|problem| Error::invalid("target", &format!("not the path of a Unix socket: {problem}")))?;
    Ok(Target::Unix(path.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Target {
        Target::Tcp {
            host: host.to_owned(),
            port,
        }
    }

    #[test]
    fn addresses_are_read() {
        for (text, target) in [
            ("localhost:50051", tcp("localhost", 50051)),
            ("synth.example", tcp("synth.example", 443)),
            ("10.0.0.1:1", tcp("10.0.0.1", 1)),
            ("[::1]:50051", tcp("[::1]", 50051)),
            ("[::1]", tcp("[::1]", 443)),
            ("::1", tcp("[::1]", 443)),
            ("unix:/run/synthserve", Target::Unix("/run/synthserve".to_owned())),
            ("unix:///run/synthserve", Target::Unix("/run/synthserve".to_owned())),
            ("unix:relative", Target::Unix("relative".to_owned())),
        ] {
            assert_eq!(Target::parse(text).unwrap(), target);
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            ":50051",
            "host:",
            "host:0",
            "host:65536",
            "host:port",
            "a:b:1",
            "http://host:1",
            "two words:1",
            "[::1",
            "[host]:1",
            "user@host:1",
            "host/path:1",
            "\u{feff}localhost:1",
            "localhost:1\n",
            "unix:",
            "unix://",
            "unix:nul\0",
            "unix-abstract:name",
            "dns:///localhost:1",
        ] {
            let error = Target::parse(text).unwrap_err();
            assert_eq!(error.field_violations()[0].field, "target", "{text}");
        }
        assert!(Target::parse(&format!("unix:/{}", "long/".repeat(50))).is_err());
    }

    #[test]
    fn only_loopback_addresses_and_sockets_are_local() {
        for text in [
            "localhost:1",
            "LOCALHOST:1",
            "127.0.0.1:1",
            "127.9.9.9",
            "127.255.255.255:1",
            "[::1]:1",
            "::1",
            "[0:0:0:0:0:0:0:1]:1",
            "[::ffff:127.0.0.1]:1",
            "[::ffff:7f00:1]:1",
            "::ffff:127.0.0.1",
            "unix:/run/synthserve",
            "unix:relative",
        ] {
            assert!(Target::parse(text).unwrap().is_local(), "{text}");
        }
        for text in [
            "localhost.example:1",
            "10.0.0.1:1",
            "128.0.0.1:1",
            "[::2]:1",
            "0.0.0.0:1",
            "[::]:1",
            "[::ffff:10.0.0.1]:1",
            "[::ffff:0.0.0.0]:1",
            "[::127.0.0.1]:1",
            "localhost.:1",
            "foo.localhost:1",
            "localhost.localdomain:1",
            "127.1:1",
            "0x7f000001:1",
            "2130706433:1",
            "127.0.0.1.:1",
            "127.0.0.1.example:1",
        ] {
            assert!(!Target::parse(text).unwrap().is_local(), "{text}");
        }
    }
}
