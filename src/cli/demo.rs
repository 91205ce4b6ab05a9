//! To come.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}
pub(super) async fn run(_: &super::Desk, _: &Args) -> anyhow::Result<()> {
    Ok(())
}
