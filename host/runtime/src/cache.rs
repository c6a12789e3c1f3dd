//! Compiled code on disk, so that a start needs no compiler.
//!
//! An entry is native code that the host will run, so it is taken only if it is authentic: its bytes carry a keyed BLAKE3
//! hash, and the key comes from the master key. It is bound to the plugin's bytes, to everything of the engine that
//! decides what code is right (wasmtime's own check would let code of another patch release pass, with the bugs that
//! were fixed since), and to this host's contract, because the manifest is kept with it and the plugin isn't asked again.
//! Any doubt is a miss: the entry is deleted and the plugin compiled.
//!
//! An entry: 32 bytes of authentication, the manifest's length (`u64`, little-endian), the manifest as postcard, the code.

use std::fs::{self, File, OpenOptions};
use std::hash::{Hash, Hasher};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use blake3::OUT_LEN;
use wasmtime::Engine;
use wasmtime::component::Component;
use zeroize::Zeroizing;

use crate::manifest::Manifest;
use crate::runtime::CacheOptions;

/// What this host takes a plugin to be: where it changes, manifests and checks of old entries may be wrong.
const CONTRACT: [&str; 3] = [
    env!("CARGO_PKG_VERSION"),
    include_str!("../../../wit/provider.wit"),
    include_str!("../../../wit/manifest.schema.json"),
];

/// A directory of compiled plugins.
pub(crate) struct Cache {
    directory: PathBuf,
    key: Zeroizing<[u8; 32]>,
    /// The engine and the contract that entries are for.
    host: blake3::Hash,
}

impl Cache {
    /// Makes the directory where it isn't there, and closes it to others.
    pub(crate) fn open(options: CacheOptions, engine: &Engine) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&options.directory)?;
        fs::set_permissions(&options.directory, fs::Permissions::from_mode(0o700))?;
        let mut host = Blake3(blake3::Hasher::new());
        engine.precompile_compatibility_hash().hash(&mut host);
        CONTRACT.hash(&mut host);
        Ok(Self {
            directory: options.directory,
            key: Zeroizing::new(options.key),
            host: host.0.finalize(),
        })
    }

    /// The compiled code and the manifest of a plugin, if they are there beyond doubt.
    pub(crate) fn get(
        &self,
        engine: &Engine,
        wasm: &blake3::Hash,
    ) -> Option<(Component, Manifest)> {
        let path = self.path(wasm);
        let entry = match fs::read(&path) {
            Ok(entry) => entry,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
            Err(error) => return doubt(&path, &error.to_string()),
        };
        match self.open_entry(engine, wasm, &entry) {
            Ok(found) => Some(found),
            Err(reason) => doubt(&path, &reason),
        }
    }

    /// Keeps a plugin's compiled code and manifest. That it can't is no reason not to serve.
    pub(crate) fn put(&self, wasm: &blake3::Hash, component: &Component, manifest: &Manifest) {
        let stored = self
            .seal_entry(wasm, component, manifest)
            .and_then(|entry| self.write(&self.path(wasm), &entry));
        if let Err(error) = stored {
            tracing::warn!(plugin = manifest.name, %error, "compiled code could not be kept; the next start compiles");
        }
    }

    fn open_entry(
        &self,
        engine: &Engine,
        wasm: &blake3::Hash,
        entry: &[u8],
    ) -> Result<(Component, Manifest), String> {
        let (tag, body) = entry
            .split_first_chunk::<OUT_LEN>()
            .ok_or("it is cut short")?;
        // Compared in constant time, as `blake3::Hash` is.
        if self.tag(wasm, body) != *tag {
            return Err("it is not authentic".to_owned());
        }
        let (length, body) = body.split_first_chunk().ok_or("it is cut short")?;
        let length =
            usize::try_from(u64::from_le_bytes(*length)).map_err(|_| "its manifest is too long")?;
        let (manifest, code) = body.split_at_checked(length).ok_or("it is cut short")?;
        let manifest = postcard::from_bytes(manifest).map_err(|error| error.to_string())?;
        #[expect(
            unsafe_code,
            reason = "native code can't be checked, only trusted; this is the one place that does"
        )]
        // SAFETY: the bytes come from `Component::serialize` under the same engine settings and wasmtime version: the tag
        // over them was made with a key that only this host has, and binds them to `self.host`. They are in memory, so
        // nothing can change them between that check and this use.
        let component = unsafe { Component::deserialize(engine, code) };
        Ok((component.map_err(|error| format!("{error:#}"))?, manifest))
    }

    fn seal_entry(
        &self,
        wasm: &blake3::Hash,
        component: &Component,
        manifest: &Manifest,
    ) -> io::Result<Vec<u8>> {
        let code = component
            .serialize()
            .map_err(|error| io::Error::other(format!("{error:#}")))?;
        let manifest = postcard::to_allocvec(manifest).map_err(io::Error::other)?;
        let mut entry = vec![0; OUT_LEN];
        entry.extend_from_slice(&(manifest.len() as u64).to_le_bytes());
        entry.extend_from_slice(&manifest);
        entry.extend_from_slice(&code);
        let tag = self.tag(wasm, &entry[OUT_LEN..]);
        entry[..OUT_LEN].copy_from_slice(tag.as_bytes());
        Ok(entry)
    }

    fn tag(&self, wasm: &blake3::Hash, body: &[u8]) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        hasher
            .update(wasm.as_bytes())
            .update(self.host.as_bytes())
            .update(body)
            .finalize()
    }

    /// Written whole or not at all: beside its place first, and moved there once it is on the disk.
    fn write(&self, path: &Path, entry: &[u8]) -> io::Result<()> {
        let draft = self
            .directory
            .join(format!(".{:032x}", rand::random::<u128>()));
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| {
                file.write_all(entry)?;
                file.sync_all()?;
                fs::rename(&draft, path)?;
                File::open(&self.directory)?.sync_all()
            });
        written.inspect_err(|_| drop(fs::remove_file(&draft)))
    }

    fn path(&self, wasm: &blake3::Hash) -> PathBuf {
        let host = self.host.to_hex();
        self.directory
            .join(format!("{}-{}.compiled", wasm.to_hex(), &host[..16]))
    }
}

/// Says why an entry is not used, and deletes it.
fn doubt<T>(path: &Path, reason: &str) -> Option<T> {
    let entry = path.file_name().unwrap_or_default().display();
    tracing::warn!(%entry, reason, "compiled code is not used; the plugin is compiled again");
    if let Err(error) = fs::remove_file(path) {
        tracing::warn!(%entry, %error, "the entry can't be deleted");
    }
    None
}

/// BLAKE3 where `std` wants a hasher: the engine's settings are known only as something to hash.
struct Blake3(blake3::Hasher);

impl Hasher for Blake3 {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn finish(&self) -> u64 {
        let mut first = [0; 8];
        self.0.finalize_xof().fill(&mut first);
        u64::from_le_bytes(first)
    }
}

#[cfg(test)]
mod tests;
