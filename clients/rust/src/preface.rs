//! The description of a stream before its first sample. A large schema takes several responses. Pure.

use crate::Error;
use crate::messages::{Info, Response};

/// Assembles the description of a stream from the responses of one call.
pub(crate) struct Preface<I> {
    /// The description so far, and the number of parts that are still missing.
    incomplete: Option<(I, u32)>,
}

/// The role of a response.
pub(crate) enum Progress<I> {
    /// It has only samples.
    Samples,
    /// It is a part of the description, and more parts follow.
    Incomplete,
    /// It completes the description.
    Complete(I),
}

impl<I: Info> Preface<I> {
    pub(crate) fn new() -> Self {
        Self { incomplete: None }
    }

    pub(crate) fn accept(&mut self, response: &mut impl Response<Info = I>) -> Result<Progress<I>, Error> {
        let (info, missing) = match (self.incomplete.take(), response.info().take(), response.take_part()) {
            (None, None, None) => return Ok(Progress::Samples),
            (None, Some(info), None) => match u32::try_from(info.part_count()).map_err(Error::protocol)? {
                0 => return Ok(Progress::Complete(info)),
                parts => (info, parts),
            },
            (Some((mut info, missing)), None, Some(part)) => {
                info.append(part)?;
                (info, missing - 1)
            }
            (Some((_, missing)), _, _) => {
                let problem = format_args!("expected {missing} more parts of the schema, got another message");
                return Err(Error::protocol(problem));
            }
            (None, _, Some(_)) => return Err(Error::protocol("got a part of the schema that was not announced")),
        };
        if response.size() != 0 {
            return Err(Error::protocol("got samples before the schema was complete"));
        }
        if missing == 0 {
            return Ok(Progress::Complete(info));
        }
        self.incomplete = Some((info, missing));
        Ok(Progress::Incomplete)
    }
}
