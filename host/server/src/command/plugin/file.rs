//! A plugin's file, as the commands read it.

use std::io;
use std::path::Path;

use bytes::Bytes;
use claviger_runtime::load::LARGEST;
use tokio::fs::File;
use tokio::io::AsyncReadExt;

/// Reads a file, of one that is too large to load only as much as shows that. The error names the file.
pub(super) async fn read(path: &Path) -> io::Result<Bytes> {
    let named = |error: io::Error| {
        io::Error::new(
            error.kind(),
            format!("{} can't be read: {error}", path.display()),
        )
    };
    let file = File::open(path).await.map_err(named)?;
    let mut bytes = Vec::new();
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    file.take(most)
        .read_to_end(&mut bytes)
        .await
        .map_err(named)?;
    Ok(bytes.into())
}
