//! `purge`: deletes what has been kept long enough; `run` does it once a day.

use super::Desk;
use crate::publish;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Only say how much would go
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(desk: &Desk, args: &Args) -> anyhow::Result<()> {
    let house = desk.open().await?;
    let purged = publish::purge(&house, args.dry_run).await?;
    for purged in &purged {
        desk.tell(purged)?;
        let would = if args.dry_run { "would go" } else { "went" };
        desk.say(format!(
            "{} ({}): {} rows {would}",
            purged.kept, purged.table, purged.rows
        ));
    }
    Ok(())
}
