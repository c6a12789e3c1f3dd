//! The control socket: a way in for commands on the server's own machine, without a token. It is in the data directory, for
//! its owner alone, who can read the master key there, or tell the server where it is: so it lets nobody in who couldn't
//! have everything anyway.

use std::fs::Permissions;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tracing::warn;

use crate::wiring::Lock;

/// The socket in the data directory.
const FILE: &str = "control.sock";

/// For its owner alone.
const MODE: u32 = 0o600;

/// Connections that are served at once. They are the operator's own, and not among those of the network: a crowd there
/// keeps nobody out here.
const MOST_CONNECTIONS: usize = 16;

/// The socket of a running server. Its file is removed with it.
pub(crate) struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
    places: Arc<Semaphore>,
}

impl ControlSocket {
    /// Where the socket of a data directory is.
    pub(crate) fn path(data_dir: &Path) -> PathBuf {
        data_dir.join(FILE)
    }

    /// Makes it. What another server left behind is removed first; that none uses it is what the lock says. A server without
    /// it serves all the same, so that it can't be made is a warning.
    pub(crate) fn bind(data_dir: &Path, _: &Lock) -> Option<Self> {
        let path = Self::path(data_dir);
        match bind(&path) {
            Ok(listener) => Some(Self {
                listener,
                path,
                places: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
            }),
            Err(error) => {
                warn!(
                    %error, path = %path.display(),
                    "there is no control socket, so `claviger plugin approve` and `reload` don't reach this server; use \
                     /admin/plugins, or a data directory with a shorter path"
                );
                None
            }
        }
    }

    /// The next connection. Without a socket there is never one.
    pub(crate) async fn accept(
        socket: Option<&Self>,
    ) -> io::Result<(UnixStream, OwnedSemaphorePermit)> {
        let Some(socket) = socket else {
            return std::future::pending().await;
        };
        let place = Arc::clone(&socket.places)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let (stream, _) = socket.listener.accept().await?;
        Ok((stream, place))
    }
}

fn bind(path: &Path) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    // The data directory is closed to others, so nobody comes in before the mode is set.
    let listener = UnixListener::bind(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(MODE))?;
    Ok(listener)
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_file(&self.path) {
            warn!(%error, "the control socket's file stays behind; the next start removes it");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_is_for_its_owner_alone_and_replaces_what_was_left_behind() {
        let directory = tempfile::tempdir().expect("a directory");
        let lock = Lock::take(directory.path()).expect("free");
        let path = ControlSocket::path(directory.path());
        std::mem::forget(std::os::unix::net::UnixListener::bind(&path).expect("bound"));
        let socket = ControlSocket::bind(directory.path(), &lock).expect("bound again");
        let mode = std::fs::metadata(&path)
            .expect("there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(socket);
        assert!(!path.exists());
    }

    #[tokio::test]
    async fn a_path_that_is_too_long_is_no_failure() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = place.path().join("d".repeat(120));
        std::fs::create_dir(&directory).expect("made");
        let lock = Lock::take(&directory).expect("free");
        assert!(ControlSocket::bind(&directory, &lock).is_none());
    }
}
