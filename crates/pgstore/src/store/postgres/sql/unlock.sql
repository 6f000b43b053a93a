-- Releases the lock of lock.sql.
SELECT pg_catalog.pg_advisory_unlock(
    $1::int4, pg_catalog.hashtext(concat_ws('.', coalesce($2::text, current_schema()), $3::text)))
