//! Posts JSON to an address that staff configured: the one thing we tell the web unasked.
//!
//! The same guard judges where it goes. No redirect is followed, for it might take the secret of the address elsewhere;
//! and no error shows the address, because that secret stands in it.

use std::time::Duration;

use reqwest::header;
use url::Url;

use super::{Error, Fetcher, network};

/// For the connection and the answer.
const PATIENCE: Duration = Duration::from_secs(10);

impl Fetcher {
    /// Why it did not arrive, in words without the address.
    pub async fn post(&self, address: &str, body: String) -> Result<(), String> {
        let Ok(url) = Url::parse(address.trim()) else {
            return Err("the address is no http or https address".to_owned());
        };
        self.guard.admit(&url).map_err(|error| in_words(&error))?;
        let asked = self
            .client
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .body(body)
            .send();
        match tokio::time::timeout(PATIENCE, asked).await {
            Ok(Ok(answer)) if answer.status().is_success() => Ok(()),
            Ok(Ok(answer)) => Err(format!("the server answered {}", answer.status())),
            Ok(Err(error)) => Err(in_words(&network(&url, &error))),
            Err(_) => Err(format!("the server did not answer within {} s", PATIENCE.as_secs())),
        }
    }
}

fn in_words(error: &Error) -> String {
    match error {
        Error::Internal { .. } => error.to_string(),
        Error::Network { why, .. } => format!("the server cannot be reached: {why}"),
        _ => "the address is no http or https address without a password in it".to_owned(),
    }
}
