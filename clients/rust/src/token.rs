//! Bearer tokens: the header that they are sent in, and where they may be sent.

use std::fmt;
use std::sync::Arc;

use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::{Code, Request, Status};
use tonic_types::{ErrorDetails, StatusExt};

use crate::Error;
use crate::target::Target;

/// Gives a token for each attempt of each call.
pub(crate) type TokenSource = Arc<dyn Fn() -> String + Send + Sync>;

const PROBLEM: &str = "must be a line of ASCII text";

/// Puts the token into every call; part of [`Service`](crate::Service).
#[derive(Clone)]
pub struct Authorization(pub(crate) Option<TokenSource>);

impl Interceptor for Authorization {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(source) = &self.0 {
            let header = header(&source()).ok_or_else(|| {
                let details = ErrorDetails::with_bad_request_violation("token", PROBLEM);
                Status::with_error_details(Code::InvalidArgument, format!("token: {PROBLEM}"), details)
            })?;
            request.metadata_mut().insert("authorization", header);
        }
        Ok(request)
    }
}

impl fmt::Debug for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authorization")
            .field("token", &self.0.is_some())
            .finish()
    }
}

/// Refuses a token that cannot be sent.
pub(crate) fn check(token: &str) -> Result<(), Error> {
    // The message does not repeat it.
    header(token).map(drop).ok_or_else(|| Error::invalid("token", PROBLEM))
}

/// Refuses to send any token where others could read it.
pub(crate) fn check_use(target: &Target, tls: bool, insecure: bool) -> Result<(), Error> {
    if tls || insecure || target.is_local() {
        return Ok(());
    }
    let problem = "would be sent to another machine in plain text; connect over TLS, or call allow_insecure_token() \
                   where something else secures the connection";
    Err(Error::invalid("token", problem))
}

fn header(token: &str) -> Option<MetadataValue<Ascii>> {
    let token = token.trim();
    let is_line = !token.is_empty() && token.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let mut header: MetadataValue<Ascii> = is_line.then(|| format!("Bearer {token}").parse().ok())??;
    header.set_sensitive(true);
    Some(header)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_into_the_header_without_its_white_space() {
        let mut authorization = Authorization(Some(Arc::new(|| " abc.DEF \n".to_owned())));
        let request = authorization.call(Request::new(())).unwrap();
        let header = request.metadata().get("authorization").unwrap();
        assert_eq!(header.to_str().unwrap(), "Bearer abc.DEF");
        assert!(header.is_sensitive());
    }

    #[test]
    fn a_source_is_asked_for_each_attempt() {
        let attempt = std::sync::atomic::AtomicU32::new(0);
        let source = move || attempt.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string();
        let mut authorization = Authorization(Some(Arc::new(source)));
        for expected in ["Bearer 0", "Bearer 1"] {
            let request = authorization.call(Request::new(())).unwrap();
            assert_eq!(request.metadata().get("authorization").unwrap(), expected);
        }
    }

    #[test]
    fn what_no_header_holds_is_refused_and_not_repeated() {
        for token in ["", " \n", "two\nlines", "schlüssel", "nul\0"] {
            let error = check(token).unwrap_err();
            assert_eq!(error.field_violations()[0].field, "token");
            assert_eq!(error.message(), format!("token: {PROBLEM}"));
            let owned = token.to_owned();
            let status = Authorization(Some(Arc::new(move || owned.clone())))
                .call(Request::new(()))
                .unwrap_err();
            assert_eq!(
                crate::status::error(&status, "here").field_violations()[0].field,
                "token"
            );
        }
    }

    #[test]
    fn a_token_is_sent_in_plain_text_only_to_this_machine() {
        let here = Target::parse("localhost:1").unwrap();
        let there = Target::parse("synth.example:1").unwrap();
        assert!(check_use(&here, false, false).is_ok());
        assert!(check_use(&there, true, false).is_ok());
        assert!(check_use(&there, false, true).is_ok());
        assert_eq!(
            check_use(&there, false, false).unwrap_err().field_violations()[0].field,
            "token"
        );
    }
}
