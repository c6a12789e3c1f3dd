//! Workspaces, made and listed.

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization as _;

use super::action;
use super::caller::Caller;
use super::error::IdentityError;
use crate::Vault;
use crate::audit::{Applied, Change, NewEntry, Refusal};
use crate::error::Problem;
use crate::ids::{UserId, WorkspaceId};
use crate::permission::{PermissionSet, ServerPermit, workspace};
use crate::store::{StoreError, Transaction, identity as rows};

/// The most characters of a workspace's name.
const LONGEST_NAME: usize = 100;

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The id.
    pub id: WorkspaceId,
    /// Its name, which no other workspace has.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Vault {
    /// The workspaces that a caller may know of, in the order of their names: for administrators all of them, for
    /// others those that they are members of.
    pub async fn workspaces(&self, caller: &Caller) -> Result<Vec<Workspace>, IdentityError> {
        let mut reader = self.inner.database.read().await?;
        Ok(if caller.is_administrator() {
            rows::workspaces(&mut reader).await?
        } else {
            rows::workspaces_of(&mut reader, caller.user()).await?
        })
    }

    /// Makes a workspace, whose first member, with every permission in it, is who makes it.
    pub async fn create_workspace(
        &self,
        permit: &ServerPermit<workspace::Manage>,
        name: &str,
    ) -> Result<Workspace, IdentityError> {
        let workspace = Workspace {
            id: WorkspaceId::random(),
            name: read_name(name)?,
            created_at: self.now(),
        };
        let entry = NewEntry::by(permit.actor(), action::WORKSPACE_CREATE)
            .within(workspace.id)
            .target(workspace.name.as_str());
        let change = Foundation {
            workspace: workspace.clone(),
            member: permit.actor().user,
        };
        match self
            .inner
            .audit
            .commit(entry, Some(Box::new(change)))
            .await?
            .applied
        {
            Applied::Done => Ok(workspace),
            Applied::Refused(_) => Err(IdentityError::WorkspaceNameTaken {
                name: workspace.name,
            }),
        }
    }
}

fn read_name(text: &str) -> Result<String, IdentityError> {
    let name = text
        .chars()
        .take(LONGEST_NAME * 4)
        .nfc()
        .collect::<String>();
    let whole =
        text.chars().nth(LONGEST_NAME * 4).is_none() && name.chars().nth(LONGEST_NAME).is_none();
    if whole
        && !name.trim().is_empty()
        && name.trim() == name
        && !name.chars().any(char::is_control)
    {
        return Ok(name);
    }
    let rule =
        format!("1 to {LONGEST_NAME} characters, no control characters, no blank at either end");
    Err(IdentityError::Invalid(vec![Problem::new("name", rule)]))
}

/// A workspace made, with its first member. Refused where the name is taken.
struct Foundation {
    workspace: Workspace,
    member: UserId,
}

impl Change for Foundation {
    fn apply<'a>(
        &'a mut self,
        transaction: &'a mut Transaction,
    ) -> BoxFuture<'a, Result<Applied, StoreError>> {
        async move {
            if !rows::insert_workspace(transaction, &self.workspace).await? {
                return Ok(Applied::Refused(Refusal::NameTaken));
            }
            let whole = PermissionSet::whole_workspace();
            rows::put_member(
                transaction,
                self.workspace.id,
                self.member,
                whole,
                self.workspace.created_at,
            )
            .await?;
            Ok(Applied::Done)
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kept_as_people_read_them() {
        assert_eq!(read_name("Zoe\u{308} & co. 🔑").unwrap(), "Zoë & co. 🔑");
        for name in [
            "",
            " ",
            " a",
            "a\t",
            "a\nb",
            "a\u{0}b",
            &"x".repeat(LONGEST_NAME + 1),
            &"x".repeat(1_000_000),
        ] {
            assert!(
                matches!(read_name(name), Err(IdentityError::Invalid(_))),
                "{name:.20?}"
            );
        }
        assert!(read_name(&"ä".repeat(LONGEST_NAME)).is_ok());
    }
}
