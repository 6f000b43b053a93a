-- The transaction that has the migrator's lock is idle while an index is built.
SET LOCAL idle_in_transaction_session_timeout = 0
