//! The fake's models.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tonic::{Request, Response, Status};

use crate::v1::model_service_server::ModelService;
use crate::v1::*;

/// Has five models on pages of two, and more where a test adds them.
#[derive(Clone, Default)]
pub(super) struct Models(Arc<State>);

#[derive(Default)]
struct State {
    views: Mutex<Vec<ModelView>>,
    tokens: Mutex<Vec<String>>,
    pages: Mutex<VecDeque<GetModelResponse>>,
}

impl super::Fake {
    /// The next responses about a model, page by page.
    pub(crate) fn describe(&self, pages: impl IntoIterator<Item = GetModelResponse>) {
        self.models().pages.lock().unwrap().extend(pages);
    }

    /// The views of the requested lists.
    pub(crate) fn views(&self) -> Vec<ModelView> {
        self.models().views.lock().unwrap().clone()
    }

    /// The tokens of the requested pages of a model.
    pub(crate) fn page_tokens(&self) -> Vec<String> {
        self.models().tokens.lock().unwrap().clone()
    }

    fn models(&self) -> &State {
        &self.state.models.0
    }
}

#[tonic::async_trait]
impl ModelService for Models {
    async fn list_models(&self, request: Request<ListModelsRequest>) -> Result<Response<ListModelsResponse>, Status> {
        let request = request.into_inner();
        self.0.views.lock().unwrap().push(request.view());
        let first: i32 = request.page_token.parse().unwrap_or(0);
        let model = |number| Model {
            name: format!("models/m{number}"),
            ..Model::default()
        };
        let models = (first..5.min(first + 2)).map(model).collect();
        let next_page_token = if first + 2 < 5 {
            (first + 2).to_string()
        } else {
            String::new()
        };
        Ok(Response::new(ListModelsResponse {
            models,
            next_page_token,
        }))
    }

    async fn get_model(&self, request: Request<GetModelRequest>) -> Result<Response<GetModelResponse>, Status> {
        let GetModelRequest { name, page_token } = request.into_inner();
        self.0.tokens.lock().unwrap().push(page_token);
        let model = Some(Model {
            name,
            ..Model::default()
        });
        let page = self.0.pages.lock().unwrap().pop_front();
        Ok(Response::new(page.unwrap_or(GetModelResponse {
            model,
            ..GetModelResponse::default()
        })))
    }

    async fn load_model(&self, _: Request<LoadModelRequest>) -> Result<Response<LoadModelResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn unload_model(&self, _: Request<UnloadModelRequest>) -> Result<Response<UnloadModelResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }

    async fn reload_models(&self, _: Request<ReloadModelsRequest>) -> Result<Response<ReloadModelsResponse>, Status> {
        Err(Status::unimplemented("not in this fake"))
    }
}
