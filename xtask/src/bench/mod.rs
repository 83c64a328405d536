//! To be written.
pub(crate) fn main() -> anyhow::Result<()> {
    anyhow::bail!("not yet")
}
