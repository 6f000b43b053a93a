-- Takes the migrator's lock of the table ($2 schema, $3 name) until the end of the transaction, if it
-- is free. $1 is the first half of the key of all locks of this library.
SELECT pg_catalog.pg_try_advisory_xact_lock(
    $1::int4, pg_catalog.hashtext(concat_ws('.', coalesce($2::text, current_schema()), $3::text)))
