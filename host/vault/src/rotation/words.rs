//! What a rotation's row says in words.

macro_rules! words {
    ($($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $kind:ident = $word:literal,)+ })+) => {$(
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$doc])* $kind,)+
        }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$kind,)+];

            /// Its word.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$kind => $word,)+
                }
            }

            /// That of a word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }
        }
    )+};
}

words! {
    /// Where the new secret comes from.
    RotationMode {
        /// The provider makes it.
        Rotation = "rotation",
        /// The host makes it and has it set at the provider.
        Assignment = "assignment",
        /// The caller brings it.
        Given = "given",
        /// The host makes it, and nobody is told.
        Generated = "generated",
        /// It was there before.
        Rollback = "rollback",
    }
    /// What started it.
    #[derive(Default)]
    RotationCause {
        /// Somebody.
        #[default]
        Manual = "manual",
        /// Somebody, who wants all older versions ended at once.
        Emergency = "emergency",
        /// The credential's interval.
        Scheduled = "scheduled",
        /// The credential's nearing end.
        OnExpiry = "on_expiry",
    }
    /// Where it stands.
    RotationPhase {
        /// The new secret is being made, or set.
        Creating = "creating",
        /// The new secret is being tested.
        Verifying = "verifying",
        /// The places where the credential is in use are given the new secret.
        Pushing = "pushing",
        /// What it left at the provider is being undone.
        Undoing = "undoing",
        /// The new secret is current.
        Done = "done",
        /// The old secret still is.
        Failed = "failed",
        /// Nobody knows what happened at the provider.
        OutcomeUnknown = "outcome-unknown",
    }
}
