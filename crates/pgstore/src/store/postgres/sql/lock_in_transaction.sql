-- Whether this transaction is the one migrator of the table ($2 schema, $3 name) from now on. $1 is
-- what our advisory locks have in common.
SELECT pg_catalog.pg_try_advisory_xact_lock(
    $1::int4, pg_catalog.hashtext(concat_ws('.', coalesce($2::text, current_schema()), $3::text)))
