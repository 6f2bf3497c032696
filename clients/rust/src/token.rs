//! Bearer tokens: their header, and the connections that they may be sent over.

use std::fmt;
use std::sync::Arc;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::{Code, Request, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::Error;
use crate::target::Target;

/// Returns a token for each attempt of each call.
pub(crate) type TokenSource = Arc<dyn Fn() -> String + Send + Sync>;

const PROBLEM: &str = "must be one line of printable ASCII text";

const IN_PLAIN_TEXT: &str = "would be sent to another machine in plain text; connect over TLS, or call \
                             allow_insecure_token() where something else secures the connection";

/// Puts the token into every call; part of [`Service`](crate::Service).
#[derive(Clone)]
pub struct Authorization {
    source: Option<TokenSource>,
    /// Whether others could read a token in transit.
    readable: bool,
}

impl Authorization {
    pub(crate) fn new(source: Option<TokenSource>, readable: bool) -> Self {
        Self { source, readable }
    }
}

impl Interceptor for Authorization {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(source) = &self.source {
            let header = header(&source()).ok_or_else(|| refused(PROBLEM))?;
            request.metadata_mut().insert("authorization", header);
        }
        // A caller of the stubs may have set one already.
        if self.readable && request.metadata().contains_key("authorization") {
            return Err(refused(IN_PLAIN_TEXT));
        }
        Ok(request)
    }
}

fn refused(problem: &str) -> Status {
    let details = ErrorDetails::with_bad_request_violation("token", problem);
    Status::with_error_details(Code::InvalidArgument, format!("token: {problem}"), details)
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("token", &self.source.is_some())
            .finish()
    }
}

/// Refuses a token that cannot be sent.
pub(crate) fn check(token: &str) -> Result<(), Error> {
    // The message does not repeat the token.
    header(token).map(drop).ok_or_else(|| Error::invalid("token", PROBLEM))
}

/// Whether others could read a token that is sent to the target.
pub(crate) fn is_readable(target: &Target, tls: bool, insecure: bool) -> bool {
    !(tls || insecure || target.is_local())
}

/// Refuses to send any token where others could read it.
pub(crate) fn check_use(readable: bool) -> Result<(), Error> {
    if readable {
        return Err(Error::invalid("token", IN_PLAIN_TEXT));
    }
    Ok(())
}

/// The header for a token, without the byte order mark, blanks and line ends that files may add.
fn header(token: &str) -> Option<MetadataValue<Ascii>> {
    let token = token.strip_prefix('\u{feff}').unwrap_or(token);
    let token = token.trim_matches([' ', '\t', '\r', '\n']);
    let is_line = !token.is_empty() && token.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut header: MetadataValue<Ascii> = is_line.then(|| format!("Bearer {token}").parse().ok())??;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peer::{Peer, Security};

    #[test]
    fn a_token_goes_into_the_header_without_its_white_space() {
        let mut authorization = Authorization::new(Some(Arc::new(|| " abc.DEF \n".to_owned())), false);
        let request = authorization.call(Request::new(())).unwrap();
        let header = request.metadata().get("authorization").unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer abc.DEF");
        assert!(header.is_sensitive());
    }

    #[test]
    fn a_token_is_read_however_an_editor_wrote_it() {
        for text in [
            "abc",
            "abc\r\n",
            "abc\r",
            "abc \t \n\n",
            "\u{feff}abc",
            "\u{feff} abc\r\n",
        ] {
            assert_eq!(header(text).unwrap(), "Bearer abc", "{text:?}");
        }
    }

    #[test]
    fn a_token_of_the_callers_own_has_the_same_guard() {
        let mut request = Request::new(());
        request
            .metadata_mut()
            .insert("authorization", "Bearer abc".parse().unwrap());
        let copy = || Request::from_parts(request.metadata().clone(), Default::default(), ());
        assert!(Authorization::new(None, false).call(copy()).is_ok());
        let status = Authorization::new(None, true).call(copy()).unwrap_err();
        assert_eq!(status.message(), format!("token: {IN_PLAIN_TEXT}"));
        assert!(Authorization::new(None, true).call(Request::new(())).is_ok());
    }

    #[test]
    fn a_source_is_asked_for_each_attempt() {
        let attempt = std::sync::atomic::AtomicU32::new(0);
        let source = move || attempt.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string();
        let mut authorization = Authorization::new(Some(Arc::new(source)), false);
        for expected in ["Bearer 0", "Bearer 1"] {
            let request = authorization.call(Request::new(())).unwrap();
            assert_eq!(request.metadata().get("authorization").unwrap(), expected);
        }
    }

    #[test]
    fn what_no_header_holds_is_refused_and_not_repeated() {
        for token in [
            "",
            " \n",
            "\u{feff}",
            "two\nlines",
            "two\rlines",
            "schlüssel",
            "nul\0",
            "mark\u{feff}",
            " \u{feff}mark",
            "space\u{a0}",
            "line\u{2028}",
            "tab\tinside",
            "delete\u{7f}",
        ] {
            let error = check(token).unwrap_err();
            assert_eq!(error.field_violations()[0].field, "token");
            assert_eq!(error.message(), format!("token: {PROBLEM}"));
            let owned = token.to_owned();
            let status = Authorization::new(Some(Arc::new(move || owned.clone())), false)
                .call(Request::new(()))
                .unwrap_err();
            let error = crate::status::error(&status, &Peer::new("here".to_owned(), Security::Plain));
            assert_eq!(error.field_violations()[0].field, "token");
        }
    }

    #[test]
    fn a_token_is_sent_in_plain_text_only_to_this_machine() {
        let here = Target::parse("localhost:1").unwrap();
        let there = Target::parse("synth.example:1").unwrap();
        let check = |target, tls, insecure| check_use(is_readable(target, tls, insecure));
        assert!(check(&here, false, false).is_ok());
        assert!(check(&there, true, false).is_ok());
        assert!(check(&there, false, true).is_ok());
        assert_eq!(
            check(&there, false, false).unwrap_err().field_violations()[0].field,
            "token"
        );
    }
}
