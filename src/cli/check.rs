//! To come.
pub(super) async fn run(_: &super::Desk) -> anyhow::Result<()> {
    Ok(())
}
