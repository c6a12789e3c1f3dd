//! What a caller's leave rests on, to be looked at again where what it was given for is done.
//!
//! A caller is known from memory, which another host's change reaches within a second at the most: a user who was
//! disabled there, a token revoked, a member removed. So an entry carries what its author's leave rests on, and where
//! several hosts share the database the transaction that writes it reads all of that once more.

use thiserror::Error;

use super::{AnyPermission, PermissionSet};
use crate::identity::TokenId;
use crate::ids::{UserId, WorkspaceId};

/// What a caller's leave rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Standing {
    pub(crate) user: UserId,
    /// How often the user's tokens had all been ended when theirs was issued.
    pub(crate) era: i64,
    pub(crate) token: TokenId,
    pub(crate) needs: Needs,
}

/// What a caller has to be besides a user whose token is good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Needs {
    /// Nothing.
    Token,
    /// A member of the workspace with the permission.
    Member(WorkspaceId, AnyPermission),
    /// An administrator, for the permission's sake.
    Administrator(AnyPermission),
}

/// What the database says of a user whose token is good.
pub(crate) struct Held {
    pub(crate) era: i64,
    pub(crate) administrator: bool,
    /// In the workspace that is needed; none if they aren't a member.
    pub(crate) permissions: Option<PermissionSet>,
}

/// Why a caller may no longer do what they were let do a moment ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Lapsed {
    /// The token was revoked, or its user may no longer log in.
    #[error("the token has been revoked; log in again")]
    Token,
    /// They are no longer a member of the workspace.
    #[error("you have no access to this workspace")]
    Membership {
        /// The permission that was asked for.
        permission: AnyPermission,
    },
    /// They no longer hold the permission.
    #[error("the permission `{permission}` is needed for this")]
    Permission {
        /// The permission that was asked for.
        permission: AnyPermission,
    },
}

impl Standing {
    /// Whether it still holds, by what the database says now; none where the user or the token is no longer good.
    pub(crate) fn check(&self, held: Option<&Held>) -> Result<(), Lapsed> {
        let held = held
            .filter(|held| held.era == self.era)
            .ok_or(Lapsed::Token)?;
        match self.needs {
            Needs::Token => Ok(()),
            Needs::Member(_, permission) => match held.permissions {
                None => Err(Lapsed::Membership { permission }),
                Some(held) if held.contains(permission) => Ok(()),
                Some(_) => Err(Lapsed::Permission { permission }),
            },
            Needs::Administrator(_) if held.administrator => Ok(()),
            Needs::Administrator(permission) => Err(Lapsed::Permission { permission }),
        }
    }
}

impl Lapsed {
    /// The permission that isn't held any more; none where the token isn't good.
    #[must_use]
    pub const fn permission(self) -> Option<AnyPermission> {
        match self {
            Self::Token => None,
            Self::Membership { permission } | Self::Permission { permission } => Some(permission),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_leave_rests_on_ends_it() {
        let permission = AnyPermission::CredentialReveal;
        let standing = |needs| Standing {
            user: UserId::from([1; 8]),
            era: 3,
            token: TokenId::draw(),
            needs,
        };
        let held = |era, administrator, permissions| Held {
            era,
            administrator,
            permissions,
        };
        let whole = Some(PermissionSet::whole_workspace());
        let member = standing(Needs::Member(WorkspaceId::from([2; 8]), permission));
        assert_eq!(member.check(Some(&held(3, false, whole))), Ok(()));
        assert_eq!(member.check(None), Err(Lapsed::Token));
        assert_eq!(
            member.check(Some(&held(4, true, whole))),
            Err(Lapsed::Token)
        );
        assert_eq!(
            member.check(Some(&held(3, true, None))),
            Err(Lapsed::Membership { permission })
        );
        assert_eq!(
            member.check(Some(&held(3, true, Some(PermissionSet::EMPTY)))),
            Err(Lapsed::Permission { permission })
        );

        let permission = AnyPermission::UserManage;
        let administrator = standing(Needs::Administrator(permission));
        assert_eq!(administrator.check(Some(&held(3, true, None))), Ok(()));
        assert_eq!(
            administrator.check(Some(&held(3, false, whole))),
            Err(Lapsed::Permission { permission })
        );
        let token = standing(Needs::Token);
        assert_eq!(token.check(Some(&held(3, false, None))), Ok(()));
        assert_eq!(token.check(None), Err(Lapsed::Token));
    }
}
