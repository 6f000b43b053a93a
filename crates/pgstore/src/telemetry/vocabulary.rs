//! The words that labels, span fields and log lines use: closed lists, so that none of them can carry
//! data of a user.

/// An enum whose variants have a word each.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$of_variant:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[$of_variant])* $variant,)*
        }

        #[allow(dead_code, reason = "not every list is used without the feature `metrics`")]
        impl $name {
            /// The words of all variants, in their order.
            pub(crate) const WORDS: &'static [&'static str] = &[$($word),*];

            pub(crate) fn word(self) -> &'static str {
                Self::WORDS[self as usize]
            }
        }
    };
}

words! {
    /// What a lookup of a cookie's ID found.
    LoadOutcome {
        Found = "found",
        Absent = "absent",
        /// A login has replaced the ID a moment ago.
        Replaced = "replaced",
        /// There is a row, and its session has ended.
        Expired = "expired",
        /// The row does not open.
        Undecodable = "undecodable",
        /// The store could not be reached or was too slow.
        Unavailable = "unavailable",
        Error = "error",
    }
}

words! {
    /// How a save ended that had something to do.
    SaveOutcome {
        Inserted = "inserted",
        Updated = "updated",
        /// A session that was only read lasts longer.
        Touched = "touched",
        /// Another request had written the session, so that it need not be touched.
        TouchOvertaken = "touch_overtaken",
        TouchFailed = "touch_failed",
        /// The session has another ID.
        Renamed = "renamed",
        Deleted = "deleted",
        /// The row had what would have been written.
        Unchanged = "unchanged",
        /// Another request has changed a value that this one sets, and the policy forbids to overwrite it.
        Conflict = "conflict",
        /// Another request ended the session first.
        Gone = "gone",
        /// Other requests saved first at every attempt.
        Contended = "contended",
        Unavailable = "unavailable",
        Error = "error",
    }
}

words! {
    /// What becomes of a value that another request has changed, too.
    Conflicting {
        Overwritten = "overwritten",
        Refused = "refused",
    }
}

words! {
    /// Which cookie it is.
    CookieKind {
        /// The one that carries a session's ID.
        Session = "session",
        /// The one that carries the CSRF seed of a browser without a session.
        Csrf = "csrf",
    }
}

words! {
    /// Why a cookie does not count.
    CookieRefusal {
        TooLong = "too_long",
        /// It is no base64.
        Encoding = "encoding",
        NotSigned = "not_signed",
        /// Its date is no number.
        Date = "date",
        TooNew = "too_new",
        Expired = "expired",
        NotDecrypted = "not_decrypted",
        /// It opens, but does not hold what such a cookie holds.
        Content = "content",
        /// The browser sent too many bytes of cookies of one name.
        TooMany = "too_many",
    }
}

words! {
    /// What is sealed with keys.
    Sealed {
        Cookie = "cookie",
        Row = "row",
    }
}

#[cfg(feature = "postgres")]
words! {
    /// What a statement does, by OpenTelemetry's names. `BATCH` says that it carries the requests of several
    /// callers.
    Operation {
        Select = "SELECT",
        Insert = "INSERT",
        Update = "UPDATE",
        Delete = "DELETE",
        BatchSelect = "BATCH SELECT",
        BatchInsert = "BATCH INSERT",
        BatchUpdate = "BATCH UPDATE",
        BatchDelete = "BATCH DELETE",
    }
}

#[cfg(feature = "postgres")]
impl Operation {
    /// The operation that carries this many requests.
    pub(crate) fn of_requests(self, requests: usize) -> Self {
        match (self, requests) {
            (one, 0 | 1) => one,
            (Self::Select | Self::BatchSelect, _) => Self::BatchSelect,
            (Self::Insert | Self::BatchInsert, _) => Self::BatchInsert,
            (Self::Update | Self::BatchUpdate, _) => Self::BatchUpdate,
            (Self::Delete | Self::BatchDelete, _) => Self::BatchDelete,
        }
    }
}

#[cfg(feature = "postgres")]
words! {
    /// What a connection of the store's own is doing.
    ConnectionPhase {
        Connecting = "connecting",
        Open = "open",
    }
}

/// Which of a store's tables a statement is about.
#[cfg(feature = "postgres")]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Sessions,
    EarlierIds,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_variant_has_its_word() {
        assert_eq!(LoadOutcome::Found.word(), "found");
        assert_eq!(LoadOutcome::Error.word(), "error");
        assert_eq!(SaveOutcome::TouchFailed.word(), "touch_failed");
        assert_eq!(CookieRefusal::TooMany.word(), "too_many");
    }

    #[cfg(feature = "postgres")]
    #[test]
    fn an_operation_with_several_requests_is_a_batch() {
        assert_eq!(Operation::Update.of_requests(1).word(), "UPDATE");
        assert_eq!(Operation::Update.of_requests(2).word(), "BATCH UPDATE");
    }
}
