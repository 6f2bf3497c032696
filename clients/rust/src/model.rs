//! The request for the description of one model.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::Error;
use crate::caller::Caller;
use crate::calls::unary;
use crate::connection::Service;
use crate::names::resource_name;
use crate::parts;
use crate::retry::Deadline;
use crate::v1::model::Output;
use crate::v1::model_service_client::ModelServiceClient;
use crate::v1::{GetModelRequest, Model, SchemaPart};

/// Asks for one model; made by [`Client::model`](crate::Client::model). Await it. The model has all categories, which
/// may take several calls.
#[must_use = "nothing is asked for until it is awaited"]
#[derive(Debug)]
pub struct ModelRequest {
    caller: Arc<Caller>,
    name: Result<String, Error>,
    timeout: Option<Duration>,
}

impl ModelRequest {
    pub(crate) fn new(caller: Arc<Caller>, name: &str) -> Self {
        Self {
            caller,
            name: resource_name(name),
            timeout: None,
        }
    }

    /// A deadline for all calls, with their retries. Default: none.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

impl IntoFuture for ModelRequest {
    type Output = Result<Model, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let deadline = self.timeout.and_then(|timeout| Deadline::new(Instant::now(), timeout));
            let mut request = GetModelRequest {
                name: self.name?,
                page_token: String::new(),
            };
            let call = |mut stub: ModelServiceClient<Service>, request| async move { stub.get_model(request).await };
            let first = unary(&self.caller, deadline, request.clone(), call).await?;
            let mut model = first.model.ok_or_else(|| Error::protocol("the answer has no model"))?;
            request.page_token = first.next_page_token;
            while !request.page_token.is_empty() {
                let page = unary(&self.caller, deadline, request.clone(), call).await?;
                let part = page
                    .part
                    .ok_or_else(|| Error::protocol("a page has no part of the model"))?;
                append(&mut model, part)?;
                request.page_token = page.next_page_token;
            }
            check_complete(&model)?;
            Ok(model)
        })
    }
}

fn append(model: &mut Model, part: SchemaPart) -> Result<(), Error> {
    let columns = match &mut model.output {
        Some(Output::Table(table)) => &mut table.columns[..],
        _ => &mut [],
    };
    parts::append(columns, part.columns)?;
    parts::append(&mut model.conditions, part.conditions)
}

fn check_complete(model: &Model) -> Result<(), Error> {
    match &model.output {
        // The conditions of a table have no categories of their own: those of their columns apply.
        Some(Output::Table(table)) => parts::check_complete(&table.columns),
        _ => parts::check_complete(&model.conditions),
    }
}

#[cfg(test)]
mod tests;
