//! Which values of a column are missing.

/// One mark per row, false where the value is missing; empty where no value is missing.
#[derive(Debug)]
pub(crate) struct Validity(Vec<bool>);

impl Validity {
    pub(crate) fn read(marks: Vec<bool>, rows: usize) -> Result<Self, String> {
        if !marks.is_empty() && marks.len() != rows {
            return Err(format!("{} validity marks for {rows} rows", marks.len()));
        }
        Ok(Self(marks))
    }

    pub(crate) fn is_valid(&self, position: usize) -> bool {
        self.0.is_empty() || self.0[position]
    }

    pub(crate) fn marks(&self) -> &[bool] {
        &self.0
    }
}
