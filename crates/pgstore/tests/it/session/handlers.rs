//! What handlers do in one line.

use pgstore::{Session, SessionError};

pub(super) async fn renew(session: Session) -> Result<(), SessionError> {
    session.renew()
}

pub(super) async fn rotate(session: Session) -> Result<(), SessionError> {
    session.rotate_gently()
}

pub(super) async fn write(session: Session) -> Result<(), SessionError> {
    session.insert("late", true)
}

pub(super) async fn destroy(session: Session) -> Result<(), SessionError> {
    session.destroy()
}
