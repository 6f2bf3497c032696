//! The server at the other end of a client's connections, for messages about them.

use std::sync::atomic::{AtomicBool, Ordering};

/// How a client connects.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Security {
    Plain,
    /// TLS; `identity`: the client has a certificate of its own.
    Tls {
        identity: bool,
    },
}

/// The server of a client, as the client was configured.
#[derive(Debug)]
pub(crate) struct Peer {
    target: String,
    security: Security,
    answered: AtomicBool,
}

impl Peer {
    pub(crate) fn new(target: String, security: Security) -> Self {
        Self {
            target,
            security,
            answered: AtomicBool::new(false),
        }
    }

    /// The address, as the caller wrote it.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    pub(crate) fn security(&self) -> Security {
        self.security
    }

    /// Records that the server has answered, so that later errors do not blame the configuration.
    pub(crate) fn has_answered(&self) {
        self.answered.store(true, Ordering::Relaxed);
    }

    /// Whether the server has ever answered this client.
    pub(crate) fn is_known(&self) -> bool {
        self.answered.load(Ordering::Relaxed)
    }
}
