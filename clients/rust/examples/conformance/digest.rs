//! Digests of received samples.

use std::error::Error;
use std::io::Cursor;

use sha2::{Digest, Sha256};
use synthserve::{Column, RowBatch, Values};

/// A SHA-256 in lower-case hexadecimal digits.
pub(crate) fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The digest of typed rows: one hash per column.
#[derive(Default)]
pub(crate) struct Columns {
    hashes: Vec<Sha256>,
    /// The hashed bytes of a column of one batch; kept for its capacity.
    buffer: Vec<u8>,
}

impl Columns {
    /// An empty digest for a number of columns.
    pub(crate) fn begin(&mut self, columns: usize) {
        self.hashes.resize_with(columns, Sha256::new);
    }

    pub(crate) fn update(&mut self, batch: &RowBatch) {
        for (column, hash) in batch.columns().zip(&mut self.hashes) {
            self.buffer.clear();
            encode(column, &mut self.buffer);
            hash.update(&self.buffer);
        }
    }

    pub(crate) fn finish(self) -> Sha256 {
        self.hashes
            .into_iter()
            .fold(Sha256::new(), |all, hash| all.chain_update(hash.finalize()))
    }
}

fn encode(column: Column<'_>, into: &mut Vec<u8>) {
    match column.values() {
        Values::Doubles(values) => rows(column, values, into, |value, into| into.extend(value.to_le_bytes())),
        Values::Int64s(values) => rows(column, values, into, |value, into| into.extend(value.to_le_bytes())),
        Values::Bools(values) => rows(column, values, into, |value, into| into.push(u8::from(*value))),
        Values::Categories(codes) => {
            let categories = &column.schema().categories;
            rows(column, codes, into, |code, into| {
                text(&categories[*code as usize], into)
            });
        }
        Values::Strings(values) => rows(column, values.iter(), into, text),
        Values::Dates(values) => rows(column, values, into, |value, into| {
            into.extend(value.days().to_le_bytes())
        }),
        Values::Timestamps(values) => rows(column, values, into, |value, into| {
            into.extend(value.microseconds().to_le_bytes());
        }),
        Values::LocalTimestamps(values) => rows(column, values, into, |value, into| {
            into.extend(value.microseconds().to_le_bytes());
        }),
        other => panic!("the digest does not cover {other:?}"),
    }
}

fn text(text: &str, into: &mut Vec<u8>) {
    let length = u32::try_from(text.len()).expect("a text is shorter than 4 GiB");
    into.extend(length.to_le_bytes());
    into.extend(text.as_bytes());
}

fn rows<T>(
    column: Column<'_>,
    values: impl IntoIterator<Item = T>,
    into: &mut Vec<u8>,
    write: impl Fn(T, &mut Vec<u8>),
) {
    let validity = column.validity();
    for (position, value) in values.into_iter().enumerate() {
        let valid = validity.is_empty() || validity[position];
        into.push(u8::from(valid));
        if valid {
            write(value, into);
        }
    }
}

/// The pixels of a PNG, rows from the top, channels last.
pub(crate) fn pixels(file: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut reader = png::Decoder::new(Cursor::new(file)).read_info()?;
    let size = reader.output_buffer_size().ok_or("the image is too large")?;
    let mut pixels = vec![0; size];
    let frame = reader.next_frame(&mut pixels)?;
    let channels = match (frame.color_type, frame.bit_depth) {
        (png::ColorType::Grayscale, png::BitDepth::Eight) => 1,
        (png::ColorType::Rgb, png::BitDepth::Eight) => 3,
        other => return Err(format!("a PNG of another kind: {other:?}").into()),
    };
    assert_eq!(size, frame.width as usize * frame.height as usize * channels);
    Ok(pixels)
}
