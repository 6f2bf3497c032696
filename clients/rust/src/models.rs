//! The list of the server's models.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;

use crate::caller::Caller;
use crate::calls::unary;
use crate::connection::Service;
use crate::retry::Deadline;
use crate::v1::model_service_client::ModelServiceClient;
use crate::v1::{ListModelsRequest, ListModelsResponse, Model, ModelView};
use crate::{Error, samples};

type Answer<A> = Pin<Box<dyn Future<Output = Result<A, Error>> + Send>>;

/// A stream of the server's models, sorted by name; made by [`Client::models`](crate::Client::models). It requests each
/// page only when its first model is read.
///
/// By default it leaves out the categories of columns and conditions and gives only their number (`category_count`):
/// see [`view`](Self::view). [`Client::model`](crate::Client::model) returns them all.
#[must_use = "streams do nothing unless polled"]
pub struct Models {
    caller: Arc<Caller>,
    view: ModelView,
    timeout: Option<Duration>,
    deadline: Option<Deadline>,
    rest: std::vec::IntoIter<Model>,
    state: Pages,
}

enum Pages {
    /// No page was requested yet.
    New,
    Loading(Answer<ListModelsResponse>),
    /// This is the token of the next page.
    More(String),
    Ended,
}

impl Models {
    pub(crate) fn new(caller: Arc<Caller>) -> Self {
        Self {
            caller,
            view: ModelView::Basic,
            timeout: None,
            deadline: None,
            rest: Vec::new().into_iter(),
            state: Pages::New,
        }
    }

    /// How much each model contains. [`Full`](ModelView::Full) includes the categories, except for models that have too
    /// many for one message. Default: [`Basic`](ModelView::Basic), without categories.
    pub fn view(mut self, view: ModelView) -> Self {
        self.view = view;
        self
    }

    /// A deadline for the whole list with all retries, from when it is first polled. Default: none.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The next model; none at the end and after an error.
    pub async fn next(&mut self) -> Option<Result<Model, Error>> {
        samples::next(self).await
    }

    fn load(&self, page_token: String) -> Answer<ListModelsResponse> {
        let (caller, deadline) = (self.caller.clone(), self.deadline);
        let request = ListModelsRequest {
            page_token,
            view: self.view.into(),
            ..ListModelsRequest::default()
        };
        Box::pin(async move {
            let call = |mut stub: ModelServiceClient<Service>, request| async move { stub.list_models(request).await };
            unary(&caller, deadline, request, call).await
        })
    }
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models")
            .field("caller", &self.caller)
            .finish_non_exhaustive()
    }
}

impl Stream for Models {
    type Item = Result<Model, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            if let Some(model) = self.rest.next() {
                return Poll::Ready(Some(Ok(model)));
            }
            match &mut self.state {
                Pages::New => {
                    self.deadline = self.timeout.and_then(|timeout| Deadline::new(Instant::now(), timeout));
                    self.state = Pages::More(String::new());
                }
                Pages::More(token) => {
                    let token = std::mem::take(token);
                    self.state = Pages::Loading(self.load(token));
                }
                Pages::Loading(page) => match ready!(page.as_mut().poll(cx)) {
                    Ok(page) => {
                        let token = page.next_page_token;
                        self.state = if token.is_empty() {
                            Pages::Ended
                        } else {
                            Pages::More(token)
                        };
                        self.rest = page.models.into_iter();
                    }
                    Err(error) => {
                        self.state = Pages::Ended;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                Pages::Ended => return Poll::Ready(None),
            }
        }
    }
}

#[cfg(test)]
mod tests;
