-- As lock_in_transaction.sql, but until unlock.sql or the end of the connection.
SELECT pg_catalog.pg_try_advisory_lock(
    $1::int4, pg_catalog.hashtext(concat_ws('.', coalesce($2::text, current_schema()), $3::text)))
