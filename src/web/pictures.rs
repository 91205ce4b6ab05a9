//! Copies of pictures over HTTP.
//!
//! In: a name. Out: the bytes, which never change under it. Only pictures of reports that may be seen are served.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;

use super::cache::Picture;
use super::error::Problem;
use super::{App, STYLE_CACHE};

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let snapshot = app.snapshot();
    let known = snapshot
        .pictures
        .get(&name)
        .ok_or_else(|| app.problem_not_found(&headers))?;
    let picture = Picture {
        hash: &known.hash,
        media_type: &known.media_type,
        cache_control: STYLE_CACHE,
    };
    if let Some(answer) = picture.not_modified(&headers) {
        return Ok(answer);
    }
    let bytes = app
        .store
        .find_picture(&known.hash)
        .await
        .map_err(|error| app.problem_store(&headers, &error))?
        .ok_or_else(|| app.problem_not_found(&headers))?;
    Ok(picture.answer(bytes))
}
