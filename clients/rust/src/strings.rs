//! The values of STRING columns: texts one after the other, in one buffer.

use crate::v1::StringValues;

/// The values of a STRING column, one per row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Strings<'a> {
    offsets: &'a [i32],
    text: &'a str,
}

impl<'a> Strings<'a> {
    /// The number of values.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The value at `position`; none where `position` is not less than the number of values.
    pub fn get(&self, position: usize) -> Option<&'a str> {
        let end = *self.offsets.get(position.checked_add(1)?)?;
        Some(&self.text[self.offsets[position] as usize..end as usize])
    }

    /// The values, one after the other.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a str> + use<'a> {
        let text = self.text;
        let ends = self.offsets.windows(2);
        ends.map(move |ends| &text[ends[0] as usize..ends[1] as usize])
    }

    /// The byte offset in [`text`](Self::text) at which each value begins, and last the end of the last value, as in a
    /// string array of Arrow.
    pub fn offsets(&self) -> &'a [i32] {
        self.offsets
    }

    /// All values, one after the other, without separators.
    pub fn text(&self) -> &'a str {
        self.text
    }
}

/// The values of a STRING column of one response. Every offset is at a character boundary of the text.
#[derive(Debug)]
pub(crate) struct StringData {
    offsets: Vec<i32>,
    text: String,
}

impl StringData {
    /// Reads texts. Fails if they are not UTF-8, or their number is not that of the rows.
    pub(crate) fn read(message: StringValues, rows: usize) -> Result<Self, String> {
        let StringValues { offsets, data } = message;
        if offsets.len().checked_sub(1) != Some(rows) {
            return Err(format!("{} offsets of texts for {rows} rows", offsets.len()));
        }
        let length = i32::try_from(data.len()).map_err(|_| "its texts are longer than 2 GiB")?;
        if offsets.first() != Some(&0) || offsets.last() != Some(&length) || !offsets.is_sorted() {
            return Err("the offsets of its texts do not go from the beginning to the end of the data".to_owned());
        }
        let text = String::from_utf8(data.into()).map_err(|_| "its texts are not UTF-8")?;
        if !offsets.iter().all(|&offset| text.is_char_boundary(offset as usize)) {
            return Err("its texts are not UTF-8".to_owned());
        }
        Ok(Self { offsets, text })
    }

    pub(crate) fn view(&self) -> Strings<'_> {
        Strings {
            offsets: &self.offsets,
            text: &self.text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(offsets: &[i32], data: &'static [u8], rows: usize) -> Result<StringData, String> {
        let offsets = offsets.to_vec();
        let data = data.into();
        StringData::read(StringValues { offsets, data }, rows)
    }

    #[test]
    fn texts_are_told_apart() {
        let data = read(&[0, 3, 3, 6], "abc\u{20ac}".as_bytes(), 3).unwrap();
        let strings = data.view();
        assert_eq!(strings.iter().collect::<Vec<_>>(), ["abc", "", "\u{20ac}"]);
        let each = [0, 1, 2, 3, usize::MAX].map(|position| strings.get(position));
        assert_eq!(each, [Some("abc"), Some(""), Some("\u{20ac}"), None, None]);
        assert_eq!((strings.len(), strings.is_empty()), (3, false));
        assert_eq!((strings.offsets(), strings.text()), (&[0, 3, 3, 6][..], "abc\u{20ac}"));
        assert!(read(&[0], b"", 0).unwrap().view().is_empty());
    }

    #[test]
    fn what_is_no_list_of_texts_is_refused() {
        for (offsets, data, rows) in [
            (&[][..], &b""[..], 0),
            (&[], b"", usize::MAX),
            (&[0, 1], b"a", 2),
            (&[0, 1, 1], b"a", 1),
            (&[1, 1], b"a", 1),
            (&[-1, 1], b"a", 1),
            (&[0, 0], b"a", 1),
            (&[0, 2], b"a", 1),
            (&[0, i32::MAX, 1], b"a", 2),
            (&[0, -1, 1], b"a", 2),
            (&[0, 2, 1, 3], b"abc", 3),
            (&[0, 1], b"\xff", 1),
            // Half a character is not text.
            (&[0, 1, 2], "\u{e9}".as_bytes(), 2),
        ] {
            assert!(read(offsets, data, rows).is_err(), "{offsets:?} {data:?} {rows}");
        }
    }
}
