//! The answer of a calendar becomes announced events.

use anyhow::Context;

use super::super::announced::{take_events, window};
use super::{Poll, Taken};
use crate::source::calendar;
use crate::source::fetch::Page;
use crate::source::poll::Hints;

impl Poll {
    pub(super) async fn take_calendar(&self, page: &Page) -> anyhow::Result<Taken> {
        let bytes = page.bytes.clone();
        let charset = page.charset().map(str::to_owned);
        let window = window(&self.house, &self.source);
        let reading = tokio::task::spawn_blocking(move || calendar::read(&bytes, charset.as_deref(), &window));
        let calendar = reading
            .await
            .context("the calendar cannot be read: a rule of rapporteur fails on it; please report it")??;
        Ok(Taken {
            collected: take_events(&self.house, &self.name, &self.source, calendar).await?,
            is_whole: true,
            hints: Hints::default(),
        })
    }
}
