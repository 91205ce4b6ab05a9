//! Copies of reports' pictures, and where they come from.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::{Result, Store, Tx};
use crate::report::Image;

/// A copy without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Of its bytes, in hexadecimal.
    pub hash: String,
    /// One of image/png, image/jpeg, image/gif, image/webp.
    pub media_type: String,
    /// Pixels.
    pub width: u32,
    pub height: u32,
    /// Bytes.
    pub size: u64,
}

/// The copies of all pictures, by source and address.
pub type Pictures = HashMap<(String, String), Picture>;

/// A picture that has not been copied yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedPicture {
    pub source: String,
    /// As in the report: an address, or a path within the folder of the source.
    pub url: String,
    /// In a row.
    pub failures: u32,
}

impl Store {
    /// Remembers that a source's reports have these pictures; those that are known stay as they are.
    pub async fn want_pictures(&self, tx: &mut Tx, source: &str, images: &[Image], now: DateTime<Utc>) -> Result<()> {
        for image in images {
            sqlx::query(
                "INSERT INTO picture_place (source, url, failures, next_at) VALUES ($1, $2, 0, $3) \
                 ON CONFLICT (source, url) DO NOTHING",
            )
            .bind(source)
            .bind(&image.url)
            .bind(now.timestamp_millis())
            .execute(&mut **tx)
            .await?;
        }
        Ok(())
    }

    /// Pictures to be copied now, those that have waited longest first.
    pub async fn list_wanted_pictures(&self, now: DateTime<Utc>, most: i64) -> Result<Vec<WantedPicture>> {
        let rows = sqlx::query(
            "SELECT source, url, failures FROM picture_place WHERE hash IS NULL AND next_at <= $1 \
             ORDER BY next_at, source, url LIMIT $2",
        )
        .bind(now.timestamp_millis())
        .bind(most)
        .fetch_all(&self.read)
        .await?;
        let wanted = rows.iter().map(|row| {
            Ok(WantedPicture {
                source: row.try_get(0)?,
                url: row.try_get(1)?,
                failures: u32::try_from(row.try_get::<i64, _>(2)?).unwrap_or(u32::MAX),
            })
        });
        wanted.collect()
    }

    /// Keeps a copy. The same bytes from two places are kept once.
    pub async fn record_picture(&self, wanted: &WantedPicture, picture: &Picture, bytes: &[u8]) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query(
            "INSERT INTO picture (hash, media_type, width, height, size, bytes) VALUES ($1, $2, $3, $4, $5, $6) \
             ON CONFLICT (hash) DO NOTHING",
        )
        .bind(&picture.hash)
        .bind(&picture.media_type)
        .bind(i64::from(picture.width))
        .bind(i64::from(picture.height))
        .bind(i64::try_from(picture.size).unwrap_or(i64::MAX))
        .bind(bytes)
        .execute(&mut *tx)
        .await?;
        sqlx::query(
            "UPDATE picture_place SET hash = $3, refused = NULL, failures = 0, next_at = NULL \
             WHERE source = $1 AND url = $2",
        )
        .bind(&wanted.source)
        .bind(&wanted.url)
        .bind(&picture.hash)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Remembers why there is no copy. `next_at`: when it is tried again, if at all.
    pub async fn record_no_picture(
        &self,
        wanted: &WantedPicture,
        why: &str,
        next_at: Option<DateTime<Utc>>,
    ) -> Result<()> {
        sqlx::query(
            "UPDATE picture_place SET refused = $3, failures = failures + 1, next_at = $4 \
             WHERE source = $1 AND url = $2",
        )
        .bind(&wanted.source)
        .bind(&wanted.url)
        .bind(why)
        .bind(next_at.map(|at| at.timestamp_millis()))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    pub async fn list_pictures(&self) -> Result<Pictures> {
        let rows = sqlx::query(
            "SELECT o.source, o.url, p.hash, p.media_type, p.width, p.height, p.size FROM picture_place o \
             JOIN picture p ON p.hash = o.hash",
        )
        .fetch_all(&self.read)
        .await?;
        let number = |number: i64| u32::try_from(number).unwrap_or_default();
        let pictures = rows.iter().map(|row| {
            let place = (row.try_get(0)?, row.try_get(1)?);
            let picture = Picture {
                hash: row.try_get(2)?,
                media_type: row.try_get(3)?,
                width: number(row.try_get(4)?),
                height: number(row.try_get(5)?),
                size: u64::try_from(row.try_get::<i64, _>(6)?).unwrap_or_default(),
            };
            Ok((place, picture))
        });
        pictures.collect()
    }

    /// Why pictures of a source have no copy, by their addresses.
    pub async fn list_refused_pictures(&self, source: &str) -> Result<HashMap<String, String>> {
        let rows = sqlx::query("SELECT url, refused FROM picture_place WHERE source = $1 AND refused IS NOT NULL")
            .bind(source)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
    }

    /// The bytes of a copy.
    pub async fn find_picture(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        let row = sqlx::query("SELECT bytes FROM picture WHERE hash = $1")
            .bind(hash)
            .fetch_optional(&self.read)
            .await?;
        Ok(row.map(|row| row.try_get(0)).transpose()?)
    }
}
