//! A function's types, the component's beside the contract's.
//!
//! As wasmtime compares them when it links: by structure, down to the last field's name and place, and whatever a type or
//! a parameter is called. A difference is told where it is, in the innermost record or variant, and once.

use std::collections::BTreeSet;

use wit_parser::{Function, Resolve, Type, TypeDefKind, TypeId};

use super::render::{function as signature, type_name};

/// Compares functions, and remembers which types it has told the differences of.
pub(super) struct Comparison<'a> {
    ours: &'a Resolve,
    theirs: &'a Resolve,
    compared: BTreeSet<(usize, usize)>,
    differences: Vec<String>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(ours: &'a Resolve, theirs: &'a Resolve) -> Self {
        Self {
            ours,
            theirs,
            compared: BTreeSet::new(),
            differences: Vec::new(),
        }
    }

    /// How the component's function differs from the contract's: a sentence each, without the function's name.
    pub(super) fn function(&mut self, ours: &Function, theirs: &Function) -> Vec<String> {
        let shape = |function: &Function| {
            (
                function.params.len(),
                function.result.is_some(),
                function.kind.is_async(),
            )
        };
        if shape(ours) != shape(theirs) {
            return vec![format!(
                "it is `{}`, and `{}` in the contract",
                signature(self.theirs, theirs),
                signature(self.ours, ours)
            )];
        }
        for (our, their) in ours.params.iter().zip(&theirs.params) {
            let place = format!("its parameter `{}`", our.name);
            self.types(&our.ty, &their.ty, &place);
        }
        if let (Some(ours), Some(theirs)) = (&ours.result, &theirs.result) {
            self.types(ours, theirs, "its result");
        }
        std::mem::take(&mut self.differences)
    }

    /// Compares two types that stand in a place.
    fn types(&mut self, ours: &Type, theirs: &Type, place: &str) {
        let (ours, theirs) = (resolved(self.ours, ours), resolved(self.theirs, theirs));
        let (Type::Id(our_id), Type::Id(their_id)) = (ours, theirs) else {
            if ours != theirs {
                self.differ(&ours, &theirs, place);
            }
            return;
        };
        if !self.compared.insert((our_id.index(), their_id.index())) {
            return;
        }
        let (our_kind, their_kind) = (
            &self.ours.types[our_id].kind,
            &self.theirs.types[their_id].kind,
        );
        match (our_kind, their_kind) {
            (TypeDefKind::Record(ours), TypeDefKind::Record(theirs)) => {
                let our_names = ours
                    .fields
                    .iter()
                    .map(|it| (it.name.as_str(), Some(&it.ty)));
                let their_names = theirs
                    .fields
                    .iter()
                    .map(|it| (it.name.as_str(), Some(&it.ty)));
                self.members("record", "field", our_id, our_names, their_names);
            }
            (TypeDefKind::Variant(ours), TypeDefKind::Variant(theirs)) => {
                let our_names = ours
                    .cases
                    .iter()
                    .map(|it| (it.name.as_str(), it.ty.as_ref()));
                let their_names = theirs
                    .cases
                    .iter()
                    .map(|it| (it.name.as_str(), it.ty.as_ref()));
                self.members("variant", "case", our_id, our_names, their_names);
            }
            (TypeDefKind::Enum(ours), TypeDefKind::Enum(theirs)) => {
                let our_names = ours.cases.iter().map(|it| (it.name.as_str(), None));
                let their_names = theirs.cases.iter().map(|it| (it.name.as_str(), None));
                self.members("enum", "case", our_id, our_names, their_names);
            }
            (TypeDefKind::Flags(ours), TypeDefKind::Flags(theirs)) => {
                let our_names = ours.flags.iter().map(|it| (it.name.as_str(), None));
                let their_names = theirs.flags.iter().map(|it| (it.name.as_str(), None));
                self.members("flags", "flag", our_id, our_names, their_names);
            }
            (TypeDefKind::Option(ours), TypeDefKind::Option(theirs))
            | (TypeDefKind::List(ours), TypeDefKind::List(theirs)) => {
                self.types(ours, theirs, place);
            }
            (TypeDefKind::Result(our), TypeDefKind::Result(their))
                if our.ok.is_some() == their.ok.is_some()
                    && our.err.is_some() == their.err.is_some() =>
            {
                if let (Some(ours), Some(theirs)) = (&our.ok, &their.ok) {
                    self.types(ours, theirs, place);
                }
                if let (Some(ours), Some(theirs)) = (&our.err, &their.err) {
                    self.types(ours, theirs, &format!("the error of {place}"));
                }
            }
            (TypeDefKind::Tuple(our), TypeDefKind::Tuple(their))
                if our.types.len() == their.types.len() =>
            {
                for (ours, theirs) in our.types.iter().zip(&their.types) {
                    self.types(ours, theirs, place);
                }
            }
            _ => self.differ(&ours, &theirs, place),
        }
    }

    /// Compares the fields of records, or the cases of variants: which there are, in which order, and of which types.
    fn members<'t>(
        &mut self,
        what: &str,
        member: &str,
        our_id: TypeId,
        ours: impl Iterator<Item = (&'t str, Option<&'t Type>)>,
        theirs: impl Iterator<Item = (&'t str, Option<&'t Type>)>,
    ) {
        let (ours, theirs): (Vec<_>, Vec<_>) = (ours.collect(), theirs.collect());
        let owner = format!("the {what} `{}`", type_name(self.ours, &Type::Id(our_id)));
        let written = |resolve: &Resolve, name: &str, of: Option<&Type>| match of {
            Some(of) => format!("{name}: {}", type_name(resolve, of)),
            None => name.to_owned(),
        };
        let told = self.differences.len();
        for (name, of) in &ours {
            if !theirs.iter().any(|(their, _)| their == name) {
                let written = written(self.ours, name, *of);
                self.differences
                    .push(format!("{owner} lacks the {member} `{written}`"));
            }
        }
        for (name, of) in &theirs {
            if !ours.iter().any(|(our, _)| our == name) {
                let written = written(self.theirs, name, *of);
                self.differences.push(format!(
                    "{owner} has a {member} `{written}`, which the contract doesn't"
                ));
            }
        }
        let names = |members: &[(&'t str, Option<&'t Type>)]| {
            members.iter().map(|(name, _)| *name).collect::<Vec<_>>()
        };
        if self.differences.len() == told && names(&ours) != names(&theirs) {
            self.differences.push(format!(
                "{owner} has its {member}s in another order: {}; in the contract {}",
                names(&theirs).join(", "),
                names(&ours).join(", ")
            ));
        }
        for (name, our) in &ours {
            let Some((_, their)) = theirs.iter().find(|(their, _)| their == name) else {
                continue;
            };
            let place = format!("the {member} `{name}` of {owner}");
            match (our, their) {
                (Some(our), Some(their)) => self.types(our, their, &place),
                (None, None) => {}
                (Some(our), None) => self.differences.push(format!(
                    "{place} holds nothing, and `{}` in the contract",
                    type_name(self.ours, our)
                )),
                (None, Some(their)) => self.differences.push(format!(
                    "{place} holds `{}`, and nothing in the contract",
                    type_name(self.theirs, their)
                )),
            }
        }
    }

    fn differ(&mut self, ours: &Type, theirs: &Type, place: &str) {
        self.differences.push(format!(
            "{place} is `{}`, and `{}` in the contract",
            type_name(self.theirs, theirs),
            type_name(self.ours, ours)
        ));
    }
}

/// The type that a name stands for in the end. Bounded, because a name stands for one that was declared before it.
fn resolved(resolve: &Resolve, of: &Type) -> Type {
    let mut of = *of;
    while let Type::Id(id) = of {
        match &resolve.types[id].kind {
            TypeDefKind::Type(next) => of = *next,
            _ => break,
        }
    }
    of
}
