//! The page of an edition: the mail itself, for everyone to read.
//!
//! In: the stored page of the list's default language. Out: that HTML with a bar above it. Surprising: it stands under a
//! policy of its own that lets its inline styles through and nothing else; once one of its reports is withdrawn, a list
//! of the others takes the mail's place.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use serde_json::{Value, json};

use super::App;
use super::error::Problem;
use super::snapshot::{list_title, released};

/// A mail as a page: its own styles, pictures by https, links that open; no script, no form, no origin (SEC-03).
const EDITION_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' https:; \
    form-action 'none'; frame-ancestors 'none'; base-uri 'none'; \
    sandbox allow-popups allow-popups-to-escape-sandbox allow-top-navigation-by-user-activation";

pub(super) async fn show(
    State(app): State<Arc<App>>,
    Path((list, number)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let number: i64 = number.parse().map_err(|_| app.problem_not_found(&headers))?;
    let page = app
        .edition_page(&list, number, app.language(&headers))
        .await
        .map_err(|error| match error {
            super::Error::Store(error) => app.problem_store(&headers, &error),
            super::Error::Template(error) => app.problem_template(&error),
            _ => app.problem_not_found(&headers),
        })?
        .ok_or_else(|| app.problem_not_found(&headers))?;
    let mut response = app.page(page.html).answer(&headers);
    if page.is_mail {
        response.headers_mut().insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(EDITION_POLICY),
        );
    }
    Ok(response)
}

/// The page of an edition.
pub(super) struct EditionPage {
    pub(super) html: String,
    /// The mail's own HTML, as opposed to a page of ours in its place.
    is_mail: bool,
}

impl App {
    /// None: there is no such edition, or it is not for everyone to see.
    pub(super) async fn edition_page(
        &self,
        list: &str,
        number: i64,
        language: &str,
    ) -> Result<Option<EditionPage>, super::Error> {
        let Some(edition) = self.store.find_edition(list, number).await? else {
            return Ok(None);
        };
        let Some(released_at) = released(&self.config, &edition) else {
            return Ok(None);
        };
        let reports = self.store.list_edition_reports(edition.id).await?;
        let mut context = json!({
            "list": list_title(&self.config, &edition),
            "list_name": list,
            "number": number,
            "date": self.day(language, released_at),
            "canonical": format!("{}/editions/{list}/{number}", self.config.web.public_url),
        });
        if reports.iter().any(|report| report.withdrawn) {
            let lines: Vec<Value> = reports
                .iter()
                .map(|report| match report.withdrawn {
                    true => json!({ "withdrawn": true }),
                    false => json!({ "withdrawn": false, "slug": report.slug, "title": report.title }),
                })
                .collect();
            insert(&mut context, "reports", json!(lines));
            let html = self.render("web/edition_withdrawn.html", language, context)?;
            return Ok(Some(EditionPage { html, is_mail: false }));
        }
        let institute = &self.config.institute;
        let configured = self.config.lists.get(list);
        let languages = configured.map_or(institute.languages.as_slice(), |list| list.languages(institute));
        let wanted = languages.first().map_or("en", String::as_str);
        let Some(page) = self.store.find_edition_page(edition.id, wanted).await? else {
            return Ok(None);
        };
        insert(&mut context, "part", json!("head"));
        let head = self.render("web/edition.html", language, context.clone())?;
        insert(&mut context, "part", json!("bar"));
        let bar = self.render("web/edition.html", language, context)?;
        let html = in_frame(&page.html, head.trim(), bar.trim());
        Ok(Some(EditionPage { html, is_mail: true }))
    }
}

fn insert(context: &mut Value, key: &str, value: Value) {
    if let Some(context) = context.as_object_mut() {
        context.insert(key.to_owned(), value);
    }
}

/// The mail's HTML with our links in its head and a bar above it; a mail without head or body keeps its bytes.
fn in_frame(mail: &str, head: &str, bar: &str) -> String {
    let lower = mail.to_ascii_lowercase();
    let head_end = lower.find("</head>");
    let body_start = lower.find("<body").and_then(|start| {
        let tag = lower.get(start..)?;
        Some(start + tag.find('>')? + 1)
    });
    match (head_end, body_start) {
        (Some(head_end), Some(body_start)) if head_end < body_start => {
            let (before, rest) = mail.split_at(head_end);
            let (between, body) = rest.split_at(body_start - head_end);
            format!("{before}{head}{between}{bar}{body}")
        }
        _ => mail.to_owned(),
    }
}
