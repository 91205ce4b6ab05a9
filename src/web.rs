//! Feeds and pages over HTTP: what the public sees, and the pages where people join and leave.
//!
//! In: the store, the configuration, requests. Out: feeds rendered once per change and answered from memory (HTTP-09),
//! pages, health. GET never changes anything; only the POSTs of `subscribe.rs`, `confirm.rs`,
//! `preferences.rs`, `unsubscribe.rs` and `decide.rs` write, and none of them knows a cookie: what may be done stands in the link or in the form
//! itself, so that a page elsewhere gains nothing by posting here (SEC-09). Links are built from
//! `web.public_url`, never from what a request says about its host (HTTP-08). Surprising: pages link by path, feeds by
//! full address, so that pages also work on loopback and behind a proxy that strips a prefix.

mod cache;
mod client;
mod confirm;
mod edition;
mod decide;
mod error;
mod export;
mod feeds;
mod health;
mod linked_data;
mod negotiation;
mod pages;
mod pictures;
mod preferences;
mod samples;
mod server;
mod sitemap;
mod snapshot;
mod subscribe;
mod unsubscribe;

use std::sync::{Arc, PoisonError, RwLock};

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use axum::routing::get;

use crate::clock::Clock;
use crate::config::Config;
use crate::render::{self, Templates};
use crate::store::{self, Store};
use crate::token::Secret;

use cache::Document;
use snapshot::{Seen, Snapshot};

pub use export::export;
pub(crate) use samples::templates;
pub use server::serve;

/// Largest body of a public request (SEC-20): an unsubscribe form is a few bytes.
const BODY_LIMIT: usize = 64 * 1024;
/// How long feeds may be kept, and how long an old copy may be shown while a new one is fetched.
const FEED_CACHE: &str = "public, max-age=900, stale-while-revalidate=3600";
/// Shorter for pages: a report that is withdrawn should be gone soon.
const PAGE_CACHE: &str = "public, max-age=300";
/// Names that hold a fingerprint: what they name never changes.
const STYLE_CACHE: &str = "public, max-age=31536000, immutable";

/// Nothing runs and nothing is framed; styles are ours, pictures may come from where the reports stand.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' https:; form-action 'self'; \
    frame-ancestors 'none'; base-uri 'none'";

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Template(#[from] render::Error),
    #[error("feeds and pages were not rendered, those of before stand: {0}")]
    Rendering(#[from] tokio::task::JoinError),
    #[error(
        "{items} items of the feeds in {} have other ids there, such as \"{example}\": readers would see them again; \
         nothing was written. Is this the right database? If it is, and it has to be: `--anew`", folder.display()
    )]
    OtherIds {
        folder: std::path::PathBuf,
        items: usize,
        /// The title of one.
        example: String,
    },
    #[error("the address {0} of a page cannot be written to disk")]
    UnsafePath(String),
    #[error("cannot write {}: {error}", path.display())]
    Write {
        path: std::path::PathBuf,
        error: std::io::Error,
    },
}

/// Everything the pages need. Shared by all requests.
#[derive(Debug)]
pub struct App {
    config: Arc<Config>,
    store: Store,
    clock: Clock,
    secret: Secret,
    templates: Templates,
    style: Arc<Document>,
    style_name: String,
    snapshot: RwLock<Arc<Snapshot>>,
}

impl App {
    /// Reads the store once, so that the first request finds feeds.
    pub async fn new(
        config: Arc<Config>,
        store: Store,
        clock: Clock,
        secret: Secret,
        templates: Templates,
    ) -> Result<Arc<App>, Error> {
        let style = templates.render("web/style.css", &serde_json::json!({}))?;
        let style_name = format!(
            "style-{}.css",
            blake3::hash(style.as_bytes()).to_hex().get(..12).unwrap_or_default()
        );
        let style = Document::new("text/css; charset=utf-8", STYLE_CACHE, style, None);
        let app = Arc::new(App {
            config,
            store,
            clock,
            secret,
            templates,
            style: Arc::new(style),
            style_name,
            snapshot: RwLock::default(),
        });
        app.refresh().await?;
        Ok(app)
    }

    /// Renders all feeds from the store and puts them in place at once. To be called after each change.
    pub async fn refresh(self: &Arc<Self>) -> Result<(), Error> {
        // The mark is read first: a change that comes in between is then noticed by the next look.
        let seen = Seen {
            mark: self.store.public_mark().await?,
            published: self.store.list_published_reports().await?,
            copies: self.store.list_pictures().await?,
            editions: self.store.list_editions(None).await?,
        };
        let app = Arc::clone(self);
        let old = self.snapshot();
        let rendering = tokio::task::spawn_blocking(move || {
            let now = app.clock.now();
            Snapshot::render(&app.config, &app.templates, seen, &old, now)
        });
        let snapshot = Arc::new(rendering.await??);
        *self.snapshot.write().unwrap_or_else(PoisonError::into_inner) = snapshot;
        Ok(())
    }

    /// The same, if anything public changed since, in this process or another. True: it had.
    pub async fn refresh_if_stale(self: &Arc<Self>) -> Result<bool, Error> {
        let stale = self.store.public_mark().await? != self.snapshot().mark;
        if stale {
            self.refresh().await?;
        }
        Ok(stale)
    }

    fn snapshot(&self) -> Arc<Snapshot> {
        Arc::clone(&self.snapshot.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// All public routes.
pub fn router(app: Arc<App>) -> Router {
    let style = format!("/{}", app.style_name);
    // They come from memory and read no body, so that there is nothing that could take too long.
    let feeds = Router::new().route("/feeds/{*path}", get(feeds::show));
    Router::new()
        .route("/", get(pages::home))
        .route("/feeds/", get(feeds::list))
        .route("/robots.txt", get(sitemap::robots))
        .route("/sitemap.xml", get(sitemap::index))
        .route("/sitemap/{part}", get(sitemap::part))
        .route("/reports/{slug}", get(pages::report))
        .route("/pictures/{name}", get(pictures::show))
        .route("/editions/{list}/{number}", get(edition::show))
        .route("/subscribe", get(subscribe::show).post(subscribe::ask))
        .route("/api/v1/subscribe", get(subscribe::describe).post(subscribe::ask_json))
        .route("/confirm/{token}", get(confirm::show).post(confirm::confirm))
        .route("/preferences", get(preferences::ask).post(preferences::send))
        .route("/preferences/{token}", get(preferences::show).post(preferences::save))
        .route("/unsubscribe/{token}", get(unsubscribe::show).post(unsubscribe::leave))
        .route("/undo/{token}", get(unsubscribe::show_undo).post(unsubscribe::undo))
        .route("/decide/{token}", get(decide::show).post(decide::decide))
        .route(&style, get(serve_style))
        .merge(health::routes())
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(from_fn(server::within_time))
        .merge(feeds)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::method_not_allowed)
        .layer(map_response(protect))
        .with_state(app)
}

/// What a private listener answers.
pub fn private_router(app: Arc<App>) -> Router {
    health::routes().layer(map_response(protect)).with_state(app)
}

async fn serve_style(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    app.style.answer(&headers)
}

/// Headers that every answer carries, unless its handler set its own (SEC-03).
async fn protect(mut response: Response) -> Response {
    let always: [(HeaderName, &'static str); 3] = [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "strict-origin-when-cross-origin"),
    ];
    for (name, value) in always {
        response
            .headers_mut()
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}
