//! `target_session_attrs`: which of several servers is taken.

use std::fmt;

use tokio_postgres::{Client, SimpleQueryMessage};

/// What a server must be: `target_session_attrs`. `Display` is the value in connection strings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TargetSessionAttrs {
    /// Any server.
    #[default]
    Any,
    /// A server whose transactions can write by default.
    ReadWrite,
    /// A server whose transactions cannot write by default.
    ReadOnly,
    /// A server that is not in hot standby.
    Primary,
    /// A server in hot standby.
    Standby,
    /// A server in hot standby; if there is none, any.
    PreferStandby,
}

/// What a server is.
#[derive(Clone, Copy, Debug)]
struct Role {
    is_standby: bool,
    is_read_only: bool,
}

impl TargetSessionAttrs {
    pub(crate) const ALL: [Self; 6] = [
        Self::Any,
        Self::ReadWrite,
        Self::ReadOnly,
        Self::Primary,
        Self::Standby,
        Self::PreferStandby,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::ReadWrite => "read-write",
            Self::ReadOnly => "read-only",
            Self::Primary => "primary",
            Self::Standby => "standby",
            Self::PreferStandby => "prefer-standby",
        }
    }

    /// The rounds over all hosts, each with what it asks of them.
    pub(crate) fn rounds(self) -> (Self, Option<Self>) {
        match self {
            Self::PreferStandby => (Self::Standby, Some(Self::Any)),
            one => (one, None),
        }
    }

    /// Asks the server at the other end what it is.
    pub(crate) async fn accepts(self, client: &Client) -> Result<bool, tokio_postgres::Error> {
        if self == Self::Any {
            return Ok(true);
        }
        let answer = client.simple_query(include_str!("role.sql")).await?;
        let role = answer.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(Role {
                is_standby: row.get(0) == Some("t"),
                is_read_only: row.get(1) == Some("on"),
            }),
            _ => None,
        });
        Ok(role.is_some_and(|role| self.is_met_by(role)))
    }

    fn is_met_by(self, role: Role) -> bool {
        match self {
            Self::Any | Self::PreferStandby => true,
            Self::ReadWrite => !role.is_read_only,
            Self::ReadOnly => role.is_read_only,
            Self::Primary => !role.is_standby,
            Self::Standby => role.is_standby,
        }
    }
}

impl fmt::Display for TargetSessionAttrs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
