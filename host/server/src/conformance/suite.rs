//! Runs cases, one after the other: they share the scripted provider, which begins anew for each.

use std::time::Instant;

use super::case::{Case, Ended, Stop, Verdict};
use super::stage::Stage;

/// Who is told how far it is.
pub(crate) trait Audience {
    /// A case begins.
    fn begins(&mut self, name: &str);
    /// It is over.
    fn ended(&mut self, case: &Case);
}

/// A run of the suite.
pub(crate) struct Suite<'s> {
    pub stage: &'s Stage,
    filter: Option<&'s str>,
    audience: &'s mut dyn Audience,
    cases: Vec<Case>,
}

impl<'s> Suite<'s> {
    pub(crate) fn new(
        stage: &'s Stage,
        filter: Option<&'s str>,
        audience: &'s mut dyn Audience,
    ) -> Self {
        Self {
            stage,
            filter,
            audience,
            cases: Vec::new(),
        }
    }

    /// Runs a case, if it is wanted.
    pub(crate) async fn case(
        &mut self,
        name: impl Into<String>,
        about: &'static str,
        body: impl Future<Output = Ended>,
    ) {
        let name = name.into();
        if self.filter.is_some_and(|filter| !name.contains(filter)) {
            return;
        }
        self.audience.begins(&name);
        self.stage.upstream.reset();
        let started = Instant::now();
        let (verdict, warnings) = match body.await {
            Ok(warnings) => (Verdict::Passed, warnings),
            Err(Stop::Failed(reason)) => (Verdict::Failed(reason), Vec::new()),
            Err(Stop::Skipped(reason)) => (Verdict::Skipped(reason), Vec::new()),
        };
        let case = Case {
            name,
            about,
            verdict,
            warnings,
            took: started.elapsed(),
        };
        self.audience.ended(&case);
        self.cases.push(case);
    }

    /// A case that can't be seen.
    pub(crate) async fn skip(
        &mut self,
        name: impl Into<String>,
        about: &'static str,
        reason: impl Into<String>,
    ) {
        let reason = reason.into();
        self.case(name, about, async { Err(Stop::Skipped(reason)) })
            .await;
    }

    /// What came of all of them.
    pub(crate) fn finish(self) -> Vec<Case> {
        self.cases
    }
}
