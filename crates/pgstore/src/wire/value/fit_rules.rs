//! What a value may become when it is fitted to a Go type.

/// Whether keys that are not strings may become the text keys of a map with string keys.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum TextKeys {
    Allowed,
    Never,
}

/// What a value may become when it takes the Go type of another one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct FitRules {
    pub(super) text_keys: TextKeys,
    pub(super) plain_bytes: PlainBytes,
}

impl FitRules {
    /// For sessions that no Go program reads.
    pub(super) const WITHOUT_GO: Self = Self {
        text_keys: TextKeys::Allowed,
        plain_bytes: PlainBytes::Allowed,
    };
    /// For sessions that a Go program reads.
    pub(super) const FOR_GO: Self = Self {
        text_keys: TextKeys::Never,
        plain_bytes: PlainBytes::Never,
    };
}

/// Whether bytes that are not [`Marshaled`](super::go::Marshaled) may replace those that a Go type's
/// own marshaler wrote.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum PlainBytes {
    Allowed,
    Never,
}
