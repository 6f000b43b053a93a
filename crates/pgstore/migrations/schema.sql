-- What all migrations together make, for reading. PgStore::migrate runs the migrations, not this
-- file. The test that compares it with the catalogue writes it (PGSTORE_BLESS=1).

CREATE SEQUENCE http_sessions_id_seq;

CREATE TABLE http_sessions (
    id bigint DEFAULT nextval('http_sessions_id_seq'::regclass) NOT NULL,
    key bytea,
    data bytea,
    created_on timestamp with time zone DEFAULT CURRENT_TIMESTAMP,
    modified_on timestamp with time zone,
    expires_on timestamp with time zone,
    save_token bigint,
    saved_on timestamp with time zone,
    max_age bigint,
    owner text,
    label text,
    handle text,
    grace_group bigint,
    id_unconfirmed boolean,
    saved_expires_on timestamp with time zone
) WITH (fillfactor=80, autovacuum_vacuum_scale_factor=0.02, autovacuum_vacuum_insert_scale_factor=0.05);

CREATE TABLE http_sessions_ids (
    key bytea NOT NULL,
    session_id bigint NOT NULL,
    until timestamp with time zone NOT NULL,
    grace_until timestamp with time zone,
    grace_group bigint
);

ALTER SEQUENCE http_sessions_id_seq OWNED BY http_sessions.id;

ALTER TABLE http_sessions_ids ADD CONSTRAINT http_sessions_ids_pkey PRIMARY KEY (key);

ALTER TABLE http_sessions ADD CONSTRAINT http_sessions_pkey PRIMARY KEY (id);

CREATE INDEX http_sessions_expiry_idx ON http_sessions USING btree (expires_on);

CREATE INDEX http_sessions_handle_idx ON http_sessions USING btree (handle) WHERE (handle IS NOT NULL);

CREATE INDEX http_sessions_ids_session_idx ON http_sessions_ids USING btree (session_id);

CREATE INDEX http_sessions_ids_until_idx ON http_sessions_ids USING btree (until);

CREATE INDEX http_sessions_key_idx ON http_sessions USING btree (key);

CREATE INDEX http_sessions_owner_idx ON http_sessions USING btree (owner, id) WHERE (owner IS NOT NULL);

CREATE INDEX http_sessions_peer_written_idx ON http_sessions USING btree (id) WHERE (saved_expires_on IS DISTINCT FROM expires_on);
