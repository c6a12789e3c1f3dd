//! What is shown of a plugin's file.

use claviger_runtime::load::core_instances;
use claviger_runtime::manifest::{
    CaptureRule, CaptureSource, Kind, Manifest, Place, SubjectField, SubjectKind,
};
use serde::Serialize;

use super::Looked;

/// A plugin's file, from outside and from inside.
#[derive(Serialize)]
pub(super) struct View<'l> {
    pub(super) file: String,
    /// In bytes.
    pub(super) size: usize,
    pub(super) blake3: String,
    /// Whether this host would load it; `claviger plugin check` says why not.
    pub(super) fine: bool,
    /// The version of `claviger:provider` that it was built for.
    pub(super) contract: Option<String>,
    pub(super) exports: Vec<String>,
    pub(super) capabilities: Vec<&'static str>,
    pub(super) imports: Vec<String>,
    pub(super) core_instances: usize,
    /// Where it loads.
    pub(super) manifest: Option<&'l Manifest>,
    /// Likewise.
    pub(super) measured: Option<MeasuredView>,
}

/// What it takes on this machine.
#[derive(Serialize)]
pub(super) struct MeasuredView {
    pub(super) compile_ms: f64,
    pub(super) instantiate_us: f64,
    pub(super) describe_cold_us: f64,
    pub(super) describe_warm_us: f64,
    /// In bytes.
    pub(super) memory_at_start: u64,
}

impl<'l> View<'l> {
    pub(super) fn of(file: String, wasm: &[u8], looked: &'l Looked) -> Self {
        let world = looked.checked.world.as_ref();
        let names = world.map(|world| (world.exports(), world.imports()));
        let (exports, imports) = names.unwrap_or_default();
        let capabilities = world
            .map(claviger_runtime::check::World::capabilities)
            .unwrap_or_default();
        Self {
            file,
            size: wasm.len(),
            blake3: looked.checked.hash.to_hex().to_string(),
            fine: looked.checked.is_fine(),
            contract: world.and_then(claviger_runtime::check::World::contract_version),
            exports,
            capabilities: capabilities.iter().map(|it| it.as_str()).collect(),
            imports,
            core_instances: core_instances(wasm),
            manifest: looked.checked.manifest(),
            measured: looked.times.map(|(compile, measured)| MeasuredView {
                compile_ms: compile.as_secs_f64() * 1e3,
                instantiate_us: measured.instantiate.as_secs_f64() * 1e6,
                describe_cold_us: measured.cold.as_secs_f64() * 1e6,
                describe_warm_us: measured.warm.as_secs_f64() * 1e6,
                memory_at_start: measured.memory,
            }),
        }
    }
}

/// `api_key: api_key* (required)`; `*` is a secret.
pub(super) fn kind(kind: &Kind) -> String {
    let fields: Vec<String> = kind
        .fields
        .iter()
        .map(|field| {
            let star = if field.secret { "*" } else { "" };
            let required = if field.required { "" } else { " (optional)" };
            format!("{}{star}{required}", field.name)
        })
        .collect();
    format!("{}: {}", kind.name, fields.join(", "))
}

/// Where at the provider the secrets of a kind go: `api_key: header:authorization of GET https://…/v1/me`.
pub(super) fn places(kind: &Kind) -> Vec<String> {
    let mut lines = Vec::new();
    for field in &kind.fields {
        lines.extend(
            field
                .places
                .iter()
                .map(|at| format!("{}: {}", field.name, place(at))),
        );
        if !field.signs.is_empty() {
            let schemes: Vec<&str> = field.signs.iter().map(String::as_str).collect();
            lines.push(format!("{}: signs with {}", field.name, schemes.join(", ")));
        }
        let signatures = field.signature_places.iter();
        lines.extend(signatures.map(|at| format!("a signature of {}: {}", field.name, place(at))));
    }
    lines
}

/// Where the secrets of credentials that are put to use go: `api_key.api_key: json:/data/apiKey of POST {base_url}/`.
pub(super) fn subject_places(subject: &SubjectKind) -> Vec<String> {
    let of_field = |field: &SubjectField| -> Vec<String> {
        let name = format!("{}.{}", subject.kind, field.name);
        if field.places.is_empty() {
            return vec![format!("{name}: shown")];
        }
        let places = field.places.iter();
        places.map(|at| format!("{name}: {}", place(at))).collect()
    };
    subject.fields.iter().flat_map(of_field).collect()
}

fn place(place: &Place) -> String {
    let methods: Vec<&str> = place.methods.iter().map(String::as_str).collect();
    format!(
        "{} of {} {}{}",
        place.at,
        methods.join("/"),
        place.origin,
        place.path_prefix
    )
}

/// `token: /token of POST https://…/v1/tokens`.
pub(super) fn capture(capture: &CaptureRule) -> String {
    let source = match &capture.source {
        CaptureSource::JsonPointer(pointer) => pointer.clone(),
        CaptureSource::Pattern(_) => "a pattern".to_owned(),
        CaptureSource::Header(name) => format!("header {name}"),
    };
    let methods: Vec<&str> = capture.methods.iter().map(String::as_str).collect();
    format!(
        "{}: {source} of {} {}{}",
        capture.name,
        methods.join("/"),
        capture.origin,
        capture.path_prefix
    )
}
