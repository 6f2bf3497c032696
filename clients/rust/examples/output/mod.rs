//! What the programs say, and how they end when nobody can hear it.
//!
//! `println!` and `eprintln!` panic where standard output or standard error cannot be written.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// What shells report for a program that SIGPIPE ended.
const BROKEN_PIPE: u8 = 128 + 13;

/// Writes a line to standard output.
pub(crate) fn say(line: impl Display) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    written.map_err(|error| io::Error::new(error.kind(), format!("cannot write to standard output: {error}")))
}

/// The exit status after an error, which goes to standard error. The end of a reader is none.
pub(crate) fn failure(program: &str, error: &(dyn Error + 'static)) -> ExitCode {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    if kind == Some(ErrorKind::BrokenPipe) {
        return ExitCode::from(BROKEN_PIPE);
    }
    // The exit status tells of it too.
    let _ = writeln!(io::stderr(), "{program}: {error}");
    ExitCode::FAILURE
}
