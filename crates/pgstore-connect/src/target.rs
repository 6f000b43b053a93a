//! `target_session_attrs`: which of several servers will do.

use tokio_postgres::{Client, SimpleQueryMessage};

/// What a server must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Target {
    Any,
    ReadWrite,
    ReadOnly,
    Primary,
    Standby,
    PreferStandby,
}

/// What a server is.
#[derive(Clone, Copy, Debug)]
struct Role {
    is_standby: bool,
    is_read_only: bool,
}

impl Target {
    /// The rounds over all hosts, each with what is asked of them.
    pub(in super::super) fn rounds(self) -> &'static [Self] {
        match self {
            Self::PreferStandby => &[Self::Standby, Self::Any],
            Self::Any => &[Self::Any],
            Self::ReadWrite => &[Self::ReadWrite],
            Self::ReadOnly => &[Self::ReadOnly],
            Self::Primary => &[Self::Primary],
            Self::Standby => &[Self::Standby],
        }
    }

    /// Whether the server at the other end will do.
    pub(in super::super) async fn accepts(
        self,
        client: &Client,
    ) -> Result<bool, tokio_postgres::Error> {
        if self == Self::Any {
            return Ok(true);
        }
        let answer = client.simple_query(include_str!("../sql/role.sql")).await?;
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
