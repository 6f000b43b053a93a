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
    previous_key bytea,
    previous_until timestamp with time zone,
    previous_grace_until timestamp with time zone,
    saved_expires_on timestamp with time zone
);

ALTER SEQUENCE http_sessions_id_seq OWNED BY http_sessions.id;

ALTER TABLE http_sessions ADD CONSTRAINT http_sessions_pkey PRIMARY KEY (id);

CREATE INDEX http_sessions_expiry_idx ON http_sessions USING btree (expires_on);

CREATE INDEX http_sessions_handle_idx ON http_sessions USING btree (handle) WHERE (handle IS NOT NULL);

CREATE INDEX http_sessions_key_idx ON http_sessions USING btree (key);

CREATE INDEX http_sessions_owner_idx ON http_sessions USING btree (owner) WHERE (owner IS NOT NULL);

CREATE INDEX http_sessions_peer_written_idx ON http_sessions USING btree (id) WHERE (saved_expires_on IS DISTINCT FROM expires_on);

CREATE INDEX http_sessions_previous_key_idx ON http_sessions USING btree (previous_key) WHERE (previous_key IS NOT NULL);
