//! An entry that anything happened to is a miss, and is gone afterwards.

use tempfile::TempDir;

use super::*;

/// A component with nothing in it.
const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

struct Kept {
    directory: TempDir,
    engine: Engine,
    wasm: blake3::Hash,
    manifest: Manifest,
}

impl Kept {
    fn new() -> Self {
        let manifest = r#"{"name": "kept", "version": "1.2.3", "description": "For tests.", "origins": ["https://a.example"],
            "captures": [{"name": "new", "origin": "https://a.example", "methods": ["POST"], "path-prefix": "/",
                "source": {"pattern": "key=([a-z]+)"}}],
            "kinds": [{"name": "k", "label": "K", "fields": [{"name": "secret", "label": "S", "secret": true,
                "pattern": "^sk-", "places": [{"origin": "https://a.example", "methods": ["GET"], "path-prefix": "/",
                    "at": "header:authorization"}]}]}]}"#;
        let kept = Self {
            directory: tempfile::tempdir().expect("a directory"),
            engine: Engine::default(),
            wasm: blake3::hash(EMPTY),
            manifest: Manifest::parse(manifest).expect("a manifest"),
        };
        let component = Component::from_binary(&kept.engine, EMPTY).expect("a component");
        kept.cache(1).put(&kept.wasm, &component, &kept.manifest);
        kept
    }

    fn cache(&self, key: u8) -> Cache {
        let options = CacheOptions {
            directory: self.directory.path().join("cache"),
            key: [key; 32],
        };
        Cache::open(options, &self.engine).expect("a cache")
    }

    fn entry(&self) -> PathBuf {
        self.cache(1).path(&self.wasm)
    }

    fn get(&self, key: u8) -> Option<Manifest> {
        self.cache(key)
            .get(&self.engine, &self.wasm)
            .map(|(_, manifest)| manifest)
    }

    /// Writes something else in the entry's place, and looks for it.
    fn get_after(&self, change: impl FnOnce(&mut Vec<u8>)) -> Option<Manifest> {
        let whole = fs::read(self.entry()).expect("an entry");
        let mut changed = whole.clone();
        change(&mut changed);
        fs::write(self.entry(), changed).expect("written");
        let found = self.get(1);
        assert_eq!(
            self.entry().exists(),
            found.is_some(),
            "what is not used is deleted"
        );
        fs::write(self.entry(), whole).expect("written");
        found
    }
}

#[test]
fn what_is_kept_is_found() {
    let kept = Kept::new();
    assert_eq!(kept.get(1), Some(kept.manifest.clone()));
    assert_eq!(
        kept.cache(1)
            .get(&kept.engine, &blake3::hash(b"other"))
            .map(|_| ()),
        None
    );
}

#[test]
fn others_can_not_read_it() {
    let kept = Kept::new();
    let mode = |path: &Path| fs::metadata(path).expect("metadata").permissions().mode() & 0o777;
    assert_eq!(mode(&kept.directory.path().join("cache")), 0o700);
    assert_eq!(mode(&kept.entry()), 0o600);
}

#[test]
fn a_draft_is_never_left() {
    let kept = Kept::new();
    assert_eq!(
        fs::read_dir(kept.directory.path().join("cache"))
            .expect("a directory")
            .count(),
        1
    );
}

#[test]
fn any_changed_byte_is_a_miss() {
    let kept = Kept::new();
    let length = fs::metadata(kept.entry()).expect("metadata").len();
    let step = usize::try_from(length).expect("a length") / 97 + 1;
    for at in (0..40).chain((40..usize::try_from(length).expect("a length")).step_by(step)) {
        assert_eq!(kept.get_after(|entry| entry[at] ^= 1), None, "byte {at}");
    }
    assert!(kept.get_after(|_| ()).is_some());
}

#[test]
fn a_cut_entry_is_a_miss() {
    let kept = Kept::new();
    for length in [0, 1, 31, 32, 39, 40, 41, 100, 1000] {
        assert_eq!(
            kept.get_after(|entry| entry.truncate(length)),
            None,
            "{length} bytes"
        );
    }
    assert_eq!(kept.get_after(|entry| entry.push(0)), None);
}

#[test]
fn another_key_is_a_miss() {
    assert_eq!(Kept::new().get(2), None);
}

#[test]
fn another_engine_is_a_miss() {
    let kept = Kept::new();
    let mut config = wasmtime::Config::new();
    config.epoch_interruption(true);
    let other = Engine::new(&config).expect("an engine");
    let options = CacheOptions {
        directory: kept.directory.path().join("cache"),
        key: [1; 32],
    };
    let cache = Cache::open(options, &other).expect("a cache");
    fs::copy(kept.entry(), cache.path(&kept.wasm)).expect("copied");
    assert!(cache.get(&other, &kept.wasm).is_none());
    assert!(kept.get(1).is_some());
}

#[test]
fn another_plugins_entry_is_a_miss() {
    let kept = Kept::new();
    let other = blake3::hash(b"other");
    fs::copy(kept.entry(), kept.cache(1).path(&other)).expect("copied");
    assert!(kept.cache(1).get(&kept.engine, &other).is_none());
}

#[test]
fn a_manifest_that_claims_to_be_longer_than_the_entry_is_a_miss() {
    let kept = Kept::new();
    let cache = kept.cache(1);
    let authentic = kept.get_after(|entry| {
        entry[OUT_LEN..OUT_LEN + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        let tag = cache.tag(&kept.wasm, &entry[OUT_LEN..]);
        entry[..OUT_LEN].copy_from_slice(tag.as_bytes());
    });
    assert_eq!(authentic, None);
}
