//! What a plugin says of itself.

use claviger_runtime::PluginSettings;

use crate::conformance::case::{Ended, Stop};
use crate::conformance::stage::Stage;
use crate::conformance::suite::Suite;

pub(super) async fn run(suite: &mut Suite<'_>) {
    let stage = suite.stage;
    suite
        .case(
            "manifest.same-twice",
            "`describe` says the same each time",
            same_twice(stage),
        )
        .await;
    suite
        .case(
            "manifest.examples",
            "each example matches its field's pattern",
            async { examples(stage) },
        )
        .await;
}

async fn same_twice(stage: &Stage) -> Ended {
    let again = stage.prepared.describe(&PluginSettings::default()).await;
    match again {
        Ok(again) if again == *stage.manifest() => Ok(Vec::new()),
        Ok(_) => Err(Stop::failed(
            "two calls of `describe` said different things; answer a constant: what an operator grants is what it said",
        )),
        Err(error) => Err(Stop::failed(format!(
            "the second call of `describe` failed: {error}"
        ))),
    }
}

fn examples(stage: &Stage) -> Ended {
    let mut without = Vec::new();
    for kind in &stage.manifest().kinds {
        for field in &kind.fields {
            let at = format!("`{}` of `{}`", field.name, kind.name);
            match (&field.pattern, &field.example) {
                (Some(pattern), Some(example)) if !pattern.matches_whole(example) => {
                    return Err(Stop::failed(format!(
                        "the example of {at}, `{example}`, does not match its pattern `{}`; who follows the one is refused \
                         by the other",
                        pattern.as_str()
                    )));
                }
                (_, None) if field.required => without.push(format!("{at} has no example")),
                _ => {}
            }
        }
    }
    Ok(without)
}
