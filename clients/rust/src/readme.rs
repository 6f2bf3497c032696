//! What README.md shows, to the letter, with a server in this process: the repository's tests/unit/docs holds the two
//! together.

use crate::fake::Call;
use crate::v1::column_values::Values;
use crate::v1::generate_rows_response::Rows;
use crate::v1::{CategoryCodes, Column, ColumnBatch, ColumnType, ColumnValues, DoubleValues};
use crate::v1::{GenerateRowsResponse, RowStreamInfo, TableSchema};

/// A script that sends flowers which are all alike.
async fn flowers(call: Call) {
    let size = call.request.count.unwrap();
    let column = |name: &str, r#type: ColumnType| Column {
        name: name.to_owned(),
        r#type: r#type.into(),
        categories: vec!["setosa".to_owned()],
        ..Column::default()
    };
    let info = RowStreamInfo {
        model: format!("{}/versions/1", call.request.model),
        seed: call.request.seed.unwrap_or(crate::fake::SEED),
        schema: Some(TableSchema {
            columns: vec![
                column("sepal_length", ColumnType::Double),
                column("species", ColumnType::Category),
            ],
            ..TableSchema::default()
        }),
        ..RowStreamInfo::default()
    };
    let lengths = vec![5.1; size as usize];
    let codes = vec![0; size as usize];
    let values = [
        Values::Doubles(DoubleValues { values: lengths }),
        Values::Categories(CategoryCodes { codes }),
    ];
    let columns = values.map(|values| ColumnValues {
        values: Some(values),
        validity: Vec::new(),
    });
    let response = GenerateRowsResponse {
        info: Some(info),
        first_index: 0,
        row_count: size,
        rows: Some(Rows::Columns(ColumnBatch {
            columns: columns.into(),
        })),
        part: None,
    };
    call.send(Ok(response)).await;
}

mod rows {
    use synthserve::Client;

    async fn print_rows(target: &str) -> Result<(), synthserve::Error> {
        let client = Client::new(target)?; // such as "localhost:50051"
        let mut rows = client.rows("iris-vae").count(1_000).seed(7).rows();
        while let Some(row) = rows.next().await {
            let row = row?;
            println!("{}: {}", row.index(), row.get("species").expect("iris-vae has species"));
        }
        Ok(())
    }

    #[tokio::test]
    async fn rows_are_printed() {
        let fake = crate::fake::Fake::start(super::flowers).await;
        print_rows(&fake.target()).await.unwrap();
        let request = &fake.requests()[0];
        assert_eq!((request.count, request.seed), (Some(1_000), Some(7)));
    }
}

mod more {
    use std::{error::Error, fs, path::Path};
    use synthserve::Client;

    async fn columns_and_images(client: &Client, folder: &Path) -> Result<(), Box<dyn Error>> {
        let mut batches = client
            .rows("iris-vae")
            .count(1_000)
            .seed(7)
            .condition("species", "setosa")
            .batches();
        while let Some(batch) = batches.next().await {
            let batch = batch?;
            let lengths = batch.column("sepal_length").expect("iris-vae has it").values();
            println!("rows from {}: {lengths:?}", batch.first_index());
        }

        let mut images = client.images("mnist-dcgan").count(16).seed(7).png();
        while let Some(image) = images.next().await {
            let image = image?;
            fs::write(folder.join(format!("{:04}.png", image.index)), &image.data)?;
        }
        Ok(())
    }

    #[tokio::test]
    async fn columns_are_printed_and_images_written() {
        let folder = std::env::temp_dir().join(format!("synthserve-readme-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let fake = crate::fake::Fake::start(super::flowers).await;
        columns_and_images(&fake.client(), &folder).await.unwrap();
        let condition = synthserve::Condition::from("setosa").on("species".to_owned()).unwrap();
        assert_eq!(fake.requests()[0].conditions, [condition]);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 16);
        assert_eq!(fs::read(folder.join("0015.png")).unwrap(), [15]);
        fs::remove_dir_all(folder).unwrap();
    }
}

mod conditions {
    use synthserve::{Client, Condition, Date, RowBatches};

    fn some_customers(client: &Client) -> RowBatches {
        client
            .rows("customers")
            .count(1_000)
            .condition("plan", "basic") // this value
            .condition("country", ["AT", "DE"]) // one of these; `[Some("AT"), None]`: this one, or missing
            .condition("age", 30..=40) // in this range, both ends included
            .condition("since", Date::new(2024, 2, 29).expect("a day")..) // in this range, with one end
            .condition("phone", Condition::missing())
            .condition("email", Condition::present()) // not missing
            .batches()
    }

    #[tokio::test]
    async fn conditions_are_sent() {
        let fake = crate::fake::Fake::start(super::flowers).await;
        some_customers(&fake.client()).next().await.unwrap().unwrap();
        let expected = [
            ("plan", Condition::from("basic")),
            ("country", vec!["AT", "DE"].into()),
            ("age", ("30"..="40").into()),
            ("since", ("2024-02-29"..).into()),
            ("phone", Condition::missing()),
            ("email", Condition::present()),
        ];
        let expected = expected.map(|(column, condition)| condition.on(column.to_owned()).unwrap());
        assert_eq!(fake.requests()[0].conditions, expected);
    }
}

mod errors {
    use synthserve::{Code, Error};

    fn explain(error: &Error) -> String {
        match (error.code(), error.reason()) {
            (Code::NotFound, _) => format!("there is no {}", error.resource_name().unwrap_or("such model")),
            (Code::InvalidArgument, _) => error
                .field_violations()
                .iter()
                .map(|it| it.field.clone() + " ")
                .collect(),
            (Code::Unauthenticated, Some("TOKEN_EXPIRED")) => "get a new token".to_owned(),
            _ => error.to_string(),
        }
    }

    #[tokio::test]
    async fn errors_are_told_apart() {
        use crate::fake::{Fake, drain, with_reason};
        use tonic_types::ErrorDetails;

        let fake = Fake::start(|call| async move {
            let refusals = [
                with_reason(
                    Code::NotFound,
                    "MODEL_NOT_FOUND",
                    ErrorDetails::with_resource_info("model", "models/m", "", ""),
                ),
                with_reason(
                    Code::InvalidArgument,
                    "INVALID_REQUEST",
                    ErrorDetails::with_bad_request_violation("count", "too many"),
                ),
                with_reason(Code::Unauthenticated, "TOKEN_EXPIRED", ErrorDetails::new()),
                with_reason(Code::PermissionDenied, "FORBIDDEN", ErrorDetails::new()),
            ];
            call.send(Err(refusals[call.number].clone())).await;
        })
        .await;
        let client = fake.client();
        for explained in ["there is no models/m", "count ", "get a new token"] {
            let error = drain(client.rows("m").batches()).await.1.unwrap();
            assert_eq!(explain(&error), explained);
        }
        let error = drain(client.rows("m").batches()).await.1.unwrap();
        assert_eq!(explain(&error), error.to_string());
    }
}

mod tls {
    use synthserve::{Client, Error, Tls};

    fn secured(target: &str, ca: Vec<u8>, token: &str) -> Result<Client, Error> {
        Client::builder(target).tls(Tls::new().ca(ca)).token(token).build() // such as "example.org:443"
    }

    #[tokio::test]
    async fn connections_are_secured() {
        let ca = crate::fake::tls::Authority::new().certificate.into_bytes();
        secured("example.org:443", ca, "secret").unwrap();
        secured("example.org:443", b"no certificate".to_vec(), "secret").unwrap_err();
    }
}
