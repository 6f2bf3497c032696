//! The output of the programs, and their exit status when it cannot be written.
//!
//! `println!` and `eprintln!` panic where standard output or standard error cannot be written.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

/// The exit status that shells report for a program that SIGPIPE ended.
const BROKEN_PIPE: u8 = 128 + 13;

/// Writes a line to standard output.
pub(crate) fn say(line: impl Display) -> io::Result<()> {
    let mut output = io::stdout().lock();
    let written = writeln!(output, "{line}").and_then(|()| output.flush());
    written.map_err(|error| io::Error::new(error.kind(), format!("cannot write to standard output: {error}")))
}

/// Prints an error to standard error and returns the exit status. A closed pipe is not reported.
pub(crate) fn failure(program: &str, error: &(dyn Error + 'static)) -> ExitCode {
    let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
    if kind == Some(ErrorKind::BrokenPipe) {
        return ExitCode::from(BROKEN_PIPE);
    }
    // If this cannot be written, the exit status still reports the error.
    let _ = writeln!(io::stderr(), "{program}: {error}");
    ExitCode::FAILURE
}
