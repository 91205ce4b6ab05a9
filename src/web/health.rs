//! `/livez`: the process answers. `/readyz`: so does its database.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::{App, error};

pub(super) fn routes() -> Router<Arc<App>> {
    Router::new().route("/livez", get(alive)).route("/readyz", get(ready))
}

async fn alive() -> Response {
    well("alive\n")
}

async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.store.ping().await {
        Ok(()) => well("ready\n"),
        Err(error) => {
            tracing::warn!(%error, "the database does not answer");
            error::unavailable("the database does not answer\n")
        }
    }
}

fn well(text: &'static str) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], text).into_response()
}
