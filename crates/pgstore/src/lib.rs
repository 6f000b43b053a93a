//! Server-side web sessions in PostgreSQL, shared with Go's gorilla/sessions and pgstore.

pub mod wire;
