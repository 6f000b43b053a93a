use crate::wire::gob::time::Time;

/// A Rust value as serde shows it, before anything decides which Go type it becomes.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Tree {
    /// `None`: left out of maps and structs, nil in lists.
    None,
    /// A nil that stays: the content of an enum variant.
    Nil,
    Bool(bool),
    Int(&'static str, i64),
    Uint(&'static str, u64),
    Float(&'static str, f64),
    String(String),
    Bytes(Vec<u8>),
    Time(Time),
    List(Vec<Tree>),
    /// In order.
    Map(Vec<(TreeKey, Tree)>),
    /// Its name in Rust, and its fields in order; their names are strings.
    Struct(&'static str, Vec<(TreeKey, Tree)>),
    /// What Go declares as `interface {}`.
    Any(Box<Tree>),
    /// What goes under a Go type's registered name.
    Named(&'static str, Box<Tree>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum TreeKey {
    String(String),
    Bool(bool),
    Int(i64),
    Uint(u64),
}

impl Tree {
    /// The value, whatever Go declares it as.
    pub(super) fn plain(&self) -> &Self {
        match self {
            Self::Any(content) => content.plain(),
            tree => tree,
        }
    }

    /// Whether it is the same value, of which a NaN is one, too.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Float(name, one), Self::Float(other_name, other)) => {
                name == other_name && one.to_bits() == other.to_bits()
            }
            (Self::List(one), Self::List(other)) => all_same(one, other),
            (Self::Map(one), Self::Map(other)) => all_pairs_same(one, other),
            (Self::Struct(_, one), Self::Struct(_, other)) => all_pairs_same(one, other),
            (Self::Any(one), Self::Any(other)) => one.is_same(other),
            (Self::Named(name, one), Self::Named(other_name, other)) => {
                name == other_name && one.is_same(other)
            }
            (one, other) => one == other,
        }
    }

    /// The entries of a map or the fields of a struct.
    pub(super) fn pairs(&self) -> Option<&[(TreeKey, Self)]> {
        match self {
            Self::Map(pairs) | Self::Struct(_, pairs) => Some(pairs),
            _ => None,
        }
    }

    /// The Go name of a scalar of the insert table, of which slices exist under `[]name`.
    pub(super) fn scalar(&self) -> Option<&'static str> {
        match self {
            Self::Bool(_) => Some("bool"),
            Self::Int(name, _) | Self::Uint(name, _) | Self::Float(name, _) => Some(name),
            Self::String(_) => Some("string"),
            _ => None,
        }
    }

    /// The scalar that all of the list are.
    pub(super) fn common_scalar(list: &[Self]) -> Option<&'static str> {
        let first = list.first()?.scalar()?;
        list.iter()
            .all(|tree| tree.scalar() == Some(first))
            .then_some(first)
    }

    pub(super) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Int(_, value) => Some(*value),
            Self::Uint(_, value) => i64::try_from(*value).ok(),
            _ => None,
        }
    }

    pub(super) fn as_u64(&self) -> Option<u64> {
        match self {
            Self::Int(_, value) => u64::try_from(*value).ok(),
            Self::Uint(_, value) => Some(*value),
            _ => None,
        }
    }

    /// Whether a map somewhere in it has a key that is no string, beyond what named values have.
    pub(super) fn has_other_keys(&self) -> bool {
        match self {
            Self::List(list) => list.iter().any(Self::has_other_keys),
            Self::Any(content) => content.has_other_keys(),
            Self::Map(pairs) | Self::Struct(_, pairs) => pairs
                .iter()
                .any(|(key, value)| !matches!(key, TreeKey::String(_)) || value.has_other_keys()),
            _ => false,
        }
    }
}

fn all_same(one: &[Tree], other: &[Tree]) -> bool {
    let mut pairs = one.iter().zip(other);
    one.len() == other.len() && pairs.all(|(one, other)| one.is_same(other))
}

fn all_pairs_same(one: &[(TreeKey, Tree)], other: &[(TreeKey, Tree)]) -> bool {
    let mut pairs = one.iter().zip(other);
    one.len() == other.len()
        && pairs.all(|((key, one), (other_key, other))| key == other_key && one.is_same(other))
}

impl TreeKey {
    /// The key as a value, if it is no string.
    pub(super) fn other(&self) -> Option<Tree> {
        match self {
            Self::Int(value) => Some(Tree::Int("int64", *value)),
            Self::Uint(value) => Some(Tree::Uint("uint64", *value)),
            Self::Bool(value) => Some(Tree::Bool(*value)),
            Self::String(_) => None,
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::String(text) => text.clone(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Uint(value) => value.to_string(),
        }
    }
}
