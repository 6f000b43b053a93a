CREATE TABLE IF NOT EXISTS pgstore_demo_usual_sessions (
    id text PRIMARY KEY,
    changes bigint NOT NULL,
    requests bigint NOT NULL
)
