//! From a language's template to a project's files.

use std::path::Path;

use include_dir::{Dir, DirEntry, File};
use minijinja::syntax::SyntaxConfig;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, context};

use super::{AuthoringError, Project, ProjectFile};

/// Files under a folder of this name are taken as they are.
const AS_THEY_ARE: &str = "static";

/// Renders the template of the project's language.
pub(super) fn render(project: &Project) -> Result<Vec<ProjectFile>, AuthoringError> {
    let capabilities: Vec<&str> = project
        .capabilities
        .iter()
        .map(|capability| capability.as_str())
        .collect();
    let variables = context! {
        name => project.name.as_str(),
        type => project.name.type_name(),
        module => project.name.module(),
        capabilities => capabilities,
        reveal => project.reveal,
    };
    let environment = environment();
    files(project.language.template())
        .into_iter()
        .map(|file| {
            let path = file.path().to_owned();
            let source = file.contents_utf8().filter(|_| !is_static(&path));
            let contents = match source {
                None => file.contents().to_owned(),
                Some(source) => environment
                    .render_named_str(&path.to_string_lossy(), source, &variables)
                    .map_err(|source| AuthoringError::Template {
                        path: path.clone(),
                        source,
                    })?
                    .into_bytes(),
            };
            Ok(ProjectFile { path, contents })
        })
        .collect()
}

/// All files of a directory and of those in it.
pub(super) fn files(directory: &'static Dir<'static>) -> Vec<&'static File<'static>> {
    let mut found = Vec::new();
    let mut left = vec![directory];
    while let Some(directory) = left.pop() {
        for entry in directory.entries() {
            match entry {
                DirEntry::Dir(inner) => left.push(inner),
                DirEntry::File(file) => found.push(file),
            }
        }
    }
    found
}

/// What is rendered is source code, so nothing is escaped, a line that holds a `{% … %}` alone leaves none behind, and a
/// misspelt variable is an error.
fn environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_syntax(
        SyntaxConfig::builder()
            .trim_blocks(true)
            .lstrip_blocks(true)
            .keep_trailing_newline(true)
            .build()
            .unwrap_or_default(),
    );
    environment
}

fn is_static(path: &Path) -> bool {
    path.parent()
        .is_some_and(|folder| folder.components().any(|it| it.as_os_str() == AS_THEY_ARE))
}
