use crate::fake::{Call, Fake, numbers};
use crate::v1::{CategoryPart, SchemaPart};

use super::*;

/// Answers with a schema in two parts, and CSV or columns; breaks off after the first two rows.
async fn large(call: Call) {
    let begin = call.request.offset;
    let mut first = numbers(begin, 0, true);
    let info = first.info.as_mut().unwrap();
    (info.part_count, info.preamble) = (2, "i".into());
    info.schema.as_mut().unwrap().columns[0].category_count = 2;
    first.rows = None;
    call.send(Ok(first)).await;
    for (category, preamble) in [("a", "d"), ("b", "\n")] {
        let part = SchemaPart {
            columns: vec![CategoryPart {
                index: 0,
                categories: vec![category.to_owned()],
            }],
            preamble: preamble.into(),
            ..SchemaPart::default()
        };
        call.send(Ok(GenerateRowsResponse {
            part: Some(part),
            rows: None,
            ..numbers(begin, 0, false)
        }))
        .await;
    }
    let end = if call.number == 0 { begin + 2 } else { call.end() };
    for index in begin..end.min(call.end()) {
        let mut response = numbers(index, 1, false);
        if call.request.format() == RowFormat::Csv {
            response.rows = Some(Payload::Data(format!("{index}\n").into()));
        }
        call.send(Ok(response)).await;
    }
    if end < call.end() {
        call.send(Err(tonic::Status::unavailable("gone"))).await;
    }
}

fn categories(info: Option<&StreamInfo<TableSchema>>) -> &[String] {
    &info.unwrap().schema.columns[0].categories
}

#[tokio::test]
async fn rows_come_after_all_parts_of_the_schema_and_go_on() {
    let fake = Fake::start(large).await;
    let mut rows = fake.client().rows("m").count(4).rows();
    let mut got = Vec::new();
    while let Some(row) = rows.next().await {
        got.push(row.unwrap().index());
        assert_eq!(categories(rows.info()), ["a", "b"]);
    }
    assert_eq!((got, fake.requests().len()), (vec![0, 1, 2, 3], 2));
}

#[tokio::test]
async fn a_file_has_the_whole_preamble_once() {
    let fake = Fake::start(large).await;
    let mut chunks = fake.client().rows("m").count(4).csv();
    let (mut file, mut rows) = (Vec::new(), 0);
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.unwrap();
        file.extend(chunk.data);
        rows += chunk.row_count;
    }
    assert_eq!(
        (String::from_utf8(file).unwrap().as_str(), rows),
        ("id\n0\n1\n2\n3\n", 4)
    );
    assert_eq!(
        (categories(chunks.info()), fake.requests().len()),
        (&["a".to_owned(), "b".to_owned()][..], 2)
    );
}

#[tokio::test]
async fn a_file_without_rows_has_the_whole_preamble() {
    let fake = Fake::start(large).await;
    let mut chunks = fake.client().rows("m").count(0).csv();
    assert_eq!(chunks.next().await.unwrap().unwrap().data, "id\n");
    assert!(chunks.next().await.is_none());
    let mut batches = fake.client().rows("m").count(0).batches();
    assert!(batches.next().await.is_none());
    assert_eq!(categories(batches.info()), ["a", "b"]);
}
