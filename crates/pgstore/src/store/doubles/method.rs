//! The names of a store's methods.

/// Declares [`StoreMethod`] with its names and effects from one list.
macro_rules! methods {
    ($($method:ident = $name:literal, writes: $writes:literal;)*) => {
        /// A method of [`Store`](crate::store::Store).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StoreMethod {
            $(#[doc = concat!("[`Store::", $name, "`](crate::store::Store::", $name, ").")]
            $method,)*
        }

        impl StoreMethod {
            /// Every method, in the order of the trait.
            pub const ALL: &'static [Self] = &[$(Self::$method),*];

            /// Its name, such as `"load"`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$method => $name,)*
                }
            }

            /// Whether it changes rows.
            #[must_use]
            pub const fn writes(self) -> bool {
                match self {
                    $(Self::$method => $writes,)*
                }
            }
        }
    };
}

methods! {
    Load = "load", writes: false;
    LoadAll = "load_all", writes: false;
    Insert = "insert", writes: true;
    Update = "update", writes: true;
    Rename = "rename", writes: true;
    Confirm = "confirm", writes: true;
    Delete = "delete", writes: true;
    DeleteVersion = "delete_version", writes: true;
    Find = "find", writes: false;
    Owned = "owned", writes: false;
    Revoke = "revoke", writes: true;
    PeerWritten = "peer_written", writes: false;
    Sweep = "sweep", writes: true;
    Probe = "probe", writes: false;
}

impl StoreMethod {
    /// The method with this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|method| method.name() == name)
    }
}
