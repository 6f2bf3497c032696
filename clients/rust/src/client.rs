//! The client: where the server is, and how to talk to it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tonic::transport::Endpoint;

use crate::caller::Caller;
use crate::connection::{Connection, Service};
use crate::peer::{Peer, Security};
use crate::target::Target;
use crate::token::{self, Authorization, TokenSource};
use crate::{Error, ImagesRequest, ModelRequest, Models, RetryPolicy, RowsRequest, Tls};

const USER_AGENT: &str = concat!("synthserve-rust/", env!("CARGO_PKG_VERSION"));

/// How long a server may take to accept a connection. As elsewhere in gRPC.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(20);

/// Finds a peer that vanished. Servers by default close connections that ping more than once in five minutes.
const KEEP_ALIVE: (Duration, Duration) = (Duration::from_secs(330), Duration::from_secs(20));

/// A client of one server.
///
/// It connects when it is first used, and again when the connection is lost. Clones share the connection. It works in
/// any Tokio runtime with I/O and time enabled, and in several; it opens a separate connection in each. It never uses a
/// proxy, and ignores environment variables that name one.
///
/// ```no_run
/// # async fn example() -> Result<(), synthserve::Error> {
/// use synthserve::Client;
///
/// let client = Client::new("localhost:50051")?;
/// let mut batches = client.rows("iris-vae").count(1_000).seed(7).batches();
/// while let Some(batch) = batches.next().await {
///     println!("{} rows", batch?.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    caller: Arc<Caller>,
}

impl Client {
    /// A client of the server at `target`, in plain text: `HOST:PORT` or `unix:PATH`.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` when the target is not an address. The first call connects.
    pub fn new(target: impl Into<String>) -> Result<Self, Error> {
        Self::builder(target).build()
    }

    /// A client with TLS, a token or other retries.
    pub fn builder(target: impl Into<String>) -> ClientBuilder {
        ClientBuilder {
            target: target.into(),
            tls: None,
            token: None,
            insecure_token: false,
            retry: RetryPolicy::default(),
        }
    }

    /// Asks for rows of a table model: `iris-vae` (the newest version that is ready), `iris-vae@2` (that version) or a
    /// full resource name.
    pub fn rows(&self, model: impl AsRef<str>) -> RowsRequest {
        RowsRequest::new(self.caller.clone(), model.as_ref())
    }

    /// Asks for images of an image model, named as for [`rows`](Self::rows).
    pub fn images(&self, model: impl AsRef<str>) -> ImagesRequest {
        ImagesRequest::new(self.caller.clone(), model.as_ref())
    }

    /// Lists the models of the server, including those that failed to load, sorted by name.
    pub fn models(&self) -> Models {
        Models::new(self.caller.clone())
    }

    /// Asks for the description of one model or version, named as for [`rows`](Self::rows).
    pub fn model(&self, name: impl AsRef<str>) -> ModelRequest {
        ModelRequest::new(self.caller.clone(), name.as_ref())
    }

    /// The connection, for the stubs of [`v1`](crate::v1) and methods that this client does not cover. Their calls are
    /// not retried. It belongs to the Tokio runtime of this thread, or else to the last one that used the client.
    ///
    /// # Panics
    ///
    /// When this thread is in no Tokio runtime, and the client has not been used in one.
    ///
    /// ```no_run
    /// # async fn example(client: synthserve::Client) -> Result<(), tonic::Status> {
    /// use synthserve::v1::{LoadModelRequest, model_service_client::ModelServiceClient};
    ///
    /// let mut stub = ModelServiceClient::new(client.service());
    /// stub.load_model(LoadModelRequest { name: "models/iris-vae".to_owned() }).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn service(&self) -> Service {
        match self.caller.connection.service() {
            Ok(service) => service,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Makes a [`Client`].
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use synthserve::{Client, Tls};
///
/// let client = Client::builder("synth.example:443")
///     .tls(Tls::new().ca(std::fs::read("ca.pem")?))
///     .token(std::env::var("SYNTHSERVE_TOKEN")?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder makes nothing until build() is called"]
pub struct ClientBuilder {
    target: String,
    tls: Option<Tls>,
    token: Option<Token>,
    insecure_token: bool,
    retry: RetryPolicy,
}

enum Token {
    Text(String),
    Source(TokenSource),
}

impl ClientBuilder {
    /// Connects over TLS. Default: plain text.
    pub fn tls(mut self, tls: Tls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// Sends `authorization: Bearer TOKEN` with every call.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(Token::Text(token.into()));
        self
    }

    /// Sends a token that can change: `source` is called for each attempt of each call, and must not block for long.
    pub fn token_source(mut self, source: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.token = Some(Token::Source(Arc::new(source)));
        self
    }

    /// Sends the token in plain text to other machines too. Use it only where something else secures the connection.
    pub fn allow_insecure_token(mut self) -> Self {
        self.insecure_token = true;
        self
    }

    /// How calls are tried again. Default: [`RetryPolicy::default`].
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Makes the client.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` when an option has a value that is not allowed, with the option in
    /// [`field_violations`](Error::field_violations): the target is not an address, a certificate or key is unusable,
    /// the token is not one line or would be sent to another machine in plain text.
    pub fn build(self) -> Result<Client, Error> {
        self.retry.check()?;
        let target = Target::parse(&self.target)?;
        let readable = token::is_readable(&target, self.tls.is_some(), self.insecure_token);
        if self.token.is_some() {
            token::check_use(readable)?;
        }
        let source = match self.token {
            None => None,
            Some(Token::Source(source)) => Some(source),
            Some(Token::Text(text)) => {
                token::check(&text)?;
                Some(Arc::new(move || text.clone()) as TokenSource)
            }
        };
        let refused = |field| move |error| Error::invalid(field, &crate::status::chain(&error));
        let mut endpoint = Endpoint::from_shared(target.uri(self.tls.is_some()))
            .and_then(|endpoint| endpoint.user_agent(USER_AGENT))
            .map_err(refused("target"))?
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(KEEP_ALIVE.0)
            .keep_alive_timeout(KEEP_ALIVE.1);
        if let Some(tls) = &self.tls {
            if matches!(target, Target::Unix(_)) {
                return Err(Error::invalid(
                    "tls",
                    "a Unix socket is used in plain text: leave tls() out",
                ));
            }
            endpoint = endpoint.tls_config(tls.config()?).map_err(refused("tls"))?;
        }
        let security = self.tls.as_ref().map_or(Security::Plain, |tls| Security::Tls {
            identity: tls.has_identity(),
        });
        let connection = Connection::new(endpoint, Authorization::new(source, readable));
        // Remembers the runtime of this thread, if any, for later use in threads without a runtime.
        let _ = connection.service();
        Ok(Client {
            caller: Arc::new(Caller {
                peer: Peer::new(self.target, security),
                policy: self.retry,
                connection,
            }),
        })
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("target", &self.target)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
