//! What a call says of its stream before the first sample. It takes several responses where the schema is large. Pure.

use crate::Error;
use crate::messages::{Info, Response};

/// Puts together what the responses of one call say of their stream.
pub(crate) struct Preface<I> {
    /// What has come, and how many parts of it are still to come.
    incomplete: Option<(I, u32)>,
}

/// What a response meant.
pub(crate) enum Progress<I> {
    /// It says nothing of the stream: there are only samples in it.
    Samples,
    /// More of what it says is to come.
    Incomplete,
    /// This is all that the call says of the stream.
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
                let problem = format_args!("{missing} more parts of the schema were to come, got something else");
                return Err(Error::protocol(problem));
            }
            (None, _, Some(_)) => return Err(Error::protocol("a part of the schema came that was not announced")),
        };
        if response.size() != 0 {
            return Err(Error::protocol("samples came before the schema was complete"));
        }
        if missing == 0 {
            return Ok(Progress::Complete(info));
        }
        self.incomplete = Some((info, missing));
        Ok(Progress::Incomplete)
    }
}
