//! Some permissions together, as a membership holds them.

use std::fmt;

use thiserror::Error;

use super::AnyPermission;

/// A set of permissions, in a word: it is read on each request.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct PermissionSet(u32);

impl PermissionSet {
    /// No permission at all.
    pub const EMPTY: Self = Self(0);

    /// Every permission that a workspace's members can hold: what its creator gets.
    #[must_use]
    pub fn whole_workspace() -> Self {
        AnyPermission::ALL
            .iter()
            .copied()
            .filter(|permission| permission.in_workspace())
            .collect()
    }

    /// Whether it holds `permission`.
    #[must_use]
    pub const fn contains(self, permission: AnyPermission) -> bool {
        self.0 & Self::bit(permission) != 0
    }

    /// Whether it holds none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those it holds, in the order in which they are declared.
    pub fn iter(self) -> impl Iterator<Item = AnyPermission> {
        AnyPermission::ALL
            .iter()
            .copied()
            .filter(move |permission| self.contains(*permission))
    }

    /// Reads the names, each such as `credential:reveal`.
    pub fn parse<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownPermission> {
        names.into_iter().map(str::parse::<AnyPermission>).collect()
    }

    const fn bit(permission: AnyPermission) -> u32 {
        // A fieldless enum of sixteen variants: its discriminant is below 32.
        1 << permission as u32
    }
}

impl FromIterator<AnyPermission> for PermissionSet {
    fn from_iter<I: IntoIterator<Item = AnyPermission>>(permissions: I) -> Self {
        Self(
            permissions
                .into_iter()
                .fold(0, |bits, permission| bits | Self::bit(permission)),
        )
    }
}

/// The names with a space between them, which is also how the database keeps them: names outlive the order of an enum.
impl fmt::Display for PermissionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, permission) in self.iter().enumerate() {
            if index > 0 {
                formatter.write_str(" ")?;
            }
            formatter.write_str(permission.as_str())?;
        }
        Ok(())
    }
}

impl fmt::Debug for PermissionSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.iter()).finish()
    }
}

/// A name that is no permission's.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{name}` is no permission; there are {}", AnyPermission::ALL.iter().map(|known| known.as_str()).collect::<Vec<_>>().join(", "))]
pub struct UnknownPermission {
    name: String,
}

impl UnknownPermission {
    /// The longest name that a message repeats, in characters.
    const SHOWN: usize = 40;

    pub(super) fn named(name: &str) -> Self {
        Self {
            name: name
                .chars()
                .take(Self::SHOWN)
                .filter(|shown| !shown.is_control())
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_reads_back_as_it_was_written() {
        for set in [PermissionSet::EMPTY, PermissionSet::whole_workspace()] {
            let written = set.to_string();
            assert_eq!(PermissionSet::parse(written.split_whitespace()), Ok(set));
        }
        for permission in AnyPermission::ALL {
            let set = PermissionSet::parse([permission.as_str()]).unwrap();
            assert_eq!(set.iter().collect::<Vec<_>>(), [*permission]);
        }
    }

    #[test]
    fn names_are_distinct_and_fit_the_word() {
        let mut names = AnyPermission::ALL
            .iter()
            .map(|known| known.as_str())
            .collect::<Vec<_>>();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), AnyPermission::ALL.len());
        assert!(AnyPermission::ALL.len() <= 32);
    }

    #[test]
    fn a_member_never_holds_what_administrators_do() {
        let whole = PermissionSet::whole_workspace();
        assert!(whole.contains(AnyPermission::CredentialReveal));
        assert!(whole.contains(AnyPermission::WorkspaceManage));
        assert!(!whole.contains(AnyPermission::UserManage));
        assert!(!whole.contains(AnyPermission::PluginManage));
    }

    #[test]
    fn an_unknown_name_is_told_back_shortened() {
        let error = PermissionSet::parse(["credential:read", "credential:*"]).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("`credential:*` is no permission; there are credential:create, ")
        );
        let long = "x".repeat(10_000) + "\n";
        assert!(
            PermissionSet::parse([long.as_str()])
                .unwrap_err()
                .to_string()
                .len()
                < 500
        );
    }
}
