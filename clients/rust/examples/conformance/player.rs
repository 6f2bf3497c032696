//! Plays one case after the other.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::io;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use synthserve::{Client, Error, RetryPolicy, StreamInfo, Tls};

use crate::description::described;
use crate::digest::{Columns, hex, pixels};
use crate::output;
use crate::play::{Case, Connection};

type Outcome = Result<Value, Box<dyn StdError>>;

/// Keeps a client for each connection, and one more without retries.
pub(crate) struct Player {
    connections: HashMap<String, Connection>,
    clients: HashMap<(String, bool), Client>,
}

/// Prints the result of a case.
pub(crate) fn say(case: &str, mut outcome: Value) -> io::Result<()> {
    outcome["case"] = case.into();
    output::say(outcome)
}

impl Player {
    pub(crate) fn new(connections: HashMap<String, Connection>) -> Self {
        Self {
            connections,
            clients: HashMap::new(),
        }
    }

    pub(crate) async fn play(&mut self, case: &Case) -> Outcome {
        let client = self.client(case)?;
        match case.call.as_str() {
            "rows" => rows(&client, case).await,
            "images" => images(&client, case).await,
            "models" => Ok(models(&client, case).await.unwrap_or_else(|error| failed(None, &error))),
            "model" => Ok(model(&client, case).await.unwrap_or_else(|error| failed(None, &error))),
            other => Err(format!("there is no call {other:?}").into()),
        }
    }

    fn client(&mut self, case: &Case) -> Result<Client, Box<dyn StdError>> {
        let key = (case.connection.clone(), case.retries);
        if let Some(client) = self.clients.get(&key) {
            return Ok(client.clone());
        }
        let connection = self
            .connections
            .get(&case.connection)
            .ok_or("there is no such connection")?;
        let mut builder = Client::builder(&connection.target);
        if let Some(ca) = &connection.ca {
            builder = builder.tls(Tls::new().ca(std::fs::read(ca)?));
        }
        if let Some(token) = &connection.token {
            builder = builder.token(token);
        }
        if !case.retries {
            builder = builder.retry(RetryPolicy::never());
        }
        let client = builder.build()?;
        self.clients.insert(key, client.clone());
        Ok(client)
    }
}

/// The progress of a stream, and the actions that the case asks for.
struct Progress<'a> {
    case: &'a Case,
    samples: i64,
    paused: bool,
}

impl<'a> Progress<'a> {
    fn new(case: &'a Case) -> Self {
        Self {
            case,
            samples: 0,
            paused: false,
        }
    }

    /// Counts samples, pauses where that is due, and returns whether to cancel.
    async fn add(&mut self, samples: i64) -> Result<bool, Box<dyn StdError>> {
        self.samples += samples;
        if !self.paused && self.case.pause_after.is_some_and(|after| self.samples >= after) {
            self.paused = true;
            say(&self.case.name, json!({"paused": true}))?;
            // A separate thread waits, so that the runtime keeps serving the connection.
            tokio::task::spawn_blocking(|| io::stdin().read_line(&mut String::new())).await??;
        }
        Ok(self.case.cancel_after.is_some_and(|after| self.samples >= after))
    }

    fn cancelled(&self) -> Value {
        json!({"samples": self.samples.to_string(), "cancelled": true})
    }

    fn ended<Schema>(&self, info: Option<&StreamInfo<Schema>>, hash: Sha256) -> Outcome {
        let info = info.ok_or("a stream ended without its model version and seed")?;
        Ok(json!({
            "samples": self.samples.to_string(),
            "sha256": hex(hash),
            "model": info.model,
            "seed": info.seed.to_string(),
        }))
    }
}

async fn rows(client: &Client, case: &Case) -> Outcome {
    let mut request = client.rows(&case.model);
    if let Some(count) = case.count {
        request = request.count(count);
    }
    if let Some(seed) = case.seed {
        request = request.seed(seed);
    }
    if let Some(offset) = case.offset {
        request = request.offset(offset);
    }
    for (name, condition) in &case.conditions {
        request = request.condition(name, condition.clone());
    }
    if let Some(rows) = case.per_message {
        request = request.rows_per_message(rows);
    }
    if let Some(timeout) = case.timeout {
        request = request.timeout(timeout);
    }
    let mut progress = Progress::new(case);
    let mut chunks = match case.format.as_deref() {
        None | Some("columns") => {
            let mut batches = request.batches();
            let mut columns = Columns::default();
            while let Some(batch) = batches.next().await {
                let batch = match batch {
                    Ok(batch) => batch,
                    Err(error) => return Ok(failed(Some(progress.samples), &error)),
                };
                columns.begin(batch.columns().len());
                columns.update(&batch);
                if progress.add(i64::try_from(batch.len())?).await? {
                    return Ok(progress.cancelled());
                }
            }
            columns.begin(batches.info().map_or(0, |info| info.schema.columns.len()));
            return progress.ended(batches.info(), columns.finish());
        }
        Some("csv") => request.csv(),
        Some("json_lines") => request.json_lines(),
        Some("arrow") => request.arrow(),
        Some(other) => return Err(format!("rows do not come as {other:?}").into()),
    };
    let mut hash = Sha256::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(error) => return Ok(failed(Some(progress.samples), &error)),
        };
        hash.update(&chunk.data);
        if progress.add(chunk.row_count).await? {
            return Ok(progress.cancelled());
        }
    }
    progress.ended(chunks.info(), hash)
}

async fn images(client: &Client, case: &Case) -> Outcome {
    let mut request = client.images(&case.model);
    if let Some(count) = case.count {
        request = request.count(count);
    }
    if let Some(seed) = case.seed {
        request = request.seed(seed);
    }
    if let Some(offset) = case.offset {
        request = request.offset(offset);
    }
    for (name, condition) in &case.conditions {
        request = request.condition(name, condition.clone());
    }
    if let Some(images) = case.per_message {
        request = request.images_per_message(images);
    }
    if let Some(quality) = case.jpeg_quality {
        request = request.jpeg_quality(quality);
    }
    if let Some(timeout) = case.timeout {
        request = request.timeout(timeout);
    }
    let png = matches!(case.format.as_deref(), None | Some("png"));
    let mut images = match case.format.as_deref() {
        None | Some("png") => request.png(),
        Some("jpeg") => request.jpeg(),
        Some("raw") => request.raw(),
        Some(other) => return Err(format!("images do not come as {other:?}").into()),
    };
    let mut progress = Progress::new(case);
    let mut hash = Sha256::new();
    while let Some(image) = images.next().await {
        let image = match image {
            Ok(image) => image,
            Err(error) => return Ok(failed(Some(progress.samples), &error)),
        };
        if png {
            hash.update(pixels(&image.data)?);
        } else {
            hash.update(&image.data);
        }
        if progress.add(1).await? {
            return Ok(progress.cancelled());
        }
    }
    progress.ended(images.info(), hash)
}

async fn models(client: &Client, case: &Case) -> Result<Value, Error> {
    let mut models = client.models();
    if let Some(timeout) = case.timeout {
        models = models.timeout(timeout);
    }
    let mut names = Vec::new();
    while let Some(model) = models.next().await {
        names.push(model?.version);
    }
    Ok(json!({"models": names}))
}

async fn model(client: &Client, case: &Case) -> Result<Value, Error> {
    let mut request = client.model(&case.model);
    if let Some(timeout) = case.timeout {
        request = request.timeout(timeout);
    }
    Ok(described(&request.await?))
}

/// The result of a case that failed after a number of samples.
fn failed(samples: Option<i64>, error: &Error) -> Value {
    let mut told = json!({"code": code(error)});
    if let Some(reason) = error.reason() {
        told["reason"] = reason.into();
    }
    if let Some(resource) = error.resource_name() {
        told["resource"] = resource.into();
    }
    if let Some(delay) = error.retry_delay() {
        told["retry_ms"] = json!(delay.as_millis() as u64);
    }
    let lists = [
        (
            "fields",
            error
                .field_violations()
                .iter()
                .map(|it| it.field.as_str())
                .collect::<Vec<_>>(),
        ),
        (
            "quotas",
            error.quota_violations().iter().map(|it| it.subject.as_str()).collect(),
        ),
        (
            "preconditions",
            error
                .precondition_violations()
                .iter()
                .map(|it| it.subject.as_str())
                .collect(),
        ),
    ];
    for (name, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        told[name] = list.into();
    }
    let mut outcome = json!({"error": told});
    if let Some(samples) = samples {
        outcome["samples"] = samples.to_string().into();
    }
    outcome
}

/// The code as gRPC writes it: `NOT_FOUND`.
fn code(error: &Error) -> String {
    let mut written = String::new();
    for letter in format!("{:?}", error.code()).chars() {
        if letter.is_ascii_uppercase() && !written.is_empty() {
            written.push('_');
        }
        written.push(letter.to_ascii_uppercase());
    }
    written
}
